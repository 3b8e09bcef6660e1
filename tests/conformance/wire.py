"""The other end of the guest's cable: scapy packets out, scapy packets in.

A thread reads the cable all the time. It notes when each frame came, answers ARP for every address but the guest's,
and sorts frames into queues by what they are; only the test that takes a frame off a queue parses it, so that the
thread never falls behind and the times are those of the wire.

That something is not answered is seen by a fence, and not by waiting: see Link.fence()."""
import itertools
import logging
import queue
import socket
import threading
import time

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet import ICMP, IP  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402
from scapy.utils import checksum  # noqa: E402

GUEST_IP, PEER_IP, ROUTER_IP = "192.168.0.1", "192.0.2.1", "192.168.0.254"
FENCE_IP = "198.51.100.254"  # whoever asks for the echoes of fences, and for nothing else
GUEST_MAC, PEER_MAC, BROADCAST = "52:54:00:12:34:56", "02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff"
ICMP_KIND, ARP_KIND, FRAGMENT_KIND, FENCE_KIND, OTHER_KIND = "icmp", "arp", "fragment", "fence", "other"


class DatagramCable:
    """QEMU's `-netdev dgram` over unix sockets: one datagram a frame."""

    def __init__(self, own, other):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(own)
        self.other = other

    def receive(self):
        return self.socket.recv(65536)

    def send(self, frame):
        self.socket.sendto(frame, self.other)


def kind_of(frame):
    """The queue that a frame belongs to: ("tcp", our port), ("udp", our port), or one of the other kinds."""
    if frame[12:14] == b"\x08\x06":
        return ARP_KIND
    if frame[12:14] != b"\x08\x00":
        return OTHER_KIND
    if int.from_bytes(frame[20:22], "big") & 0x3fff:
        return FRAGMENT_KIND
    protocol = frame[23]
    if protocol in (6, 17):
        ports = 14 + (frame[14] & 15) * 4
        return "tcp" if protocol == 6 else "udp", int.from_bytes(frame[ports + 2:ports + 4], "big")
    if protocol != 1:
        return OTHER_KIND
    return FENCE_KIND if frame[30:34] == socket.inet_aton(FENCE_IP) else ICMP_KIND


class Capture:
    """What came of one kind since the capture began."""

    def __init__(self, link, kind):
        self.link = link
        self.frames = queue.Queue()
        link.captures[kind] = self

    def next(self, timeout=3):
        """The next frame as a scapy packet with the time in .time, or None. A bad IP header fails the test."""
        try:
            frame, at = self.frames.get(block=timeout > 0, timeout=timeout)
        except queue.Empty:
            return None
        packet = Ether(frame)
        packet.time = at
        if IP in packet:
            assert checksum(frame[14:14 + packet[IP].ihl * 4]) == 0, f"IP header checksum: {packet.summary()}"
        return packet

    def expect_silence(self):
        """What was sent, and what the user did, has not been answered and will not be."""
        self.link.fence()
        self.expect_nothing(0)

    def expect_nothing(self, seconds):
        """Where time itself is meant: no timer of the guest fires meanwhile."""
        packet = self.next(seconds)
        assert packet is None, f"unexpected {packet.summary()}"


class Link:
    def __init__(self, cable):
        self.cable = cable
        self.captures = {}
        self.ports = itertools.count(20000)
        self.fences = itertools.count(1)
        self.answers_arp = True
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            frame = self.cable.receive()
            at = time.monotonic()
            kind = kind_of(frame)
            if kind == ARP_KIND:
                self.answer_arp(frame)
            if (capture := self.captures.get(kind)) is not None:
                capture.frames.put((frame, at))

    def answer_arp(self, frame):
        question = Ether(frame)[ARP]
        if not self.answers_arp and question.pdst != ROUTER_IP:
            return
        if question.op == 1 and question.pdst not in (GUEST_IP, question.psrc):
            self.send_frame(Ether(src=PEER_MAC, dst=question.hwsrc)
                            / ARP(op=2, hwsrc=PEER_MAC, psrc=question.pdst, hwdst=question.hwsrc, pdst=question.psrc))

    def capture(self, kind):
        """From now on. A later capture of the same kind takes over."""
        return Capture(self, kind)

    def fence(self):
        """Returns when the guest has answered everything that was sent before: it has then answered an echo request
        that was sent after it. It takes frames in the order of the cable, some at a time, and what it says at the end
        of such a batch (an ACK for several segments) may come behind the reply; but the reply itself leaves at the
        end of a batch, so a second request is in another one."""
        replies = self.capture(FENCE_KIND)
        for number in itertools.islice(self.fences, 2):
            self.send(from_peer(src=FENCE_IP) / ICMP(type=8, id=number & 0xffff))
            reply = replies.next(10)
            assert reply is not None and reply[ICMP].id == number & 0xffff, "the guest does not answer any more"

    def send_frame(self, frame):
        self.cable.send(bytes(frame))

    def send(self, packet, **ethernet):
        """An IP packet, by way of the router."""
        self.send_frame(Ether(**{"src": PEER_MAC, "dst": GUEST_MAC, "type": 0x0800, **ethernet}) / packet)


def from_peer(**fields):
    """An IP header from the peer to the guest."""
    return IP(**{"src": PEER_IP, "dst": GUEST_IP, **fields})


def icmp_error(cause, kind, code, **fields):
    """What a router says about a packet of the guest: its header and eight bytes come back (RFC 792)."""
    quoted = bytes(cause[IP])[:cause[IP].ihl * 4 + 8]
    return from_peer(src=ROUTER_IP) / ICMP(type=kind, code=code, **fields) / Raw(quoted)


def payload_of(packet):
    """Without the padding that a short frame carries."""
    return packet[Raw].load if Raw in packet else b""
