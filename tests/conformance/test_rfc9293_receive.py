"""RFC 9293 §3.8.6.3 and §3.10.7.4: what is done with text that comes, and when it is acknowledged."""
import errno
import time

from guest_socket import ESTABLISHED, accepted


def test_first_segments_are_acknowledged_at_once(lab):
    sock, peer = accepted(lab)
    for first in range(1, 1001, 100):
        at = time.monotonic()
        peer.send(f"P. {first}:{first + 100}(100) ack 1")
        assert peer.expect(f". 1:1(0) ack {first + 100}").at - at < 0.03
    assert sock.read() == 1000


def test_delayed_ack_after_an_exchange(lab):
    sock, peer = accepted(lab)
    peer.send("P. 1:101(100) ack 1")
    peer.expect(". 1:1(0) ack 101")
    for i in range(4):
        assert sock.write(10) == 10
        peer.expect(f"P. {1 + 10 * i}:{11 + 10 * i}(10) ack 101")
        peer.send(f". 101:101(0) ack {11 + 10 * i}")
    at = time.monotonic()
    peer.send("P. 101:201(100) ack 41")
    delay = peer.expect(". 41:41(0) ack 201").at - at
    assert 0.03 < delay < 0.25


def test_out_of_order_without_sack(lab):
    sock, peer = accepted(lab)
    peer.send(". 1001:2001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <>")
    peer.send(". 2001:3001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <>")
    peer.send(". 1:1001(1000) ack 1")
    peer.expect(". 1:1(0) ack 3001 <>")
    assert sock.read() == 3000


def test_overlapping_segments(lab):
    sock, peer = accepted(lab)
    peer.send(". 1:501(500) ack 1")
    peer.expect(". 1:1(0) ack 501")
    peer.send(". 401:1001(600) ack 1")
    peer.expect(". 1:1(0) ack 1001")
    peer.send(". 1501:2001(500) ack 1")
    peer.expect(". 1:1(0) ack 1001")
    peer.send(". 901:1701(800) ack 1")
    peer.expect(". 1:1(0) ack 2001")
    assert sock.read() == 2000


def test_data_outside_the_window_is_answered(lab):
    sock, peer = accepted(lab)
    peer.send(". 200001:200101(100) ack 1")
    peer.expect(". 1:1(0) ack 1")
    assert sock.read() == -errno.EAGAIN


def test_segments_without_ack_are_ignored(lab):
    sock, peer = accepted(lab)
    for text in ("P 1:101(100)", "F 1:1(0)", "- 5:5(0)", "P 100001:100101(100)"):
        peer.send(text)
        peer.expect_nothing(0.1)
    assert sock.state() == ESTABLISHED


def test_keepalive_probe_of_the_peer_is_answered(lab):
    sock, peer = accepted(lab)
    peer.send(". 0:0(0) ack 1")
    peer.expect(". 1:1(0) ack 1")


def test_window_closes_and_opens(lab):
    sock, peer = accepted(lab)
    sent = 1
    while True:
        peer.send(f". {sent}:{sent + 1460}(1460) ack 1")
        sent += 1460
        answer = peer.expect(f". 1:1(0) ack {sent}")
        if answer.window < 1460:
            break
    while answer.window:
        peer.send(f". {sent}:{sent + answer.window}({answer.window}) ack 1")
        sent += answer.window
        answer = peer.expect(f". 1:1(0) ack {sent}")
    peer.send(f". {sent}:{sent + 1}(1) ack 1")
    peer.expect(f". 1:1(0) ack {sent} win 0")
    assert sock.read(1 << 20) == sent - 1
    assert peer.expect(f". 1:1(0) ack {sent}").window > 2 * 1460
