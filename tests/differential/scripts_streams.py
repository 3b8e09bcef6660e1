"""Scripts about TCP connections in all their states. What getsockname says after a connection failed or was dissolved
is not compared: Linux still shows a port there that the socket does not have any more."""
import struct

from names import FIONREAD, IPPROTO_TCP, SIOCATMARK, SIOCOUTQ, SO, SOL_SOCKET
from session import inet

STREAM, DGRAM = 1, 2
OOB, PEEK, TRUNC, DONTWAIT, WAITALL, NOSIGNAL, MORE = 1, 2, 0x20, 0x40, 0x100, 0x4000, 0x8000
ABORT = struct.pack("<ii", 1, 0)


def look(m, *fds):
    """Everything about sockets that can be seen without changing them."""
    for fd in fds:
        m.poll(fd)
        m.getsockopt(fd, SOL_SOCKET, SO["ERROR"])
        m.getpeername(fd)


def calls_in_each_state(m):
    """Calls that a state refuses, on a socket that is new, bound, listening, connected, shut down."""
    _, name = m.tcp_listener()

    def try_all(fd):
        m.listen(fd, 5) if fd != listening else None
        m.accept(fd) if fd != listening else None
        m.getpeername(fd)
        m.sendto(fd, b"x", DONTWAIT | NOSIGNAL)
        m.recvfrom(fd, 10, DONTWAIT)
        m.recvfrom(fd, 10, DONTWAIT | OOB)
        for request in (FIONREAD, SIOCOUTQ, SIOCATMARK, 0x1234):
            m.ioctl(fd, request)
        m.poll(fd)
        m.getsockopt(fd, SOL_SOCKET, SO["ACCEPTCONN"])

    listening = -2
    fresh = m.socket()
    m.accept(fresh)
    m.shutdown(fresh, 2)
    m.getpeername(fresh)
    m.sendto(fresh, b"x", DONTWAIT | NOSIGNAL)
    m.recvfrom(fresh, 10, DONTWAIT)
    m.ioctl(fresh, FIONREAD)
    m.ioctl(fresh, SIOCOUTQ)
    m.poll(fresh)
    listening = m.socket()
    m.bind(listening, inet("127.0.0.1", 5400))
    m.listen(listening)
    m.nonblocking(listening)
    m.accept(listening)
    try_all(listening)
    m.connect(listening, name)
    m.bind(listening, inet("127.0.0.1", 5401))
    connected = m.socket()
    m.connect(connected, name)
    m.connect(connected, name)
    m.bind(connected, inet("127.0.0.1", 5402))
    try_all(connected)
    for how in (3, -1, 0, 1, 1, 2):
        m.shutdown(connected, how)
        m.settle()
        m.poll(connected)
        m.sendto(connected, b"x", DONTWAIT | NOSIGNAL)
        m.recvfrom(connected, 10, DONTWAIT)


def connect_errors(m):
    for kind in (STREAM, DGRAM):
        for length in (0, 1, 2, 8, 15, 16, 20, 128, 129, -1):
            fd = m.socket(kind=kind)
            m.connect(fd, inet("127.0.0.1", 9) + bytes(112), length)
            m.close(fd)
        for family in (0, 1, 10, 99):
            fd = m.socket(kind=kind)
            m.connect(fd, struct.pack("<H", family) + inet("127.0.0.1", 9)[2:])
            m.close(fd)
        for host in ("0.0.0.0", "127.0.0.1"):
            fd = m.socket(kind=kind)
            m.connect(fd, inet(host, 9))
            m.getsockopt(fd, SOL_SOCKET, SO["ERROR"])
            m.poll(fd)
            m.close(fd)


def refused_connect(m):
    """ECONNREFUSED once, and then another try on the same socket."""
    fd = m.socket()
    m.connect(fd, inet("127.0.0.1", 9))
    look(m, fd)
    _, name = m.tcp_listener()
    m.connect(fd, name)
    look(m, fd)


