"""What has a bound in a whole guest, counted to the last packet: reassembly, resets, ports, loopback. Ids are those of
the tests on the host."""
import errno
import itertools
import os
import re
import struct

from attacker import (ACK, ATTACKER_IP, ECHO_REPLY, HONEST_IP, MORE_FRAGMENTS, RST, checksum, echo_request, ipv4, tcp,
                      udp)

LOOPBACK_QUEUE = 4096
PACKET_BYTES = 512  # an sk_buff, without what is in it
PER_SOURCE = 16     # unfinished datagrams of one source
RESETS_PER_SECOND = 200


def fragments_of(message, identification, size=1480, protocol=1, source=ATTACKER_IP):
    """IP packets that carry a message in pieces."""
    return [ipv4(protocol, message[at:at + size], source, identification,
                 at // 8 | (MORE_FRAGMENTS if at + size < len(message) else 0))
            for at in range(0, len(message), size)]


def put_together(frames):
    """The payload of the only datagram that these frames are pieces of."""
    pieces = {}
    for frame in frames:
        total, identification, offset = struct.unpack("!HHH", frame[16:22])
        pieces[(offset & 0x1fff) * 8] = frame[34:14 + total]
        assert frame[18:20] == frames[0][18:20]
    whole = b"".join(pieces[at] for at in sorted(pieces))
    assert list(itertools.accumulate([len(pieces[at]) for at in sorted(pieces)][:-1])) == sorted(pieces)[1:]
    return whole


def test_c9_the_largest_echo(victim):
    """64 KiB in 45 pieces come back the same, and hold a quarter of the memory for reassembly at most."""
    message = echo_request(77, 1, os.urandom(65507))
    fragments = fragments_of(message, 99)
    with victim.counting() as counted, victim.cable.recorded() as sent:
        for fragment in fragments[:-1]:
            victim.cable.send(fragment)
        victim.cable.fence()
        assert victim.sockstat("FRAG", "inuse") == victim.before["fragments"] + 1
        assert 65536 < victim.sockstat("FRAG", "memory") <= 1 << 18
        victim.cable.send(fragments[-1])
        victim.cable.fence()
    replies = [frame for frame in sent if frame[23] == 1 and frame[30:34] == ATTACKER_IP]
    reply = put_together(replies)
    assert reply[0] == ECHO_REPLY and checksum(reply) == 0
    assert reply[4:] == message[4:]
    assert counted["Ip.ReasmReqds"] == len(fragments) == len(replies) == counted["Ip.FragCreates"]
    assert counted["Ip.ReasmOKs"] == counted["Ip.FragOKs"] == 1
    assert victim.sockstat("FRAG", "inuse") == victim.before["fragments"]


def test_i10_last_fragments_of_one_source(victim):
    """Rose: they fill their source's share, and datagrams of others become whole as before."""
    flood, rounds = 5000, 20
    message = udp(7, b"in two pieces   ", source=HONEST_IP)[20:]
    with victim.counting() as counted, victim.cable.recorded() as sent:
        for i in range(flood):
            victim.cable.send(ipv4(17, b"last    ", identification=i, fragment=1 + i % 8000))
            if i % (flood // rounds) == 0:
                first, last = fragments_of(message, i, 16, 17, HONEST_IP)
                victim.cable.send(first)
                victim.cable.send(last)
        victim.cable.fence()
        assert victim.sockstat("FRAG", "inuse") == victim.before["fragments"] + PER_SOURCE
        victim.wait_until(lambda: sum(b"in two pieces" in frame for frame in sent) == rounds, "all answers")
    assert counted["Ip.ReasmOKs"] == rounds
    assert counted["ip_fragment_limit"] == flood - PER_SOURCE
    # The first ones are kept. An overlap ends a datagram before its time is over.
    for i in range(PER_SOURCE):
        victim.cable.send(ipv4(17, b"overlap " * 2, identification=i, fragment=MORE_FRAGMENTS | i))
    victim.cable.fence()
    assert victim.sockstat("FRAG", "inuse") == victim.before["fragments"]


def test_t31_resets(victim):
    """At most so many in a second, and never one for a reset."""
    count = 10000

    def uptime():
        return int(float(victim.guest.run("cat /proc/uptime").split()[0]))
    with victim.counting() as counted, victim.cable.recorded() as sent:
        began = uptime()
        for i in range(count):
            victim.cable.send(tcp(1024 + i, 81, ACK, i, i))
        victim.cable.fence()
        seconds_touched = uptime() - began + 1
    resets = [frame for frame in sent if frame[23] == 6 and frame[47] & RST]
    assert counted["tcp_no_socket"] == count
    assert counted["Tcp.OutRsts"] == len(resets)
    assert RESETS_PER_SECOND <= len(resets) <= RESETS_PER_SECOND * seconds_touched
    with victim.counting() as counted, victim.cable.recorded() as sent:
        for flags in range(64):
            victim.cable.send(tcp(1000, 81, RST | flags, 5, 6))
        victim.cable.fence()
    assert counted["tcp_no_socket"] == 64
    assert counted["Tcp.OutRsts"] == 0 and not [frame for frame in sent if frame[23] == 6]


def test_t30_no_port_is_left(victim):
    """EADDRNOTAVAIL; a destination more is another matter; and TIME_WAIT does not keep a port for ever."""
    with victim.setting("ipv4/ip_local_port_range", "40000 40099"), victim.counting() as counted:
        first, elsewhere, again = victim.guest.run("/tests/ports 9100").splitlines()
    assert first == f"100 connections, then error {errno.EADDRNOTAVAIL}"
    assert elsewhere == "another destination: error 0"
    # With timestamps it is a second (RFC 6191).
    assert 0 < int(re.fullmatch(r"again after (\d+) ms", again).group(1)) <= 2000
    assert counted["TcpExt.TWRecycled"] == 1


def test_t33_loopback_from_the_wire(victim):
    loopback = bytes([127, 0, 0, 1])
    segment = tcp(1000, 7, 2)[20:]
    with victim.counting() as counted, victim.cable.recorded() as sent:
        for source in (loopback, bytes([127, 0, 0, 2])):
            victim.cable.send(ipv4(6, segment, source))
            victim.cable.send(ipv4(6, segment, source, destination=loopback))
        victim.cable.send(ipv4(6, segment, destination=loopback))
        victim.cable.fence()
    assert counted["ip_martian_source"] == 4
    assert counted["ip_martian_destination"] == 1
    assert not [frame for frame in sent if frame[23] == 6]


def test_t33_loopback_flood(victim):
    """More in one system call than the queue of loopback holds: the rest is dropped, and every packet is accounted for.
    Small datagrams would not do: the network's worker comes between them."""
    datagrams = 20
    before = victim.counters()

    def all_accounted_for():
        now = victim.counters()
        ends = ("device_backlog_full", "Ip.ReasmReqds")
        return sum(now[name] - before[name] for name in ends) == now["Ip.FragCreates"] - before["Ip.FragCreates"]
    victim.guest.run("ifconfig lo mtu 68")
    with victim.counting() as counted:
        text = victim.guest.run(f"/tests/flood_self {datagrams}")
        victim.wait_until(all_accounted_for, "the end of every packet")
    victim.guest.run("ifconfig lo mtu 65536")
    taken, most = map(int, re.fullmatch(r"(\d+) taken, at most (\d+) bytes of packets", text).groups())
    pieces = counted["Ip.FragCreates"]
    assert taken == counted["Ip.FragOKs"] == datagrams
    assert pieces > 6 * LOOPBACK_QUEUE
    # What waits, one datagram that is being cut, and what reassembly has begun.
    assert LOOPBACK_QUEUE * PACKET_BYTES < most < (LOOPBACK_QUEUE + pieces // datagrams + 1024) * PACKET_BYTES
    assert counted["device_backlog_full"] > 0
    victim.before = victim.held()  # what reassembly has begun goes after 30 s, which is seen to after all tests
