"""RFC 768 and RFC 1122 §4.1: UDP."""
import errno

import agent as protocol
import pytest
from agent import address
from guest_socket import (IP_RECVERR, IP_TOS, IP_TTL, POLLERR, POLLIN, SOL_IP, SOL_SOCKET, SO_BROADCAST, SO_SNDBUF,
                          Sock, guest_ports)
from scapy.layers.inet import ICMP, IP, UDP, in4_chksum
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from wire import BROADCAST, FRAGMENT_KIND, GUEST_IP, ICMP_KIND, PEER_IP, from_peer, icmp_error, payload_of


def udp(lab, port=None, host="0.0.0.0"):
    sock = Sock(lab.agent, kind=2)
    sock.port = port or next(guest_ports)
    assert sock.bind(sock.port, host) == 0
    return sock


def datagram(lab, sock, data=b"hello", peer_port=4000, ip=None, **header):
    return from_peer(**(ip or {})) / UDP(sport=peer_port, dport=sock.port, **header) / Raw(data)


def test_a_datagram_arrives_with_its_sender(lab):
    """§4.1.3.5: the user learns whence it came; §4.1.4."""
    sock = udp(lab)
    lab.link.send(datagram(lab, sock))
    assert sock.poll(POLLIN, 1000) == POLLIN
    assert sock.receive_from() == (5, (PEER_IP, 4000), b"hello")


def test_an_empty_datagram_is_one(lab):
    sock = udp(lab)
    lab.link.send(from_peer() / UDP(sport=4000, dport=sock.port))
    assert sock.poll(POLLIN, 1000) == POLLIN
    assert sock.receive_from() == (0, (PEER_IP, 4000), b"")


def test_a_sent_datagram_is_well_formed(lab):
    """Ports, length, and a checksum over pseudo header, header and data (§4.1.3.4 MUST)."""
    sock = udp(lab)
    arrivals = lab.link.capture(("udp", 4000))
    assert sock.send_to(11, PEER_IP, 4000, b"odd length!") == 11
    packet = arrivals.next()
    assert (packet[UDP].sport, packet[UDP].dport, packet[UDP].len) == (sock.port, 4000, 19)
    assert payload_of(packet) == b"odd length!"
    assert packet[UDP].chksum != 0 and in4_chksum(17, packet[IP], bytes(packet[UDP])) == 0
    assert (packet[IP].src, packet[IP].dst, packet[IP].ttl) == (GUEST_IP, PEER_IP, 64)


def test_a_checksum_of_zero_is_sent_as_all_ones(lab):
    """RFC 768: zero means that there is none."""
    sock = udp(lab)
    arrivals = lab.link.capture(("udp", 4000))
    assert sock.send_to(2, PEER_IP, 4000, b"\0\0") == 2
    sum_of_zeros = arrivals.next()[UDP].chksum
    assert sock.send_to(2, PEER_IP, 4000, sum_of_zeros.to_bytes(2, "big")) == 2
    assert arrivals.next()[UDP].chksum == 0xffff


def test_without_checksum_a_datagram_is_taken(lab):
    """§4.1.3.4."""
    sock = udp(lab)
    lab.link.send(datagram(lab, sock, chksum=0))
    assert sock.poll(POLLIN, 1000) == POLLIN and sock.receive_from()[2] == b"hello"


def test_a_bad_checksum_is_dropped_silently(lab):
    """§4.1.3.4 MUST."""
    sock, errors = udp(lab), lab.link.capture(ICMP_KIND)
    lab.link.send(datagram(lab, sock, chksum=0x1234))
    errors.expect_silence()
    assert sock.receive_from()[0] == -errno.EAGAIN


@pytest.mark.parametrize("length", [0, 7, 14, 1000])
def test_a_length_that_cannot_be_is_dropped_silently(lab, length):
    """Less than the header, or more than came."""
    sock, errors = udp(lab), lab.link.capture(ICMP_KIND)
    lab.link.send(datagram(lab, sock, len=length, chksum=0))
    errors.expect_silence()
    assert sock.receive_from()[0] == -errno.EAGAIN


def test_a_length_below_that_of_ip_cuts_the_rest_off(lab):
    sock = udp(lab)
    lab.link.send(datagram(lab, sock, b"hello, world", len=13, chksum=0))
    assert sock.poll(POLLIN, 1000) == POLLIN and sock.receive_from()[2] == b"hello"


def test_nobody_listens_port_unreachable(lab):
    """§4.1.3.1 SHOULD: with the header and at least eight bytes of what caused it."""
    errors = lab.link.capture(ICMP_KIND)
    sent = IP(bytes(from_peer(id=77) / UDP(sport=4000, dport=9) / Raw(b"anybody?")))
    lab.link.send(sent)
    error = errors.next()
    assert (error[IP].src, error[IP].dst) == (GUEST_IP, PEER_IP)
    assert (error[ICMP].type, error[ICMP].code) == (3, 3)
    assert bytes(error[ICMP])[8:36] == bytes(sent)[:28]


def test_port_unreachable_reaches_a_connected_socket(lab):
    """§4.1.3.3 MUST: ICMP errors are passed up; Linux tells connected sockets."""
    sock, arrivals = udp(lab), lab.link.capture(("udp", 4000))
    assert sock.call(protocol.CONNECT, 16, data=address(PEER_IP, 4000)) == 0
    assert sock.write(5) == 5
    lab.link.send(icmp_error(arrivals.next(), 3, 3))
    assert sock.poll(POLLERR, 1000) & POLLERR
    assert sock.read() == -errno.ECONNREFUSED
    assert sock.read() == -errno.EAGAIN


