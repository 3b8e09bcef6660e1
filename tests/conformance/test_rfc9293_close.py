"""RFC 9293 §3.6: closing, half and whole, first, second and at once; and the resets that stand for a close."""
import errno
import time

import agent as protocol
import pytest
from guest_socket import (ALL_OPTIONS, CLOSE, CLOSE_WAIT, CLOSING, FAR, FIN_WAIT2, POLLERR, POLLHUP, POLLIN, POLLOUT,
                          POLLRDHUP, SOL_SOCKET, SOL_TCP, SO_LINGER, TCP_LINGER2, accepted, connecting, listening)
from tcp_peer import Peer, difference


def test_rst_after_the_peer_closed_is_epipe(lab):
    sock, peer = accepted(lab)
    peer.send("F. 1:1(0) ack 1")
    peer.expect(". 1:1(0) ack 2")
    peer.send("R 2:2(0)")
    assert sock.poll(timeout=1000) & POLLERR
    assert sock.error() == errno.EPIPE


def test_peer_closes_first(lab):
    sock, peer = accepted(lab)
    peer.send("F. 1:1(0) ack 1")
    peer.expect(". 1:1(0) ack 2")
    assert sock.poll() == POLLIN | POLLOUT | POLLRDHUP and sock.state() == CLOSE_WAIT
    assert sock.read() == 0
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 2")
    peer.send(". 2:2(0) ack 11")
    sock.close()
    peer.expect("F. 11:11(0) ack 2")
    peer.send(". 2:2(0) ack 12")
    peer.expect_silence()
    peer.send(". 2:2(0) ack 12")
    peer.expect("R 12:12(0)")


def test_guest_closes_first_and_waits(lab):
    sock, peer = accepted(lab)
    sock.close()
    peer.expect("F. 1:1(0) ack 1")
    peer.send(". 1:1(0) ack 2")
    peer.send("F. 1:1(0) ack 2")
    peer.expect(". 2:2(0) ack 2")
    peer.send("F. 1:1(0) ack 2")
    peer.expect(". 2:2(0) ack 2")
    peer.send("R 500:500(0)")
    peer.expect_silence()


def test_fin_with_data_and_out_of_order(lab):
    sock, peer = accepted(lab, "mss 1460,nop,nop,sackOK")
    peer.send("F. 101:201(100) ack 1")
    peer.expect(". 1:1(0) ack 1 <nop,nop,sack 101:202>")
    peer.send(". 1:101(100) ack 1")
    peer.expect(". 1:1(0) ack 202")
    assert sock.read() == 200 and sock.read() == 0


def test_half_close(lab):
    sock, peer = accepted(lab)
    assert sock.shutdown(1) == 0
    peer.expect("F. 1:1(0) ack 1")
    assert sock.write(1) == -errno.EPIPE
    peer.send(". 1:1(0) ack 2")
    peer.send("P. 1:1001(1000) ack 2")
    peer.expect(". 2:2(0) ack 1001")
    assert sock.read() == 1000 and sock.state() == FIN_WAIT2
    peer.send("F. 1001:1001(0) ack 2")
    peer.expect(". 2:2(0) ack 1002")
    assert sock.poll() & (POLLIN | POLLHUP) == POLLIN | POLLHUP and sock.read() == 0
    assert sock.state() == CLOSE


def test_simultaneous_close(lab):
    sock, peer = accepted(lab)
    assert sock.shutdown(1) == 0
    peer.expect("F. 1:1(0) ack 1")
    peer.send("F. 1:1(0) ack 1")
    peer.expect(". 2:2(0) ack 2")
    assert sock.state() == CLOSING
    peer.send(". 2:2(0) ack 2")
    peer.expect_silence()
    peer.send("F. 1:1(0) ack 2")
    peer.expect(". 2:2(0) ack 2")


def test_close_with_unread_data_resets(lab):
    sock, peer = accepted(lab)
    peer.send("P. 1:101(100) ack 1")
    peer.expect(". 1:1(0) ack 101")
    sock.close()
    peer.expect("R. 1:1(0) ack 101")


def test_linger_zero_resets(lab):
    sock, peer = accepted(lab)
    sock.set(SOL_SOCKET, SO_LINGER, 1, 0).close()
    peer.expect("R. 1:1(0) ack 1")


