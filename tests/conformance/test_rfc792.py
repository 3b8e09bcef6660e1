"""RFC 792 and RFC 1122 §3.2.2: ICMP."""
import errno

import agent as protocol
import pytest
from agent import address
from guest_socket import IP_RECVERR, POLLERR, POLLIN, SOL_IP, Sock
from scapy.utils import checksum
from scapy.layers.inet import ICMP, IP, UDP, IPOption
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw
from wire import (ARP_KIND, BROADCAST, GUEST_IP, GUEST_MAC, ICMP_KIND, PEER_IP, PEER_MAC, ROUTER_IP, from_peer,
                  icmp_error)


def exchange(lab, packet, **ethernet):
    """The ICMP message that comes back, or None when there is none."""
    messages = lab.link.capture(ICMP_KIND)
    lab.link.send(packet, **ethernet)
    lab.link.fence()
    return messages.next(0)


# ---- Echo (§3.2.2.6)


@pytest.mark.parametrize("payload", [b"", b"1", b"odd", bytes(range(256)), b"z" * 1472],
                         ids=lambda payload: f"{len(payload)} bytes")
def test_an_echo_request_is_answered(lab, payload):
    """MUST: identifier, sequence number and data as they came, from the address that was asked."""
    reply = exchange(lab, from_peer(id=99, tos=0x10) / ICMP(type=8, id=0x1234, seq=0xfffe) / Raw(payload))
    message = bytes(reply[ICMP])[:8 + len(payload)]
    assert (reply[IP].src, reply[IP].dst, reply[IP].len) == (GUEST_IP, PEER_IP, 28 + len(payload))
    assert message[:2] == b"\0\0" and message[4:8] == b"\x12\x34\xff\xfe" and message[8:] == payload
    assert checksum(message) == 0


@pytest.mark.parametrize("to, frame_to", [("192.168.255.255", BROADCAST), ("255.255.255.255", BROADCAST),
                                          ("224.0.0.1", "01:00:5e:00:00:01")])
def test_an_echo_request_to_many_is_not_answered(lab, to, frame_to):
    """MAY be discarded: it is the smurf attack."""
    assert exchange(lab, from_peer(dst=to) / ICMP(type=8) / Raw(b"x"), dst=frame_to) is None


def test_a_bad_checksum_is_dropped_silently(lab):
    assert exchange(lab, from_peer() / ICMP(type=8, chksum=0x1234) / Raw(b"x")) is None


def test_what_is_too_short_is_dropped_silently(lab):
    assert exchange(lab, from_peer(proto=1) / Raw(b"\x08\0\xf7\xff")) is None
    assert exchange(lab, from_peer() / ICMP(type=8) / Raw(b"x"))


def test_the_user_may_ping(lab):
    """§3.2.2.6 MUST: an interface to send requests and to receive replies."""
    sock = Sock(lab.agent, kind=3, number=1)
    requests = lab.link.capture(ICMP_KIND)
    assert sock.send_to(12, PEER_IP, 0, bytes(ICMP(type=8, id=5, seq=6) / Raw(b"ping"))) == 12
    request = requests.next()
    assert (request[ICMP].type, request[ICMP].id, request[ICMP].seq) == (8, 5, 6)
    lab.link.send(from_peer() / ICMP(type=0, id=5, seq=6) / Raw(b"ping"))
    assert sock.poll(POLLIN, 1000) == POLLIN
    assert sock.receive_from()[2][20:] == bytes(ICMP(type=0, id=5, seq=6) / Raw(b"ping"))


# ---- What is not answered


@pytest.mark.parametrize("kind", [1, 2, 7, 19, 41, 255])
def test_unknown_types_are_dropped_silently(lab, kind):
    """§3.2.2 MUST."""
    assert exchange(lab, from_peer() / ICMP(bytes([kind, 0, 0, 0, 0, 0, 0, 0])) / Raw(b"x" * 20)) is None


@pytest.mark.parametrize("kind", [15, 17, pytest.param(13, marks=pytest.mark.unlike_linux("it tells its clock"))],
                         ids=["information", "address mask", "timestamp"])
def test_requests_that_are_not_served(lab, kind):
    """§3.2.2.7 SHOULD NOT, §3.2.2.9 MUST NOT unless told to, §3.2.2.8 MAY."""
    assert exchange(lab, from_peer() / ICMP(type=kind)) is None


# ---- Errors out


def test_protocol_unreachable(lab):
    """§3.2.2.1 SHOULD."""
    cause = IP(bytes(from_peer(proto=253, id=5) / Raw(b"experiment")))
    error = exchange(lab, cause)
    assert (error[ICMP].type, error[ICMP].code) == (3, 2)
    assert bytes(error[ICMP])[8:36] == bytes(cause)[:28]


def test_an_error_quotes_as_much_as_fits_576_bytes(lab):
    """§3.2.2: header and at least 8 bytes, unchanged; RFC 1812 §4.3.2.3: as much as fits."""
    cause = IP(bytes(from_peer(tos=0x20, id=6) / UDP(sport=4000, dport=9) / Raw(bytes(1200))))
    error = exchange(lab, cause)
    quoted = bytes(error[ICMP])[8:error[IP].len - 20]
    assert 28 <= len(quoted) <= 548 and quoted == bytes(cause)[:len(quoted)]


def nobody(**ip):
    """A datagram that would cause "port unreachable"."""
    return from_peer(**ip) / UDP(sport=4000, dport=9) / Raw(b"anybody?")


# An option without a length: a "parameter problem" in any packet about which there may be errors.
IMPOSSIBLE = [IPOption(copy_flag=1, option=30, length=0, value=bytes(2))]


