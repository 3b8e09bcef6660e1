"""RFC 4987: a flood of SYNs."""
import time

from guest_socket import ALL_OPTIONS, POLLIN, listening
from scapy.layers.inet import IP, TCP
from tcp_peer import Peer
from wire import GUEST_IP


def flood(lab, server, count):
    """So many SYNs, each from an address of its own, that nobody will ever answer for."""
    packet = IP(src="198.18.0.0", dst=GUEST_IP) / TCP(sport=1000, dport=server.port, seq=1, flags="S")
    for number in range(count):
        packet[IP].src = f"198.18.{number >> 8}.{number & 255}"
        lab.link.send(packet)


def test_a_flood_does_not_keep_others_out(lab):
    """§3.6, SYN cookies: with far more half-open connections than there is room for, a client still gets in, and what
    it offered in its SYN counts as far as the cookie can keep it."""
    server = listening(lab, backlog=16)
    flood(lab, server, 300)
    peer = Peer(lab.link, server.port)
    peer.send(f"S 0:0(0) win 65535 <{ALL_OPTIONS}>")
    answer = peer.expect("S. 0:0(0) ack 1 <mss 1460,sackOK,TS val * ecr 1000,nop,wscale *>")
    peer.send(f". 1:1(0) ack 1 <nop,nop,TS val 1001 ecr {answer.timestamp()[0]}>")
    assert server.poll(POLLIN, 2000) == POLLIN
    sock = server.accept()
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1 <nop,nop,TS val * ecr 1001>")
    peer.send(f"P. 1:11(10) ack 11 <nop,nop,TS val 1002 ecr {answer.timestamp()[0]}>")
    peer.expect(". 11:11(0) ack 11")
    assert sock.read() == 10


def test_a_cookie_cannot_be_guessed(lab):
    """An ACK of a number that was not sent is answered with a RST, flood or not."""
    server = listening(lab, backlog=16)
    flood(lab, server, 300)
    peer = Peer(lab.link, server.port)
    for guess in (1, 12345678, -77):
        peer.send(f". 1:1(0) ack {guess}", irs=0)
        assert peer.expect("R *:*(0)").seq == guess & 0xffffffff
    assert server.poll() == 0


def test_a_repeated_syn_keeps_its_number_without_a_flood(lab):
    """A request that is kept answers with the same number each time, at most twice a second."""
    server = listening(lab)
    peer = Peer(lab.link, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    first = peer.expect("S. 0:0(0) ack 1")
    time.sleep(0.6)
    for _ in range(5):
        peer.send("S 0:0(0) win 65535 <mss 1460>")
    assert peer.expect("S. 0:0(0) ack 1").seq == first.seq
    peer.expect_silence()
