"""Scripts about sockets of any kind: making them, naming them, options."""
import itertools
import struct

from names import IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, LEVELS, OPTIONS, SO, SOL_SOCKET
from session import inet, unix

STREAM, DGRAM, RAW, SEQPACKET = 1, 2, 3, 5
UNIX, INET = 1, 2


def socket_matrix(m):
    """Every family, type and protocol that could mean something, and some that cannot."""
    for domain, kind, protocol in itertools.product((0, 1, 2, 46, -1), (0, 1, 2, 3, 4, 5, 11, -1),
                                                    (0, 1, 6, 17, 132, 255, 256, -1)):
        fd = m.socket(domain, kind, protocol)
        if fd >= 0:
            m.close(fd)
    for flags in (0o4000, 0o2000000, 0o4000 | 0o2000000, 0x100):
        fd = m.socket(INET, STREAM | flags, 0)
        if fd >= 0:
            m.fcntl(fd, 3)
            m.fcntl(fd, 1)
            m.close(fd)


def descriptors(m):
    """Calls on what is no socket, or nothing at all."""
    reader, writer = m.pipe()
    for fd in (99, -1, reader, writer):
        m.bind(fd, inet("127.0.0.1", 0))
        m.connect(fd, inet("127.0.0.1", 1))
        m.listen(fd)
        m.accept(fd)
        m.getsockname(fd)
        m.getpeername(fd)
        m.shutdown(fd, 2)
        m.sendto(fd, b"x")
        m.recvfrom(fd, 10, 0x40)
        m.recvmsg(fd, 10, 0x40)
        m.sendmsg(fd, b"x")
        m.setsockopt(fd, SOL_SOCKET, SO["REUSEADDR"], 1)
        m.getsockopt(fd, SOL_SOCKET, SO["TYPE"])
        m.poll(fd)
    fd = m.socket()
    for command, argument in ((0, 10), (0, -1), (1, 0), (2, 1), (1, 0), (3, 0), (4, 0o4000), (3, 0), (4, 0),
                              (1030, 20), (99, 0)):
        m.fcntl(fd, command, argument)


def bind_errors(m):
    for kind in (STREAM, DGRAM):
        for length in (0, 1, 2, 8, 15, 16, 17, 128, 129, -1):
            fd = m.socket(INET, kind)
            m.bind(fd, inet("127.0.0.1", 0) + bytes(112), length)
            m.close(fd)
        for host in ("127.0.0.1", "127.1.2.3", "0.0.0.0", "192.0.2.77", "255.255.255.255", "224.0.0.1"):
            fd = m.socket(INET, kind)
            m.bind(fd, inet(host, 0))
            m.getsockname(fd)
            m.close(fd)
        for family in (0, 1, 10, 99):
            fd = m.socket(INET, kind)
            m.bind(fd, struct.pack("<H", family) + inet("127.0.0.1", 0)[2:])
            m.close(fd)
            fd = m.socket(INET, kind)
            m.bind(fd, struct.pack("<H", family) + inet("0.0.0.0", 0)[2:])
            m.close(fd)
        fd = m.socket(INET, kind)
        m.bind(fd, inet("127.0.0.1", 5000))
        m.bind(fd, inet("127.0.0.1", 5001))
        m.bind(fd, inet("127.0.0.1", 5000))
        for length in (0, 1, 4, 15, 16, 17, 128, -1):
            m.getsockname(fd, length)
            m.getpeername(fd, length)
        m.close(fd)


