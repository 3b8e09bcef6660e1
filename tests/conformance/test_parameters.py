"""/proc/sys/net/ipv4: parameters of Linux that change what is on the wire."""
import errno

import pytest
from guest_socket import ALL_OPTIONS, FAR, POLLERR, accepted, connecting, half_open
from scapy.layers.inet import IP


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
