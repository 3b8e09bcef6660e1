"""RFC 6298: the retransmission timer."""
import pytest
from guest_socket import accepted


def test_retransmission_backs_off(lab):
    sock, peer = accepted(lab)
    assert sock.write(100) == 100
    times = [peer.expect("P. 1:101(100) ack 1", 4).at for _ in range(4)]
    first, second, third = (b - a for a, b in zip(times, times[1:]))
    assert 0.19 <= first < 0.45
    assert second == pytest.approx(2 * first, rel=0.3) and third == pytest.approx(2 * second, rel=0.3)
    peer.send(". 1:1(0) ack 101")
    peer.expect_nothing(0.5)
