"""RFC 5681, 6582 and 6928: congestion control."""
import time

from guest_socket import accepted


def test_initial_window_and_slow_start(lab):
    sock, peer = accepted(lab, "mss 1000,nop,nop,sackOK")
    assert sock.nonblocking().write(60000) > 40000
    assert sock.congestion_window() == 10
    for i in range(10):
        peer.expect(f". {1 + 1000 * i}:{1001 + 1000 * i}(1000) ack 1")
    peer.expect_nothing(0.1)
    peer.send(". 1:1(0) ack 2001")
    for i in range(10, 14):
        peer.expect(f". {1 + 1000 * i}:{1001 + 1000 * i}(1000) ack 1")
    peer.expect_nothing(0.1)
    assert sock.congestion_window() == 12


def test_fast_retransmit_without_sack(lab):
    sock, peer = accepted(lab, "mss 1000")
    assert sock.write(5000) == 5000
    for i in range(5):
        peer.expect(f". {1 + 1000 * i}:{1001 + 1000 * i}(1000) ack 1")
    at = time.monotonic()
    for _ in range(3):
        peer.send(". 1:1(0) ack 1")
    assert peer.expect(". 1:1001(1000) ack 1").at - at < 0.1
    peer.send(". 1:1(0) ack 5001")
    peer.expect_nothing()
