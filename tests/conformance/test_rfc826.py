"""RFC 826, RFC 1122 §2.3.2 and RFC 5227: ARP. Each script uses neighbours of its own, since what one was told stays in
the guest's table."""
import errno
import itertools
import time

import agent as protocol
import pytest
from agent import address
from guest_socket import POLLERR, Sock
from scapy.layers.inet import UDP
from scapy.layers.l2 import ARP, Ether
from wire import ARP_KIND, BROADCAST, GUEST_IP, GUEST_MAC


def new_neighbour(numbers=itertools.count(10)):
    number = next(numbers)
    return f"192.168.7.{number}", f"02:00:00:00:07:{number:02x}"


def ask(lab, hwsrc, psrc, pdst=GUEST_IP, frame_to=BROADCAST, **fields):
    lab.link.send_frame(Ether(src=hwsrc, dst=frame_to)
                        / ARP(**{"op": 1, "hwsrc": hwsrc, "psrc": psrc, "hwdst": "00:00:00:00:00:00", "pdst": pdst,
                                 **fields}))


def say(lab, hwsrc, psrc, frame_to=GUEST_MAC):
    lab.link.send_frame(Ether(src=hwsrc, dst=frame_to)
                        / ARP(op=2, hwsrc=hwsrc, psrc=psrc, hwdst=GUEST_MAC, pdst=GUEST_IP))


def next_of(messages, seconds=3, **fields):
    """The next ARP packet with these fields, or None: the guest may ask for its router at any time."""
    until = time.monotonic() + seconds
    while (message := messages.next(max(until - time.monotonic(), 0))) is not None:
        if all(getattr(message[ARP], name) == value for name, value in fields.items()):
            return message
    return None


def talker(lab, to):
    """A socket that has something to say, and what arrives for it."""
    sock = Sock(lab.agent, kind=2)
    sock.say = lambda count=5: sock.send_to(count, to, 4000)
    return sock, lab.link.capture(("udp", 4000))


def test_a_request_for_our_address_is_answered(lab):
    """To who asked, and to nobody else."""
    ip, mac = new_neighbour()
    answers = lab.link.capture(ARP_KIND)
    ask(lab, mac, ip)
    answer = next_of(answers, op=2)
    assert (answer[Ether].src, answer[Ether].dst, answer[Ether].type) == (GUEST_MAC, mac, 0x806)
    assert (answer[ARP].hwtype, answer[ARP].ptype, answer[ARP].hwlen, answer[ARP].plen) == (1, 0x800, 6, 4)
    assert (answer[ARP].op, answer[ARP].hwsrc, answer[ARP].psrc) == (2, GUEST_MAC, GUEST_IP)
    assert (answer[ARP].hwdst, answer[ARP].pdst) == (mac, ip)


@pytest.mark.parametrize("target", ["192.168.0.2", "10.0.0.1", "192.168.255.255", "224.0.0.1", "127.0.0.1"])
def test_a_request_for_another_address_is_not_answered(lab, target):
    ip, mac = new_neighbour()
    answers = lab.link.capture(ARP_KIND)
    ask(lab, mac, ip, target)
    lab.link.fence()
    assert next_of(answers, 0, op=2) is None


@pytest.mark.parametrize("fields", [{"hwtype": 7}, {"ptype": 0x86dd}, {"hwlen": 8}, {"plen": 16}, {"op": 3},
                                    {"op": 0}], ids=str)
def test_what_is_not_ethernet_and_ipv4_is_ignored(lab, fields):
    """RFC 826: "?Do I have the hardware type in ar$hrd?" and the other questions."""
    _, mac = new_neighbour()
    answers = lab.link.capture(ARP_KIND)
    question = bytearray(bytes(Ether(src=mac, dst=BROADCAST)
                               / ARP(op=1, hwsrc=mac, psrc="192.168.7.3", pdst=GUEST_IP)))
    for name, value in fields.items():
        at, size = {"hwtype": (14, 2), "ptype": (16, 2), "hwlen": (18, 1), "plen": (19, 1), "op": (20, 2)}[name]
        question[at:at + size] = value.to_bytes(size, "big")
    lab.link.cable.send(bytes(question))
    lab.link.fence()
    assert next_of(answers, 0, op=2) is None


def test_a_probe_is_answered(lab):
    """RFC 5227 §2.1.1: somebody looks whether the address is free."""
    _, mac = new_neighbour()
    answers = lab.link.capture(ARP_KIND)
    ask(lab, mac, "0.0.0.0")
    assert next_of(answers, op=2)


