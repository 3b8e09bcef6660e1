"""RFC 7323: window scaling, timestamps, PAWS."""
from guest_socket import ALL_OPTIONS, accepted


def test_paws(lab):
    sock, peer = accepted(lab, ALL_OPTIONS)
    peer.send("P. 1:101(100) ack 1 <nop,nop,TS val 2000 ecr 0>")
    assert peer.expect(". 1:1(0) ack 101 <nop,nop,TS val * ecr 2000>")
    peer.send("P. 101:201(100) ack 1 <nop,nop,TS val 500 ecr 0>")
    peer.expect(". 1:1(0) ack 101 <nop,nop,TS val * ecr 2000>")
    peer.send("P. 101:201(100) ack 1 <nop,nop,TS val 2001 ecr 0>")
    peer.expect(". 1:1(0) ack 201 <nop,nop,TS val * ecr 2001>")


def test_timestamps_take_room_in_each_segment(lab):
    sock, peer = accepted(lab, "mss 1460,nop,nop,TS val 1000 ecr 0")
    assert sock.write(2000) == 2000
    peer.expect(". 1:1449(1448) ack 1 <nop,nop,TS val * ecr 1000>")
    peer.expect("P. 1449:2001(552) ack 1 <nop,nop,TS val * ecr 1000>")
