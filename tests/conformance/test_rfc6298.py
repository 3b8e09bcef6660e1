"""RFC 6298: the retransmission timer. The round trip is what the peer lets pass between SYN-ACK and ACK; bounds are
wide upwards, since the guest may be slow."""
import time

import pytest
from guest_socket import FAR, POLLIN, accepted, connecting, half_open


def test_rule_2_1_the_first_timeout_is_a_second(lab):
    _, peer = connecting(lab)
    assert peer.expect("S 0:0(0)").at - peer.answer.at == pytest.approx(1, abs=0.25)


def test_rule_2_2_the_first_measurement(lab):
    """SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR = 3 R."""
    sock, _ = accepted(lab, rtt=0.4)
    assert 0.4 <= sock.smoothed_rtt() < 0.6
    assert sock.rto() == pytest.approx(3 * sock.smoothed_rtt(), rel=0.1)


@pytest.mark.long
def test_rule_2_3_further_measurements(lab):
    """alpha is 1/8; the timeout follows, and hardly grows by an error as large as the deviation."""
    sock, peer = accepted(lab, rtt=0.4)
    first, timeout = sock.smoothed_rtt(), sock.rto()
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1")
    at = time.monotonic()
    time.sleep(first + 0.2)
    peer.send(". 1:1(0) ack 11")
    lab.link.fence()
    error = time.monotonic() - at - first
    assert sock.smoothed_rtt() - first == pytest.approx(error / 8, rel=0.5)
    assert sock.rto() <= timeout * 1.2


def test_rule_2_4_there_is_a_least_timeout(lab):
    """200 ms as in Linux, where the RFC would like a second."""
    sock, _ = accepted(lab)
    assert sock.rto() >= 0.2


@pytest.mark.long
def test_rule_3_karn(lab):
    """MUST-18 of RFC 9293: the ACK of what was sent twice is no measurement, and the timeout stays doubled (5.5)."""
    sock, peer = accepted(lab, rtt=FAR)
    before = sock.smoothed_rtt()
    assert sock.write(10) == 10
    first = peer.expect("P. 1:11(10) ack 1").at
    timeout = peer.expect("P. 1:11(10) ack 1").at - first
    peer.send(". 1:1(0) ack 11")
    assert sock.write(10) == 10
    first = peer.expect("P. 11:21(10) ack 1").at
    assert sock.smoothed_rtt() == before
    assert peer.expect("P. 11:21(10) ack 1", 5).at - first > 1.5 * timeout


@pytest.mark.long
def test_rule_5_1_and_5_5_the_timer_backs_off(lab):
    """Each retransmission doubles it."""
    sock, peer = accepted(lab, rtt=0.1)
    assert sock.write(100) == 100
    times = [peer.expect("P. 1:101(100) ack 1", 6).at for _ in range(4)]
    first, second, third = (b - a for a, b in zip(times, times[1:]))
    assert first >= 0.19
    assert second == pytest.approx(2 * first, rel=0.35) and third == pytest.approx(2 * second, rel=0.3)
    peer.send(". 1:1(0) ack 101")
    peer.expect_nothing(0.5)


def test_rule_5_2_when_all_is_acknowledged_it_stops(lab):
    sock, peer = accepted(lab)
    assert sock.write(100) == 100
    peer.expect("P. 1:101(100) ack 1")
    peer.send(". 1:1(0) ack 101")
    peer.expect_nothing(1.2)


@pytest.mark.long
def test_rule_5_3_an_ack_of_new_data_starts_it_anew(lab):
    sock, peer = accepted(lab, "mss 1000", rtt=FAR)
    assert sock.write(2000) == 2000
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect("P. 1001:2001(1000) ack 1")
    time.sleep(0.35)
    at = time.monotonic()
    peer.send(". 1:1(0) ack 1001")
    assert peer.expect("P. 1001:2001(1000) ack 1").at - at > 0.5


def test_rule_5_4_only_the_earliest_is_sent_again(lab):
    sock, peer = accepted(lab, "mss 1000", rtt=0.1)
    assert sock.write(3000) == 3000
    for first in (1, 1001, 2001):
        peer.expect(f". {first}:{first + 1000}(1000) ack 1")
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect_silence()
    peer.send(". 1:1(0) ack 3001")
    peer.expect_silence()


@pytest.mark.long
def test_rule_5_7_after_a_lost_syn_ack_the_timeout_is_three_seconds(lab):
    """MUST: no measurement could be taken from a handshake whose SYN-ACK was sent twice."""
    server, peer = half_open(lab)
    peer.expect("S. 0:0(0) ack 1")
    peer.send(". 1:1(0) ack 1")
    assert server.poll(POLLIN, 1000) == POLLIN
    sock = server.accept()
    assert sock.write(10) == 10
    first = peer.expect("P. 1:11(10) ack 1").at
    assert peer.expect("P. 1:11(10) ack 1", 5).at - first == pytest.approx(3, abs=0.4)


@pytest.mark.long
def test_rule_5_7_after_a_lost_syn_the_timeout_is_three_seconds(lab):
    """MUST, for the other side; a timestamp would have told the round trip."""
    sock, peer = connecting(lab)
    peer.expect("S 0:0(0)")
    peer.send("S. 0:0(0) ack 1 win 65535 <mss 1460>")
    peer.expect(". 1:1(0) ack 1")
    assert sock.rto() == pytest.approx(3, abs=0.1)
    sock, peer = connecting(lab)
    stamp = peer.expect("S 0:0(0)").timestamp()[0]
    peer.send(f"S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 1000 ecr {stamp}>")
    peer.expect(". 1:1(0) ack 1")
    assert sock.rto() < 2