def ports_of_failures(m):
    """A port that nobody chose is given back with the connection: bind() may choose one again."""
    closed = inet("127.0.0.1", 9)
    listener, name = m.tcp_listener()
    refused, waiting = m.socket(), m.socket()
    m.nonblocking(waiting)
    m.connect(refused, closed)
    m.connect(waiting, closed)
    m.settle()
    m.listen(waiting, 1)
    for fd, port in ((refused, 5431), (waiting, 5432)):
        m.bind(fd, inet("127.0.0.1", port))
        m.bind(fd, inet("127.0.0.1", port + 10))
        m.listen(fd, 1)
        m.poll(fd)
    client = m.socket()
    m.connect(client, name)
    server = m.accept(listener)
    m.bind(server, inet("127.0.0.1", 5433))
    m.setsockopt(client, SOL_SOCKET, SO["LINGER"], ABORT)
    m.close(client)
    m.settle()
    m.bind(server, inet("127.0.0.1", 5433))
    m.connect(server, name)
    for how in (0, 1, 2):
        forsaken = m.socket()
        m.nonblocking(forsaken)
        m.connect(forsaken, closed)
        m.settle()
        m.shutdown(forsaken, how)
        m.connect(forsaken, name)
        m.connect(forsaken, struct.pack("<H", 0) + bytes(14))
        m.connect(forsaken, name)
        m.settle()
        m.shutdown(forsaken, how)
        m.connect(forsaken, name)


def nonblocking_connect(m):
    listener, name = m.tcp_listener()
    client = m.socket()
    m.nonblocking(client)
    m.connect(client, name)
    m.settle()
    look(m, client)
    m.connect(client, name)
    m.connect(client, name)
    m.accept(listener)
    refused = m.socket()
    m.nonblocking(refused)
    m.connect(refused, inet("127.0.0.1", 9))
    m.settle()
    m.poll(refused)
    m.getsockopt(refused, SOL_SOCKET, SO["ERROR"])
    m.getsockopt(refused, SOL_SOCKET, SO["ERROR"])
    m.poll(refused)
    m.connect(refused, inet("127.0.0.1", 9))
    m.settle()
    m.connect(refused, inet("127.0.0.1", 9))
    m.poll(refused)


def dissolved_connection(m):
    """connect() to AF_UNSPEC ends a connection with a reset; the socket can be used again."""
    listener, client, server = m.tcp_pair()
    m.connect(client, bytes(16))
    m.settle()
    look(m, client, server)
    m.recvfrom(server, 10, DONTWAIT)
    m.connect(client, m.getsockname(listener))
    look(m, client)


def transfers(m):
    """What the flags of send and recv do."""
    _, client, server = m.tcp_pair()
    m.sendto(client, b"hello world")
    m.settle()
    m.poll(server)
    m.ioctl(server, FIONREAD)
    m.ioctl(client, SIOCOUTQ)
    m.recvfrom(server, 5, PEEK)
    m.recvfrom(server, 100, PEEK)
    m.recvfrom(server, 3, 0)
    m.recvfrom(server, 3, TRUNC)
    m.recvfrom(server, 100, DONTWAIT, 16)
    m.recvfrom(server, 100, DONTWAIT)
    m.recvfrom(server, 0, DONTWAIT)
    m.recvfrom(server, 100, DONTWAIT | PEEK)
    m.sendto(client, b"")
    m.sendto(client, b"x", null=True)
    m.sendto(client, b"0123456789")
    m.sendto(client, b"abcdefghij", MORE)
    m.settle(0.4)
    m.ioctl(server, FIONREAD)
    m.recvfrom(server, 20, WAITALL)
    m.sendto(client, b"xyz", name=inet("127.0.0.1", 9))
    m.sendto(client, b"xyz", 0x10000000)
    m.settle()
    m.recvmsg(server, 100, 0, 16, 64)
    m.write(client, b"writes")
    m.writev(client, [2, 3, 0, 1], b"abcdef")
    m.settle()
    m.readv(server, [1, 0, 4, 100])
    for count in (-1, 0, 1025):
        m.writev(client, [1], b"x", count)
        m.readv(server, [1], count)
    m.nonblocking(server)
    m.read(server, 10)
    m.read(server, 0)


