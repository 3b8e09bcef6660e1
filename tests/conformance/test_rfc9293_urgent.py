"""RFC 9293 §3.8.5 and RFC 6093: urgent data."""
import errno

from guest_socket import MSG_DONTWAIT, MSG_OOB, POLLPRI, accepted


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
