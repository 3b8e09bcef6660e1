"""RFC 9293 §3.8.5 and RFC 6093: urgent data."""
import errno

from guest_socket import FAR, MSG_DONTWAIT, MSG_OOB, POLLPRI, SIOCATMARK, SOL_SOCKET, SO_OOBINLINE, accepted


def test_urgent_data(lab):
    sock, peer = accepted(lab)
    peer.send("PU. 1:11(10) ack 1 urg 10")
    peer.expect(". 1:1(0) ack 11")
    assert sock.poll() & POLLPRI
    assert sock.read(1, MSG_OOB | MSG_DONTWAIT) == 1
    assert sock.read() == 9
    assert sock.read(1, MSG_OOB | MSG_DONTWAIT) == -errno.EINVAL


def test_sending_urgent_data(lab):
    sock, peer = accepted(lab)
    assert sock.write(5, MSG_OOB) == 5
    peer.expect("PU. 1:6(5) ack 1 urg 5")


def test_must_31_urgent_data_of_any_length(lab):
    """The pointer may lie segments ahead; until its byte comes the user knows that it will."""
    sock, peer = accepted(lab)
    peer.send("U. 1:1001(1000) ack 1 urg 2500")
    peer.expect(". 1:1(0) ack 1001")
    assert sock.read(1, MSG_OOB | MSG_DONTWAIT) == -errno.EAGAIN
    peer.send("U. 1001:2001(1000) ack 1 urg 1500")
    peer.expect(". 1:1(0) ack 2001")
    peer.send("U. 2001:3001(1000) ack 1 urg 500")
    peer.expect(". 1:1(0) ack 3001")
    assert sock.poll() & POLLPRI
    assert sock.read(1, MSG_OOB | MSG_DONTWAIT) == 1


def test_must_62_the_pointer_leads_to_the_byte_after(lab):
    """RFC 6093 keeps Linux's and BSD's reading of "urgent pointer": the urgent byte stands before it, in SEG.SEQ +
    pointer - 1. A read stops in front of it, so how much comes before can be learned (MUST-33)."""
    sock, peer = accepted(lab)
    peer.send("PU. 1:21(20) ack 1 urg 6")
    peer.expect(". 1:1(0) ack 21")
    assert sock.query(SIOCATMARK) == 0
    assert sock.read() == 5
    assert sock.query(SIOCATMARK) == 1
    assert sock.read(1, MSG_OOB | MSG_DONTWAIT) == 1
    assert sock.read() == 14


def test_must_32_the_user_is_told_at_once(lab):
    """poll() wakes with POLLPRI."""
    sock, peer = accepted(lab)
    assert sock.poll() & POLLPRI == 0
    peer.send("PU. 1:2(1) ack 1 urg 1")
    assert sock.poll(POLLPRI, 2000) == POLLPRI


def test_urgent_in_line(lab):
    """RFC 6093 §6: what applications should ask for."""
    sock, peer = accepted(lab)
    sock.set(SOL_SOCKET, SO_OOBINLINE, 1)
    peer.send("PU. 1:11(10) ack 1 urg 10")
    peer.expect(". 1:1(0) ack 11")
    assert sock.read(1, MSG_OOB | MSG_DONTWAIT) == -errno.EINVAL
    assert sock.read() == 9 and sock.query(SIOCATMARK) == 1 and sock.read() == 1


def test_a_second_urgent_byte_replaces_the_first(lab):
    """One is kept, as everywhere; the first becomes ordinary data."""
    sock, peer = accepted(lab)
    peer.send("PU. 1:11(10) ack 1 urg 10")
    peer.expect(". 1:1(0) ack 11")
    peer.send("PU. 11:21(10) ack 1 urg 10")
    peer.expect(". 1:1(0) ack 21")
    assert sock.read(1, MSG_OOB | MSG_DONTWAIT) == 1
    assert sock.read() == 19


def test_urgent_data_is_sent_behind_what_waits(lab):
    """The pointer is in every segment up to it; Nagle does not hold it back (MUST-30)."""
    sock, peer = accepted(lab, "mss 1000", rtt=FAR)
    assert sock.write(10) == 10 and sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1")
    peer.expect_silence()
    assert sock.write(5, MSG_OOB) == 5
    peer.expect("PU. 11:26(15) ack 1 urg 15")


def test_the_pointer_counts_from_each_segment(lab):
    """What waits behind the window is sent with it, too."""
    sock, peer = accepted(lab, "mss 1000", win=4000, rtt=FAR)
    assert sock.write(6000) == 6000
    for first in (1, 1001, 2001, 3001):
        peer.expect(f". {first}:{first + 1000}(1000) ack 1")
    assert sock.write(1, MSG_OOB) == 1
    peer.send(". 1:1(0) ack 4001")
    peer.expect("U. 4001:5001(1000) ack 1 urg 2001")
    peer.expect("U. 5001:6001(1000) ack 1 urg 1001")
    peer.expect("PU. 6001:6002(1) ack 1 urg 1")
