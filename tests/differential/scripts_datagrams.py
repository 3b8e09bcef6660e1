"""Scripts about datagrams: UDP and AF_UNIX, with their errors; pipes; epoll."""
import struct

from names import FIONREAD, IPPROTO_IP, SIOCOUTQ, SO, SOL_SOCKET
from session import inet, unix

STREAM, DGRAM = 1, 2
UNIX = 1
PEEK, TRUNC, DONTWAIT, ERRQUEUE, NOSIGNAL, MORE = 2, 0x20, 0x40, 0x2000, 0x4000, 0x8000
CLOSED_PORT = inet("127.0.0.1", 9)


def udp_transfers(m):
    one, two = m.udp_pair()
    m.poll(one)
    m.sendto(one, b"first")
    m.sendto(one, b"")
    m.sendto(one, b"third one")
    m.settle(0.02)
    m.poll(two)
    m.ioctl(two, FIONREAD)
    m.ioctl(one, SIOCOUTQ)
    m.recvfrom(two, 100, PEEK, 16)
    m.recvfrom(two, 2, TRUNC | PEEK, 16)
    m.recvfrom(two, 2, 0, 16)
    m.ioctl(two, FIONREAD)
    m.recvfrom(two, 100, DONTWAIT, 4)
    m.recvmsg(two, 4, DONTWAIT, 16, 64)
    m.recvfrom(two, 100, DONTWAIT)
    m.sendto(one, b"x", 1)
    m.recvfrom(two, 100, DONTWAIT | 1)
    m.sendto(one, b"x" * 1000, count=65508)
    m.sendto(one, b"x" * 1000, count=65507)
    m.settle(0.02)
    m.recvfrom(two, 100, DONTWAIT | TRUNC)
    m.sendto(one, b"x", null=True)
    m.writev(one, [2, 3], b"abcde")
    m.settle(0.02)
    m.readv(two, [1, 10])
    m.accept(one)
    m.listen(one)
    m.sendto(one, b"part ", MORE)
    m.poll(two)
    m.sendto(one, b"and rest")
    m.settle(0.02)
    m.recvfrom(two, 100, DONTWAIT)


def udp_connect(m):
    """connect() on a UDP socket: names, filtering, and back to nobody."""
    fd, other, third = (m.socket(kind=DGRAM) for _ in range(3))
    m.getsockname(fd)
    m.sendto(fd, b"x")
    m.bind(other, inet("127.0.0.1", 0))
    m.bind(third, inet("127.0.0.1", 0))
    name, third_name = m.getsockname(other), m.getsockname(third)
    m.connect(fd, name)
    m.getsockname(fd)
    m.getpeername(fd)
    own = m.getsockname(fd)
    m.sendto(third, b"from a stranger", name=own)
    m.sendto(other, b"from the peer", name=own)
    m.settle(0.02)
    m.recvfrom(fd, 100, DONTWAIT, 16)
    m.recvfrom(fd, 100, DONTWAIT, 16)
    m.sendto(fd, b"elsewhere", name=third_name)
    m.settle(0.02)
    m.recvfrom(third, 100, DONTWAIT, 16)
    m.connect(fd, third_name)
    m.getpeername(fd)
    m.connect(fd, bytes(16))
    m.getpeername(fd)
    m.getsockname(fd)
    m.sendto(fd, b"x")
    m.shutdown(fd, 1)
    m.connect(fd, name)
    for how in (3, 0, 1):
        m.shutdown(fd, how)
        m.poll(fd)
        m.sendto(fd, b"x", NOSIGNAL)
        m.recvfrom(fd, 100, DONTWAIT)
    for length in (0, 2, 8, 15):
        m.sendto(third, b"x", name=name, length=length)
    m.sendto(third, b"x", name=struct.pack("<H", 10) + CLOSED_PORT[2:])
    m.sendto(third, b"x", name=struct.pack("<H", 0) + CLOSED_PORT[2:])
    m.sendto(third, b"x", name=inet("127.0.0.1", 0))


