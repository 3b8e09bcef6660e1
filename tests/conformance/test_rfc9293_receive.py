"""RFC 9293 §3.8.6.3 and §3.10.7.4: what is done with text that comes, and when it is acknowledged."""
import errno
import time

from guest_socket import (CLOSE_WAIT, ESTABLISHED, MSG_DONTWAIT, MSG_OOB, POLLERR, POLLRDHUP, SIOCOUTQ, SOL_SOCKET,
                          SOL_TCP, SO_RCVBUF, TCP_QUICKACK, accepted)


def test_first_segments_are_acknowledged_at_once(lab):
    """As Linux does: the peer is in slow start and needs the ACKs. The quickest is quicker than any delayed ACK, on a busy
    machine too."""
    sock, peer = accepted(lab)
    delays = []
    for first in range(1, 1001, 100):
        at = time.monotonic()
        peer.send(f"P. {first}:{first + 100}(100) ack 1")
        delays.append(peer.expect(f". 1:1(0) ack {first + 100}").at - at)
    assert min(delays) < 0.03
    assert sock.read() == 1000


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
        peer.expect_silence()
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


def test_shld_31_what_comes_ahead_of_a_hole_is_kept(lab):
    """MAY-13: each is acknowledged at once; MUST-58 and MUST-59: the piece that fills the hole gets one ACK for all."""
    sock, peer = accepted(lab)
    for first in (3001, 2001, 1001):
        peer.send(f". {first}:{first + 1000}(1000) ack 1")
        peer.expect(". 1:1(0) ack 1 <>")
    peer.send(". 1:1001(1000) ack 1")
    peer.expect(". 1:1(0) ack 4001 <>")
    peer.expect_nothing(0.1)
    assert sock.read() == 4000


def settled(lab, size=1000):
    """A connection whose quick ACKs are used up: an exchange that went both ways."""
    sock, peer = accepted(lab)
    number = 1
    for _ in range(20):
        peer.send(f"P. {number}:{number + size}({size}) ack 1")
        number += size
        peer.expect(f". 1:1(0) ack {number}")
    assert sock.read() == number - 1
    sock.set(SOL_TCP, TCP_QUICKACK, 0)
    return sock, peer, number


def test_shld_18_a_single_segment_waits_less_than_half_a_second(lab):
    """MUST-40."""
    _, peer, number = settled(lab)
    at = time.monotonic()
    peer.send(f"P. {number}:{number + 1000}(1000) ack 1")
    delay = peer.expect(f". 1:1(0) ack {number + 1000}").at - at
    assert 0.02 < delay < 0.5


def test_shld_19_every_second_full_segment_is_acknowledged(lab):
    sock, peer, number = settled(lab)
    peer.send(f". {number}:{number + 1000}(1000) ack 1")
    peer.send(f". {number + 1000}:{number + 2000}(1000) ack 1")
    at = time.monotonic()
    peer.expect(f". 1:1(0) ack {number + 2000}")
    assert time.monotonic() - at < 0.1
    peer.expect_nothing(0.3)
    assert sock.read() == 2000


def test_must_58_the_ack_rides_on_data(lab):
    """An answer within the delay carries it, and nothing else is sent."""
    sock, peer, number = settled(lab)
    peer.send(f"P. {number}:{number + 100}(100) ack 1")
    assert sock.write(10) == 10
    segment = peer.next()
    if not segment.payload:  # the write came later than the delay: then the ACK went ahead
        segment = peer.next()
    assert peer.show(segment).startswith(f"P. 1:11(10) ack {number + 100}")
    peer.send(f". {number + 100}:{number + 100}(0) ack 11")
    peer.expect_nothing(0.3)


def test_a_duplicate_is_acknowledged_at_once(lab):
    """§3.10.7.4, first: the peer does not know that it has arrived."""
    _, peer, number = settled(lab)
    peer.send(f". {number - 1000}:{number}(1000) ack 1")
    at = time.monotonic()
    peer.expect(f". 1:1(0) ack {number}")
    assert time.monotonic() - at < 0.1


def test_text_is_trimmed_to_the_window(lab):
    """§3.10.7.4: what lies to the left of the window was received before and is cut off."""
    sock, peer = accepted(lab)
    peer.send(". 1:1001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1001")
    peer.send(". 101:1501(1400) ack 1")
    peer.expect(". 1:1(0) ack 1501")
    assert sock.read() == 1500


