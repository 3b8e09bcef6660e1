"""A script's view of one machine: a method per system call. Each call is noted with everything that came back, in
words that are the same on both machines when the behaviour is the same: ports that the kernel chose are named in
the order in which they appear, errors and flags by their names."""
import errno
import socket
import struct
import time

import agent as ops
from names import (ACCEPTED_PORT_FLOOR, FAMILIES, LEVELS, MESSAGE_FLAGS, OPTIONS, POLL_BITS, SOCKET_FLAGS,
                   SOCKET_TYPES, flags_text)


def inet(host, port):
    """A sockaddr_in."""
    return ops.address(host, port)


def unix(path):
    """A sockaddr_un of exactly this name; abstract if it starts with a NUL."""
    return struct.pack("<H", socket.AF_UNIX) + path


# What hosts differ in.
SAME_PARAMETERS = ("tcp_congestion_control=reno", "tcp_rmem=4096 131072 6291456", "tcp_wmem=4096 16384 4194304",
                   "ping_group_range=0 2147483647")


def error_text(result):
    return errno.errorcode.get(-result, str(result)) if result < 0 else str(result)


class Session:
    def __init__(self, agent):
        self.agent = agent
        self.steps = {}  # text of the call -> what came back, in order
        self.ports = {}
        self.agent.call(ops.RESET)
        for assignment in SAME_PARAMETERS:
            self.agent.call(ops.SYSCTL, data=f"net.ipv4.{assignment}".encode())

    # ---- notes ---------------------------------------------------------------------------------------------------

    def note(self, text, outcome):
        name, number = text, 1
        while name in self.steps:
            number += 1
            name = f"{text} #{number}"
        self.steps[name] = outcome

    def port(self, number):
        if number < ACCEPTED_PORT_FLOOR:
            return str(number)
        return self.ports.setdefault(number, f"port{len(self.ports) + 1}")

    def address(self, name):
        if len(name) < 2:
            return name.hex() or "-"
        family = struct.unpack_from("<H", name)[0]
        if family == socket.AF_INET and len(name) >= 8:
            rest = "" if len(name) == 16 else f" [{len(name)}]"
            return f"{socket.inet_ntoa(name[4:8])}:{self.port(struct.unpack_from('>H', name, 2)[0])}{rest}"
        if family == socket.AF_INET:
            return f"AF_INET [{len(name)}]"
        if family == socket.AF_UNIX:
            return f"unix:{name[2:]!r}"
        return f"{FAMILIES.get(family, family)}:{name[2:].hex()}"

    def call(self, text, op, *arguments, data=b"", flags=0):
        self.agent.send(op, *arguments, data=data, flags=flags)
        result, out = self.agent.reply(timeout=30)
        self.last = text
        return result, out

    def simple(self, text, op, *arguments, data=b"", flags=0):
        """A call with nothing but a result."""
        result, _ = self.call(text, op, *arguments, data=data, flags=flags)
        self.note(text, error_text(result))
        return result

    def settle(self, seconds=0.1):
        """Time for timers of both kernels, delayed ACKs above all."""
        time.sleep(seconds)

    # ---- calls ---------------------------------------------------------------------------------------------------

    def socket(self, domain=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=0):
        text = f"socket({FAMILIES.get(domain, domain)}, {flags_text(kind & ~0xF, SOCKET_FLAGS, '')}"
        text += f"{SOCKET_TYPES.get(kind & 0xF, kind & 0xF)}, {protocol})"
        return self.simple(text, ops.SOCKET, domain, kind, protocol)

    def close(self, fd):
        return self.simple(f"close({fd})", ops.CLOSE, fd)

    def bind(self, fd, name, length=None):
        length = len(name) if length is None else length
        return self.simple(f"bind({fd}, {self.address(name)}, {length})", ops.BIND, fd, length, data=name)

    def connect(self, fd, name, length=None):
        length = len(name) if length is None else length
        return self.simple(f"connect({fd}, {self.address(name)}, {length})", ops.CONNECT, fd, length, data=name)

    def listen(self, fd, backlog=5):
        return self.simple(f"listen({fd}, {backlog})", ops.LISTEN, fd, backlog)

    def shutdown(self, fd, how):
        return self.simple(f"shutdown({fd}, {how})", ops.SHUTDOWN, fd, how)

    def named(self, what, op, fd, length):
        """accept, getsockname, getpeername. Returns the result and the name."""
        text = f"{what}({fd}, {length})"
        result, out = self.call(text, op, fd, length)
        name = out[4:]
        told = f" {struct.unpack_from('<I', out)[0]} {self.address(name)}" if result >= 0 else ""
        self.note(text, error_text(result) + told)
        return result, name

    def accept(self, fd, length=16):
        return self.named("accept", ops.ACCEPT, fd, length)[0]

    def getsockname(self, fd, length=16):
        return self.named("getsockname", ops.GETSOCKNAME, fd, length)[1]

    def getpeername(self, fd, length=16):
        return self.named("getpeername", ops.GETPEERNAME, fd, length)[1]

    def sendto(self, fd, data, flags=0, name=b"", count=None, length=None, null=False):
        count = len(data) if count is None else count
        length = len(name) if length is None else length
        text = f"sendto({fd}, {data[:20]!r}, {count}, {flags_text(flags, MESSAGE_FLAGS)}, {self.address(name)}, {length})"
        return self.simple(text + (" null" if null else ""), ops.SENDTO, fd, count, flags, length, data=name + data,
                           flags=ops.NULL_BUFFER if null else 0)

    def recvfrom(self, fd, count=100, flags=0, length=0):
        text = f"recvfrom({fd}, {count}, {flags_text(flags, MESSAGE_FLAGS)}, {length})"
        result, out = self.call(text, ops.RECVFROM, fd, count, flags, length, flags=ops.DATA)
        if result < 0:
            self.note(text, error_text(result))
            return result, b""
        told = struct.unpack_from("<I", out)[0]
        stored = min(told, 128)
        name, data = out[4:4 + min(stored, length)], out[4 + stored:]
        self.note(text, f"{result} {told} {self.address(name)} {data[:60]!r}")
        return result, data

    def write(self, fd, data, count=None):
        count = len(data) if count is None else count
        return self.simple(f"write({fd}, {data[:20]!r}, {count})", ops.WRITE, fd, count, data=data)

    def read(self, fd, count=100):
        result, out = self.call("read", ops.READ, fd, count, flags=ops.DATA)
        self.note(f"read({fd}, {count})", f"{error_text(result)} {out[:60]!r}")
        return result

    def writev(self, fd, lengths, data, count=None):
        count = len(lengths) if count is None else count
        return self.simple(f"writev({fd}, {lengths}, {count})", ops.WRITEV, fd, count,
                           data=struct.pack(f"<{len(lengths)}Q", *lengths) + data)

    def readv(self, fd, lengths, count=None):
        count = len(lengths) if count is None else count
        result, out = self.call("readv", ops.READV, fd, count, data=struct.pack(f"<{len(lengths)}Q", *lengths),
                                flags=ops.DATA)
        self.note(f"readv({fd}, {lengths}, {count})", f"{error_text(result)} {out[:60]!r}")
        return result

    def sendmsg(self, fd, data, flags=0, name=b"", control=b""):
        text = f"sendmsg({fd}, {data[:20]!r}, {flags_text(flags, MESSAGE_FLAGS)}, {self.address(name)}, {control.hex()})"
        return self.simple(text, ops.SENDMSG, fd, flags, len(name), len(control), 1,
                           data=name + control + struct.pack("<Q", len(data)) + data)

    def recvmsg(self, fd, count=100, flags=0, name_length=0, control_length=0):
        text = f"recvmsg({fd}, {count}, {flags_text(flags, MESSAGE_FLAGS)}, {name_length}, {control_length})"
        result, out = self.call(text, ops.RECVMSG, fd, flags, name_length, control_length, 1,
                                data=struct.pack("<Q", count), flags=ops.DATA)
        if result < 0:
            self.note(text, error_text(result))
            return result
        told, controls, message_flags = struct.unpack_from("<III", out)
        stored = min(told, 4096)
        name, control, data = out[12:12 + stored], out[12 + stored:12 + stored + controls], out[12 + stored + controls:]
        self.note(text, f"{result} {told} {self.address(name)} [{control.hex()}] "
                        f"{flags_text(message_flags, MESSAGE_FLAGS)} {data[:60]!r}")
        return result

    def setsockopt(self, fd, level, option, value, length=None, null=False):
        value = struct.pack("<i", value) if isinstance(value, int) else value
        length = len(value) if length is None else length
        text = f"setsockopt({fd}, {option_text(level, option)}, {value.hex()}, {length})" + (" null" if null else "")
        return self.simple(text, ops.SETSOCKOPT, fd, level, option, length, data=value,
                           flags=ops.NULL_BUFFER if null else 0)

    def getsockopt(self, fd, level, option, length=4):
        text = f"getsockopt({fd}, {option_text(level, option)}, {length})"
        result, out = self.call(text, ops.GETSOCKOPT, fd, level, option, length)
        told = f" {struct.unpack_from('<I', out)[0]} {out[4:].hex()}" if result >= 0 else ""
        self.note(text, error_text(result) + told)
        return result, out[4:]

    def poll(self, fd, events=0xFFFF & ~0x20, timeout=0):
        """The bits that one descriptor shows, of all there are but POLLNVAL."""
        events = events - 0x10000 if events > 0x7FFF else events
        _, out = self.call("poll", ops.POLL, 1, timeout, data=struct.pack("<ihh", fd, events, 0))
        bits = struct.unpack("<iHH", out)[2] if out else 0
        self.note(f"poll({fd})", flags_text(bits, POLL_BITS))
        return bits

    def ioctl(self, fd, request, value=0, size=4):
        result, out = self.call("ioctl", ops.IOCTL, fd, request, size, data=struct.pack("<i", value))
        told = f" {struct.unpack_from('<i', out)[0]}" if len(out) >= 4 else ""
        self.note(f"ioctl({fd}, {request:#x})", error_text(result) + told)
        return result

    def fcntl(self, fd, command, argument=0):
        return self.simple(f"fcntl({fd}, {command}, {argument})", ops.FCNTL, fd, command, argument)

    def pipe(self):
        result, out = self.call("pipe", ops.PIPE)
        ends = struct.unpack("<ii", out) if result == 0 else (-1, -1)
        self.note("pipe()", f"{error_text(result)} {ends}")
        return ends

    def splice(self, source, target, length, flags=0, source_offset=-1, target_offset=-1):
        return self.simple(f"splice({source}, {source_offset}, {target}, {target_offset}, {length}, {flags})", ops.SPLICE,
                           source, source_offset, target, target_offset, length, flags)

    def epoll_create(self, size=1):
        return self.simple(f"epoll_create({size})", ops.EPOLL_CREATE, size)

    def epoll_ctl(self, epoll, operation, fd, events=0, data=0):
        return self.simple(f"epoll_ctl({epoll}, {operation}, {fd}, {events:#x})", ops.EPOLL_CTL, epoll, operation, fd,
                           data=struct.pack("<IQ", events, data))

    def epoll_wait(self, epoll, most=10, timeout=0):
        result, out = self.call("epoll_wait", ops.EPOLL_WAIT, epoll, most, timeout)
        events = [struct.unpack_from("<IQ", out, at) for at in range(0, len(out), 12)]
        told = " ".join(f"{data}:{flags_text(bits, POLL_BITS)}" for bits, data in sorted(events, key=lambda e: e[1]))
        self.note(f"epoll_wait({epoll}, {most})", f"{error_text(result)} {told}")
        return result

    # ---- what many scripts begin with ----------------------------------------------------------------------------

    def nonblocking(self, fd):
        return self.fcntl(fd, 4, 0o4000)

    def tcp_listener(self, backlog=5):
        fd = self.socket()
        self.bind(fd, inet("127.0.0.1", 0))
        self.listen(fd, backlog)
        return fd, self.getsockname(fd)

    def tcp_pair(self):
        """A connection over loopback: listener, client, server."""
        listener, name = self.tcp_listener()
        client = self.socket()
        self.connect(client, name)
        server = self.accept(listener)
        return listener, client, server

    def udp_pair(self):
        one, two = self.socket(kind=socket.SOCK_DGRAM), self.socket(kind=socket.SOCK_DGRAM)
        for fd in (one, two):
            self.bind(fd, inet("127.0.0.1", 0))
        names = [self.getsockname(fd) for fd in (one, two)]
        self.connect(one, names[1])
        self.connect(two, names[0])
        return one, two


def option_text(level, option):
    return f"{LEVELS.get(level, level)}, {OPTIONS.get((level, option), option)}"