def bind_conflicts(m):
    """Who may share a port, by options, addresses and order."""
    number = 6000
    for kind, reuse, port_reuse, addresses in itertools.product(
            (STREAM, DGRAM), itertools.product((0, 1), repeat=2), itertools.product((0, 1), repeat=2),
            (("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "127.0.0.2"), ("0.0.0.0", "127.0.0.1"),
             ("127.0.0.1", "0.0.0.0"))):
        number += 1
        fds = []
        for index in (0, 1):
            fd = m.socket(INET, kind)
            fds.append(fd)
            if reuse[index]:
                m.setsockopt(fd, SOL_SOCKET, SO["REUSEADDR"], 1)
            if port_reuse[index]:
                m.setsockopt(fd, SOL_SOCKET, SO["REUSEPORT"], 1)
            bound = m.bind(fd, inet(addresses[index], number))
            if kind == STREAM and bound == 0:
                m.listen(fd)
        for fd in fds:
            m.close(fd)


def listeners_on_shared_ports(m):
    """SO_REUSEADDR lets two bind a port, but only one of them listen."""
    first, second = m.socket(), m.socket()
    for fd in (first, second):
        m.setsockopt(fd, SOL_SOCKET, SO["REUSEADDR"], 1)
        m.bind(fd, inet("127.0.0.1", 5300))
    m.listen(first)
    m.listen(second)
    m.close(first)
    m.listen(second)
    third = m.socket()
    m.setsockopt(third, SOL_SOCKET, SO["REUSEADDR"], 1)
    m.bind(third, inet("127.0.0.1", 5300))
    m.setsockopt(second, SOL_SOCKET, SO["REUSEADDR"], 0)
    m.bind(third, inet("127.0.0.1", 5300))


VALUES = (0, 1, 7, -1, 127, 255, 256, 65536)
# A device name, group memberships: no numbers. tcp_info: its parts are compared where they change.
# And what differs between the versions of Linux: SO_PASSCRED and SO_REUSEPORT of other families.
SKIPPED = {(SOL_SOCKET, 16), (SOL_SOCKET, 25), (IPPROTO_IP, 35), (IPPROTO_IP, 36), (IPPROTO_TCP, 11)}
# Of options that Lumos does not have it is enough to see that, once.
ABSENT = {(SOL_SOCKET, 17), (SOL_SOCKET, 28), (SOL_SOCKET, 35), (SOL_SOCKET, 42), (IPPROTO_IP, 4), (IPPROTO_IP, 5),
          (IPPROTO_IP, 6), (IPPROTO_IP, 7), (IPPROTO_IP, 9), (IPPROTO_IP, 18), (IPPROTO_IP, 19), (IPPROTO_IP, 22),
          (IPPROTO_IP, 23), (IPPROTO_IP, 25), (IPPROTO_IP, 50), (IPPROTO_TCP, 36), (IPPROTO_UDP, 1)}


def options_of(m, fd, levels):
    for level, option in sorted(OPTIONS):
        if level in levels and (level, option) not in SKIPPED:
            yield level, option


def read_options(m, kind, levels):
    """Every option as a new socket has it, in buffers of every length."""
    fd = m.socket(INET, kind)
    for level, option in options_of(m, fd, levels):
        for length in (0, 1, 4, 8, -1) if (level, option) not in ABSENT else (4,):
            m.getsockopt(fd, level, option, length)


def write_options(m, kind, levels):
    """Every option with every value, and what is read back."""
    for level, option in options_of(m, None, levels):
        fd = m.socket(INET, kind)
        if (level, option) in ABSENT:
            m.setsockopt(fd, level, option, 1)
            m.close(fd)
            continue
        for value in VALUES:
            m.setsockopt(fd, level, option, value)
            m.getsockopt(fd, level, option)
        for length in (0, 1, 3, 8, -1):
            m.setsockopt(fd, level, option, struct.pack("<ii", 1, 1), length)
        m.setsockopt(fd, level, option, 1, null=True)
        m.getsockopt(fd, level, option, 8)
        m.close(fd)


def tcp_options_read(m):
    read_options(m, STREAM, (SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP))


def udp_options_read(m):
    read_options(m, DGRAM, (SOL_SOCKET, IPPROTO_IP, IPPROTO_UDP))


def tcp_options_of_sockets(m):
    write_options(m, STREAM, (SOL_SOCKET,))


def tcp_options_of_ip(m):
    write_options(m, STREAM, (IPPROTO_IP,))


def tcp_options_of_tcp(m):
    write_options(m, STREAM, (IPPROTO_TCP,))


def udp_options_written(m):
    write_options(m, DGRAM, (SOL_SOCKET, IPPROTO_IP, IPPROTO_UDP))


def unix_options(m):
    for kind in (STREAM, DGRAM):
        fd = m.socket(UNIX, kind)
        for level, option in options_of(m, fd, (SOL_SOCKET,)):
            if (level, option) in ABSENT or option == SO["REUSEPORT"]:
                continue
            m.getsockopt(fd, level, option)
            m.setsockopt(fd, level, option, 1)
        m.setsockopt(fd, IPPROTO_TCP, 1, 1)
        m.getsockopt(fd, IPPROTO_TCP, 1)
        m.close(fd)


def wrong_levels(m):
    for kind, level in itertools.product((STREAM, DGRAM), (2, 5, 41, 132, 255, 1000, -1, IPPROTO_TCP, IPPROTO_UDP)):
        fd = m.socket(INET, kind)
        m.setsockopt(fd, level, 1, 1)
        m.getsockopt(fd, level, 1)
        m.setsockopt(fd, level, 77, 1)
        m.getsockopt(fd, level, 77)
        m.close(fd)
    assert LEVELS


def unix_names(m):
    """Abstract names, lengths, and two sockets that want the same."""
    for kind in (STREAM, DGRAM, SEQPACKET):
        first, second = m.socket(UNIX, kind), m.socket(UNIX, kind)
        m.getsockname(first, 128)
        m.bind(first, unix(b"\0name%d" % kind))
        m.bind(first, unix(b"\0other"))
        m.bind(second, unix(b"\0name%d" % kind))
        m.getsockname(first, 128)
        for length in (0, 1, 2, 3, 10):
            m.getsockname(first, length)
        m.bind(second, unix(b""))  # the kernel finds a name
        m.connect(second, unix(b"\0nobody"))
        m.connect(second, unix(b"/no/such/file"))
        m.connect(second, inet("127.0.0.1", 80))
        m.close(first)
        third = m.socket(UNIX, kind)
        m.bind(third, unix(b"\0name%d" % kind))  # free again
        for length in (0, 1, 111, -1):
            m.bind(second, unix(b"x" * 120), length)
        m.close(second)
        m.close(third)


SCRIPTS = (socket_matrix, descriptors, bind_errors, bind_conflicts, listeners_on_shared_ports, tcp_options_read,
           udp_options_read, tcp_options_of_sockets, tcp_options_of_ip, tcp_options_of_tcp, udp_options_written,
           unix_options, wrong_levels, unix_names)
