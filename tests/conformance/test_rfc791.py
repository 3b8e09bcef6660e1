"""RFC 791 and RFC 1122 §3.2.1 and §3.3: IP. An echo request is the probe: what IP takes is answered, what it must drop
silently is not."""
import errno
import itertools
import time

import pytest
from guest_socket import IP_MTU_DISCOVER, SOL_IP, Sock, guest_ports
from scapy.utils import checksum
from scapy.layers.inet import ICMP, IP, fragment, IPerror
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw
from wire import (ARP_KIND, BROADCAST, FRAGMENT_KIND, GUEST_IP, ICMP_KIND, PEER_IP, PEER_MAC, from_peer, icmp_error,
                  payload_of)


def request(payload=b"x" * 32, numbers=itertools.count(), **ip):
    """Each has a number of its own, so that no reply is taken for that of another."""
    return from_peer(**ip) / ICMP(type=8, id=7, seq=next(numbers) & 0xffff) / Raw(payload)


def answered(lab, packet, **ethernet):
    """The echo reply, or None; nothing else may come."""
    replies = lab.link.capture(ICMP_KIND)
    lab.link.send(packet, **ethernet)
    lab.link.fence()
    reply = replies.next(0)
    if reply is not None:
        assert reply[ICMP].type == 0, f"unexpected {reply.summary()}"
        assert bytes(reply[ICMP])[4:8] == bytes(IP(bytes(packet)).payload)[4:8]
        replies.expect_nothing(0)
    return reply


# ---- The header (§3.2.1)


@pytest.mark.parametrize("bad", [{"version": 0}, {"version": 5}, {"version": 6}, {"ihl": 4}, {"ihl": 0}, {"ihl": 15},
                                 {"chksum": 0x1234}, {"len": 19}, {"len": 200}], ids=str)
def test_a_header_that_cannot_be_is_dropped_silently(lab, bad):
    """§3.2.1.1 and §3.2.1.2 MUST, and lengths that disagree with what came."""
    assert answered(lab, request(**bad)) is None
    assert answered(lab, request())


def test_what_is_longer_than_its_length_is_cut(lab):
    """Padding of the link is none of IP's."""
    reply = answered(lab, IP(bytes(request(b"12345678"))) / Raw(b"padding of the link"))
    assert reply[IP].len == 36 and payload_of(reply)[:8] == b"12345678"


@pytest.mark.parametrize("ttl", [1, 255])
def test_a_host_does_not_look_at_the_ttl(lab, ttl):
    """§3.2.1.7: "MUST NOT discard a datagram just because it was received with TTL less than 2"."""
    assert answered(lab, request(ttl=ttl))


@pytest.mark.unlike_linux("it takes both")
@pytest.mark.parametrize("bad", [{"ttl": 0}, {"flags": 4}], ids=str)
def test_what_no_sender_may_send_is_dropped(lab, bad):
    """RFC 791 §3.1: a TTL of zero "must be destroyed", the reserved flag "must be zero"."""
    assert answered(lab, request(**bad)) is None


def test_the_ttl_sent_is_64(lab):
    """§3.2.1.7: configurable, never zero; RFC 1700's default."""
    assert answered(lab, request())[IP].ttl == 64


@pytest.mark.parametrize("to", ["192.168.0.77", "10.1.2.3", "127.0.0.1", "0.0.0.0", "240.0.0.1"])
def test_what_is_for_somebody_else_is_dropped_silently(lab, to):
    """§3.2.1.3 and §3.3.1 MUST: a host does not forward, and its loopback addresses do not appear outside."""
    assert answered(lab, request(dst=to)) is None


@pytest.mark.parametrize("source", ["255.255.255.255", "224.0.0.1", "127.0.0.1", GUEST_IP, *(
    pytest.param(source, marks=pytest.mark.unlike_linux("it believes such sources"))
    for source in ("192.168.255.255", "240.0.0.1"))])
def test_a_source_that_cannot_be_is_dropped_silently(lab, source):
    """§3.2.1.3 MUST."""
    assert answered(lab, request(src=source)) is None


@pytest.mark.unlike_linux("unless drop_unicast_in_l2_multicast is set")
@pytest.mark.parametrize("frame_to", [BROADCAST, "01:00:5e:00:00:01"])
def test_a_unicast_address_in_a_broadcast_frame_is_dropped(lab, frame_to):
    """§3.3.6 SHOULD."""
    assert answered(lab, request(), dst=frame_to) is None


# ---- Options (§3.2.1.8)