def udp_errors(m):
    """ICMP errors of a closed port: who hears of them, and how often."""
    fd = m.socket(kind=DGRAM)
    m.connect(fd, CLOSED_PORT)
    m.sendto(fd, b"x")
    m.settle(0.02)
    m.poll(fd)
    m.getsockopt(fd, SOL_SOCKET, SO["ERROR"])
    m.getsockopt(fd, SOL_SOCKET, SO["ERROR"])
    m.poll(fd)
    m.sendto(fd, b"x")
    m.settle(0.02)
    m.sendto(fd, b"x")
    m.sendto(fd, b"x")
    m.settle(0.02)
    m.recvfrom(fd, 10, DONTWAIT)
    m.recvfrom(fd, 10, DONTWAIT)
    unconnected = m.socket(kind=DGRAM)
    m.sendto(unconnected, b"x", name=CLOSED_PORT)
    m.settle(0.02)
    m.poll(unconnected)
    m.recvfrom(unconnected, 10, DONTWAIT)
    m.setsockopt(unconnected, IPPROTO_IP, 11, 1)
    m.sendto(unconnected, b"quoted", name=CLOSED_PORT)
    m.settle(0.02)
    m.poll(unconnected)
    m.recvmsg(unconnected, 100, DONTWAIT | ERRQUEUE, 16, 128)
    m.recvmsg(unconnected, 100, DONTWAIT | ERRQUEUE, 16, 128)
    m.poll(unconnected)


def udp_control(m):
    """Ancillary data that options switch on."""
    fd, sender = m.socket(kind=DGRAM), m.socket(kind=DGRAM)
    m.bind(fd, inet("127.0.0.1", 0))
    name = m.getsockname(fd)
    m.setsockopt(sender, IPPROTO_IP, 2, 77)
    m.setsockopt(sender, IPPROTO_IP, 1, 0x28)
    for option in (12, 13, 8, 20):  # TTL, TOS, PKTINFO, ORIGDSTADDR
        m.setsockopt(fd, IPPROTO_IP, option, 1)
        m.sendto(sender, b"x", name=name)
        m.settle(0.02)
        m.recvmsg(fd, 10, DONTWAIT, 0, 64 if option < 20 else 0)
        if option < 20:  # the original destination is one of the ports that differ
            m.sendto(sender, b"y", name=name)
            m.settle(0.02)
            m.recvmsg(fd, 10, DONTWAIT, 0, 20)
        m.setsockopt(fd, IPPROTO_IP, option, 0)
    m.setsockopt(fd, IPPROTO_IP, 12, 1)
    m.setsockopt(fd, IPPROTO_IP, 13, 1)
    for control in (struct.pack("<QiiI4x", 20, 0, 2, 9), struct.pack("<QiiI4x", 20, 0, 1, 0x10),
                    struct.pack("<QiiI4x", 20, 0, 2, 256), struct.pack("<QiiI4x", 20, 0, 99, 1),
                    struct.pack("<QiiI4x", 15, 0, 2, 9), struct.pack("<QiiI4x", 200, 0, 2, 9), b"\0" * 8):
        m.sendmsg(sender, b"z", 0, name, control)
        m.settle(0.02)
        m.recvmsg(fd, 10, DONTWAIT, 0, 128)


def unix_datagrams(m):
    one, two, nameless = (m.socket(UNIX, DGRAM) for _ in range(3))
    names = [unix(b"\0one"), unix(b"\0two")]
    m.bind(one, names[0])
    m.bind(two, names[1])
    m.sendto(one, b"x")
    m.sendto(one, b"hello", name=names[1])
    m.sendto(nameless, b"who am I", name=names[1])
    m.sendto(one, b"", name=names[1])
    m.poll(two)
    m.ioctl(two, FIONREAD)
    m.recvfrom(two, 3, PEEK | TRUNC, 128)
    m.recvfrom(two, 100, DONTWAIT, 128)
    m.recvfrom(two, 100, DONTWAIT, 128)
    m.recvfrom(two, 100, DONTWAIT, 128)
    m.recvfrom(two, 100, DONTWAIT, 128)
    m.sendto(one, b"x", name=unix(b"\0nobody"))
    m.connect(one, names[1])
    m.getpeername(one, 128)
    m.sendto(one, b"connected")
    m.recvfrom(two, 100, DONTWAIT, 128)
    m.connect(two, names[1])
    m.sendto(one, b"to one who listens to himself")
    m.connect(two, names[0])
    m.sendto(nameless, b"from a stranger", name=names[1])
    m.connect(one, bytes(2))
    m.sendto(one, b"x")
    m.close(one)
    m.poll(two)
    m.sendto(two, b"x", NOSIGNAL)
    m.sendto(two, b"x", NOSIGNAL)
    m.shutdown(two, 2)
    m.recvfrom(two, 100, DONTWAIT)
    m.listen(two)
    m.accept(two)


