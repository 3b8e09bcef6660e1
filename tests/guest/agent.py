"""The tester's half of the agent protocol of user/sysagent/: one method per call."""
import socket
import struct
import time

END, ESCAPE, ESCAPED_END, ESCAPED_ESCAPE = 0xC0, 0xDB, 0xDC, 0xDD
BLOCKING, DATA, NULL_BUFFER = 1, 2, 4
READ, WRITE, CLOSE, POLL, IOCTL, READV, WRITEV, PIPE = 0, 1, 3, 7, 16, 19, 20, 22
SOCKET, CONNECT, ACCEPT, SENDTO, RECVFROM, SENDMSG, RECVMSG, SHUTDOWN = range(41, 49)
BIND, LISTEN, GETSOCKNAME, GETPEERNAME = 49, 50, 51, 52
SETSOCKOPT, GETSOCKOPT, FCNTL = 54, 55, 72
EPOLL_CREATE, EPOLL_WAIT, EPOLL_CTL, SPLICE = 213, 232, 233, 275
RESET, SYSCTL = 1000, 1001


def encode(frame):
    body = frame.replace(bytes([ESCAPE]), bytes([ESCAPE, ESCAPED_ESCAPE]))
    return bytes([END]) + body.replace(bytes([END]), bytes([ESCAPE, ESCAPED_END])) + bytes([END])


def decode(frame):
    return frame.replace(bytes([ESCAPE, ESCAPED_END]), bytes([END])).replace(bytes([ESCAPE, ESCAPED_ESCAPE]),
                                                                             bytes([ESCAPE]))


def address(host, port):
    """A sockaddr_in."""
    return struct.pack("<H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)


class Agent:
    """A connection to the agent's line: the path of a unix socket on which QEMU will listen, and wait for the tester
    before it starts; or anything that can sendall, recv and settimeout as a socket can."""

    def __init__(self, line, seconds=20):
        deadline = time.monotonic() + seconds
        self.line = self.connect(line, deadline) if isinstance(line, str) else line
        self.received = b""
        self.next_id = 1
        while True:
            self.send(RESET)
            try:
                self.version, self.system = self.reply(timeout=1)
                return
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise

    @staticmethod
    def connect(path, deadline):
        while True:
            try:
                line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                line.connect(path)
                return line
            except (FileNotFoundError, ConnectionRefusedError):
                line.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def send(self, op, *arguments, data=b"", flags=0):
        """Sends a request and returns its id."""
        self.next_id = (self.next_id + 1) & 0xFFFF
        head = struct.pack("<BBHHBB", ord("S"), flags, self.next_id, op, len(arguments), 0)
        self.line.sendall(encode(head + struct.pack(f"<{len(arguments)}i", *arguments) + data))
        return self.next_id

    def frame(self, timeout):
        """The next frame: type, id, result, out bytes."""
        deadline = time.monotonic() + timeout
        while True:
            body, found, rest = self.received.partition(bytes([END]))
            if found and not body:
                self.received = rest
                continue
            if found:
                self.received = rest
                plain = decode(body)
                kind, _, number, result = struct.unpack_from("<BBHi", plain)
                return chr(kind), number, result, plain[8:]
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer from the agent")
            self.line.settimeout(left)
            self.received += self.line.recv(65536)

    def reply(self, timeout=5):
        while True:
            kind, number, result, out = self.frame(timeout)
            if kind == "R" and number == self.next_id:
                return result, out

    def call(self, op, *arguments, **named):
        """Makes a call and returns its result."""
        self.send(op, *arguments, **named)
        return self.reply()[0]

    def begin(self, op, *arguments, **named):
        """Begins a blocking call; finish() returns its result."""
        number = self.send(op, *arguments, flags=BLOCKING | named.pop("flags", 0), **named)
        assert self.frame(5)[:2] == ("A", number)
        return number

    def finish(self, number, timeout=5):
        kind, answered, result, out = self.frame(timeout)
        assert (kind, answered) == ("R", number)
        return result, out