def with_options(hexadecimal):
    """An echo request whose header carries these bytes, whatever they are."""
    options = bytes.fromhex(hexadecimal)
    message = bytes(ICMP(type=8, id=7) / Raw(b"x" * 8))
    header = bytes(IP(src=PEER_IP, dst=GUEST_IP, proto=1, ihl=5 + len(options) // 4, chksum=0,
                      len=20 + len(options) + len(message)))[:20] + options
    return Raw(header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + message)


@pytest.mark.parametrize("options", ["01010100", "00000000", "9e04aabb", "9e0a0102030405060708" + "0000", "82040000"],
                         ids=["nop", "end", "unknown", "unknown and end", "security"])
def test_options_that_mean_nothing_here_are_ignored(lab, options):
    """MUST; each goes on to what stands behind it."""
    assert answered(lab, with_options(options))


@pytest.mark.parametrize("options", ["9e000000", "9e010000", "9eff0000"],
                         ids=["length 0", "length 1", "too long"])
def test_options_that_cannot_be(lab, options):
    """Dropped; a parameter problem may say so (§3.2.2.5)."""
    packets = lab.link.capture(ICMP_KIND)
    lab.link.send(with_options(options))
    lab.link.fence()
    answer = packets.next(0)
    assert answer is None or answer[ICMP].type == 12
    assert answered(lab, request())


@pytest.mark.parametrize("kind", ["83", "89"], ids=["loose", "strict"])
def test_source_routes_are_dropped(lab, kind):
    """§3.2.1.8 (c) wants them at the final destination; like every host of today we do not take them, since they let
    a stranger look like a neighbour. docs/limits.md."""
    assert answered(lab, with_options(kind + "0704c00002c800")) is None


# ---- Reassembly (§3.3.2)


def pieces_of(payload_bytes, identification, size=1480):
    packet = IP(bytes(request(bytes(i & 255 for i in range(payload_bytes)), id=identification)))
    return fragment(packet, size)


def whole_reply(lab, pieces, payload_bytes):
    """Sends fragments and puts the fragments of the reply together."""
    replies, whole = lab.link.capture(FRAGMENT_KIND), lab.link.capture(ICMP_KIND)
    for piece in pieces:
        lab.link.send(piece)
    lab.link.fence()
    if payload_bytes <= 1472:
        reply = whole.next(0)
        return None if reply is None else bytes(reply[IP].payload)[:payload_bytes + 8]
    data, last = {}, None
    while last is None or sum(map(len, data.values())) < last:
        piece = replies.next(0)
        if piece is None:
            return None
        content = bytes(piece[IP])[20:piece[IP].len]
        data[piece[IP].frag * 8] = content
        if "MF" not in str(piece[IP].flags):
            last = piece[IP].frag * 8 + len(content)
    return b"".join(data[offset] for offset in sorted(data))


@pytest.mark.parametrize("payload_bytes, size", [(100, 8), (1472, 512), (3000, 1480), (8000, 1480), (65507, 1480)])
def test_fragments_are_put_together(lab, payload_bytes, size):
    """MUST; EMTU_R is the largest datagram there is. The reply is fragmented in its turn."""
    reply = whole_reply(lab, pieces_of(payload_bytes, payload_bytes & 0xffff, size), payload_bytes)
    assert reply is not None and reply[8:] == bytes(i & 255 for i in range(payload_bytes))


@pytest.mark.parametrize("order", ["backwards", "twice", "middle last"])
def test_fragments_in_any_order(lab, order):
    pieces = pieces_of(4000, 2000 + len(order))
    arranged = {"backwards": pieces[::-1], "twice": [pieces[0], pieces[0], pieces[2], pieces[2], pieces[1]],
                "middle last": [pieces[2], pieces[0], pieces[1]]}[order]
    assert whole_reply(lab, arranged, 4000)[8:] == bytes(i & 255 for i in range(4000))


def test_fragments_of_different_datagrams_are_not_mixed(lab):
    """The identification, the addresses and the protocol tell them apart."""
    first, second = pieces_of(2000, 31), pieces_of(2000, 32)
    replies = lab.link.capture(FRAGMENT_KIND)
    lab.link.send(first[0])
    lab.link.send(second[1])
    replies.expect_silence()
    lab.link.send(second[0])
    lab.link.send(first[1])
    assert all(replies.next() is not None for _ in range(4))


def test_overlapping_fragments_end_the_datagram(lab):
    """RFC 5722's rule, applied to IPv4 as in Linux: only attackers make them."""
    pieces = pieces_of(2000, 41, 800)
    overlapping = pieces[1].copy()
    overlapping.frag -= 1
    del overlapping.chksum
    assert whole_reply(lab, [pieces[0], overlapping, pieces[2]], 2000) is None
    assert whole_reply(lab, pieces_of(100, 42, 64), 100)


