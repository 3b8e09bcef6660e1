"""RFC 9293 §3.8.3 and §3.8.4: peers that do not answer."""
import errno

import pytest
from guest_socket import (POLLERR, POLLHUP, POLLRDHUP, SOL_SOCKET, SOL_TCP, SO_KEEPALIVE, TCP_KEEPCNT, TCP_KEEPIDLE,
                          TCP_KEEPINTVL, TCP_SYNCNT, TCP_USER_TIMEOUT, Sock, accepted, listening)
from tcp_peer import Peer


def test_syn_is_sent_again_after_1_and_3_seconds(lab):
    sock, peer = Sock(lab.agent), Peer(lab.link)
    sock.connect(peer)
    times = [peer.expect("S 0:0(0)", 5).at for _ in range(3)]
    assert times[1] - times[0] == pytest.approx(1, abs=0.2)
    assert times[2] - times[1] == pytest.approx(2, abs=0.2)


def test_syn_ack_is_sent_again_after_1_second(lab):
    server = listening(lab)
    peer = Peer(lab.link, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    first = peer.expect("S. 0:0(0) ack 1").at
    assert peer.expect("S. 0:0(0) ack 1").at - first == pytest.approx(1, abs=0.2)


def test_connect_gives_up_after_syncnt(lab):
    sock, peer = Sock(lab.agent).set(SOL_TCP, TCP_SYNCNT, 1), Peer(lab.link)
    sock.connect(peer)
    peer.expect("S 0:0(0)")
    peer.expect("S 0:0(0)")
    assert sock.poll(timeout=4000) & (POLLERR | POLLHUP) == POLLERR | POLLHUP
    assert sock.error() == errno.ETIMEDOUT


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