def test_no_error_about_an_error(lab):
    """§3.2.2 MUST NOT."""
    quoted = IP(src=GUEST_IP, dst=PEER_IP) / UDP(sport=9, dport=4000)
    assert exchange(lab, from_peer(options=IMPOSSIBLE) / ICMP(type=8) / Raw(bytes(quoted)))[ICMP].type == 12
    for kind in (3, 4, 5, 11, 12):
        message = ICMP(type=kind, code=0) / Raw(bytes(quoted))
        assert exchange(lab, from_peer(options=IMPOSSIBLE) / message) is None


@pytest.mark.parametrize("ip, frame_to", [
    ({"dst": "192.168.255.255"}, BROADCAST), ({"dst": "255.255.255.255"}, BROADCAST),
    ({"dst": "224.0.0.1"}, "01:00:5e:00:00:01"), ({}, BROADCAST), ({"frag": 10}, GUEST_MAC),
    ({"src": "127.0.0.1"}, GUEST_MAC), ({"src": "224.0.0.1"}, GUEST_MAC), ({"src": "255.255.255.255"}, GUEST_MAC),
    ({"src": "0.0.0.0"}, GUEST_MAC)], ids=str)
def test_no_error_about(lab, ip, frame_to):
    """§3.2.2 MUST NOT: a broadcast of IP or of the link, a later fragment, a source that is nobody."""
    assert exchange(lab, nobody(options=IMPOSSIBLE))[ICMP].type == 12
    assert exchange(lab, nobody(options=IMPOSSIBLE, **ip), dst=frame_to) is None


def test_errors_are_limited(lab):
    """RFC 1812 §4.3.2.8, as Linux does: a flood of datagrams to nobody is not answered one by one."""
    errors = lab.link.capture(ICMP_KIND)
    frame = bytes(Ether(src=PEER_MAC, dst=GUEST_MAC) / nobody())
    for _ in range(400):
        lab.link.cable.send(frame)
    lab.link.fence()
    count = 0
    while errors.next(0) is not None:
        count += 1
    assert 10 <= count < 400


# ---- Errors in: what the transports make of them is in test_rfc768.py and test_rfc9293_failures.py


@pytest.mark.unlike_linux("it follows those of its router")
def test_redirects_change_nothing(lab):
    """§3.2.2.2 wants them followed; a host with one router learns nothing but lies from them. docs/limits.md."""
    sock, arrivals = Sock(lab.agent, kind=2), lab.link.capture(("udp", 4000))
    assert sock.send_to(5, "198.51.100.9", 4000) == 5
    lab.link.send(icmp_error(arrivals.next(), 5, 1, gw="192.168.0.200"))
    lab.link.fence()
    questions = lab.link.capture(ARP_KIND)
    assert sock.send_to(5, "198.51.100.9", 4000) == 5
    assert arrivals.next()[IP].dst == "198.51.100.9"
    lab.link.fence()
    while (question := questions.next(0)) is not None:
        assert question[ARP].pdst != "192.168.0.200"


@pytest.mark.parametrize("damage", ["source is not ours", "too short", *(
    pytest.param(damage, marks=pytest.mark.unlike_linux("it looks at the addresses only"))
    for damage in ("a later fragment", "not IP"))])
def test_an_error_that_quotes_nonsense_is_ignored(lab, damage):
    """§3.2.2: it must say what it is about."""
    sock, arrivals = Sock(lab.agent, kind=2), lab.link.capture(("udp", 4000))
    sock.call(protocol.CONNECT, 16, data=address(PEER_IP, 4000))
    assert sock.write(5) == 5
    quoted = arrivals.next()[IP]
    quoted = {"source is not ours": lambda: bytes(IP(src="10.9.8.7", dst=PEER_IP) / quoted[UDP]),
              "too short": lambda: bytes(quoted)[:24],
              "a later fragment": lambda: bytes(IP(src=GUEST_IP, dst=PEER_IP, frag=5) / quoted[UDP]),
              "not IP": lambda: b"\x65" + bytes(quoted)[1:28]}[damage]()
    lab.link.send(from_peer(src=ROUTER_IP) / ICMP(type=3, code=3) / Raw(quoted[:28]))
    lab.link.fence()
    assert sock.poll(POLLERR) == 0 and sock.read() == -errno.EAGAIN


def test_time_exceeded_is_told_to_the_user(lab):
    """§3.2.2.4 MUST be passed to the transport; with IP_RECVERR the user gets it."""
    sock, arrivals = Sock(lab.agent, kind=2).set(SOL_IP, IP_RECVERR, 1), lab.link.capture(("udp", 4000))
    sock.call(protocol.CONNECT, 16, data=address(PEER_IP, 4000))
    assert sock.write(5) == 5
    lab.link.send(icmp_error(arrivals.next(), 11, 0))
    assert sock.poll(POLLERR, 1000) & POLLERR
    assert sock.read() == -errno.EHOSTUNREACH


def test_parameter_problem_is_told_to_the_user(lab):
    """§3.2.2.5 MUST."""
    sock, arrivals = Sock(lab.agent, kind=2).set(SOL_IP, IP_RECVERR, 1), lab.link.capture(("udp", 4000))
    sock.call(protocol.CONNECT, 16, data=address(PEER_IP, 4000))
    assert sock.write(5) == 5
    lab.link.send(icmp_error(arrivals.next(), 12, 0))
    assert sock.poll(POLLERR, 1000) & POLLERR
    assert sock.read() == -errno.EPROTO
