"""RFC 9293 §3.8.3 and §3.8.4: peers that do not answer."""
import errno
import time

import pytest
from guest_socket import (ESTABLISHED, FAR, IP_RECVERR, POLLERR, POLLHUP, POLLRDHUP, SOL_IP, SOL_SOCKET, SOL_TCP,
                          SO_KEEPALIVE, SYN_SENT, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_SYNCNT,
                          TCP_USER_TIMEOUT, Sock, accepted, connecting, half_open, listening)
from tcp_peer import Peer
from wire import icmp_error


@pytest.mark.long
def test_syn_is_sent_again_after_1_and_3_seconds(lab):
    sock, peer = Sock(lab.agent), Peer(lab.link)
    sock.connect(peer)
    times = [peer.expect("S 0:0(0)", 5).at for _ in range(3)]
    assert times[1] - times[0] == pytest.approx(1, abs=0.2)
    assert times[2] - times[1] == pytest.approx(2, abs=0.2)


@pytest.mark.long
def test_syn_ack_is_sent_again_after_1_second(lab):
    server = listening(lab)
    peer = Peer(lab.link, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    first = peer.expect("S. 0:0(0) ack 1").at
    assert peer.expect("S. 0:0(0) ack 1").at - first == pytest.approx(1, abs=0.2)


@pytest.mark.long
def test_connect_gives_up_after_syncnt(lab):
    sock, peer = Sock(lab.agent).set(SOL_TCP, TCP_SYNCNT, 1), Peer(lab.link)
    sock.connect(peer)
    peer.expect("S 0:0(0)")
    peer.expect("S 0:0(0)")
    assert sock.poll(timeout=4000) & (POLLERR | POLLHUP) == POLLERR | POLLHUP
    assert sock.error() == errno.ETIMEDOUT


@pytest.mark.long
def test_keepalive(lab):
    sock, peer = accepted(lab)
    sock.set(SOL_TCP, TCP_KEEPIDLE, 1).set(SOL_TCP, TCP_KEEPINTVL, 1).set(SOL_TCP, TCP_KEEPCNT, 2)
    sock.set(SOL_SOCKET, SO_KEEPALIVE, 1)
    peer.expect(". 0:0(0) ack 1")
    peer.send(". 1:1(0) ack 1")
    peer.expect(". 0:0(0) ack 1")
    peer.expect(". 0:0(0) ack 1")
    peer.expect("R. 1:1(0) ack 1")
    assert sock.read() == -errno.ETIMEDOUT


def test_user_timeout(lab):
    sock, peer = accepted(lab)
    sock.set(SOL_TCP, TCP_USER_TIMEOUT, 500)
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1")
    assert sock.poll(POLLRDHUP, 3000) & POLLERR
    assert sock.read() == -errno.ETIMEDOUT


# ---- Retransmission limits (§3.8.3)


@pytest.mark.long
def test_must_20_and_21_the_user_chooses_when_to_give_up(lab):
    """R2 as TCP_USER_TIMEOUT: several retransmissions, then the end; and no longer than asked for."""
    sock, peer = accepted(lab)
    sock.set(SOL_TCP, TCP_USER_TIMEOUT, 2000)
    assert sock.write(10) == 10
    times = [peer.expect("P. 1:11(10) ack 1").at]
    while not sock.poll(timeout=200) & POLLERR:
        if (segment := peer.next(0.01)) is not None:
            times.append(segment.at)
        assert time.monotonic() - times[0] < 8
    assert len(times) >= 3 and time.monotonic() - times[0] >= 1.9
    assert sock.error() == errno.ETIMEDOUT


@pytest.mark.long
def test_must_22_syns_follow_the_same_limits(lab):
    """TCP_USER_TIMEOUT while connecting."""
    sock, peer = connecting(lab, prepare=lambda sock: sock.set(SOL_TCP, TCP_USER_TIMEOUT, 1500))
    peer.expect("S 0:0(0)")
    assert sock.poll(POLLERR, 6000) & POLLERR
    assert sock.error() == errno.ETIMEDOUT


@pytest.mark.long
def test_shld_11_the_default_r2_is_long(lab):
    """At least 100 seconds are out of a test's reach; 20 seconds without an answer do not end the connection, and each
    timeout is about twice the one before."""
    sock, peer = accepted(lab)
    assert sock.write(10) == 10
    times = [peer.expect("P. 1:11(10) ack 1").at]
    while time.monotonic() - times[0] < 20:
        if (segment := peer.next(1)) is not None:
            times.append(segment.at)
    assert sock.poll() & POLLERR == 0
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert len(gaps) >= 5 and all(1.5 < b / a < 2.7 for a, b in zip(gaps[1:], gaps[2:]))
    peer.send(". 1:1(0) ack 11")
    assert sock.write(10) == 10
    peer.expect("P. 11:21(10) ack 1")


@pytest.mark.long
def test_a_syn_ack_gives_up(lab):
    """Linux's tcp_synack_retries."""
    lab.sysctl("net.ipv4.tcp_synack_retries", 1)
    _, peer = half_open(lab)
    peer.expect("S. 0:0(0) ack 1")
    peer.expect_nothing(2.5)
    peer.send(". 1:1(0) ack 1")
    peer.expect("R 1:1(0)")


# ---- Keepalive (§3.8.4)


def test_must_25_and_28_keepalive_is_off_and_takes_two_hours(lab):
    sock, _ = accepted(lab)
    assert sock.get(SOL_SOCKET, SO_KEEPALIVE) == 0
    assert sock.get(SOL_TCP, TCP_KEEPIDLE) == 7200
    assert (sock.get(SOL_TCP, TCP_KEEPINTVL), sock.get(SOL_TCP, TCP_KEEPCNT)) == (75, 9)


@pytest.mark.long
def test_must_26_keepalive_waits_for_idleness(lab):
    """MUST-27: its interval is set per connection; SHLD-12: the probe carries nothing."""
    sock, peer = accepted(lab)
    sock.set(SOL_TCP, TCP_KEEPIDLE, 1).set(SOL_SOCKET, SO_KEEPALIVE, 1)
    number = 1
    for _ in range(6):
        peer.send(f"P. {number}:{number + 10}(10) ack 1")
        number += 10
        at = peer.expect(f". 1:1(0) ack {number}").at
        peer.expect_nothing(0.25)
    assert peer.expect(f". 0:0(0) ack {number}").at - at > 0.9


@pytest.mark.long
def test_must_29_keepalive_does_not_give_up_after_one_probe(lab):
    sock, peer = accepted(lab)
    sock.set(SOL_TCP, TCP_KEEPIDLE, 1).set(SOL_TCP, TCP_KEEPINTVL, 1).set(SOL_TCP, TCP_KEEPCNT, 3)
    sock.set(SOL_SOCKET, SO_KEEPALIVE, 1)
    peer.expect(". 0:0(0) ack 1")
    peer.expect(". 0:0(0) ack 1")
    peer.send(". 1:1(0) ack 1")
    assert sock.poll() & POLLERR == 0
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1")


# ---- ICMP (§3.9.2.2)

UNREACHABLE, QUENCH, EXCEEDED, PARAMETER = 3, 4, 11, 12


@pytest.mark.parametrize("kind, code", [(UNREACHABLE, 0), (UNREACHABLE, 1), (UNREACHABLE, 5), (EXCEEDED, 0),
                                        (EXCEEDED, 1), (PARAMETER, 0)])
def test_must_56_soft_errors_do_not_abort(lab, kind, code):
    """MUST-54: they reach TCP; SHLD-25: whoever asked for them (IP_RECVERR) is told."""
    sock, peer = accepted(lab, rtt=FAR)
    assert sock.write(10) == 10
    lab.link.send(icmp_error(peer.expect("P. 1:11(10) ack 1").packet, kind, code))
    peer.expect_silence()
    assert sock.state() == ESTABLISHED and sock.poll() & POLLERR == 0
    peer.send(". 1:1(0) ack 11")
    assert sock.write(10) == 10
    peer.expect("P. 11:21(10) ack 1")


@pytest.mark.parametrize("code", [2, 3])
def test_shld_26_hard_errors_do_not_abort_an_established_connection(lab, code):
    """RFC 5927 §5.2, as Linux: what anybody on the net can forge must not end a connection that works."""
    sock, peer = accepted(lab, rtt=FAR)
    assert sock.write(10) == 10
    lab.link.send(icmp_error(peer.expect("P. 1:11(10) ack 1").packet, UNREACHABLE, code))
    peer.expect_silence()
    assert sock.state() == ESTABLISHED and sock.poll() & POLLERR == 0


def test_shld_25_the_user_may_ask_for_errors(lab):
    """MUST-47 and SHLD-20: IP_RECVERR switches the report on and off."""
    sock, peer = accepted(lab, rtt=FAR)
    sock.set(SOL_IP, IP_RECVERR, 1)
    assert sock.write(10) == 10
    lab.link.send(icmp_error(peer.expect("P. 1:11(10) ack 1").packet, UNREACHABLE, 1))
    assert sock.poll(POLLERR, 1000) & POLLERR


@pytest.mark.parametrize("kind, code, error", [
    (UNREACHABLE, 0, errno.ENETUNREACH), (UNREACHABLE, 1, errno.EHOSTUNREACH), (UNREACHABLE, 2, errno.ENOPROTOOPT),
    (UNREACHABLE, 3, errno.ECONNREFUSED), (UNREACHABLE, 9, errno.ENETUNREACH), (UNREACHABLE, 13, errno.EHOSTUNREACH),
    (EXCEEDED, 0, errno.EHOSTUNREACH), (PARAMETER, 0, errno.EPROTO)])
def test_an_attempt_ends_with_the_error(lab, kind, code, error):
    """As Linux: nothing is lost yet, and the user learns soon what is wrong."""
    sock, peer = connecting(lab)
    lab.link.send(icmp_error(peer.answer.packet, kind, code))
    assert sock.poll(POLLERR, 2000) & POLLERR
    assert sock.error() == error


def test_must_55_source_quench_is_discarded(lab):
    """RFC 6633."""
    sock, peer = accepted(lab, rtt=FAR)
    assert sock.write(10) == 10
    window = sock.congestion_window()
    lab.link.send(icmp_error(peer.expect("P. 1:11(10) ack 1").packet, QUENCH, 0))
    peer.expect_silence()
    assert sock.congestion_window() == window and sock.state() == ESTABLISHED


def test_an_error_about_what_is_not_in_flight_is_ignored(lab):
    """RFC 5927 §4.1: whoever forges one must know the sequence numbers."""
    sock, peer = connecting(lab)
    forged = peer.answer.packet.copy()
    forged["TCP"].seq = (peer.answer.seq + 100000) & 0xffffffff
    lab.link.send(icmp_error(forged, UNREACHABLE, 3))
    lab.link.fence()
    assert sock.poll(POLLERR) == 0 and sock.state() == SYN_SENT


def test_path_mtu_discovery(lab):
    """RFC 1191, MUST-16: "fragmentation needed" cuts the segments, and the one that was too large is sent again."""
    sock, peer = accepted(lab, rtt=FAR, host="192.0.2.88")
    assert sock.write(1460) == 1460
    lab.link.send(icmp_error(peer.expect("P. 1:1461(1460) ack 1").packet, UNREACHABLE, 4, nexthopmtu=1000))
    peer.expect(". 1:961(960) ack 1")
    peer.expect("P. 961:1461(500) ack 1")
    peer.send(". 1:1(0) ack 1461")
    assert sock.write(1920) == 1920
    peer.expect(". 1461:2421(960) ack 1")
