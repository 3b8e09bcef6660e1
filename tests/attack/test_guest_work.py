"""Attacks on work: what the peer chooses so that each of its segments costs much. The work is that of the guest's
processor alone, against that for as many harmless segments in the same run. Ids are those of the tests on the host."""
import itertools
import random
import struct
import threading

import pytest

from attacker import ACK, HONEST_IP, PSH, RST, SYN, tcp
from victim import Crowd, attackers, hold

MSS_FLOOR = 48
PACKET_BYTES = 512  # an sk_buff, without what is in it
WINDOW = 65535
ROUNDS = 3


def mss_option(mss, sack=True):
    return struct.pack("!BBH", 2, 4, mss) + (b"\1\1\4\2" if sack else b"")


def sack_option(blocks):
    return b"\1\1" + struct.pack("!BB", 5, 2 + 8 * len(blocks)) + b"".join(
        struct.pack("!II", start & 0xffffffff, end & 0xffffffff) for start, end in blocks)


class Reader:
    """A client of `hold`, which takes what comes: it acknowledges `reads` bytes, one segment at a time, and then
    nothing by itself. What it has got is in `segments`, as (start, length)."""

    def __init__(self, cable, port, options=b"", reads=0, window=WINDOW):
        self.cable, self.port, self.window, self.reads = cable, port, window, reads
        self.segments = []
        self.start = self.una = self.end = None
        self.news = threading.Condition()
        cable.reflex = self.take
        cable.send(tcp(port, 9000, SYN, 99, options=options))
        self.wait_for(lambda: self.start is not None, "an answer")

    def take(self, segment):
        if segment.peer_port != self.port:
            return
        with self.news:
            if segment.flags & SYN:
                self.start = self.una = self.end = segment.seq + 1
                self.acknowledge()
            elif segment.payload:
                self.segments.append((segment.seq, len(segment.payload)))
                self.end = max(self.end, segment.seq + len(segment.payload))
                if self.una == segment.seq and self.una - self.start < self.reads:
                    self.una = self.end
                    self.acknowledge()
            self.news.notify_all()

    def acknowledge(self, options=b"", flags=ACK):
        self.cable.send(tcp(self.port, 9000, flags, 100, self.una, self.window, options=options))

    def wait_for(self, holds, what, seconds=20):
        with self.news:
            assert self.news.wait_for(holds, seconds), f"not within {seconds} s: {what}"

    def wait_for_full_window(self, mss):
        self.wait_for(lambda: self.end - self.una > self.window - mss, "a full window")

    def read_all(self, size):
        """Acknowledges everything that came and comes, until it is all."""
        with self.news:
            self.reads, self.una = size, self.end
            self.acknowledge()
        self.wait_for(lambda: self.una - self.start == size, "the rest")


@pytest.fixture
def long_queues(victim):
    """What a program writes is in the send queue at once."""
    with victim.setting("ipv4/tcp_wmem", "4096 1048576 4194304"):
        yield


def harmless(victim):
    """What a connection with nothing under way is told for the second time."""
    idle = victim.echo
    return tcp(idle.own_port, idle.port, ACK, idle.seq, idle.received, source=HONEST_IP)


def compare_work(victim, attacks, others):
    """How many times the work of some segments is that of others. Both are lists of rounds, of which the least counts,
    for what comes between belongs to something else."""
    least = []
    for segments in itertools.chain(*zip(attacks, others)):
        with victim.working() as spent:
            for segment in segments:
                victim.cable.send(segment)
        least.append(spent[0])
    return min(least[::2]) / min(least[1::2])


def covers(reader, size):
    """Whether what was sent is one stream without a hole."""
    at = reader.start
    for start, length in sorted(reader.segments):
        if start > at:
            return False
        at = max(at, start + length)
    return at - reader.start == size


def test_t11_out_of_order_bytes(victim):
    """What does not fit is dropped, and finding a place for each costs no more than the end of the stream does: the
    throughput is at least half of that in order, where each is answered, too, for there is a hole ahead."""
    count = 2000
    attacked, honest = attackers(2)
    noise = random.Random(11)
    with hold(victim, "16 0"):
        crowd = Crowd(victim.cable, [attacked, honest])
        answers = []
        victim.cable.reflex = answers.append

        def byte_at(client, offset):
            return tcp(client[1], 9000, PSH | ACK, 100 + offset, crowd.numbers[client], payload=b"x")
        attack = [byte_at(attacked, 2 + 2 * noise.randrange(25000)) for _ in range(count)]
        in_order = [byte_at(honest, offset) for offset in range(ROUNDS * count)]
        victim.cable.send(byte_at(honest, 60000))
        with victim.counting() as counted:
            times = compare_work(victim, [attack] * ROUNDS,
                                 [in_order[first:first + count] for first in range(0, len(in_order), count)])
        assert times < 2
        assert max(each.ack for each in answers if each.peer_port == honest[1]) == 100 + len(in_order)
        assert counted["tcp_out_of_order_limit"] > 0
        assert victim.sockstat("TCP", "mem") * 4 < 2048  # KiB
        crowd.reset()


