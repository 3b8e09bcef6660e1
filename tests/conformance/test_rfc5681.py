"""RFC 5681, 6582, 3042, 6928 and 9438: congestion control. Where the algorithms differ the script chooses Reno, whose
numbers are those of the RFC."""
import time

import pytest
from guest_socket import FAR, POLLIN, SOL_TCP, TCP_CONGESTION, accepted, half_open


def reno(sock):
    sock.set_text(SOL_TCP, TCP_CONGESTION, "reno")


def cubic(sock):
    sock.set_text(SOL_TCP, TCP_CONGESTION, "cubic")


def flight(lab, segments=10, options="mss 1000", win=65535, prepare=reno):
    """A connection to a FAR peer with so many segments of 1000 bytes in flight, all of them seen."""
    sock, peer = accepted(lab, options, win, prepare, rtt=FAR)
    sock.nonblocking()
    assert sock.write(1000 * segments) == 1000 * segments
    expect_segments(peer, 1, segments)
    return sock, peer


def expect_segments(peer, first, count):
    """So many new segments of 1000 bytes, the first of them the first-th (they count from 1)."""
    for number in range(first, first + count):
        peer.expect(f". {1000 * number - 999}:{1000 * number + 1}(1000) ack 1")


def acknowledge(peer, segments, sack=""):
    peer.send(f". 1:1(0) ack {1000 * segments + 1}" + (f" <nop,nop,sack {sack}>" if sack else ""))


# ---- Slow start and congestion avoidance (§3.1)


def test_the_initial_window_is_ten_segments(lab):
    """RFC 6928, where RFC 5681 had two to four."""
    sock, peer = accepted(lab, "mss 1000", rtt=FAR)
    assert sock.nonblocking().write(30000) == 30000
    assert sock.congestion_window() == 10
    expect_segments(peer, 1, 10)
    peer.expect_silence()


def test_slow_start_adds_what_was_acknowledged(lab):
    """One segment for each that was; MUST-19 of RFC 9293."""
    sock, peer = accepted(lab, "mss 1000", prepare=reno, rtt=FAR)
    assert sock.nonblocking().write(40000) == 40000
    expect_segments(peer, 1, 10)
    acknowledge(peer, 2)
    expect_segments(peer, 11, 4)
    assert sock.congestion_window() == 12
    acknowledge(peer, 10)
    expect_segments(peer, 15, 16)
    assert sock.congestion_window() == 20


@pytest.mark.long
def test_a_repeated_syn_ack_starts_with_one_segment(lab):
    """§3.1: "if the SYN/ACK is lost, the initial window MUST be one segment". Linux needs two losses for that, since
    one may be a spurious timeout."""
    server, peer = half_open(lab, "mss 1000")
    peer.expect("S. 0:0(0) ack 1")
    peer.expect("S. 0:0(0) ack 1")
    peer.send(". 1:1(0) ack 1")
    assert server.poll(POLLIN, 2000) == POLLIN
    sock = server.accept()
    assert sock.nonblocking().write(5000) == 5000
    expect_segments(peer, 1, 1)
    peer.expect_silence()


def test_congestion_avoidance_adds_one_segment_a_round_trip(lab):
    """Above ssthresh, which a loss has set to five: the last ACK of each window brings two new segments."""
    sock, peer = flight(lab)
    for _ in range(3):
        acknowledge(peer, 0)
    peer.expect(". 1:1001(1000) ack 1")
    acknowledge(peer, 10)
    peer.expect_silence()
    assert (sock.congestion_window(), sock.threshold()) == (5, 5)
    assert sock.write(40000) == 40000
    expect_segments(peer, 11, 5)
    acknowledged, sent = 10, 15
    for window in (5, 6, 7):
        for number in range(window):
            acknowledged += 1
            acknowledge(peer, acknowledged)
            new = 2 if number == window - 1 else 1
            expect_segments(peer, sent + 1, new)
            sent += new
        assert sock.congestion_window() == window + 1


