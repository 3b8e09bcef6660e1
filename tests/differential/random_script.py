"""Seeded random scripts: calls on a handful of sockets over loopback, mostly sensible ones. Nothing here may sleep,
so every socket is non-blocking; data is little, so that the sizes of buffers, which differ, do not show."""
import random
import struct

from names import FIONREAD, IPPROTO_IP, IPPROTO_TCP, SIOCOUTQ, SO, SOL_SOCKET
from session import inet, unix

STREAM, DGRAM, SEQPACKET, NONBLOCK = 1, 2, 5, 0o4000
DONTWAIT, NOSIGNAL = 0x40, 0x4000


class RandomScript:
    def __init__(self, seed, steps):
        self.seed = seed
        self.steps = steps
        self.__name__ = f"random_{seed}"

    def __call__(self, m):
        chance = random.Random(self.seed)
        fds = []
        # Ports of its own, since TIME_WAIT of one script would still be there in the next.
        first = 7001 + self.seed * 3 % 24000
        names = [inet("127.0.0.1", first + i) for i in range(3)] + [inet("0.0.0.0", first)]
        paths = [unix(b"\0a"), unix(b"\0b")]
        family = {}

        def pick():
            return chance.choice(fds) if fds and chance.random() < 0.97 else chance.choice((-1, 3, 5, 99))

        def name_for(fd):
            if chance.random() < 0.04:
                return chance.choice([bytes(16), struct.pack("<H", 99), inet("192.0.2.9", first)])
            return chance.choice(paths if family.get(fd) == 1 else names)

        def make():
            if len(fds) >= 8:
                return
            kind, domain = chance.choice([(STREAM, 2)] * 4 + [(DGRAM, 2)] * 2 + [(STREAM, 1), (DGRAM, 1), (SEQPACKET, 1)])
            fd = m.socket(domain, kind | NONBLOCK)
            if fd >= 0:
                fds.append(fd)
                family[fd] = domain
                if chance.random() < 0.8:
                    m.setsockopt(fd, SOL_SOCKET, SO["REUSEADDR"], 1)

        def close():
            fd = pick()
            if chance.random() < 0.3:
                m.setsockopt(fd, SOL_SOCKET, SO["LINGER"], struct.pack("<ii", 1, 0))
            m.close(fd)
            if fd in fds:
                fds.remove(fd)

        def bind():
            fd = pick()
            m.bind(fd, name_for(fd))

        def connect():
            fd = pick()
            m.connect(fd, name_for(fd))

        def accept():
            listener = pick()
            fd = m.accept(listener, 0)
            if fd >= 0:
                fds.append(fd)
                family[fd] = family.get(listener)
                m.nonblocking(fd)

        def send():
            fd = pick()
            name = name_for(fd) if chance.random() < 0.3 else b""
            m.sendto(fd, b"abcdefghij"[:chance.randrange(11)], NOSIGNAL | chance.choice((0, 0, 0x40)), name)

        def option():
            level, number = chance.choice([(SOL_SOCKET, SO["KEEPALIVE"]), (SOL_SOCKET, SO["REUSEADDR"]),
                                           (SOL_SOCKET, SO["OOBINLINE"]), (IPPROTO_TCP, 1), (IPPROTO_TCP, 3),
                                           (IPPROTO_IP, 1), (IPPROTO_IP, 2)])
            fd = pick()
            m.setsockopt(fd, level, number, chance.choice((0, 1, 4, 300)))
            m.getsockopt(fd, level, number)

        actions = [(make, 4), (close, 2), (bind, 4), (connect, 5), (accept, 4), (send, 6), (option, 2),
                   (lambda: m.listen(pick(), chance.choice((0, 1, 5))), 3),
                   (lambda: m.recvfrom(pick(), chance.choice((0, 1, 5, 100)), DONTWAIT | chance.choice((0, 0, 2, 0x20))), 6),
                   (lambda: m.shutdown(pick(), chance.choice((0, 1, 2))), 1),
                   (lambda: m.poll(pick()), 6), (lambda: m.getsockopt(pick(), SOL_SOCKET, SO["ERROR"]), 2),
                   (lambda: m.getsockname(pick(), 0), 1), (lambda: m.getpeername(pick(), 16), 1),
                   (lambda: m.ioctl(pick(), FIONREAD), 2)]
        assert SIOCOUTQ
        choices, weights = zip(*actions)
        for _ in range(self.steps):
            chance.choices(choices, weights)[0]()
            m.settle(0.01)