def test_an_unknown_neighbour_is_asked_for_by_broadcast(lab):
    """Then the datagram goes to the address that was answered."""
    ip, mac = new_neighbour()
    lab.link.answers_arp = False
    questions = lab.link.capture(ARP_KIND)
    sock, arrivals = talker(lab, ip)
    assert sock.say() == 5
    question = next_of(questions, pdst=ip)
    assert (question[Ether].dst, question[ARP].op, question[ARP].pdst) == (BROADCAST, 1, ip)
    assert (question[ARP].hwsrc, question[ARP].psrc) == (GUEST_MAC, GUEST_IP)
    arrivals.expect_silence()
    say(lab, mac, ip)
    assert arrivals.next()[Ether].dst == mac
    assert sock.say() == 5
    assert arrivals.next()[Ether].dst == mac
    assert next_of(questions, 0, pdst=ip) is None


def test_packets_wait_for_the_answer(lab):
    """RFC 1122 §2.3.2.2 SHOULD: at least the latest one for each destination; here three."""
    ip, mac = new_neighbour()
    lab.link.answers_arp = False
    sock, arrivals = talker(lab, ip)
    for count in (1, 2, 3):
        assert sock.say(count) == count
    say(lab, mac, ip)
    assert [arrivals.next()[UDP].len for _ in range(3)] == [9, 10, 11]


@pytest.mark.long
def test_questions_are_rare(lab):
    """RFC 1122 §2.3.2.1 MUST: no flood; at most one a second for a destination. Three in vain, and the user learns."""
    ip, _ = new_neighbour()
    lab.link.answers_arp = False
    questions = lab.link.capture(ARP_KIND)
    sock, _ = talker(lab, ip)
    times = []
    until = time.monotonic() + 4.5
    while time.monotonic() < until:
        sock.say()
        if (question := questions.next(0.1)) is not None and question[ARP].pdst == ip:
            times.append(question.time)
    assert 3 <= len(times) <= 6
    assert all(later - earlier > 0.8 for earlier, later in zip(times[:3], times[1:3]))


@pytest.mark.long
def test_nobody_there_is_host_unreachable(lab):
    ip, _ = new_neighbour()
    lab.link.answers_arp = False
    sock = Sock(lab.agent).nonblocking()
    assert sock.call(protocol.CONNECT, 16, data=address(ip, 80)) == -errno.EINPROGRESS
    assert sock.poll(POLLERR, 8000) & POLLERR
    assert sock.error() == errno.EHOSTUNREACH


def test_an_answer_that_nobody_asked_for_makes_no_entry(lab):
    """RFC 826's merge happens only for a pair that is in the table already."""
    ip, mac = new_neighbour()
    say(lab, mac, ip)
    lab.link.answers_arp = False
    questions = lab.link.capture(ARP_KIND)
    sock, arrivals = talker(lab, ip)
    assert sock.say() == 5
    assert next_of(questions, pdst=ip)
    arrivals.expect_silence()


def test_who_asks_for_us_is_known(lab):
    """RFC 826: "add the triplet to the translation table": no question of our own is needed for the reply."""
    ip, mac = new_neighbour()
    lab.link.answers_arp = False
    messages = lab.link.capture(ARP_KIND)
    ask(lab, mac, ip)
    assert next_of(messages, op=2)
    sock, arrivals = talker(lab, ip)
    assert sock.say() == 5
    assert arrivals.next()[Ether].dst == mac


def test_a_changed_address_is_learned(lab):
    """RFC 826's merge flag: the pair is known, so any packet of it updates the table; once in a second (Linux)."""
    ip, mac = new_neighbour()
    lab.link.answers_arp = False
    sock, arrivals = talker(lab, ip)
    assert sock.say() == 5
    say(lab, mac, ip)
    assert arrivals.next()[Ether].dst == mac
    time.sleep(1.2)
    moved = "02:00:00:00:08:01"
    ask(lab, moved, ip)
    assert sock.say() == 5
    assert arrivals.next()[Ether].dst == moved


@pytest.mark.unlike_linux("it leaves that to user space")
def test_our_address_is_defended(lab):
    """RFC 5227 §2.4 (b): an announcement, and not more often than every ten seconds."""
    _, mac = new_neighbour()
    messages = lab.link.capture(ARP_KIND)
    ask(lab, mac, GUEST_IP, "192.168.0.3")
    announcement = next_of(messages, psrc=GUEST_IP, pdst=GUEST_IP)
    assert announcement[ARP].op == 1
    assert announcement[ARP].hwsrc == GUEST_MAC
    ask(lab, mac, GUEST_IP, "192.168.0.3")
    lab.link.fence()
    assert next_of(messages, 0, pdst=GUEST_IP) is None
