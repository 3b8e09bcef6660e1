"""The wire that tests hang between guests (tests/wire/link): two sockets of this process are its ends. What each
statement of its notation does to frames is checked in tests/unit/wire; here is what only the program has."""
import itertools
import os
import random
import socket
import subprocess
import time

import harness
import pytest
import wires

FRAMES = 2000


class Side:
    """A card at one end."""

    def __init__(self, wire, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"{wire.folder}/{name}.nic")
        self.wire = f"{wire.folder}/{name}.wire"

    def send(self, frame):
        self.socket.sendto(frame, self.wire)

    def receive(self, timeout=10):
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(65536)
        except TimeoutError:
            return None


@pytest.fixture
def wire(tmp_path):
    with wires.Wire(tmp_path, pcap=tmp_path / "wire.pcapng") as made:
        made.a, made.b = Side(made, "a"), Side(made, "b")
        yield made


def numbered(number, length=60):
    return bytes(14) + number.to_bytes(4, "big") + bytes(length - 18)


def exchange(wire, frames):
    """What b receives of what a sends, as numbers: also the last frame, which `reorder` may keep for a second."""
    got = []
    for number in range(frames):
        wire.a.send(numbered(number))
        while number - len(got) > 50 and (frame := wire.b.receive(0.001)) is not None:
            got.append(frame)
    while (frame := wire.b.receive(1.5)) is not None:
        got.append(frame)
    return [int.from_bytes(frame[14:18], "big") for frame in got]


def test_a_wire_without_faults_carries_everything_in_order(wire):
    for length in (0, 1, 14, 60, 1514, 9000, 65000):
        for source, sink in ((wire.a, wire.b), (wire.b, wire.a)):
            frame = random.Random(length).randbytes(length)
            if frame:
                source.send(frame)
                assert sink.receive() == frame
    assert exchange(wire, FRAMES) == list(range(FRAMES))


def test_a_seed_repeats_the_fate_of_every_frame(wire):
    script = "drop 10%; duplicate 5%; reorder 5%"
    runs = []
    for seed in (7, 7, 8):
        wire.faults(ab=script, seed=seed)
        runs.append(exchange(wire, 500))
    assert runs[0] == runs[1] != runs[2]
    assert 350 < len(set(runs[0])) < 500


def test_directions_have_faults_of_their_own(wire):
    wire.faults(ba="drop all")
    wire.b.send(b"from b")
    wire.a.send(b"from a")
    assert wire.b.receive() == b"from a"
    assert wire.a.receive(0.3) is None
    stats = wire.stats()
    assert stats["ab"] == {"sent": 1, "received": 1, "nobody there": 0}
    assert stats["ba"] == {"sent": 1, "received": 0, "drop all": 1, "nobody there": 0}


def test_delay_is_kept(wire):
    wire.faults(both="delay 150 ms")
    started = time.monotonic()
    wire.a.send(b"slow")
    assert wire.b.receive() == b"slow"
    assert time.monotonic() - started >= 0.15


def test_a_receiver_that_reads_nothing_loses_nothing(wire):
    """The wire waits, and then makes the sender wait, as a full socket of QEMU does."""
    wire.a.socket.setblocking(False)
    sent = 0
    for sent in itertools.count():
        try:
            wire.a.send(numbered(sent))
        except BlockingIOError:
            time.sleep(0.2)
            try:
                wire.a.send(numbered(sent))
            except BlockingIOError:
                break
    assert sent > 1000
    got = [int.from_bytes(wire.b.receive()[14:18], "big") for _ in range(sent)]
    assert got == list(range(sent))
    assert wire.b.receive(0.2) is None


def test_an_end_may_come_late_and_again(wire):
    wire.b.socket.close()
    os.unlink(f"{wire.folder}/b.nic")
    wire.a.send(b"to nobody")
    while wire.stats()["ab"]["nobody there"] == 0:
        time.sleep(0.01)
    wire.b = Side(wire, "b")
    wire.b.send(b"here I am")
    assert wire.a.receive() == b"here I am"
    wire.a.send(b"welcome")
    assert wire.b.receive() == b"welcome"


