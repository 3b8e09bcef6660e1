"""T1: no two boots are alike. Guests that start at the same moment, on the same machine, have nothing but the kernel's
generator to tell their numbers apart; the clock of the initial sequence numbers runs the same for all. BOOTS=1000
makes so many of each, AT_ONCE of them at a time."""
import itertools
import os

import pytest

import harness
from attacker import HONEST_IP, SYN, Attacker, tcp

BOOTS = int(os.environ.get("BOOTS") or 3)
AT_ONCE = 3
PORTS = range(1024, 1024 + 16)
CLOCK_SPREAD = 1 << 24  # 67 s of 4 µs: two boots, and the questions to one, are much closer together


class Boot:
    def __init__(self, folder, cpu):
        self.cable = Attacker(f"{folder}/peer", f"{folder}/guest")
        self.guest = harness.Guest(net=f"dgram:{folder}/guest,{folder}/peer", append="ip=10.9.0.2/16", cpu=cpu)

    def random_words(self):
        """What programs get from the generator."""
        return self.guest.run("head -c 32 /dev/urandom | sha256sum; cat /proc/sys/kernel/random/uuid").split()

    def initial_numbers(self):
        """The same questions to each: from these ports to the same address and port."""
        numbers = {}

        def reflex(segment):
            numbers.setdefault(segment.peer_port, segment.seq)
        self.guest.run("echoserver & true")
        self.guest.run("until netstat -ltn | grep -q ':7 '; do sleep 0.1; done")
        source = bytes([10, 9, 0, 77])
        self.cable.introduce([source, HONEST_IP])
        self.cable.reflex = reflex
        for port in PORTS:
            self.cable.send(tcp(port, 7, SYN, 99, source=source))
        self.cable.fence()
        return [numbers[port] for port in PORTS]


def seem_to_share_a_key(one, other):
    """One key makes all differences the same, but for the clock."""
    differences = [(a - b) & 0xffffffff for a, b in zip(one, other)]
    return all((each - differences[0] + CLOCK_SPREAD) & 0xffffffff < 2 * CLOCK_SPREAD for each in differences)


def boot_together(folders, cpu):
    """What guests that start at the same moment tell: random words and initial numbers of each."""
    boots = [Boot(folder, cpu) for folder in folders]
    try:
        for boot in boots:
            boot.guest.wait_for_shell()
            boot.guest.run("until ifconfig | grep -q 'inet 10.9.0.2'; do sleep 0.1; done")
        return [(boot.random_words(), boot.initial_numbers()) for boot in boots]
    finally:
        for boot in boots:
            boot.guest.close()


# With RDRAND, and with nothing but the clocks.
@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_t1_no_two_boots_are_alike(tmp_path_factory, cpu):
    told = []
    while len(told) < BOOTS:
        folders = [tmp_path_factory.mktemp("boot") for _ in range(min(AT_ONCE, BOOTS - len(told)))]
        told += boot_together(folders, cpu)
    words = [word for own_words, _ in told for word in own_words if word != "-"]
    numbers = [own_numbers for _, own_numbers in told]
    assert len(words) == len(set(words)) == 2 * BOOTS
    assert not [pair for pair in itertools.combinations(numbers, 2) if seem_to_share_a_key(*pair)]