def urgent_data(m):
    _, client, server = m.tcp_pair()
    m.sendto(client, b"abcX", OOB)
    m.settle()
    m.poll(server)
    m.ioctl(server, SIOCATMARK)
    m.recvfrom(server, 10, OOB | PEEK)
    m.recvfrom(server, 10, PEEK)
    m.recvfrom(server, 10, OOB)
    m.recvfrom(server, 10, OOB)
    m.recvfrom(server, 10)
    m.recvfrom(server, 10, PEEK | DONTWAIT)
    m.ioctl(server, SIOCATMARK)
    m.sendto(client, b"def")
    m.settle()
    m.recvfrom(server, 2, PEEK)
    m.recvfrom(server, 10, PEEK)
    m.recvfrom(server, 10)
    m.recvfrom(server, 10, OOB)
    m.setsockopt(server, SOL_SOCKET, SO["OOBINLINE"], 1)
    m.sendto(client, b"ghY", OOB)
    m.settle()
    m.recvfrom(server, 10, OOB)
    m.recvfrom(server, 10)
    m.ioctl(server, SIOCATMARK)
    m.recvfrom(server, 10)
    m.ioctl(server, SIOCATMARK)


def shutdowns(m):
    """The poll bits of both ends after each shutdown and close."""
    for steps in ("c0", "c1", "c2", "c1 s1", "c0 s1", "s1 c1", "c1 sx", "s0 c0", "c1 s0 sx", "cx", "sx"):
        listener, client, server = m.tcp_pair()
        ends = {"c": client, "s": server}
        m.sendto(client, b"data")
        m.settle(0.05)
        for step in steps.split():
            fd = ends[step[0]]
            if step[1] == "x":
                m.close(fd)
            else:
                m.shutdown(fd, int(step[1]))
            m.settle(0.05)
            look(m, client, server)
        m.recvfrom(server, 10, DONTWAIT)
        m.recvfrom(server, 10, DONTWAIT)
        m.sendto(server, b"answer", NOSIGNAL)
        m.settle(0.05)
        m.recvfrom(client, 10, DONTWAIT)
        m.recvfrom(client, 10, DONTWAIT)
        m.sendto(client, b"more", NOSIGNAL)
        m.settle(0.05)
        look(m, client, server)
        for fd in (client, server, listener):
            m.close(fd)


def resets(m):
    """A reset: how it is told, and that it is told once."""
    for unread in (False, True):
        listener, client, server = m.tcp_pair()
        if unread:
            m.sendto(client, b"unread")
            m.settle(0.05)
            m.close(server)
        else:
            m.sendto(server, b"lost")
            m.setsockopt(server, SOL_SOCKET, SO["LINGER"], ABORT)
            m.close(server)
        m.settle(0.05)
        m.poll(client)
        m.ioctl(client, FIONREAD)
        m.recvfrom(client, 10, DONTWAIT)
        m.recvfrom(client, 10, DONTWAIT)
        m.sendto(client, b"x", NOSIGNAL)
        m.sendto(client, b"x", NOSIGNAL)
        look(m, client)
        m.getsockname(client)
        m.close(client)
        m.close(listener)
    listener, name = m.tcp_listener()
    client = m.socket()
    m.connect(client, name)
    m.sendto(client, b"unread")
    m.setsockopt(client, SOL_SOCKET, SO["LINGER"], ABORT)
    m.close(client)
    m.settle(0.05)
    server = m.accept(listener)  # the connection has ended, and accept() tells its peer nevertheless
    look(m, server)
    m.recvfrom(server, 10, DONTWAIT)