def test_a_capture_tells_what_happened(wire, tmp_path):
    wire.faults(ab="drop 2; duplicate 3")
    for number in range(3):
        wire.a.send(numbered(number))
    wire.b.receive(), wire.b.receive(), wire.b.receive()
    wire.b.send(numbered(9))
    wire.a.receive()
    wire.close()
    lines = harness.run_on_host("tshark", "-r", str(tmp_path / "wire.pcapng"), "-T", "fields",
                                "-e", "frame.interface_name", "-e", "frame.len",
                                "-e", "frame.comment").decode().split("\n")
    assert [line.strip().split("\t") for line in lines if line] == [
        ["a sent", "60"], ["b received", "60"], ["a sent", "60", "drop 2"], ["a sent", "60", "duplicate 3"],
        ["b received", "60"], ["b received", "60"], ["b sent", "60"], ["a received", "60"]]


def test_two_wires_make_a_longer_one(tmp_path):
    ends = (f"dgram:{tmp_path}/m1,{tmp_path}/m2", f"dgram:{tmp_path}/m2,{tmp_path}/m1")
    with wires.Wire(tmp_path, ends={"b": ends[0]}) as first, wires.Wire(tmp_path, ends={"a": ends[1]}) as second:
        a, b = Side(first, "a"), Side(second, "b")
        first.faults(ab="drop 1")
        second.faults(ab="drop 1")
        for number in range(3):
            a.send(numbered(number))
        assert b.receive() == numbered(2)
        b.send(b"back")
        assert a.receive() == b"back"


@pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists("/dev/net/tun"), reason="a tap device needs root")
def test_a_tap_device_is_an_end(tmp_path):
    """Linux asks for a neighbour on the tap, and hears our answer."""
    namespace = f"lumos-link-{os.getpid()}"
    inside = ["ip", "netns", "exec", namespace]
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    try:
        for command in ("link set lo up", "tuntap add tap0 mode tap", "addr add 10.9.0.1/24 dev tap0",
                        "link set tap0 up"):
            subprocess.run(["ip", "-n", namespace] + command.split(), check=True)
        with wires.Wire(tmp_path, ends={"b": "tap:tap0"}, prefix=inside) as wire:
            a = Side(wire, "a")
            ping = subprocess.Popen(inside + ["ping", "-c", "1", "-W", "5", "10.9.0.2"], stdout=subprocess.DEVNULL)
            while (frame := a.receive())[12:14] != b"\x08\x06":
                pass
            assert frame[38:42] == bytes([10, 9, 0, 2])
            ours = b"\x02\0\0\0\0\1"
            a.send(frame[6:12] + ours + frame[12:20] + b"\0\2" + ours + frame[38:42] + frame[22:32])
            while (frame := a.receive())[12:14] != b"\x08\0":
                pass
            assert frame[:6] == ours and frame[23] == 1
            ping.kill()
            ping.wait()
    finally:
        subprocess.run(["ip", "netns", "del", namespace], check=True)


@pytest.mark.parametrize("arguments", [["pipe:x", "dgram:x,y"], ["dgram:x", "dgram:x,y"], ["dgram:x,y"],
                                       ["dgram:x,y", "dgram:y,x", "--ab", "lose 5"]])
def test_a_wrong_command_line_is_refused(arguments, tmp_path):
    done = subprocess.run([wires.PROGRAM] + arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("link: ")


def test_a_wrong_command_leaves_the_wire_as_it_was(wire):
    with pytest.raises(AssertionError, match="error not a statement of a fault script: dorp 1"):
        wire.command("ab dorp 1")
    with pytest.raises(AssertionError, match="error unknown command hello"):
        wire.command("hello")
    wire.a.send(b"still here")
    assert wire.b.receive() == b"still here"