@pytest.mark.parametrize("mss", [8, 48])
def test_t12_tiny_segments_cut_many_times(victim, long_queues, mss):
    """SACK panic: the numbers of segments in a packet must not overflow, and the floor keeps them small."""
    noise = random.Random(12)
    with hold(victim, "16 200000"):
        reader = Reader(victim.cable, 1000, mss_option(mss), reads=70000)
        reader.wait_for_full_window(MSS_FLOOR)
        flight = reader.end - reader.una
        for _ in range(3000):
            start = noise.randrange(flight)
            end = min(start + noise.randrange(1, 4000), flight)
            reader.acknowledge(sack_option([(reader.una + start, reader.una + end)]))
        reader.read_all(200000)
        assert covers(reader, 200000)
        assert {length for _, length in reader.segments if length != MSS_FLOOR} <= {200000 % MSS_FLOOR}
        reader.acknowledge(flags=RST)


def test_t13_sack_of_every_second_segment(victim, long_queues):
    with hold(victim, "16 200000"):
        before = victim.bytes_of("skb")
        reader = Reader(victim.cable, 1000, mss_option(MSS_FLOOR), reads=70000)
        reader.wait_for_full_window(MSS_FLOOR)
        flight = reader.end - reader.una
        assert flight // MSS_FLOOR > 1300

        def every_second(i):
            first = 2 * MSS_FLOOR * (4 * i % (flight // MSS_FLOOR // 2 - 4)) + MSS_FLOOR
            starts = [reader.una + first + 2 * MSS_FLOOR * k for k in range(4)]
            blocks = [(start, start + MSS_FLOOR) for start in starts]
            return tcp(reader.port, 9000, ACK, 100, reader.una, WINDOW, options=sack_option(blocks))
        times = compare_work(victim, [list(map(every_second, range(1000)))] * ROUNDS,
                             [[harmless(victim)] * 1000] * ROUNDS)
        # 256 blocks and the holes between them, however many segments there are; each ACK looks at all of them.
        assert victim.bytes_of("skb") - before <= (2 * 256 + 8) * PACKET_BYTES
        assert times < 12
        reader.read_all(200000)
        assert covers(reader, 200000)
        reader.acknowledge(flags=RST)


def test_t14_tiny_mss(victim):
    """What a peer may make us send in small pieces has a floor."""
    size = 400
    with hold(victim, f"128 {size}"):
        for mss in range(1, 89):
            reader = Reader(victim.cable, 1000 + mss, mss_option(mss), reads=size)
            reader.wait_for(lambda: reader.una - reader.start == size, "all of it")
            piece = max(mss, MSS_FLOOR)
            wanted = [piece] * (size // piece) + [size % piece] * (size % piece != 0)
            assert [length for _, length in reader.segments] == wanted, mss
            reader.acknowledge(flags=RST)


@pytest.mark.parametrize("sack", [True, False])
def test_t28_duplicate_acks(victim, long_queues, sack):
    """They inflate nothing beyond the flight. Without SACK each says that a segment has arrived (RFC 5681 3.2), so that
    only the window is the end."""
    mss, first_flight = 1024, 10
    with hold(victim, "16 400000"), victim.counting() as counted:
        reader = Reader(victim.cable, 1000, mss_option(mss, sack))
        reader.wait_for(lambda: reader.end - reader.una == first_flight * mss, "the first flight")
        duplicate = tcp(reader.port, 9000, ACK, 100, reader.una, WINDOW)
        times = compare_work(victim, [[duplicate] * 3000] * ROUNDS, [[harmless(victim)] * 3000] * ROUNDS)
        assert times < 4
        reader.acknowledge(flags=RST)
    if sack:
        assert counted["TcpExt.TCPOrigDataSent"] == first_flight
    else:
        assert first_flight < counted["TcpExt.TCPOrigDataSent"] <= WINDOW // mss
    assert counted["TcpExt.TCPFastRetrans"] <= 1
    assert counted["Tcp.RetransSegs"] <= first_flight  # and what the timer repeats


def unkeyed_hash(address, port):
    """Of the peer's half, as Linux had it until 2005: with a local half that never changes it makes 4096 chains."""
    folded = int.from_bytes(address, "big") ^ port
    folded ^= folded >> 16
    return (folded ^ folded >> 8) & 4095


def colliding_clients(count):
    """An exclusive or does not notice when the address and the port change in the same bits."""
    ports = [port for port in range(65536) if unkeyed_hash(bytes([10, 9, 0, 0]), port) == 26]
    clients = [(bytes([10, 9, 60 + host // 100, 1 + host % 100]), port ^ ((60 + host // 100) << 8 | 1 + host % 100))
               for host in range(200) for port in ports]
    assert {unkeyed_hash(*client) for client in clients} == {26}
    return [client for client in clients if client[1] >= 1024][:count]


def test_t26_chosen_tuples(victim):
    """Connections that would be in one chain cost no more than others."""
    count = 2000
    noise = random.Random(26)
    chosen = set(colliding_clients(count))
    others = {(address, noise.randrange(1024, 65536)) for address, _ in chosen} - chosen
    assert len(chosen) == count and len(others) > count - 10
    with hold(victim, "4096 -1"):
        crowds = [Crowd(victim.cable, sorted(clients)) for clients in (chosen, others)]
        # In no order, for the table tries the connection of the last segment first.
        segments = [[tcp(port, 9000, ACK, 100, crowd.numbers[address, port], source=address)
                     for address, port in noise.sample(sorted(crowd.numbers), len(crowd.numbers))]
                    for crowd in crowds]
        times = compare_work(victim, *([each] * ROUNDS for each in segments))
        assert times < 2
        for crowd in crowds:
            crowd.reset()
