"""The attacker's end of a guest's cable: raw frames, one datagram each, over QEMU's datagram network.

A thread reads the cable all the time: it answers ARP for every address that the attacker uses, hands the segments
of honest connections to them, and lets a test's reflex answer the others."""
import contextlib
import itertools
import os
import socket
import struct
import threading
import time

GUEST_MAC = bytes.fromhex("525400123456")
PEER_MAC = bytes.fromhex("020000000001")
BROADCAST = b"\xff" * 6
GUEST_IP = bytes([10, 9, 0, 2])
HONEST_IP = bytes([10, 9, 0, 1])
ATTACKER_IP = bytes([10, 9, 0, 66])
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
ECHO_REPLY, ECHO_REQUEST = 0, 8
MORE_FRAGMENTS = 0x2000
FENCE = 0xfe  # the identifier of echo requests that are only to be answered


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ethernet(payload, destination=GUEST_MAC, kind=0x0800, source=PEER_MAC):
    return destination + source + struct.pack("!H", kind) + payload


def arp(operation, sender_ip, target_ip=GUEST_IP, sender_mac=PEER_MAC, target_mac=b"\0" * 6):
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + sender_mac + sender_ip + target_mac + target_ip


def ipv4(protocol, payload, source=ATTACKER_IP, identification=1, fragment=0, destination=GUEST_IP):
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), identification, fragment, 64, protocol, 0)
    header += source + destination
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def echo_request(identifier, sequence, payload=b""):
    """The message alone, without a header of IP."""
    message = struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, identifier, sequence) + payload
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


def udp(destination, payload, source_port=2000, source=ATTACKER_IP):
    return ipv4(17, struct.pack("!HHHH", source_port, destination, 8 + len(payload), 0) + payload, source)


