"""RFC 5961: segments of somebody who is not on the path and guesses."""
import errno

from guest_socket import ESTABLISHED, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, accepted


def test_exact_rst_resets(lab):
    sock, peer = accepted(lab)
    peer.send("R 1:1(0)")
    assert sock.poll(timeout=1000) == POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP
    assert sock.read() == -errno.ECONNRESET
    assert sock.read() == 0
    assert sock.write(1) == -errno.EPIPE


def test_rst_in_the_window_is_challenged(lab):
    sock, peer = accepted(lab)
    peer.send("R 100:100(0)")
    peer.expect(". 1:1(0) ack 1")
    assert sock.state() == ESTABLISHED


def test_rst_outside_the_window_is_ignored(lab):
    sock, peer = accepted(lab)
    peer.send("R 200000:200000(0)")
    peer.send("R -5:-5(0)")
    peer.expect_nothing()
    assert sock.state() == ESTABLISHED


def test_syn_in_a_connection_is_challenged(lab):
    for number in (0, 1, 1000, 300000):
        sock, peer = accepted(lab)
        peer.send(f"S {number}:{number}(0) win 65535")
        peer.expect(". 1:1(0) ack 1")
        assert sock.state() == ESTABLISHED


def test_ack_of_what_was_not_sent_is_challenged(lab):
    sock, peer = accepted(lab)
    peer.send("P. 1:101(100) ack 5000")
    peer.expect(". 1:1(0) ack 1")
    assert sock.read() == -errno.EAGAIN
