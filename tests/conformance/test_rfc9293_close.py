"""RFC 9293 §3.6: closing, half and whole, first, second and at once; and the resets that stand for a close."""
import errno

from guest_socket import (CLOSE, CLOSE_WAIT, CLOSING, FIN_WAIT2, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP,
                          SOL_SOCKET, SO_LINGER, accepted, listening)
from tcp_peer import Peer


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
    peer.expect_nothing()
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
    peer.expect_nothing(0.1)


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
    peer.expect_nothing(0.1)
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
