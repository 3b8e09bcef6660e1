"""The network card alone with a peer that sends what no decent peer would: raw Ethernet frames over QEMU's
datagram network, one datagram a frame. Names such as L1 are those of the attack classes that we withstand."""
import json
import os
import random
import re
import select
import socket
import struct
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "guest"))
import harness  # noqa: E402

GUEST_MAC = bytes.fromhex("525400123456")
PEER_MAC = bytes.fromhex("020000000001")
BROADCAST = b"\xff" * 6
GUEST_IP = bytes([10, 9, 0, 2])
PEER_IP = bytes([10, 9, 0, 1])
SHORTEST = 60


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ethernet(payload, destination=GUEST_MAC, kind=0x0800):
    return destination + PEER_MAC + struct.pack("!H", kind) + payload


def arp(operation, target_mac=b"\0" * 6):
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + PEER_MAC + PEER_IP + target_mac + GUEST_IP


def ipv4(protocol, payload):
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + PEER_IP + GUEST_IP
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def echo(payload, sequence=1):
    message = struct.pack("!BBHHH", 8, 0, 0, 77, sequence) + payload
    return ipv4(1, message[:2] + struct.pack("!H", checksum(message)) + message[4:])


class Peer:
    """The other end of the cable. Answers ARP by itself, so that the guest can always reply."""

    def __init__(self, own, other):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(own)
        self.other = other

    def send(self, frame):
        self.socket.settimeout(10)
        self.socket.sendto(frame, self.other)

    def try_send(self, frame):
        """False when QEMU takes no more for now."""
        self.socket.setblocking(False)
        try:
            self.socket.sendto(frame, self.other)
        except BlockingIOError:
            return False
        return True

    def receive(self, wanted, timeout=5):
        """The next frame for which wanted(frame) holds, or None."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                frame = self.socket.recv(65536)
            except TimeoutError:
                return None
            if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1" and frame[38:42] == PEER_IP:
                self.send(ethernet(arp(2, frame[6:12]), kind=0x0806))
            if wanted(frame):
                return frame
        return None

    def echo_reply(self, timeout=5):
        """The next echo reply's frame, or None."""
        return self.receive(lambda frame: frame[12:14] == b"\x08\0" and frame[23] == 1 and frame[34] == 0, timeout)

    def ping(self, payload=b"x" * 32, timeout=5):
        """The echo reply's frame, or None."""
        self.send(ethernet(echo(payload)))
        return self.echo_reply(timeout)


class Qmp:
    """QEMU's control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.call("qmp_capabilities")

    def call(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while "return" not in (answer := json.loads(self.lines.readline())):
            assert "error" not in answer, answer


@pytest.fixture(scope="module")
def wire(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wire")
    peer = Peer(f"{folder}/peer", f"{folder}/guest")
    with harness.Guest(net=f"dgram:{folder}/guest,{folder}/peer", append="ip=10.9.0.2/24",
                       extra=("-qmp", f"unix:{folder}/qmp,server=on,wait=off")) as guest:
        guest.wait_for_shell()
        guest.run("until ifconfig | grep -q 'inet 10.9.0.2'; do sleep 0.1; done")
        # The card hears nothing in its first second.
        assert any(peer.ping(timeout=0.5) for _ in range(10)), "the guest never answered"
        peer.guest = guest
        peer.qmp = Qmp(f"{folder}/qmp")
        yield peer


def counters(guest):
    """eth0's row of /proc/net/dev: bytes packets errs drop fifo frame compressed multicast, then sent ones."""
    text = guest.run("cat /proc/net/dev")
    return [int(word) for word in re.search(r"eth0:(.*)", text).group(1).split()]


def drops(guest, reason):
    return int(guest.run(f"grep '^{reason} ' /proc/net/drops").split()[1])


