"""Scripts about AF_UNIX: connections, and what is refused first when several things are wrong."""
from names import FIONREAD
from session import unix

STREAM, DGRAM, SEQPACKET = 1, 2, 5
UNIX = 1
OOB, PEEK, TRUNC, DONTWAIT, WAITALL, NOSIGNAL = 1, 2, 0x20, 0x40, 0x100, 0x4000


def unix_streams(m):
    for kind in (STREAM, SEQPACKET):
        listener, client = m.socket(UNIX, kind), m.socket(UNIX, kind)
        name = unix(b"\0stream%d" % kind)
        m.listen(client)
        m.connect(client, name)
        m.bind(listener, name)
        m.connect(client, name)
        m.listen(listener)
        m.nonblocking(listener)
        m.accept(listener, 128)
        m.poll(listener)
        m.connect(client, name)
        m.poll(listener)
        m.connect(client, name)
        server = m.accept(listener, 128)
        for fd in (client, server):
            m.getsockname(fd, 128)
            m.getpeername(fd, 128)
            m.poll(fd)
        m.sendto(client, b"first")
        m.sendto(client, b"second", name=name)
        m.sendto(client, b"third")
        m.ioctl(server, FIONREAD)
        m.recvfrom(server, 3, PEEK)
        m.recvfrom(server, 3, 0, 128)
        m.recvfrom(server, 100, DONTWAIT)
        m.recvmsg(server, 2, DONTWAIT, 128, 64)
        m.recvfrom(server, 2, DONTWAIT | TRUNC)
        m.recvfrom(server, 100, DONTWAIT)
        m.sendto(client, b"")
        m.recvfrom(server, 100, DONTWAIT)
        m.sendto(client, b"x", OOB)
        m.recvfrom(server, 100, DONTWAIT)
        m.shutdown(client, 1)
        m.poll(server)
        m.poll(client)
        m.recvfrom(server, 100, DONTWAIT)
        m.sendto(client, b"x", NOSIGNAL)
        m.sendto(server, b"left")
        m.close(server)
        m.poll(client)
        m.recvfrom(client, 100, DONTWAIT)
        m.recvfrom(client, 100, DONTWAIT)
        m.sendto(client, b"x", NOSIGNAL)
        m.getpeername(client, 128)
        m.shutdown(client, 3)
        m.close(client)
        client = m.socket(UNIX, kind)
        m.connect(client, name)
        m.close(listener)
        m.poll(client)
        m.recvfrom(client, 10, DONTWAIT)
        m.connect(client, name)
        m.close(client)


def unix_listeners(m):
    """Errors of sockets that are several things at once."""
    for kind, name in ((STREAM, unix(b"\0first")), (SEQPACKET, unix(b"\0second"))):
        listener, lonely, client = m.socket(UNIX, kind), m.socket(UNIX, kind), m.socket(UNIX, kind)
        m.bind(listener, name)
        m.listen(listener, 0)
        for fd in (listener, lonely, client):
            m.nonblocking(fd)
        m.accept(listener)
        m.connect(listener, name)
        m.connect(client, name)
        m.connect(client, name)
        m.connect(listener, name)
        m.connect(listener, unix(b"\0nobody"))
        m.connect(client, unix(b"\0nobody"))
        for how in (1, 0):
            m.shutdown(lonely, how)
            m.sendto(lonely, b"x", NOSIGNAL)
            m.shutdown(listener, how)
            m.sendto(listener, b"x", NOSIGNAL)
            m.connect(lonely, name)
        m.accept(listener)
        m.accept(listener)
        m.listen(listener, 1)
    deaf, speaker = m.socket(UNIX, DGRAM), m.socket(UNIX, DGRAM)
    m.bind(deaf, unix(b"\0deaf"))
    m.shutdown(deaf, 0)
    m.sendto(speaker, b"x", NOSIGNAL, unix(b"\0deaf"))
    m.connect(speaker, unix(b"\0deaf"))
    m.sendto(speaker, b"x", NOSIGNAL)
    m.close(deaf)
    m.sendto(speaker, b"x", NOSIGNAL)
    m.sendto(speaker, b"x", NOSIGNAL)


SCRIPTS = (unix_streams, unix_listeners)