def test_data_after_close_is_reset(lab):
    sock, peer = accepted(lab)
    sock.close()
    peer.expect("F. 1:1(0) ack 1")
    peer.send("P. 1:101(100) ack 2")
    peer.expect("R 2:2(0)")


def test_shutdown_for_reading_still_takes_data(lab):
    sock, peer = accepted(lab)
    assert sock.shutdown(0) == 0
    assert sock.read() == 0
    peer.send("P. 1:101(100) ack 1")
    peer.expect(". 1:1(0) ack 101")
    assert sock.read() == 100


def test_fin_is_sent_again(lab):
    sock, peer = accepted(lab)
    sock.close()
    first = peer.expect("F. 1:1(0) ack 1").at
    assert 0.19 < peer.expect("F. 1:1(0) ack 1").at - first < 1.3


def test_closing_a_listener_resets_what_it_holds(lab):
    server = listening(lab)
    peer = Peer(lab.link, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send(". 1:1(0) ack 1")
    assert server.poll(timeout=1000) == POLLIN
    server.close()
    peer.expect("R. 1:1(0) ack 1")


def test_must_12_an_abort_is_told_apart_from_a_close(lab):
    """The reader of an aborted connection gets an error, not the end of the stream."""
    sock, peer = accepted(lab)
    peer.send("R. 1:1(0) ack 1")
    assert sock.poll(POLLIN, 1000) & POLLERR
    assert sock.read() == -errno.ECONNRESET


def test_shld_2_a_reset_may_carry_data(lab):
    sock, peer = accepted(lab)
    peer.send("R. 1:21(20) ack 1")
    assert sock.poll(POLLERR, 1000) & POLLERR
    assert sock.read() == -errno.ECONNRESET


def test_shld_3_data_that_comes_after_close_is_answered_with_a_reset(lab):
    """In FIN-WAIT-2, too, whose user is gone."""
    sock, peer = accepted(lab)
    sock.close()
    peer.expect("F. 1:1(0) ack 1")
    peer.send(". 1:1(0) ack 2")
    peer.send("P. 1:101(100) ack 2")
    peer.expect("R 2:2(0)")
    peer.send(". 101:101(0) ack 2")
    peer.expect("R 2:2(0)")


def test_close_sends_what_is_queued_before_the_fin(lab):
    """§3.10.4: "segmentized" first, then FIN; it rides on the last piece, which Nagle holds back no longer."""
    sock, peer = accepted(lab, "mss 1000", rtt=FAR)
    assert sock.write(1500) == 1500 and sock.write(100) == 100
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect("P. 1001:1501(500) ack 1")
    peer.expect_silence()
    sock.close()
    peer.expect_exactly("FP. 1501:1601(100) ack 1")
    peer.send(". 1:1(0) ack 1602")
    peer.send("F. 1:1(0) ack 1602")
    peer.expect(". 1602:1602(0) ack 2")


def test_fin_waits_for_the_window(lab):
    """The FIN stands behind data that the peer's window does not take yet."""
    sock, peer = accepted(lab, "mss 1000", win=2000, rtt=FAR)
    assert sock.write(2500) == 2500
    sock.close()
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect(". 1001:2001(1000) ack 1")
    peer.expect_silence()
    peer.send(". 1:1(0) ack 2001")
    peer.expect_exactly("FP. 2001:2501(500) ack 1")


def test_close_in_syn_sent_ends_the_attempt(lab):
    """§3.10.4: nobody is told, the late SYN-ACK meets a closed port."""
    sock, peer = connecting(lab)
    sock.close()
    peer.send("S. 0:0(0) ack 1 win 65535 <mss 1460>")
    peer.expect("R 1:1(0)")


def test_shutdown_in_syn_sent(lab):
    """As Linux does: it disconnects."""
    sock, peer = connecting(lab)
    sock.shutdown(2)
    peer.send("S. 0:0(0) ack 1 win 65535 <mss 1460>")
    peer.expect("R 1:1(0)")


def test_shutdown_both_ways_then_data(lab):
    sock, peer = accepted(lab)
    assert sock.shutdown(2) == 0
    peer.expect("F. 1:1(0) ack 1")
    assert sock.read() == 0 and sock.write(1) == -errno.EPIPE
    peer.send("P. 1:101(100) ack 2")
    peer.expect("R 2:2(0)")


def test_linger_waits_for_the_peers_ack(lab):
    """SO_LINGER {1, 5}: close() returns when everything was acknowledged."""
    sock, peer = accepted(lab)
    sock.set(SOL_SOCKET, SO_LINGER, 1, 5)
    assert sock.write(100) == 100
    peer.expect("P. 1:101(100) ack 1")
    closing = sock.begin(protocol.CLOSE)
    peer.expect("F. 101:101(0) ack 1")
    at = time.monotonic()
    time.sleep(0.3)
    peer.send(". 1:1(0) ack 102")
    assert sock.agent.finish(closing)[0] == 0 and 0.3 <= time.monotonic() - at < 3


@pytest.mark.long
def test_fin_wait_2_without_a_user_ends(lab):
    """TCP_LINGER2 shortens Linux's minute: then the peer's FIN meets nobody."""
    sock, peer = accepted(lab)
    sock.set(SOL_TCP, TCP_LINGER2, 1).close()
    peer.expect("F. 1:1(0) ack 1")
    peer.send(". 1:1(0) ack 2")
    time.sleep(0.3)
    peer.send(". 0:0(0) ack 2")
    peer.expect(". 2:2(0) ack 1")
    time.sleep(2)
    peer.send("F. 1:1(0) ack 2")
    peer.expect("R 2:2(0)")


# ---- TIME-WAIT


def in_time_wait(lab, options="mss 1460"):
    """(listener, peer): the guest closed first and has acknowledged the peer's FIN with its number 2."""
    sock, peer = accepted(lab, options)
    peer.stamps = "TS" in options
    sock.close()
    peer.expect("F. 1:1(0) ack 1")
    peer.send("F. 1:1(0) ack 2" + (" <nop,nop,TS val 2000 ecr 0>" if peer.stamps else ""))
    peer.expect(". 2:2(0) ack 2")
    return sock.server, peer


def test_may_2_a_syn_beyond_the_old_numbers_opens_anew(lab):
    """RFC 6191; the ISN continues above the old one's."""
    server, peer = in_time_wait(lab)
    old = peer.irs
    peer.send("S 1000:1000(0) win 65535 <mss 1460>")
    answer = peer.expect("S. *:*(0) ack 1001")
    assert difference(answer.seq, old) > 2
    peer.send(". 1001:1001(0) ack 1")
    assert server.poll(POLLIN, 1000) == POLLIN


def test_shld_4_timestamps_let_a_lower_number_in(lab):
    _, peer = in_time_wait(lab, ALL_OPTIONS)
    peer.send("S -5000:-5000(0) win 65535 <mss 1460,sackOK,TS val 3000 ecr 0,nop,wscale 7>")
    peer.expect("S. 0:0(0) ack -4999 <mss 1460,sackOK,TS val * ecr 3000,nop,wscale *>")


def test_an_old_syn_in_time_wait_is_answered_with_an_ack(lab):
    _, peer = in_time_wait(lab)
    peer.send("S -5000:-5000(0) win 65535 <mss 1460>")
    peer.expect(". 2:2(0) ack 2")


@pytest.mark.unlike_linux("a RST ends its TIME-WAIT, unless tcp_rfc1337 is set")
def test_a_reset_does_not_end_time_wait(lab):
    """RFC 1337 §3: old segments must not be able to end the protection against old segments early."""
    _, peer = in_time_wait(lab)
    peer.send("R 2:2(0)")
    peer.expect_silence()
    peer.send("F. 1:1(0) ack 2")
    peer.expect(". 2:2(0) ack 2")


@pytest.mark.long
def test_must_13_time_wait_lasts_two_msl(lab):
    """A minute, as in Linux (MSL 30 s). Two connections, since in Linux the first question would begin it anew."""
    _, first = in_time_wait(lab)
    _, second = in_time_wait(lab)
    time.sleep(56)
    first.send(". 0:0(0) ack 2")
    first.expect(". 2:2(0) ack 2")
    time.sleep(8)
    second.send(". 0:0(0) ack 2")
    second.expect("R 2:2(0)")
