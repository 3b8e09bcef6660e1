"""RFC 9293 §3.7 and §3.8.6: when bytes may leave, and in what pieces."""
import pytest
from guest_socket import SOL_TCP, TCP_CORK, TCP_MAXSEG, TCP_NODELAY, accepted


def test_nagle_and_nodelay(lab):
    sock, peer = accepted(lab)
    assert sock.write(10) == 10 and sock.write(10) == 10 and sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1")
    peer.expect_nothing(0.1)
    peer.send(". 1:1(0) ack 11")
    peer.expect("P. 11:31(20) ack 1")
    sock.set(SOL_TCP, TCP_NODELAY, 1)
    assert sock.write(10) == 10
    peer.expect("P. 31:41(10) ack 1")


def test_cork(lab):
    sock, peer = accepted(lab, "mss 1000")
    sock.set(SOL_TCP, TCP_CORK, 1)
    assert sock.write(600) == 600
    peer.expect_nothing(0.1)
    assert sock.write(600) == 600
    peer.expect(". 1:1001(1000) ack 1")
    peer.send(". 1:1(0) ack 1001")
    peer.expect_nothing(0.1)
    sock.set(SOL_TCP, TCP_CORK, 0)
    peer.expect("P. 1001:1201(200) ack 1")


def test_zero_window_and_update(lab):
    sock, peer = accepted(lab, "mss 1000", win=2000)
    assert sock.write(5000) == 5000
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect(". 1001:2001(1000) ack 1")
    peer.window = 0
    peer.send(". 1:1(0) ack 2001")
    probes = []
    for _ in range(3):
        probes.append(peer.expect(". 2000:2000(0) ack 1", 4).at)
        peer.send(". 1:1(0) ack 2001")
    assert probes[2] - probes[1] == pytest.approx(2 * (probes[1] - probes[0]), rel=0.3)
    peer.window = 4000
    peer.send(". 1:1(0) ack 2001")
    for i in range(2, 5):
        peer.expect(f". {1 + 1000 * i}:{1001 + 1000 * i}(1000) ack 1")


def test_window_scale_of_the_peer_counts(lab):
    sock, peer = accepted(lab, "mss 1000,nop,wscale 7", win=20)
    assert sock.write(5000) == 5000
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect(". 1001:2001(1000) ack 1")
    peer.expect_nothing(0.1)  # the rest of the window is too small to be worth a segment


def test_small_mss_and_no_mss(lab):
    sock, peer = accepted(lab, "mss 300")
    assert sock.write(600) == 600
    peer.expect(". 1:301(300) ack 1")
    peer.expect("P. 301:601(300) ack 1")
    assert sock.get(SOL_TCP, TCP_MAXSEG) == 300
    sock, peer = accepted(lab, "nop")
    assert sock.write(600) == 600
    peer.expect(". 1:537(536) ack 1")
