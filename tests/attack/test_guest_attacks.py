"""The attacks on resources against a whole guest: frames come in as fast as its card takes them. After each the
guest is alive (an echo connection that was opened before transfers, the console answers), memory and counters of
objects are back where they were, and the processor is idle again. Ids are those of the tests on the host."""
import random
import re
import struct
import time

import pytest

import harness
from attacker import (ACK, BROADCAST, FIN, HONEST_IP, PSH, RST, SYN, Attacker, Honest, arp, ethernet, ipv4, tcp,
                      udp)

SLACK_KIB = 512  # what caches and the table of neighbours may keep


class Victim:
    def __init__(self, guest, cable):
        self.guest, self.cable = guest, cable
        self.echo = Honest(cable, 7)
        self.calm = min(self.latency() for _ in range(3))
        self.settle()
        self.before = self.held()

    def latency(self):
        """How long the console takes to answer."""
        began = time.monotonic()
        self.guest.run("true", timeout=60)
        return time.monotonic() - began

    def numbers(self, path, pattern):
        return {name: int(value) for name, value in re.findall(pattern, self.guest.run(f"cat {path}"))}

    def free_kib(self):
        return self.numbers("/proc/meminfo", r"(MemFree): +(\d+)")["MemFree"]

    def drops(self, reason):
        return int(self.guest.run(f"grep '^{reason} ' /proc/net/drops").split()[1])

    def sockstat(self, protocol, what):
        text = self.guest.run("cat /proc/net/sockstat")
        return int(re.search(rf"{protocol}:.* {what} (\d+)", text).group(1))

    def mib(self, file, name):
        """A counter of /proc/net/snmp or netstat, by its column's name."""
        lines = self.guest.run(f"cat /proc/net/{file}").splitlines()
        for names, values in zip(lines[::2], lines[1::2]):
            if name in names.split():
                return int(values.split()[names.split().index(name)])
        raise KeyError(name)

    def held(self):
        return {"free": self.free_kib(), "sockets": self.sockstat("sockets", "used"),
                "orphans": self.sockstat("TCP", "orphan"), "packets": self.sockstat("TCP", "mem"),
                "fragments": self.sockstat("FRAG", "inuse")}

    def settle(self, timeout=60):
        """Until frames under way have been dealt with and the processor is idle again."""
        deadline = time.monotonic() + timeout
        while True:
            idle, total = self.processor()
            time.sleep(0.5)
            later_idle, later_total = self.processor()
            if (later_idle - idle) > 0.5 * (later_total - total):
                return
            assert time.monotonic() < deadline, "the processor is not idle again"

    def processor(self):
        fields = [int(word) for word in self.guest.run("grep '^cpu ' /proc/stat").split()[1:]]
        return fields[3], sum(fields)

    def expect_alive(self):
        self.echo.echo()
        assert self.latency() < max(1, 20 * self.calm)

    def expect_baseline(self, timeout=60):
        deadline = time.monotonic() + timeout
        while True:
            now = self.held()
            kept = {name: now[name] for name in now if name != "free" and now[name] > self.before[name]}
            if not kept and now["free"] >= self.before["free"] - SLACK_KIB:
                return
            assert time.monotonic() < deadline, f"held {now}, before the attack {self.before}"
            time.sleep(1)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cable")
    cable = Attacker(f"{folder}/peer", f"{folder}/guest")
    with harness.Guest(net=f"dgram:{folder}/guest,{folder}/peer", append="ip=10.9.0.2/16") as guest:
        guest.wait_for_shell()
        guest.run("until ifconfig | grep -q 'inet 10.9.0.2'; do sleep 0.1; done")
        # States that last minutes are to end while the tests run.
        guest.run("echo 2 > /proc/sys/net/ipv4/tcp_orphan_retries; echo 2 > /proc/sys/net/ipv4/tcp_fin_timeout")
        guest.run("echoserver & true")
        guest.run("until netstat -ltn | grep -q ':7 '; do sleep 0.1; done")
        yield Victim(guest, cable)


@pytest.fixture
def victim(machine):
    machine.cable.reflex, machine.cable.absent = None, False
    machine.expect_alive()
    machine.before = machine.held()
    yield machine
    machine.cable.reflex, machine.cable.absent = None, False
    machine.settle()
    machine.expect_alive()
    machine.expect_baseline()


def hold(victim, arguments):
    """Starts the program of hold.c on port 9000; what is returned ends it."""
    victim.guest.run(f"/tests/hold 9000 {arguments} > /dev/null & holder=$!; true")
    victim.guest.run("until netstat -ltn | grep -q ':9000 '; do sleep 0.1; done")

    def stop():
        victim.guest.run("kill $holder; wait $holder; true")
    return stop