# ---- Fast retransmit and fast recovery (§3.2)


def test_the_third_duplicate_ack_brings_the_segment_again(lab):
    """Two do not; limited transmit (RFC 3042) sends new data for each of them if there is some."""
    _, peer = flight(lab, 5)
    acknowledge(peer, 0)
    acknowledge(peer, 0)
    peer.expect_silence()
    acknowledge(peer, 0)
    peer.expect(". 1:1001(1000) ack 1")
    acknowledge(peer, 5)
    peer.expect_silence()


def test_limited_transmit(lab):
    """RFC 3042: one new segment for each of the first two duplicates, the window as it is."""
    sock, peer = accepted(lab, "mss 1000", prepare=reno, rtt=FAR)
    assert sock.nonblocking().write(20000) == 20000
    expect_segments(peer, 1, 10)
    acknowledge(peer, 0)
    expect_segments(peer, 11, 1)
    acknowledge(peer, 0)
    expect_segments(peer, 12, 1)
    peer.expect_silence()
    acknowledge(peer, 0)
    peer.expect(". 1:1001(1000) ack 1")
    assert sock.threshold() == 5  # §3.2 (2) MUST NOT: what it sent is no part of the flight that is halved


@pytest.mark.parametrize("window_moves", [True, False])
def test_what_is_not_a_duplicate_ack(lab, window_moves):
    """§2: one that moves the window or carries data."""
    _, peer = flight(lab, 5, win=30000)
    for number in range(1, 5):
        peer.send(f". 1:1(0) ack 1 win {30000 + number}" if window_moves else f"P. {number}:{number + 1}(1) ack 1")
    lab.link.fence()
    while (segment := peer.next(0)) is not None:
        assert not segment.payload, peer.story()


def test_equation_4_half_of_the_flight(lab):
    """ssthresh = max(FlightSize / 2, 2 segments); cwnd is that when recovery ends."""
    sock, peer = flight(lab)
    for _ in range(3):
        acknowledge(peer, 0)
    peer.expect(". 1:1001(1000) ack 1")
    assert sock.threshold() == 5
    acknowledge(peer, 10)
    peer.expect_silence()
    assert sock.congestion_window() == 5


@pytest.mark.unlike_linux("it halves the window")
@pytest.mark.parametrize("sign", ["duplicates", "timeout"])
def test_equation_4_is_not_about_the_window(lab, sign):
    """§3.1: "an easy mistake to make is to simply use cwnd, rather than FlightSize"."""
    sock, peer = flight(lab, 6)
    assert sock.congestion_window() == 10
    for _ in range(3 if sign == "duplicates" else 0):
        acknowledge(peer, 0)
    peer.expect(". 1:1001(1000) ack 1")
    assert sock.threshold() == 3
    acknowledge(peer, 6)