@pytest.mark.parametrize("code", [0, 1])
def test_soft_errors_reach_who_asks_for_them(lab, code):
    """§4.1.3.3: network and host unreachable only with IP_RECVERR, as on Linux."""
    sock, arrivals = udp(lab), lab.link.capture(("udp", 4000))
    sock.call(protocol.CONNECT, 16, data=address(PEER_IP, 4000))
    assert sock.write(5) == 5
    lab.link.send(icmp_error(arrivals.next(), 3, code))
    lab.link.fence()
    assert sock.poll(POLLERR) == 0 and sock.read() == -errno.EAGAIN
    sock.set(SOL_IP, IP_RECVERR, 1)
    assert sock.write(5) == 5
    lab.link.send(icmp_error(arrivals.next(), 3, code))
    assert sock.poll(POLLERR, 1000) & POLLERR
    assert sock.read() == -(errno.ENETUNREACH, errno.EHOSTUNREACH)[code]


def test_a_connected_socket_hears_its_peer_only(lab):
    sock, errors = udp(lab), lab.link.capture(ICMP_KIND)
    assert sock.call(protocol.CONNECT, 16, data=address(PEER_IP, 4000)) == 0
    lab.link.send(datagram(lab, sock, b"stranger", peer_port=4001))
    assert (errors.next()[ICMP].type, sock.receive_from()[0]) == (3, -errno.EAGAIN)
    lab.link.send(datagram(lab, sock, b"friend"))
    assert sock.poll(POLLIN, 1000) == POLLIN and sock.receive_from()[2] == b"friend"


def test_broadcast_reaches_the_socket_and_causes_no_error(lab):
    """§4.1.3.1 and RFC 1122 §3.2.2: none about a broadcast that nobody wants."""
    sock, errors = udp(lab), lab.link.capture(ICMP_KIND)
    for to in ("192.168.255.255", "255.255.255.255"):
        lab.link.send(datagram(lab, sock, ip={"src": "192.168.0.9", "dst": to}), dst=BROADCAST)
        assert sock.poll(POLLIN, 1000) == POLLIN
        assert sock.receive_from() == (5, ("192.168.0.9", 4000), b"hello")
    lab.link.send(from_peer(src="192.168.0.9", dst="192.168.255.255") / UDP(sport=4000, dport=9), dst=BROADCAST)
    errors.expect_silence()


def test_broadcast_needs_permission(lab):
    """SO_BROADCAST, as everywhere."""
    sock, arrivals = udp(lab), lab.link.capture(("udp", 4000))
    assert sock.send_to(5, "192.168.255.255", 4000) == -errno.EACCES
    sock.set(SOL_SOCKET, SO_BROADCAST, 1)
    assert sock.send_to(5, "192.168.255.255", 4000) == 5
    packet = arrivals.next()
    assert (packet[Ether].dst, packet[IP].dst) == (BROADCAST, "192.168.255.255")


@pytest.mark.parametrize("source", ["224.0.0.1", "127.0.0.1", "255.255.255.255"])
def test_a_source_that_cannot_be_is_dropped_silently(lab, source):
    """§4.1.3.6 MUST."""
    sock, errors = udp(lab), lab.link.capture(ICMP_KIND)
    lab.link.send(datagram(lab, sock, ip={"src": source}))
    errors.expect_silence()
    assert sock.receive_from()[0] == -errno.EAGAIN


def test_ttl_and_tos_are_the_users(lab):
    """§4.1.4 MUST."""
    sock, arrivals = udp(lab), lab.link.capture(("udp", 4000))
    sock.set(SOL_IP, IP_TTL, 7).set(SOL_IP, IP_TOS, 0x10)
    assert sock.send_to(5, PEER_IP, 4000) == 5
    packet = arrivals.next()
    assert (packet[IP].ttl, packet[IP].tos) == (7, 0x10)


def test_the_user_may_choose_the_source_address(lab):
    """§4.1.3.5 and §4.1.4: bound to an address, it is that one."""
    sock, arrivals = udp(lab, host=GUEST_IP), lab.link.capture(("udp", 4000))
    assert sock.send_to(5, PEER_IP, 4000) == 5
    assert arrivals.next()[IP].src == GUEST_IP


def test_the_largest_datagram_and_the_one_above(lab):
    """65507 bytes go in fragments (RFC 791), one more does not go."""
    sock, pieces = udp(lab), lab.link.capture(FRAGMENT_KIND)
    sock.set(SOL_SOCKET, SO_SNDBUF, 200000)
    assert sock.send_to(65507, PEER_IP, 4000) == 65507
    total = 0
    while total < 65515:
        total += pieces.next()[IP].len - 20
    assert total == 65515
    assert sock.send_to(65508, PEER_IP, 4000) == -errno.EMSGSIZE


def test_source_port_zero_is_delivered(lab):
    """RFC 768: the source port is optional, zero when not used."""
    sock = udp(lab)
    lab.link.send(datagram(lab, sock, peer_port=0))
    assert sock.poll(POLLIN, 1000) == POLLIN and sock.receive_from()[1] == (PEER_IP, 0)


def test_destination_port_zero_is_refused(lab):
    assert udp(lab).send_to(5, PEER_IP, 0) == -errno.EINVAL