def test_a_fragment_beyond_the_largest_datagram_is_dropped(lab):
    """The ping of death."""
    whole = IP(bytes(request(b"x" * 1000, id=43)))
    last = IP(src=PEER_IP, dst=GUEST_IP, id=43, proto=1, frag=8189) / Raw(b"x" * 1000)
    first = whole.copy()
    first.flags = "MF"
    del first.chksum
    assert whole_reply(lab, [first, last], 1) is None
    assert answered(lab, request())


def test_a_middle_fragment_of_odd_length_is_dropped(lab):
    """RFC 791 §3.2: all but the last are multiples of eight."""
    pieces = pieces_of(2000, 44, 800)
    odd = IP(bytes(pieces[1]))
    odd.payload = Raw(bytes(odd.payload)[:-3])
    del odd.len
    del odd.chksum
    assert whole_reply(lab, [pieces[0], odd, pieces[2]], 2000) is None


@pytest.mark.long
def test_the_rest_that_never_comes(lab):
    """§3.3.2: after a fixed time (30 s, as in Linux) it is given up, and only if the first fragment had come "time
    exceeded" says so."""
    errors = lab.link.capture(ICMP_KIND)
    lab.link.send(pieces_of(2000, 51)[0])
    lab.link.send(pieces_of(2000, 52)[1])
    at = time.monotonic()
    told = {}  # other scripts have left datagrams behind, too
    while time.monotonic() - at < 36:
        if (error := errors.next(1)) is not None:
            assert (error[ICMP].type, error[ICMP].code) == (11, 1)
            told[error[IPerror].id] = error.time - at
    assert 14 < told[51] and 52 not in told


# ---- Fragmentation (§3.3.3)


def sender(lab):
    sock = Sock(lab.agent, kind=2)
    assert sock.bind(next(guest_ports)) == 0
    return sock


def test_a_large_datagram_is_cut(lab):
    """At multiples of eight, with one identification; the next datagram has another (§3.2.1.5)."""
    sock, pieces = sender(lab), lab.link.capture(FRAGMENT_KIND)
    identifications = []
    for _ in range(2):
        assert sock.send_to(4000, PEER_IP, 4000) == 4000
        got = [pieces.next() for _ in range(3)]
        assert [piece[IP].frag * 8 for piece in got] == [0, 1480, 2960]
        assert [piece[IP].len for piece in got] == [1500, 1500, 1068]
        assert ["MF" in str(piece[IP].flags) for piece in got] == [True, True, False]
        assert not any("DF" in str(piece[IP].flags) for piece in got)
        assert len({piece[IP].id for piece in got}) == 1
        identifications.append(got[0][IP].id)
    assert identifications[0] != identifications[1]


def test_dont_fragment(lab):
    """IP_MTU_DISCOVER = DO: too large is an error of the call."""
    sock, arrivals = sender(lab).set(SOL_IP, IP_MTU_DISCOVER, 2), lab.link.capture(("udp", 4000))
    assert sock.send_to(1473, PEER_IP, 4000) == -errno.EMSGSIZE
    assert sock.send_to(1472, PEER_IP, 4000) == 1472
    assert "DF" in str(arrivals.next()[IP].flags)


def test_the_path_mtu_is_learned(lab):
    """RFC 1191: from "fragmentation needed"; datagrams are then cut to it. Each test has a peer of its own."""
    sock, arrivals = sender(lab), lab.link.capture(("udp", 4000))
    pieces = lab.link.capture(FRAGMENT_KIND)
    assert sock.send_to(1400, "192.0.2.77", 4000) == 1400
    lab.link.send(icmp_error(arrivals.next(), 3, 4, nexthopmtu=1000))
    lab.link.fence()
    assert sock.send_to(1400, "192.0.2.77", 4000) == 1400
    assert [pieces.next()[IP].len for _ in range(2)] == [996, 452]


def test_the_first_router_is_asked_for_what_is_off_the_link(lab):
    """§3.3.1.1: local by the mask, everything else by the gateway's hardware address."""
    sock, arrivals = sender(lab), lab.link.capture(("udp", 4000))
    questions = lab.link.capture(ARP_KIND)
    assert sock.send_to(5, "192.168.3.4", 4000) == 5
    while questions.next()[ARP].pdst != "192.168.3.4":
        pass
    assert arrivals.next()[IP].dst == "192.168.3.4"
    assert sock.send_to(5, "198.51.100.1", 4000) == 5
    assert arrivals.next()[Ether].dst == PEER_MAC
    while (question := questions.next(0)) is not None:
        assert question[ARP].pdst != "198.51.100.1"