def backlog(m):
    """How many connections wait for accept(), and in which order they come."""
    for limit in (0, 1, 3, -1):
        listener, name = m.tcp_listener(limit)
        clients = [m.socket() for _ in range(3)]
        for fd in clients[:min(3, limit + 1) if limit >= 0 else 3]:
            m.connect(fd, name)
        m.poll(listener)
        m.nonblocking(listener)
        accepted = [m.accept(listener) for _ in range(4)]
        for fd in [*clients, *accepted, listener]:
            if fd >= 0:
                m.close(fd)


def listener_closed_under_clients(m):
    listener, name = m.tcp_listener()
    client = m.socket()
    m.connect(client, name)
    m.close(listener)
    m.settle()
    look(m, client)
    m.recvfrom(client, 10, DONTWAIT)
    late = m.socket()
    m.connect(late, name)


def accepted_sockets(m):
    """What a child has of its listener."""
    listener, name = m.tcp_listener()
    for level, option, value in ((SOL_SOCKET, SO["KEEPALIVE"], 1), (SOL_SOCKET, SO["REUSEADDR"], 1),
                                 (SOL_SOCKET, SO["OOBINLINE"], 1), (SOL_SOCKET, SO["RCVBUF"], 9000),
                                 (SOL_SOCKET, SO["SNDBUF"], 8000), (SOL_SOCKET, SO["PRIORITY"], 3),
                                 (SOL_SOCKET, SO["RCVLOWAT"], 5), (0, 1, 0x10), (0, 2, 33), (IPPROTO_TCP, 1, 1),
                                 (IPPROTO_TCP, 4, 100), (IPPROTO_TCP, 5, 10), (IPPROTO_TCP, 6, 4), (IPPROTO_TCP, 7, 3),
                                 (IPPROTO_TCP, 8, 20), (IPPROTO_TCP, 18, 5000), (IPPROTO_TCP, 2, 600)):
        m.setsockopt(listener, level, option, value)
    m.setsockopt(listener, IPPROTO_TCP, 13, b"reno")
    m.nonblocking(listener)
    client = m.socket()
    m.connect(client, name)
    m.settle(0.05)
    child = m.accept(listener)
    m.fcntl(child, 3)
    for level, option in [(SOL_SOCKET, number) for number in range(1, 22) if number not in (16, 17, 20, 21)] + \
            [(0, number) for number in (1, 2, 10, 11, 12, 13, 21)] + \
            [(IPPROTO_TCP, number) for number in (1, 3, 4, 5, 6, 7, 8, 9, 18, 25)]:
        m.getsockopt(child, level, option)
    m.getsockopt(child, IPPROTO_TCP, 13, 16)


def self_connect(m):
    fd = m.socket()
    m.bind(fd, inet("127.0.0.1", 5500))
    m.connect(fd, inet("127.0.0.1", 5500))
    m.sendto(fd, b"to myself")
    m.settle(0.05)
    m.recvfrom(fd, 100, DONTWAIT)
    look(m, fd)
    m.shutdown(fd, 1)
    m.settle(0.05)
    look(m, fd)
    m.recvfrom(fd, 100, DONTWAIT)
    # Shut down before: connected, it says goodbye to itself at once, and is gone.
    fd = m.socket()
    m.nonblocking(fd)
    m.setsockopt(fd, SOL_SOCKET, SO["REUSEADDR"], 1)
    m.bind(fd, inet("127.0.0.1", 5501))
    m.shutdown(fd, 2)
    m.connect(fd, inet("127.0.0.1", 5501))
    m.settle(0.05)
    look(m, fd)
    m.connect(fd, inet("127.0.0.1", 5501))
    m.ioctl(fd, FIONREAD)
    m.recvfrom(fd, 100, DONTWAIT)
    look(m, fd)


