"""The kernel of this machine in the guest's place: `make conformance ON=linux` plays the scripts against it, which
shows where they ask for what Linux does not do.

The process moves into a network namespace of its own, so it needs root and leaves nothing behind. There a tap device
is the cable, and HostAgent makes the calls of the agent's protocol itself."""
import ctypes
import errno
import fcntl
import os
import struct
import subprocess
import threading

import agent as protocol
from wire import GUEST_IP, GUEST_MAC, ROUTER_IP

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000
libc = ctypes.CDLL(None, use_errno=True)

# Where newer kernels, or ones with more memory, have other defaults than Linux 6.1 in a small machine.
PARAMETERS = ("net.ipv6.conf.all.disable_ipv6=1", "net.ipv4.tcp_syn_linear_timeouts=0",
              "net.ipv4.tcp_rmem=4096 131072 6291456", "net.ipv4.icmp_ratelimit=0")


def enter_namespace():
    assert libc.unshare(CLONE_NEWNET) == 0, "a network namespace needs root"


class TapCable:
    """The host's end is configured as the guest is."""

    def __init__(self):
        self.tap = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.tap, TUNSETIFF, struct.pack("16sH22x", b"eth0", IFF_TAP | IFF_NO_PI))
        for command in (f"link set eth0 address {GUEST_MAC} up", f"addr add {GUEST_IP}/16 dev eth0", "link set lo up",
                        f"route add default via {ROUTER_IP}"):
            subprocess.run(["ip", *command.split()], check=True)
        for assignment in PARAMETERS:
            set_parameter(assignment)

    def receive(self):
        return os.read(self.tap, 65536)

    def send(self, frame):
        os.write(self.tap, frame)


def set_parameter(assignment):
    """The old value, or None when there is no such parameter."""
    name, value = assignment.split("=")
    path = "/proc/sys/" + name.replace(".", "/")
    try:
        with open(path, encoding="ascii") as file:
            old = file.read()
        with open(path, "w", encoding="ascii") as file:
            file.write(value)
    except (FileNotFoundError, PermissionError):
        return None
    return old


def system_call(number, *arguments):
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result = libc.syscall(ctypes.c_long(number), *words)
    return -ctypes.get_errno() if result == -1 else result


class HostAgent:
    """Has the methods of agent.Agent that the scripts use."""

    system = b"Linux"

    def __init__(self):
        self.opened = set()
        self.answers = {}
        self.next_id = 0

    def send(self, op, *arguments, data=b"", flags=0):
        self.next_id += 1
        self.answers[self.next_id] = self.perform(op, list(arguments), data, flags)
        return self.next_id

    def reply(self, _timeout=5):
        return self.answers.pop(self.next_id)

    def call(self, op, *arguments, **named):
        self.send(op, *arguments, **named)
        return self.reply()[0]

    def begin(self, op, *arguments, data=b"", flags=0):
        self.next_id += 1
        number = self.next_id

        def run():
            self.answers[number] = self.perform(op, list(arguments), data, flags)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.answers[number] = thread
        return number

    def finish(self, number, timeout=5):
        thread = self.answers[number]
        if isinstance(thread, threading.Thread):
            thread.join(timeout)
        return self.answers.pop(number)

    def perform(self, op, arguments, data, flags):
        if op == protocol.RESET:
            return self.reset(), b""
        if op == protocol.SYSCTL:
            old = set_parameter(data.decode())
            return (-errno.ENOENT, b"") if old is None else (0, old.encode())
        result, out = self.make_call(op, arguments, data, flags)
        if result >= 0 and op in (protocol.SOCKET, protocol.ACCEPT):
            self.opened.add(result)
        elif op == protocol.CLOSE:
            self.opened.discard(arguments[0])
        return result, out if result >= 0 else b""

    def reset(self):
        for fd in self.opened:
            system_call(protocol.SETSOCKOPT, fd, 1, 13, struct.pack("ii", 1, 0), 8)
            system_call(protocol.CLOSE, fd)
        self.opened.clear()
        return 1

    @staticmethod
    def make_call(op, arguments, data, flags):
        """(result, out) by the table of the agent's protocol."""
        fd = arguments[0]
        if op in (protocol.CONNECT, protocol.BIND):
            return system_call(op, fd, data, arguments[1]), b""
        if op in (protocol.ACCEPT, protocol.GETSOCKNAME, protocol.GETPEERNAME):
            length = ctypes.c_uint(arguments[1])
            name = ctypes.create_string_buffer(max(arguments[1], 1))
            result = system_call(op, fd, name if arguments[1] else 0, ctypes.byref(length) if arguments[1] else 0)
            return result, struct.pack("<I", length.value) + name.raw[:arguments[1]]
        if op == protocol.WRITE:
            return system_call(op, fd, data + bytes(arguments[1] - len(data)), arguments[1]), b""
        if op == protocol.SENDTO:
            _, count, how, length = arguments
            body = data[length:] + bytes(count - len(data[length:]))
            return system_call(op, fd, body, count, how, data[:length] if length else 0, length), b""
        if op in (protocol.READ, protocol.RECVFROM):
            return HostAgent.receive(op, arguments, flags)
        if op == protocol.POLL:
            entries = ctypes.create_string_buffer(data, len(data))
            return system_call(op, entries, arguments[0], arguments[1]), entries.raw
        if op == protocol.SETSOCKOPT:
            return system_call(op, *arguments[:3], data, arguments[3]), b""
        if op == protocol.GETSOCKOPT:
            length = ctypes.c_uint(arguments[3])
            value = ctypes.create_string_buffer(max(arguments[3], 1))
            result = system_call(op, *arguments[:3], value, ctypes.byref(length))
            return result, struct.pack("<I", length.value) + value.raw[:length.value]
        if op == protocol.IOCTL:
            value = ctypes.create_string_buffer(data, len(data))
            return system_call(op, fd, arguments[1], value), value.raw
        return system_call(op, *arguments), b""

    @staticmethod
    def receive(op, arguments, flags):
        fd, count = arguments[:2]
        body = ctypes.create_string_buffer(max(count, 1))
        name, length = ctypes.create_string_buffer(128), ctypes.c_uint(0)
        if op == protocol.READ:
            result, head = system_call(op, fd, body, count), b""
        else:
            length.value = arguments[3]
            ends = (name, ctypes.byref(length)) if arguments[3] else (0, 0)
            result = system_call(op, fd, body, count, arguments[2], *ends)
            head = struct.pack("<I", length.value) + name.raw[:arguments[3]]
        return result, head + (body.raw[:result] if flags & protocol.DATA and result > 0 else b"")