def test_each_further_duplicate_lets_one_leave(lab):
    """Fast recovery: after half a window's worth of them new segments follow the ACK clock."""
    sock, peer = accepted(lab, "mss 1000", prepare=reno, rtt=FAR)
    assert sock.nonblocking().write(30000) == 30000
    expect_segments(peer, 1, 10)
    for number in range(9):
        acknowledge(peer, 0)
    lab.link.fence()
    seen = []
    while (segment := peer.next(0)) is not None:
        seen.append(((segment.seq - peer.irs) & 0xffffffff) // 1000)
    assert seen.count(0) == 1  # the lost one, once
    new = [number for number in seen if number >= 10]
    assert new == list(range(10, 10 + len(new))) and 2 <= len(new) <= 7
    acknowledge(peer, 10)


def test_rfc_6582_a_partial_ack_brings_the_next_hole(lab):
    """NewReno without SACK: segments 1 and 4 are lost; no timeout, no further duplicates are needed."""
    sock, peer = flight(lab)
    for _ in range(8):
        acknowledge(peer, 0)
    peer.expect(". 1:1001(1000) ack 1")
    acknowledge(peer, 3)
    peer.expect(". 3001:4001(1000) ack 1", 0.6)
    acknowledge(peer, 10)
    peer.expect_silence()
    assert sock.congestion_window() <= 6


# ---- After a timeout


def test_equation_4_a_timeout_leaves_one_segment(lab):
    """LW = 1 segment; slow start to half of what was in flight."""
    sock, peer = flight(lab)
    peer.expect(". 1:1001(1000) ack 1")
    assert (sock.congestion_window(), sock.threshold()) == (1, 5)
    peer.expect_silence()
    acknowledge(peer, 1)
    peer.expect(". 1001:2001(1000) ack 1")
    peer.expect(". 2001:3001(1000) ack 1")
    peer.expect_silence()
    assert sock.congestion_window() == 2
    acknowledge(peer, 10)


@pytest.mark.long
def test_a_second_timeout_does_not_halve_again(lab):
    """§3.1: ssthresh is held constant when the same segment times out again."""
    sock, peer = flight(lab)
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect(". 1:1001(1000) ack 1", 5)
    assert sock.threshold() == 5
    acknowledge(peer, 10)


# ---- Restart after idleness (§4.1)


@pytest.mark.long
def test_after_idleness_it_starts_with_the_initial_window(lab):
    """RW = min(IW, cwnd)."""
    sock, peer = accepted(lab, "mss 1000", prepare=reno, rtt=0.1)
    sock.nonblocking()
    sent = 0
    for count in (10, 20):
        assert sock.write(1000 * count) == 1000 * count
        expect_segments(peer, sent + 1, count)
        sent += count
        acknowledge(peer, sent)
    time.sleep(0.05)
    assert sock.congestion_window() > 15
    time.sleep(3 * sock.rto())
    assert sock.write(20000) == 20000
    expect_segments(peer, sent + 1, 10)
    peer.expect_silence()
    acknowledge(peer, sent + 20)


@pytest.mark.long
def test_without_slow_start_after_idle(lab):
    """Linux's tcp_slow_start_after_idle = 0."""
    lab.sysctl("net.ipv4.tcp_slow_start_after_idle", 0)
    sock, peer = accepted(lab, "mss 1000", prepare=reno, rtt=0.1)
    sock.nonblocking()
    assert sock.write(10000) == 10000
    expect_segments(peer, 1, 10)
    acknowledge(peer, 10)
    time.sleep(3 * sock.rto())
    assert sock.write(20000) == 20000
    expect_segments(peer, 11, 20)
    acknowledge(peer, 30)


# ---- The receiver (§4.2)


def test_never_more_than_one_ack_for_a_segment(lab):
    """MUST NOT: each more would let the sender's window grow."""
    sock, peer = accepted(lab)
    for first, last, acknowledged in ((1, 1001, 1001), (2001, 3001, 1001), (4001, 5001, 1001), (2001, 3001, 1001),
                                      (501, 1501, 1501), (1501, 2001, 3001), (3001, 4001, 5001), (1, 1001, 5001),
                                      (200001, 200101, 5001)):
        peer.send(f"P. {first}:{last}({last - first}) ack 1")
        peer.expect(f". 1:1(0) ack {acknowledged}")
        peer.expect_silence()
    peer.expect_nothing(0.3)  # no delayed one behind them either
    assert sock.read() == 5000


# ---- CUBIC (RFC 9438)


def test_rfc_9438_cubic_keeps_seven_tenths(lab):
    """§4.6: beta."""
    sock, peer = flight(lab, prepare=cubic)
    for _ in range(3):
        acknowledge(peer, 0)
    peer.expect(". 1:1001(1000) ack 1")
    assert sock.threshold() == 7
    acknowledge(peer, 10)
    peer.expect_silence()
    assert sock.congestion_window() == 7