def pipes(m):
    reader, writer = m.pipe()
    m.poll(reader)
    m.poll(writer)
    m.nonblocking(reader)
    m.nonblocking(writer)
    m.read(reader, 10)
    m.write(writer, b"hello")
    m.ioctl(reader, FIONREAD)
    m.poll(reader)
    m.read(reader, 2)
    m.read(writer, 2)
    m.write(reader, b"x")
    m.readv(reader, [1, 1, 10])
    m.write(writer, b"", 65536)
    m.write(writer, b"x")
    m.poll(writer)
    m.read(reader, 4095)
    m.poll(writer)
    m.read(reader, 1)
    m.poll(writer)
    m.close(writer)
    m.poll(reader)
    m.read(reader, 100000)
    m.read(reader, 10)
    m.poll(reader)
    other_reader, other_writer = m.pipe()
    m.close(other_reader)
    m.poll(other_writer)
    m.write(other_writer, b"x")
    m.recvfrom(reader, 10, DONTWAIT)


IN, OUT, RDHUP, HUP, ET, ONESHOT = 1, 4, 0x2000, 0x10, 1 << 31, 1 << 30
ADD, DEL, MOD = 1, 2, 3


def epoll_calls(m):
    for size in (0, -1, 1):
        m.epoll_create(size)
    epoll = m.epoll_create(10)
    reader, writer = m.pipe()
    for operation, fd in ((DEL, reader), (MOD, reader), (ADD, reader), (ADD, reader), (ADD, 99), (ADD, epoll), (9, reader)):
        m.epoll_ctl(epoll, operation, fd, IN, fd)
    m.epoll_ctl(reader, ADD, writer, IN, 1)
    m.epoll_ctl(99, ADD, writer, IN, 1)
    for most in (0, -1, 0x7FFFFFFF, 1):
        m.epoll_wait(epoll, most)
    m.epoll_wait(reader)
    m.epoll_wait(99)
    m.epoll_ctl(epoll, ADD, writer, OUT, 2)
    m.epoll_wait(epoll)
    m.write(writer, b"x")
    m.epoll_wait(epoll)
    m.epoll_wait(epoll, 1)
    m.epoll_ctl(epoll, MOD, writer, 0, 2)
    m.epoll_wait(epoll)
    m.close(writer)
    m.epoll_wait(epoll)
    m.read(reader, 10)
    m.epoll_wait(epoll)
    m.close(reader)
    m.epoll_wait(epoll)
    m.poll(epoll)


def epoll_of_connections(m):
    """The bits of a connection as it opens, moves data and closes; level, edge and one-shot."""
    for mode in (0, ET, ONESHOT, ET | ONESHOT):
        epoll = m.epoll_create()
        listener, name = m.tcp_listener()
        m.epoll_ctl(epoll, ADD, listener, IN | OUT | mode, 1)
        m.epoll_wait(epoll)
        client = m.socket()
        m.nonblocking(client)
        m.epoll_ctl(epoll, ADD, client, IN | OUT | RDHUP | mode, 2)
        m.epoll_wait(epoll)
        m.connect(client, name)
        m.settle(0.05)
        m.epoll_wait(epoll)
        server = m.accept(listener)
        m.epoll_ctl(epoll, ADD, server, IN | OUT | RDHUP | mode, 3)
        for _ in range(2):
            m.epoll_wait(epoll)
        for _ in range(2):
            m.sendto(client, b"data")
            m.settle(0.05)
            m.epoll_wait(epoll)
        m.epoll_ctl(epoll, MOD, server, IN | OUT | RDHUP | mode, 3)
        m.epoll_wait(epoll)
        m.recvfrom(server, 4)
        m.epoll_wait(epoll)
        m.recvfrom(server, 100)
        m.epoll_wait(epoll)
        m.shutdown(client, 1)
        m.settle(0.05)
        m.epoll_wait(epoll)
        m.epoll_ctl(epoll, MOD, server, IN | RDHUP | mode, 3)
        m.epoll_wait(epoll)
        m.close(server)
        m.settle(0.05)
        m.epoll_wait(epoll)
        m.close(client)
        m.epoll_wait(epoll)
        m.close(listener)
        m.close(epoll)


SCRIPTS = (udp_transfers, udp_connect, udp_errors, udp_control, unix_datagrams, pipes, epoll_calls,
           epoll_of_connections)
