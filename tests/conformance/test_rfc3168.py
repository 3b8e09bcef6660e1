"""RFC 3168: explicit congestion notification. The mark of a router is in the last two bits of the type of service; E and
W in the notation are ECE and CWR."""
from time import sleep as wait

import pytest
from guest_socket import FAR, POLLIN, SOL_TCP, TCP_CONGESTION, accepted, connecting, listening
from tcp_peer import Peer

NOT_ECT, ECT_0, CE = 0, 2, 3


def mark(segment):
    return segment.packet["IP"].tos & 3


def agreed(lab, rtt=0):
    """A connection that the peer opened with an ECN-setup SYN, which the guest agrees to: (socket, peer)."""
    server = listening(lab, prepare=lambda sock: sock.set_text(SOL_TCP, TCP_CONGESTION, "reno"))
    peer = Peer(lab.link, server.port)
    peer.send("SEW 0:0(0) win 65535 <mss 1000>")
    answer = peer.expect("S.E 0:0(0) ack 1")
    assert mark(answer) == NOT_ECT  # §6.1.1: no SYN may be marked
    wait(rtt)
    peer.send(". 1:1(0) ack 1")
    assert server.poll(POLLIN, 3000) == POLLIN
    return server.accept(), peer


@pytest.mark.parametrize("flags", ["S", "SE", "SW"])
def test_only_an_ecn_setup_syn_is_agreed_to(lab, flags):
    """§6.1.1: with ECE and CWR."""
    peer = Peer(lab.link, listening(lab).port)
    peer.send(f"{flags} 0:0(0) win 65535 <mss 1000>")
    peer.expect("S. 0:0(0) ack 1")


@pytest.mark.parametrize("answer, agrees", [("S.E", True), ("S.", False), *(
    pytest.param(answer, False, marks=pytest.mark.unlike_linux("accurate ECN has a meaning for it, since 6.18"))
    for answer in ("S.W", "S.EW"))])
def test_only_an_ecn_setup_syn_ack_agrees(lab, answer, agrees):
    """§6.1.1: with ECE alone; there are peers that send all bits back as they came."""
    lab.sysctl("net.ipv4.tcp_ecn", 1)
    sock, peer = connecting(lab, flags="SEW")
    assert mark(peer.answer) == NOT_ECT
    peer.send(f"{answer} 0:0(0) ack 1 win 65535 <mss 1000>")
    peer.expect(". 1:1(0) ack 1")
    assert sock.write(10) == 10
    assert mark(peer.expect("P. 1:11(10) ack 1")) == (ECT_0 if agrees else NOT_ECT)


def test_only_new_data_may_be_marked(lab):
    """§6.1.4 and §6.1.5 MUST NOT: neither pure ACKs nor what is sent again."""
    sock, peer = agreed(lab)
    peer.send("P. 1:101(100) ack 1")
    assert mark(peer.expect(". 1:1(0) ack 101")) == NOT_ECT
    assert sock.write(10) == 10
    assert mark(peer.expect("P. 1:11(10) ack 101")) == ECT_0
    assert mark(peer.expect("P. 1:11(10) ack 101")) == NOT_ECT


def test_a_mark_is_echoed_until_the_sender_has_heard(lab):
    """§6.1.3: in every ACK until CWR comes."""
    _, peer = agreed(lab)
    peer.send("P. 1:101(100) ack 1", ip={"tos": ECT_0})
    peer.expect(". 1:1(0) ack 101")
    peer.send("P. 101:201(100) ack 1", ip={"tos": CE})
    peer.expect(".E 1:1(0) ack 201")
    peer.send("P. 201:301(100) ack 1", ip={"tos": ECT_0})
    peer.expect(".E 1:1(0) ack 301")
    peer.send("PW. 301:401(100) ack 1", ip={"tos": ECT_0})
    peer.expect(". 1:1(0) ack 401")


def test_without_an_agreement_marks_say_nothing(lab):
    _, peer = accepted(lab)
    peer.send("P. 1:101(100) ack 1", ip={"tos": CE})
    peer.expect(". 1:1(0) ack 101")


def test_an_echo_halves_the_window_once_in_a_round_trip(lab):
    """§6.1.2: as a loss would, though nothing is sent again; the next new data says so with CWR, and only it."""
    sock, peer = agreed(lab, FAR)
    assert sock.nonblocking().write(10000) == 10000
    for first in range(1, 10001, 1000):
        peer.expect(f". {first}:{first + 1000}(1000) ack 1")
    for acknowledged in range(1001, 10001, 1000):
        peer.send(f".E 1:1(0) ack {acknowledged}")
    peer.send(". 1:1(0) ack 10001")
    peer.expect_silence()
    assert (sock.threshold(), sock.congestion_window()) == (5, 5)
    assert sock.write(2000) == 2000
    assert mark(peer.expect(".W 10001:11001(1000) ack 1")) == ECT_0
    peer.expect("P. 11001:12001(1000) ack 1")