def low_water(m):
    _, client, server = m.tcp_pair()
    m.setsockopt(server, SOL_SOCKET, SO["RCVLOWAT"], 10)
    m.sendto(client, b"12345")
    m.settle(0.05)
    m.poll(server)
    m.sendto(client, b"67890")
    m.settle(0.05)
    m.poll(server)
    m.recvfrom(server, 100)
    m.sendto(client, b"last")
    m.shutdown(client, 1)
    m.settle(0.05)
    m.poll(server)
    m.recvfrom(server, 100, DONTWAIT)
    m.recvfrom(server, 100, DONTWAIT)


def time_wait_and_bind(m):
    """A port in TIME_WAIT belongs to nobody who did not say SO_REUSEADDR."""
    listener = m.socket()
    m.bind(listener, inet("127.0.0.1", 5600))
    m.listen(listener)
    client = m.socket()
    m.connect(client, inet("127.0.0.1", 5600))
    server = m.accept(listener)
    m.close(server)
    m.settle(0.05)
    m.close(client)
    m.close(listener)
    m.settle(0.05)
    again = m.socket()
    m.bind(again, inet("127.0.0.1", 5600))
    m.setsockopt(again, SOL_SOCKET, SO["REUSEADDR"], 1)
    m.bind(again, inet("127.0.0.1", 5600))
    m.listen(again)


def splices(m):
    """splice() of connections, datagrams and pipes, in all states."""
    listener, client, server = m.tcp_pair()
    one, two = m.udp_pair()
    reader, writer = m.pipe()
    other_reader, other_writer = m.pipe()
    lonely = m.socket()
    for fd in (client, server, lonely, reader, writer, other_reader, other_writer, one, two, listener):
        m.nonblocking(fd)
    for source, target, length, flags in (
            (server, writer, 10, 0), (reader, client, 10, 0), (server, client, 10, 0), (reader, writer, 10, 0),
            (writer, client, 10, 0), (server, reader, 10, 0), (server, writer, 0, 0), (server, writer, -1, 0),
            (reader, client, -1, 2), (server, writer, 10, 16), (-1, writer, 10, 0), (server, 99, 10, 0), (-1, 99, 0, 99),
            (lonely, writer, 10, 0), (listener, writer, 10, 0), (one, writer, 10, 0)):
        m.splice(source, target, length, flags)
    m.splice(server, writer, 10, 0, source_offset=0)
    m.splice(server, writer, 10, 0, target_offset=0)
    m.splice(reader, client, 10, 0, source_offset=0)
    m.write(writer, b"0123456789abcdef")
    m.splice(reader, client, 10, 0, target_offset=0)
    m.splice(reader, lonely, 10)
    m.splice(reader, listener, 10)
    for flags in (0, 1, 2, 4, 8):
        m.splice(reader, client, 2, flags)
        m.splice(reader, other_writer, 1, flags)
        m.settle()
        m.poll(server)
        m.ioctl(server, FIONREAD)
    m.splice(server, writer, 4)
    m.splice(server, writer, 100)
    m.splice(server, writer, 100)
    for fd in (reader, other_reader):
        m.read(fd)
    m.write(writer, b"datagram")
    m.splice(reader, one, 100)
    m.settle()
    m.splice(two, writer, 5)
    m.splice(two, writer, 5)
    m.read(reader)
    m.write(writer, b"rest")
    m.close(writer)
    m.splice(reader, client, 100)
    m.splice(reader, client, 100)
    m.shutdown(client, 1)
    m.settle()
    m.splice(server, other_writer, 100)
    m.splice(server, other_writer, 100)
    m.splice(other_reader, server, 2)
    m.settle()
    m.close(client)
    m.splice(other_reader, server, 1)
    m.settle()
    m.splice(other_reader, server, 1)
    m.splice(server, other_writer, 1)
    m.close(other_reader)
    m.splice(two, other_writer, 1)
    m.splice(server, other_writer, 1)


SCRIPTS = (calls_in_each_state, connect_errors, refused_connect, ports_of_failures, nonblocking_connect,
           dissolved_connection, transfers, urgent_data, shutdowns, resets, backlog, listener_closed_under_clients,
           accepted_sockets, self_connect, low_water, splices, time_wait_and_bind)
