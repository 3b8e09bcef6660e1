"""RFC 2018, 2883 and 6675: selective acknowledgements, received and sent."""
from guest_socket import accepted


def test_out_of_order_with_sack(lab):
    sock, peer = accepted(lab, "mss 1460,nop,nop,sackOK")
    peer.send(". 1001:2001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <nop,nop,sack 1001:2001>")
    peer.send(". 3001:4001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <nop,nop,sack 3001:4001 1001:2001>")
    peer.send(". 5001:6001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <nop,nop,sack 5001:6001 3001:4001 1001:2001>")
    peer.send(". 2001:3001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <nop,nop,sack 1001:4001 5001:6001>")
    peer.send(". 1:1001(1000) ack 1")
    peer.expect(". 1:1(0) ack 4001 <nop,nop,sack 5001:6001>")
    peer.send(". 4001:5001(1000) ack 1")
    peer.expect(". 1:1(0) ack 6001 <>")
    assert sock.read() == 6000


def test_duplicates_are_told_with_dsack(lab):
    sock, peer = accepted(lab, "mss 1460,nop,nop,sackOK")
    peer.send(". 1:1001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1001 <>")
    peer.send(". 1:1001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1001 <nop,nop,sack 1:1001>")
    peer.send(". 501:1501(1000) ack 1")
    peer.expect(". 1:1(0) ack 1501 <nop,nop,sack 501:1001>")
    peer.send(". 2001:2501(500) ack 1")
    peer.expect(". 1:1(0) ack 1501 <nop,nop,sack 2001:2501>")
    peer.send(". 2001:2501(500) ack 1")
    peer.expect(". 1:1(0) ack 1501 <nop,nop,sack 2001:2501 2001:2501>")
    assert sock.read() == 1500


def test_fast_retransmit_with_sack(lab):
    sock, peer = accepted(lab, "mss 1000,nop,nop,sackOK")
    assert sock.write(5000) == 5000
    for i in range(5):
        peer.expect(f". {1 + 1000 * i}:{1001 + 1000 * i}(1000) ack 1")
    for last in (2001, 3001, 4001):
        peer.send(f". 1:1(0) ack 1 <nop,nop,sack 1001:{last}>")
    peer.expect(". 1:1001(1000) ack 1")
    peer.send(". 1:1(0) ack 5001")
    peer.expect_nothing()
