"""RFC 9293 §3.7 and §3.8.6: when bytes may leave, and in what pieces."""
import time

import pytest
from guest_socket import FAR, MSG_MORE, POLLERR, POLLHUP, SOL_TCP, TCP_CORK, TCP_MAXSEG, TCP_NODELAY, accepted


def test_nagle_and_nodelay(lab):
    sock, peer = accepted(lab, rtt=FAR)
    assert sock.write(10) == 10 and sock.write(10) == 10 and sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1")
    peer.expect_silence()
    peer.send(". 1:1(0) ack 11")
    peer.expect("P. 11:31(20) ack 1")
    sock.set(SOL_TCP, TCP_NODELAY, 1)
    assert sock.write(10) == 10
    peer.expect("P. 31:41(10) ack 1")


def test_cork(lab):
    sock, peer = accepted(lab, "mss 1000", rtt=FAR)
    sock.set(SOL_TCP, TCP_CORK, 1)
    assert sock.write(600) == 600
    peer.expect_silence()
    assert sock.write(600) == 600
    peer.expect(". 1:1001(1000) ack 1")
    peer.send(". 1:1(0) ack 1001")
    peer.expect_silence()
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
    sock, peer = accepted(lab, "mss 1000,nop,wscale 7", win=20, rtt=FAR)
    assert sock.write(5000) == 5000
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect(". 1001:2001(1000) ack 1")
    peer.expect_silence()  # the rest of the window is too small to be worth a segment


def test_small_mss_and_no_mss(lab):
    sock, peer = accepted(lab, "mss 300")
    assert sock.write(600) == 600
    peer.expect(". 1:301(300) ack 1")
    peer.expect("P. 301:601(300) ack 1")
    assert sock.get(SOL_TCP, TCP_MAXSEG) == 300
    sock, peer = accepted(lab, "nop")
    assert sock.write(600) == 600
    peer.expect(". 1:537(536) ack 1")


# ---- PSH (§3.9.1.2)


def test_must_61_the_last_segment_of_a_write_is_pushed(lab):
    """MUST-60: and nothing waits for more without end."""
    sock, peer = accepted(lab, "mss 1000", rtt=FAR)
    assert sock.write(1500) == 1500
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect_exactly("P. 1001:1501(500) ack 1")


def test_shld_27_pushes_are_collapsed(lab):
    """Three writes that leave as one segment make one PSH."""
    sock, peer = accepted(lab, rtt=FAR)
    for _ in range(4):
        assert sock.write(10) == 10
    peer.expect_exactly("P. 1:11(10) ack 1")
    peer.send(". 1:1(0) ack 11")
    peer.expect_exactly("P. 11:41(30) ack 1")


def test_msg_more_holds_back(lab):
    sock, peer = accepted(lab, "mss 1000")
    assert sock.write(10, MSG_MORE) == 10
    peer.expect_silence()
    assert sock.write(10) == 10
    peer.expect_exactly("P. 1:21(20) ack 1")


# ---- Nagle (§3.7.4)


def test_shld_7_one_small_segment_in_flight(lab):
    """In Minshall's form: full segments do not count, their small tail does."""
    sock, peer = accepted(lab, "mss 1000", rtt=FAR)
    assert sock.write(2000) == 2000
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect("P. 1001:2001(1000) ack 1")
    assert sock.write(1300) == 1300
    peer.expect(". 2001:3001(1000) ack 1")
    peer.expect("P. 3001:3301(300) ack 1")
    assert sock.write(300) == 300
    peer.expect_silence()
    peer.send(". 1:1(0) ack 3301")
    peer.expect("P. 3301:3601(300) ack 1")


def test_shld_28_full_segments_leave_although_a_small_one_is_in_flight(lab):
    sock, peer = accepted(lab, "mss 1000", rtt=FAR)
    assert sock.write(100) == 100
    peer.expect("P. 1:101(100) ack 1")
    assert sock.write(500) == 500 and sock.write(700) == 700
    peer.expect(". 101:1101(1000) ack 1")
    peer.expect_silence()
    peer.send(". 1:1(0) ack 1101")
    peer.expect("P. 1101:1301(200) ack 1")


def test_must_17_nodelay_for_each_write(lab):
    sock, peer = accepted(lab, prepare=lambda server: server.set(SOL_TCP, TCP_NODELAY, 1), rtt=FAR)
    for first in range(1, 50, 10):
        assert sock.write(10) == 10
        peer.expect_exactly(f"P. {first}:{first + 10}(10) ack 1")


# ---- The send window (§3.8.6)


