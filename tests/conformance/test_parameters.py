"""/proc/sys/net/ipv4: parameters of Linux that change what is on the wire."""
import errno

import pytest
from guest_socket import (ALL_OPTIONS, FAR, POLLERR, POLLOUT, SOL_SOCKET, SO_SNDBUF, Sock, accepted, connecting,
                          half_open, listening)
from scapy.layers.inet import IP
from tcp_peer import Peer


@pytest.mark.parametrize("name, missing", [("tcp_sack", "SAckOK"), ("tcp_timestamps", "Timestamp"),
                                           ("tcp_window_scaling", "WScale")])
def test_options_that_are_switched_off(lab, name, missing):
    """Neither offered nor answered."""
    lab.sysctl(f"net.ipv4.{name}", 0)
    _, peer = connecting(lab)
    assert missing not in dict(peer.answer.options)
    _, peer = half_open(lab, ALL_OPTIONS)
    assert missing not in dict(peer.answer.options)
    assert len({"SAckOK", "Timestamp", "WScale"} & set(dict(peer.answer.options))) == 2


@pytest.mark.parametrize("maximum, scale", [(4194304, 7), (8388608, 8), (16777216, 9)])
def test_the_largest_receive_buffer_fixes_the_scale(lab, maximum, scale):
    """RFC 7323 §2.3: a shift by which the largest window can be told."""
    lab.sysctl("net.ipv4.tcp_rmem", f"4096 65536 {maximum}")
    _, peer = connecting(lab)
    assert dict(peer.answer.options)["WScale"] == scale


def test_the_default_receive_buffer_fixes_the_first_window(lab):
    lab.sysctl("net.ipv4.tcp_rmem", "4096 32768 6291456")
    _, peer = half_open(lab)
    assert peer.answer.window <= 32768


def test_the_largest_send_buffer_bounds_what_waits(lab):
    """A writer that does not wait gets rid of so much, and of more when that is acknowledged; all of it is sent."""
    sock, _ = accepted(lab, "mss 1000", rtt=FAR)
    assert sock.nonblocking().write(1 << 20) > 50000
    lab.sysctl("net.ipv4.tcp_wmem", "4096 16384 20000")
    sock, peer = accepted(lab, "mss 1000", rtt=FAR)
    assert sock.get(SOL_SOCKET, SO_SNDBUF) <= 20000
    written, sent = sock.nonblocking().write(1 << 20), 0
    assert 8000 < written < 50000 and sock.write(1) == -errno.EAGAIN
    while sent < written:
        segment = peer.next()
        assert peer.show(segment).startswith(("P", ".")) and (segment.seq - peer.irs - 1) & 0xffffffff == sent
        sent += len(segment.payload)
        peer.send(f". 1:1(0) ack {sent + 1}")
    peer.expect_silence()
    assert sent == written and sock.poll(POLLOUT, 1000) == POLLOUT


def test_the_first_send_buffer(lab):
    """Of a socket that is not connected; the connection may have more."""
    for size in (20000, 50000):
        lab.sysctl("net.ipv4.tcp_wmem", f"4096 {size} 4194304")
        assert Sock(lab.agent).get(SOL_SOCKET, SO_SNDBUF) == size


@pytest.mark.parametrize("value, offers, agrees", [(0, False, False), (1, True, True), (2, False, True)])
def test_ecn(lab, value, offers, agrees):
    """0: never; 1: offers it and agrees to it; 2, the default: agrees only."""
    lab.sysctl("net.ipv4.tcp_ecn", value)
    connecting(lab, flags="SEW" if offers else "S")
    peer = Peer(lab.link, listening(lab).port)
    peer.send("SEW 0:0(0) win 65535 <mss 1460>")
    peer.expect("S.E 0:0(0) ack 1" if agrees else "S. 0:0(0) ack 1")


@pytest.mark.long
def test_syn_retries(lab):
    lab.sysctl("net.ipv4.tcp_syn_retries", 1)
    sock, peer = connecting(lab)
    peer.expect("S 0:0(0)")
    assert sock.poll(POLLERR, 5000) & POLLERR
    assert sock.error() == errno.ETIMEDOUT


def test_the_default_ttl(lab):
    lab.sysctl("net.ipv4.ip_default_ttl", 77)
    _, peer = half_open(lab)
    assert peer.answer.packet[IP].ttl == 77


def test_the_default_congestion_control(lab):
    """Reno halves where CUBIC keeps seven tenths."""
    lab.sysctl("net.ipv4.tcp_congestion_control", "reno")
    sock, peer = accepted(lab, "mss 1000", rtt=FAR)
    assert sock.write(10000) == 10000
    for first in range(1, 10001, 1000):
        peer.expect(f". {first}:{first + 1000}(1000) ack 1")
    for _ in range(3):
        peer.send(". 1:1(0) ack 1")
    peer.expect(". 1:1001(1000) ack 1")
    assert sock.threshold() == 5