def tcp(source_port, port, flags, seq=0, ack=0, window=65535, payload=b"", source=ATTACKER_IP, options=b""):
    """The length of the options is a multiple of four."""
    segment = struct.pack("!HHIIBBHHH", source_port, port, seq & 0xffffffff, ack & 0xffffffff,
                          (20 + len(options)) // 4 << 4, flags, window, 0, 0) + options + payload
    total = checksum(source + GUEST_IP + struct.pack("!HH", 6, len(segment)) + segment)
    return ipv4(6, segment[:16] + struct.pack("!H", total) + segment[18:], source)


class Segment:
    """A segment of the guest's."""

    def __init__(self, frame):
        header = 14 + (frame[14] & 15) * 4
        self.peer = frame[30:34]
        (self.port, self.peer_port, self.seq, self.ack, offset, self.flags,
         self.window) = struct.unpack("!HHIIBBH", frame[header:header + 16])
        end = 14 + struct.unpack("!H", frame[16:18])[0]
        self.payload = frame[header + (offset >> 4) * 4:end]
        self.end = self.seq + len(self.payload) + (self.flags & SYN != 0) + (self.flags & FIN != 0)


class Attacker:
    def __init__(self, own, other):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.socket.bind(own)
        self.other = other
        self.connections = {}  # of honest clients, by port
        self.absent = False    # answers no question about anybody but the honest client
        self.reflex = None     # called with each segment to the attacker
        self.watch = None      # sees each frame of the guest's, in the thread that reads
        self.fences = itertools.count(1)
        self.fence_passed = threading.Condition()
        self.last_fence = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def send(self, packet):
        self.send_frame(ethernet(packet))

    def send_frame(self, frame):
        """Waits while QEMU takes no more."""
        self.socket.sendto(frame, self.other)

    def introduce(self, addresses):
        """Asks from these addresses, so that the guest knows its neighbours before it has to answer them."""
        for address in addresses:
            self.send_frame(ethernet(arp(1, address), BROADCAST, 0x0806))

    def fence(self):
        """Returns when the guest has dealt with all that was sent so far: it has answered what was sent last. It may
        be short of answers, so the question is repeated."""
        number = next(self.fences) & 0xffff
        deadline = time.monotonic() + 60
        with self.fence_passed:
            while self.last_fence != number:
                assert time.monotonic() < deadline, "the guest answers no echo request"
                self.send(ipv4(1, echo_request(FENCE, number), HONEST_IP))
                self.fence_passed.wait_for(lambda: self.last_fence == number, 0.1)

    @contextlib.contextmanager
    def recorded(self):
        """A list of what the guest sends inside, as frames."""
        frames = []
        self.watch = frames.append
        yield frames
        self.watch = None

    def take_icmp(self, frame):
        if struct.unpack("!H", frame[20:22])[0] & 0x3fff:
            return  # a fragment
        kind, _, _, identifier, sequence = struct.unpack("!BBHHH", frame[34:42])
        if (kind, identifier) == (ECHO_REPLY, FENCE):
            with self.fence_passed:
                self.last_fence = sequence
                self.fence_passed.notify_all()

    def listen(self):
        while True:
            frame = self.socket.recv(65536)
            if self.watch is not None:
                self.watch(frame)
            if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1" and frame[38:42] != GUEST_IP:
                if not self.absent or frame[38:42] == HONEST_IP:
                    self.send_frame(ethernet(arp(2, frame[38:42], frame[28:32], target_mac=frame[6:12]),
                                             frame[6:12], 0x0806))
            elif frame[12:14] == b"\x08\0" and frame[23] == 1:
                self.take_icmp(frame)
            elif frame[12:14] == b"\x08\0" and frame[23] == 6:
                segment = Segment(frame)
                if segment.peer == HONEST_IP:
                    if segment.peer_port in self.connections:
                        self.connections[segment.peer_port].take(segment)
                elif self.reflex is not None:
                    self.reflex(segment)


class Honest:
    """A plain TCP client: one segment at a time, sent again until it is acknowledged."""
    ports = iter(range(30000, 40000))

    def __init__(self, cable, port, timeout=20):
        self.cable, self.port, self.own_port = cable, port, next(self.ports)
        self.seq, self.received = 0xfffffff0, None
        self.acknowledged = self.seq
        self.data = b""
        self.news = threading.Condition()
        cable.connections[self.own_port] = self
        began = time.monotonic()
        self.say(SYN)
        self.wait(lambda: self.received is not None, timeout, lambda: self.say(SYN))
        self.seq += 1
        self.say(ACK)
        self.connected_after = time.monotonic() - began

    def say(self, flags, payload=b""):
        self.cable.send(tcp(self.own_port, self.port, flags, self.seq, self.received or 0, 65535, payload,
                            HONEST_IP))

    def take(self, segment):
        with self.news:
            if segment.flags & SYN:
                self.received = segment.end & 0xffffffff
            elif segment.payload and segment.seq == self.received:
                self.data += segment.payload
                self.received = segment.end & 0xffffffff
            if segment.flags & ACK:
                self.acknowledged = segment.ack
            if segment.payload:
                self.say(ACK)
            self.news.notify_all()

    def wait(self, condition, timeout, again=lambda: None):
        deadline = time.monotonic() + timeout
        with self.news:
            while not condition():
                assert time.monotonic() < deadline, "the honest connection is dead"
                if not self.news.wait(0.5) and not condition():
                    again()

    def echo(self, size=20000, timeout=20):
        """Sends noise to an echo server and compares what comes back."""
        text = os.urandom(size)
        for at in range(0, size, 1000):
            piece = text[at:at + 1000]
            end = (self.seq + len(piece)) & 0xffffffff
            have = len(self.data) + len(piece)
            self.say(PSH | ACK, piece)
            self.wait(lambda: self.acknowledged == end and len(self.data) >= have, timeout,
                      lambda: self.say(PSH | ACK, piece))
            self.seq = end
        assert self.data[-size:] == text, "the honest connection garbles"
        self.data = b""

    def close(self):
        self.say(RST)
        del self.cable.connections[self.own_port]