def test_must_38_no_segment_is_cut_small_by_the_window(lab):
    """Sender's SWS avoidance (§3.8.6.2.1): 500 of the window's bytes stay unused."""
    sock, peer = accepted(lab, "mss 1000", win=2500, rtt=FAR)
    assert sock.write(5000) == 5000
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect(". 1001:2001(1000) ack 1")
    peer.expect_nothing(FAR / 2)  # an ACK sooner than that lets Linux send the 500, too
    peer.send(". 1:1(0) ack 1001")
    peer.expect(". 2001:3001(1000) ack 1")
    peer.expect_silence()


def test_must_38_half_of_the_largest_window_is_enough(lab):
    """A peer whose whole window is smaller than a segment: RFC 9293's fraction Fs is 1/2."""
    sock, peer = accepted(lab, "mss 1000", win=600, rtt=FAR)
    assert sock.write(900) == 900
    peer.expect("P. 1:301(300) ack 1")
    peer.expect("P. 301:601(300) ack 1")
    peer.expect_silence()
    peer.send(". 1:1(0) ack 601")
    peer.expect("P. 601:901(300) ack 1")


def test_must_34_a_window_taken_back_does_no_harm(lab):
    """SHLD-15: nothing new is sent; SHLD-17: the connection goes on; SHLD-16: what is inside again is sent again."""
    sock, peer = accepted(lab, "mss 1000", win=4000, rtt=FAR)
    assert sock.write(6000) == 6000
    for first in (1, 1001, 2001, 3001):
        peer.expect(f". {first}:{first + 1000}(1000) ack 1")
    peer.window = 1000
    peer.send(". 1:1(0) ack 1001")
    peer.expect(". 1001:2001(1000) ack 1")
    peer.window = 8000
    peer.send(". 1:1(0) ack 4001")
    peer.expect(". 4001:5001(1000) ack 1")
    peer.expect("P. 5001:6001(1000) ack 1")
    peer.send(". 1:1(0) ack 6001")
    assert sock.poll() & POLLERR == 0


def test_a_window_update_must_not_be_older_than_the_last(lab):
    """§3.10.7.4, fifth: SND.WL1 and SND.WL2."""
    sock, peer = accepted(lab, "mss 1000", win=1000, rtt=FAR)
    peer.send("P. 1:11(10) ack 1 win 1000")
    peer.expect(". 1:1(0) ack 11")
    assert sock.write(4000) == 4000
    peer.expect(". 1:501(500) ack 11")
    peer.expect(". 501:1001(500) ack 11")
    peer.send(". 1:1(0) ack 1 win 30000")
    peer.expect(". 1001:1001(0) ack 11")
    peer.expect_silence()
    peer.send(". 11:11(0) ack 1001 win 1000")
    peer.expect(". 1001:1501(500) ack 11")


@pytest.mark.long
def test_must_36_a_closed_window_is_probed(lab):
    """MUST-35; SHLD-29: first after an RTO; SHLD-30: then ever more rarely; MUST-37: for as long as it is answered."""
    sock, peer = accepted(lab, "mss 1000", win=1000, rtt=0.1)
    assert sock.write(500) == 500
    peer.expect("P. 1:501(500) ack 1")
    peer.window = 0
    at = time.monotonic()
    peer.send(". 1:1(0) ack 501")
    assert sock.write(500) == 500
    times = [at]
    for _ in range(3):
        probe = peer.next(5)
        assert (probe.seq - peer.irs) & 0xffffffff in (500, 501) and len(probe.payload) <= 1
        times.append(probe.at)
        peer.send(". 1:1(0) ack 501")
    first, second, third = (b - a for a, b in zip(times, times[1:]))
    assert first > 0.19 and third > 1.5 * second
    peer.window = 1000
    peer.send(". 1:1(0) ack 501")
    peer.expect("P. 501:1001(500) ack 1")


@pytest.mark.long
def test_must_37_an_answered_probe_keeps_the_connection(lab):
    """The first of them; in virtual time tcp_probing of tests/unit answers many more than may go unanswered."""
    sock, peer = accepted(lab, "mss 1000", win=0)
    assert sock.write(500) == 500
    until = time.monotonic() + 12
    while time.monotonic() < until:
        if peer.next(8) is not None:
            peer.send(". 1:1(0) ack 1")
    assert sock.poll() & (POLLERR | POLLHUP) == 0
    peer.window = 1000
    peer.send(". 1:1(0) ack 1")
    peer.expect("P. 1:501(500) ack 1", 10)


def test_data_rides_with_a_window_of_our_own(lab):
    """Each segment tells the window as it is: what was not read is taken off."""
    sock, peer = accepted(lab)
    peer.send("P. 1:1001(1000) ack 1")
    before = peer.expect(". 1:1(0) ack 1001").window
    peer.send("P. 1001:2001(1000) ack 1")
    peer.expect(". 1:1(0) ack 2001")
    assert sock.write(10) == 10
    assert peer.expect("P. 1:11(10) ack 2001").window <= before