def connect_many(cable, count, window=65535, first=1024):
    """Opens connections to port 9000 and answers every later segment with the same acknowledgment. Returns the
    next sequence numbers of the guest, by port."""
    numbers, given_up = {}, set()

    def reflex(segment):
        if segment.flags & RST:
            given_up.add(segment.peer_port)
        elif segment.flags & SYN:
            numbers[segment.peer_port] = segment.seq + 1
            cable.send(tcp(segment.peer_port, 9000, ACK, 100, segment.seq + 1, window))
        elif segment.peer_port in numbers:
            cable.send(tcp(segment.peer_port, 9000, ACK, 100, numbers[segment.peer_port], window))
    cable.reflex = reflex
    for port in range(first, first + count):
        cable.send(tcp(port, 9000, SYN, 99))
    deadline = time.monotonic() + 20
    while len(numbers) < count and time.monotonic() < deadline:
        time.sleep(0.2)
        for port in range(first, first + count):
            if port not in numbers:
                cable.send(tcp(port, 9000, SYN, 99))
    numbers_given = dict(numbers)
    numbers_given["given up"] = given_up
    return numbers_given


def test_l5_arp_flood(victim):
    began = time.monotonic()
    for i in range(10000):
        sender = bytes([10, 9, 1 + i % 200, i // 200 % 250])
        mac = b"\x02\x01" + struct.pack("!I", i)
        victim.cable.send_frame(ethernet(arp(1, sender, sender_mac=mac), BROADCAST, 0x0806, mac))
    neighbours = victim.guest.run("cat /proc/net/arp").count("0x2")
    assert neighbours <= 512
    assert f"{'.'.join(map(str, HONEST_IP))} " in victim.guest.run("cat /proc/net/arp")
    assert victim.drops("arp_rate_limited") > 0 or time.monotonic() - began > 60


def test_l6_absent_neighbours(victim):
    """Replies to spoofed sources are what makes a guest look for hosts that are not there."""
    victim.cable.absent = True
    before = victim.drops("arp_table_full") + victim.drops("arp_unresolved")
    for i in range(10000):
        source = bytes([10, 9, 20 + i % 200, 1 + i // 200])
        victim.cable.send(udp(9999, b"x", source=source))
    incomplete = [line for line in victim.guest.run("cat /proc/net/arp").splitlines() if " 0x0 " in line]
    assert len(incomplete) <= 64
    assert victim.drops("arp_table_full") + victim.drops("arp_unresolved") > before


def test_i9_i10_fragments_that_never_end(victim):
    noise = random.Random(9)
    most = 0
    for i in range(8000):
        source = bytes([10, 9, 3, noise.randrange(64)])
        victim.cable.send(ipv4(17, b"f" * 8, source, noise.randrange(8), 0x2000 | noise.randrange(1, 8000)))
        if i % 2000 == 1999:
            text = victim.guest.run("cat /proc/net/sockstat")
            datagrams, memory = map(int, re.search(r"FRAG: inuse (\d+) memory (\d+)", text).groups())
            most = max(most, datagrams)
            assert datagrams <= 64 and memory <= 1 << 20
    assert most > 16
    # The honest client's datagram in two pieces still arrives: the echo server answers, from its own share.
    assert victim.drops("ip_fragment_limit") > 0


def test_c2_ping_flood(victim):
    message = struct.pack("!BBHHH", 8, 0, 0xf7b2, 77, 0)  # summed by hand: 0x0800 + 77
    packet = ipv4(1, message)
    frames, began = victim.cable.frames, time.monotonic()
    for _ in range(8000):
        victim.cable.send(packet)
    victim.settle()
    spent = time.monotonic() - began
    assert victim.cable.frames - frames <= 1000 * spent + 60 + 200


def test_u3_echo_never_answers_a_service(victim):
    """A datagram that claims to be from a port below 1024 could be the answer of another echo server."""
    before = victim.mib("snmp", "OutDatagrams")
    for port in (7, 19, 37, 1023):
        victim.cable.send(udp(7, b"loop", source_port=port))
    victim.cable.send(udp(7, b"client", source_port=1024))
    deadline = time.monotonic() + 10
    while victim.mib("snmp", "OutDatagrams") == before and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.3)
    assert victim.mib("snmp", "OutDatagrams") == before + 1


def test_u4_datagram_flood(victim):
    """A port that its program does not read: bounded by its buffer, and nobody else feels it."""
    victim.guest.run("/tests/busybox nc -u -l -p 9001 < /dev/null > /dev/null & flooded=$!; kill -STOP $!; true")
    before = victim.drops("socket_receive_full") + victim.drops("udp_no_socket")
    worst = 0
    for i in range(10000):
        victim.cable.send(udp(9001, b"u" * 100))
        if i % 2000 == 1999:
            began = time.monotonic()
            victim.echo.echo(1000)
            worst = max(worst, time.monotonic() - began)
    assert worst < max(2, 40 * victim.calm)
    assert victim.drops("socket_receive_full") + victim.drops("udp_no_socket") > before
    victim.guest.run("kill -KILL $flooded; true")


def test_t7_syn_flood(victim):
    noise = random.Random(7)
    times = []
    victim.cable.absent = True
    for i in range(10000):
        source = bytes([10, 9, 100 + noise.randrange(100), noise.randrange(1, 255)])
        victim.cable.send(tcp(noise.randrange(1024, 65535), 7, SYN, noise.getrandbits(32), source=source))
        if i % 2000 == 1999:
            client = Honest(victim.cable, 7)
            client.echo(1000)
            times.append(client.connected_after)
            client.close()
    assert len(times) == 5
    assert sorted(times)[2] < 1.5, times  # a lost SYN is sent again after half a second
    assert victim.mib("netstat", "SyncookiesSent") > 0
    deadline = time.monotonic() + 70  # half-open connections give up after five answers
    while victim.held()["free"] < victim.before["free"] - SLACK_KIB and time.monotonic() < deadline:
        time.sleep(1)


def test_t9_sockstress(victim):
    """Connections with a closed window that acknowledge every probe end by TCP_USER_TIMEOUT."""
    stop = hold(victim, "512 100000 4000")
    opened = connect_many(victim.cable, 150, window=0)
    assert len(opened) - 1 == 150
    stalled = victim.sockstat("TCP", "alloc")
    assert stalled >= 150
    deadline = time.monotonic() + 40
    while victim.sockstat("TCP", "alloc") > stalled - 150 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert victim.sockstat("TCP", "alloc") <= stalled - 150
    stop()


def test_t11_out_of_order_bytes(victim):
    stop = hold(victim, "16 0")
    numbers = connect_many(victim.cable, 1, first=5000)
    before = victim.drops("tcp_out_of_order_limit")
    victim.cable.reflex = None
    noise = random.Random(11)
    for _ in range(6000):
        victim.cable.send(tcp(5000, 9000, PSH | ACK, 102 + 2 * noise.randrange(25000), numbers[5000], payload=b"x"))
    assert victim.sockstat("TCP", "mem") * 4 < 2048  # KiB
    assert victim.drops("tcp_out_of_order_limit") > before
    victim.cable.send(tcp(5000, 9000, RST, 100))
    stop()


def test_t22_t23_peers_that_vanish(victim):
    """The program closes with data unsent and the peers are gone: orphans, each of which a timer ends."""
    stop = hold(victim, "512 2000")
    connect_many(victim.cable, 200, window=100)
    victim.cable.reflex = None
    stop()
    deadline = time.monotonic() + 60
    while victim.sockstat("TCP", "orphan") > 0 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert victim.sockstat("TCP", "orphan") == 0


def test_t24_idle_connections(victim):
    stop = hold(victim, "1024 0")
    free = victim.free_kib()
    count = 800
    opened = connect_many(victim.cable, count)
    assert len(opened) - 1 == count
    deadline = time.monotonic() + 30
    while victim.sockstat("TCP", "alloc") < count and time.monotonic() < deadline:
        time.sleep(0.2)
    assert free - victim.free_kib() <= 4 * count + SLACK_KIB  # 4 KiB each
    client = Honest(victim.cable, 9000)
    client.close()
    stop()
    for port in range(1024, 1024 + count):
        victim.cable.send(tcp(port, 9000, RST, 100))


def test_t25_accept_is_never_called(victim):
    stop = hold(victim, "16 -1")
    before = victim.mib("netstat", "ListenOverflows")
    opened = {}

    def reflex(segment):
        if segment.flags & SYN:
            opened[segment.peer_port] = segment.seq
            victim.cable.send(tcp(segment.peer_port, 9000, ACK, 100, segment.seq + 1))
    victim.cable.reflex = reflex
    for port in range(3000, 3160):
        victim.cable.send(tcp(port, 9000, SYN, 99))
        time.sleep(0.005)
    time.sleep(0.5)
    assert 17 <= len(opened) <= 17 + 8 + 128  # the queue, and who was half-open when it filled
    assert victim.mib("netstat", "ListenOverflows") > before
    stop()


def test_l2_t16_frames_that_lie_about_their_length(victim):
    """L2 at the card: longer than its buffers, with frames inside; then TCP headers that point outside."""
    inner = ethernet(udp(7, b"tail", source_port=2000))
    before = victim.mib("snmp", "OutDatagrams")
    for length in range(1519, 16384, 131):
        victim.cable.send_frame((ethernet(b"\0" * 2034) + inner * 300)[:length])
    for words in range(16):
        segment = tcp(1, 7, ACK)
        victim.cable.send(segment[:32] + bytes([words << 4]) + segment[33:])
    assert victim.mib("snmp", "OutDatagrams") == before


def test_t26_chosen_tuples(victim):
    """Connections whose tuples collide in any plain hash take no longer than others."""
    stop = hold(victim, "1024 0")
    opened = {}

    def reflex(segment):
        if segment.flags & SYN:
            opened[segment.peer_port] = segment.seq
            victim.cable.send(tcp(segment.peer_port, 9000, ACK, 100, segment.seq + 1))
    victim.cable.reflex = reflex
    chosen = [1024 * high + 1 for high in range(1, 64)]
    for port in chosen:
        victim.cable.send(tcp(port, 9000, SYN, 99))
    deadline = time.monotonic() + 20
    while len(opened) < len(chosen) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(opened) == len(chosen)
    for port in chosen:
        victim.cable.send(tcp(port, 9000, FIN | ACK, 100, opened[port] + 1))
    stop()
    for port in chosen:
        victim.cable.send(tcp(port, 9000, RST, 101))