def test_short_replies_are_padded_with_zeros(wire):
    """L3: the padding of a short frame never shows old memory."""
    for _ in range(300):
        wire.send(ethernet(echo(b"\xa5" * 1400)))
    while wire.receive(lambda frame: True, timeout=0.3):
        pass
    reply = wire.ping(b"")
    assert len(reply) == SHORTEST and reply[42:] == bytes(SHORTEST - 42)
    reply = wire.ping(b"abc")
    assert len(reply) == SHORTEST and reply[42:45] == b"abc" and reply[45:] == bytes(SHORTEST - 45)
    wire.send(ethernet(arp(1), BROADCAST, 0x0806))
    reply = wire.receive(lambda frame: frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2")
    assert len(reply) == SHORTEST and reply[42:] == bytes(SHORTEST - 42)


def test_truncated_frames(wire):
    """L1: every length of a good frame, from nothing on."""
    good = ethernet(echo(b"t" * 18))
    for length in range(1, len(good)):
        wire.send(good[:length])
    for length in range(1, 43):
        wire.send(ethernet(arp(1), BROADCAST, 0x0806)[:length])
    assert wire.ping(b"alive" * 10)


def test_frames_above_the_mtu(wire):
    """L2: too long for a frame, or for a buffer: discarded, and their tails never parsed as frames."""
    inner = ethernet(echo(b"tail"))
    before = counters(wire.guest)
    for length in (1519, 1523, 2047, 2048, 2049, 2052, 4096, 9000, 16000):
        wire.send((ethernet(b"\0" * 2034) + inner * 300)[:length])
    assert wire.ping(b"alive" * 10)
    after = counters(wire.guest)
    assert after[1] - before[1] <= 4, "an oversized frame was received as several"


def test_biggest_frame_fits(wire):
    payload = random.Random(3).randbytes(1472)
    reply = wire.ping(payload)
    assert reply is not None and len(reply) == 1514 and reply[42:] == payload


def test_frames_for_others_are_not_seen(wire):
    before, others = counters(wire.guest), drops(wire.guest, "eth_other_host")
    for _ in range(20):
        wire.send(ethernet(echo(b"not yours"), bytes.fromhex("020000000099")))
        wire.send(ethernet(echo(b"nor yours"), bytes.fromhex("01005e7f0101")))
    assert wire.ping()
    assert counters(wire.guest)[1] - before[1] <= 2
    assert drops(wire.guest, "eth_other_host") == others


def test_flood_and_recovery(wire):
    """Frames as fast as the card takes them, many times what its ring holds."""
    frame = ethernet(echo(b"f" * 1000))
    sent = 0
    deadline = time.monotonic() + 20
    while sent < 3000 and time.monotonic() < deadline:
        readable, writable, _ = select.select([wire.socket], [wire.socket], [], 0.1)
        if writable and wire.try_send(frame):
            sent += 1
        if readable:
            wire.socket.recv(65536)
    assert sent == 3000
    while wire.receive(lambda frame: True, timeout=0.5):
        pass
    assert wire.ping(b"alive" * 10)


def test_garbage(wire):
    noise = random.Random(29)
    for _ in range(2000):
        start = noise.choice([GUEST_MAC, BROADCAST, b"\x01\0\x5e\0\0\1"]) + noise.randbytes(6)
        kind = noise.choice([b"\x08\0", b"\x08\x06", b"\x86\xdd", noise.randbytes(2)])
        wire.send(start + kind + noise.randbytes(noise.randrange(0, 1500)))
    assert wire.ping(b"alive" * 10)


def test_link_goes_down_and_up(wire):
    wire.qmp.call("set_link", name="n0", up=False)
    wire.guest.run("until ! ifconfig eth0 | grep -q RUNNING; do sleep 0.05; done", timeout=20)
    wire.qmp.call("set_link", name="n0", up=True)
    wire.guest.run("until ifconfig eth0 | grep -q RUNNING; do sleep 0.05; done", timeout=20)
    assert any(wire.ping(timeout=0.5) for _ in range(10))


def test_interface_down_and_up(wire):
    wire.guest.run("ifconfig eth0 down")
    for _ in range(400):
        wire.try_send(ethernet(echo(b"while down")))  # until the card's ring is full and QEMU reads no more
    assert wire.echo_reply(timeout=0.5) is None
    wire.guest.run("ifconfig eth0 10.9.0.2 netmask 255.255.255.0 up")
    # Frames that QEMU had not read yet may still come and be answered; ours comes after them.
    assert any(wire.ping(b"up again", timeout=0.5) for _ in range(10))
    wire.send(ethernet(echo(b"in order")))
    assert wire.receive(lambda frame: frame[42:50] == b"in order") is not None
