"""Trouble below the stack: the cable is pulled, interrupts are lost, the machine stands still while frames come."""
import re
import socket
import struct
import threading
import time

from conftest import FEWER_PAIRS
from machines import MAC, OTHER_SIDE, PATIENCE, edition
from transfers import by_http, expect_no_connections

import pytest

# Reading the card's interrupt causes clears them (82540EM manual, 13.4.17), whoever reads.
INTERRUPT_CAUSE_READ = 0xc0
FLOOD_FRAMES = 3000
FRAMES_UNDER_WAY = 50


class Transfer:
    """A download in the background, slow enough to last for some seconds."""

    def __init__(self, pair, sender, receiver, faults="rate 8 Mbit/s"):
        self.wire, self.sender, self.receiver = pair.wire, sender, receiver
        self.digest = sender.make_file("/tmp/source", edition(3 << 20, 16 << 20))
        pair.wire.faults(both=faults)
        sender.serve()
        self.thread = threading.Thread(target=by_http, args=(sender, receiver, 120 * PATIENCE))

    def frames(self):
        """What the sender has put into the wire."""
        return self.wire.stats()["ab" if self.sender.side == "a" else "ba"]["sent"]

    def __enter__(self):
        before = self.frames()
        self.thread.start()
        # More than requests, answers and the handshake: data is under way.
        self.sender.wait_until(lambda: self.frames() >= before + FRAMES_UNDER_WAY, "data of the transfer")
        assert self.thread.is_alive(), "too short"
        return self

    def __exit__(self, kind, *_):
        self.thread.join()
        if kind is None:
            assert self.receiver.sha256("/tmp/received") == self.digest
            expect_no_connections(self.receiver)


@FEWER_PAIRS
@pytest.mark.parametrize("sender_side", edition("a", "ab"))
@pytest.mark.parametrize("pulled_side", edition("a", "ab"))
def test_the_link_goes_down_and_up(pair, sender_side, pulled_side):
    sender, receiver = getattr(pair, sender_side), pair.other(getattr(pair, sender_side))
    pulled = getattr(pair, pulled_side)
    with Transfer(pair, sender, receiver):
        for _ in range(edition(1, 3)):
            pulled.qmp.call("set_link", name="n0", up=False)
            time.sleep(1)
            pulled.qmp.call("set_link", name="n0", up=True)
            time.sleep(1)


def card_registers(machine):
    """Where the guest sees the card's registers."""
    text = machine.qmp.monitor("info pci")
    card = text[text.index("8086:100e"):]
    return int(re.search(r"BAR0: 32 bit memory at (0x[0-9a-f]+)", card).group(1), 16)


@pytest.mark.parametrize("victim_side", edition("b", "ab"))
def test_interrupts_are_lost(two_lumos, victim_side, figures):
    """QEMU's monitor reads the causes before the driver does, which then takes the interrupt for another's."""
    victim = getattr(two_lumos, victim_side)
    address = card_registers(victim) + INTERRUPT_CAUSE_READ
    stolen = 0
    with Transfer(two_lumos, two_lumos.a, two_lumos.b) as transfer:
        while transfer.thread.is_alive():
            causes = victim.qmp.monitor(f"xp /1xw {address:#x}").split()[-1]
            if int(causes, 16) != 0:
                stolen += 1
    figures(f"{stolen} interrupt causes taken away from the {'sender' if victim_side == 'a' else 'receiver'}")
    assert stolen > 0


def udp_frame(machine, number):
    """A datagram to a port where nobody listens; no ICMP answer, for its source is no neighbour."""
    payload = struct.pack("!I", number) + bytes(1000)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0, bytes([10, 9, 0, 77]),
                         socket.inet_aton(machine.address))
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xffff) + (total >> 16)
    header = header[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + header[12:]
    return (bytes.fromhex(MAC[machine.side].replace(":", "")) + b"\x02\0\0\0\0\x77\x08\0" + header
            + struct.pack("!HHHH", 9, 9, 8 + len(payload), 0) + payload)


def flood(wire, machine, frames):
    """Puts frames into the wire at the other end, as many as it takes."""
    into = f"{wire.folder}/{OTHER_SIDE[machine.side]}.wire"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as injector:
        injector.settimeout(0.5)
        for number in range(frames):
            try:
                injector.sendto(udp_frame(machine, number), into)
            except TimeoutError:
                return number
    return frames


@pytest.mark.parametrize("victim_side", edition("b", "ab"))
def test_the_machine_stands_still_in_a_flood(two_lumos, victim_side, figures):
    """More frames wait than the card's ring has places; the transfer that was under way goes on."""
    victim = getattr(two_lumos, victim_side)
    with Transfer(two_lumos, two_lumos.a, two_lumos.b):
        victim.qmp.call("stop")
        waiting = flood(two_lumos.wire, victim, FLOOD_FRAMES)
        time.sleep(2)
        victim.qmp.call("cont")
    figures(f"{waiting} frames waited for the machine")
    assert waiting > 256, "more than the ring holds"


def test_a_burst_longer_than_the_ring(two_lumos, figures):
    """The wire stands still, then gives everything at once."""
    victim = two_lumos.b
    before = victim.run("cat /proc/net/dev")
    two_lumos.wire.faults(ab="stall 2 s at udp 1")
    sent = flood(two_lumos.wire, victim, FLOOD_FRAMES)
    assert sent == FLOOD_FRAMES
    victim.wait_until(lambda: two_lumos.wire.stats()["ab"]["received"] >= sent, "all frames")
    two_lumos.a.run(f"ping -c 3 -i 0.2 -W {PATIENCE} {victim.address}", timeout=30 * PATIENCE)
    rows = [re.search(r"eth0: *(.*)", text).group(1).split() for text in (before, victim.run("cat /proc/net/dev"))]
    received, errors, dropped = (int(rows[1][column]) - int(rows[0][column]) for column in (1, 2, 3))
    figures(f"of {sent} frames at once {received} received, {errors} errors, {dropped} dropped")
    assert received > 256, "more than the ring holds came through"