# ---- The window (§3.8.6)


def filled(lab, size=1460):
    """A connection whose receive window the peer has filled: (socket, peer, the peer's next number)."""
    sock, peer = accepted(lab, prepare=lambda server: server.set(SOL_SOCKET, SO_RCVBUF, 16384))
    number, answer = 1, peer.answer
    while answer.window:
        count = min(size, answer.window)
        peer.send(f". {number}:{number + count}({count}) ack 1")
        number += count
        answer = peer.expect(f". 1:1(0) ack {number}")
    return sock, peer, number


def test_shld_14_the_right_edge_never_moves_back(lab):
    sock, peer = accepted(lab, prepare=lambda server: server.set(SOL_SOCKET, SO_RCVBUF, 16384))
    number, edge = 1, 1 + peer.answer.window
    for _ in range(40):
        peer.send(f". {number}:{number + 100}(100) ack 1")
        number += 100
        answer = peer.expect(f". 1:1(0) ack {number}")
        assert number + answer.window >= edge
        edge = number + answer.window


def test_must_39_the_window_opens_in_large_steps(lab):
    """Receiver's SWS avoidance (§3.8.6.2.2): at least min(MSS, half the buffer), not by each byte that was read."""
    sock, peer, number = filled(lab)
    assert sock.read(100) == 100
    peer.expect_silence()
    peer.send(f". {number - 1}:{number - 1}(0) ack 1")
    peer.expect(f". 1:1(0) ack {number} win 0")
    assert sock.read(1 << 20) > 0
    assert peer.expect(f". 1:1(0) ack {number}").window >= 1460


def test_text_for_a_closed_window_is_refused(lab):
    """§3.10.7.4: acknowledged with the old number, and not kept."""
    sock, peer, number = filled(lab)
    peer.send(f"P. {number}:{number + 1}(1) ack 1")
    peer.expect(f". 1:1(0) ack {number} win 0")
    total = sock.read(1 << 20)
    assert total == number - 1
    peer.expect(f". 1:1(0) ack {number}")


def test_must_66_a_reset_counts_while_the_window_is_closed(lab):
    sock, peer, number = filled(lab)
    peer.send(f"R. {number}:{number}(0) ack 1")
    assert sock.poll(POLLERR, 1000) & POLLERR


def test_must_66_urgent_and_ack_count_while_the_window_is_closed(lab):
    """The user learns that urgent data is under way: EAGAIN and no longer EINVAL."""
    sock, peer, number = filled(lab)
    assert sock.read(1, MSG_OOB | MSG_DONTWAIT) == -errno.EINVAL
    assert sock.write(100) == 100
    peer.expect(f"P. 1:101(100) ack {number} win 0")
    peer.send(f"U. {number}:{number}(0) ack 101 urg 10")
    peer.expect_silence()
    assert sock.read(1, MSG_OOB | MSG_DONTWAIT) == -errno.EAGAIN
    assert sock.query(SIOCOUTQ) == 0


def test_a_fin_behind_text_waits_for_the_window(lab):
    """Neither is taken while there is no room for the text: acknowledged with the old number, and no end for the
    reader. Sent again when there is, both count."""
    sock, peer, number = filled(lab)
    fin = f"F. {number}:{number + 10}(10) ack 1"
    peer.send(fin)
    peer.expect(f". 1:1(0) ack {number} win 0")
    assert sock.state() == ESTABLISHED and sock.poll() & POLLRDHUP == 0
    assert sock.read(1 << 20) == number - 1 and sock.read() == -errno.EAGAIN
    peer.expect(f". 1:1(0) ack {number}")
    peer.send(fin)
    peer.expect(f". 1:1(0) ack {number + 11}")
    assert sock.read() == 10 and sock.read() == 0
    assert sock.state() == CLOSE_WAIT


def test_a_bare_fin_needs_no_window(lab):
    """Table 6 of §3.4 has no place for it while the window is closed. It takes no room, so Linux counts it at once:
    peers that do not probe send it again and again. The reader gets what came before it first."""
    sock, peer, number = filled(lab)
    peer.send(f"F. {number}:{number}(0) ack 1")
    peer.expect(f". 1:1(0) ack {number + 1} win 0")
    assert sock.state() == CLOSE_WAIT and sock.poll() & POLLRDHUP
    assert sock.read(1 << 20) == number - 1 and sock.read() == 0
