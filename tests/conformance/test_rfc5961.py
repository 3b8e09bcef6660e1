"""RFC 5961: segments of somebody who is not on the path and guesses."""
import errno
import time

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
    peer.expect_silence()
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


def test_an_ack_far_below_is_challenged(lab):
    """§5.2: SND.UNA - MAX.SND.WND =< SEG.ACK; what lies below comes from somebody who guesses."""
    sock, peer = accepted(lab, win=1000)
    peer.send("P. 1:11(10) ack -5000")
    peer.expect(". 1:1(0) ack 1")
    assert sock.read() == -errno.EAGAIN


def test_an_old_ack_with_text_is_taken(lab):
    """§5.2: within MAX.SND.WND below SND.UNA it is a late one."""
    sock, peer = accepted(lab)
    assert sock.write(100) == 100
    peer.expect("P. 1:101(100) ack 1")
    peer.send(". 1:1(0) ack 101")
    peer.send("P. 1:11(10) ack 51")
    peer.expect(". 101:101(0) ack 11")
    assert sock.read() == 10


def test_challenges_are_limited(lab):
    """§7: at most one in half a second, counted for each connection alone (CVE-2016-5696)."""
    _, peer = accepted(lab)
    _, other = accepted(lab)
    for _ in range(5):
        peer.send("R 100:100(0)")
    peer.expect(". 1:1(0) ack 1")
    peer.expect_silence()
    other.send("R 100:100(0)")
    other.expect(". 1:1(0) ack 1")
    time.sleep(0.6)
    peer.send("R 100:100(0)")
    peer.expect(". 1:1(0) ack 1")


def test_a_reset_of_a_peer_that_lost_its_state_ends_it(lab):
    """§4.2: the challenge makes a peer that restarted answer with the right RST."""
    sock, peer = accepted(lab)
    peer.send("S 5000:5000(0) win 65535 <mss 1460>")
    challenge = peer.expect(". 1:1(0) ack 1")
    peer.send("R 1:1(0)")
    assert challenge.ack == (peer.iss + 1) & 0xffffffff
    assert sock.poll(POLLERR, 1000) & POLLERR
