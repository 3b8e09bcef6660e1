"""A TCP peer made by hand: every segment is written and expected in the notation of tcpdump and packetdrill,

    flags first:last(length) ack number win size <options>

with flags of "SFRPU." ('.' is ACK), for example "S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>". Numbers count from
each side's SYN, which is 0. What an expectation leaves out (ack, win, options) may be anything, and so may a
PSH and a number written as *.

A thread reads the wire all the time: it answers ARP for every address but the guest's, and notes when each
segment came."""
import itertools
import queue
import re
import socket
import struct
import threading
import time

GUEST_IP, PEER_IP = "192.168.0.1", "192.0.2.1"
GUEST_MAC = bytes.fromhex("525400123456")
PEER_MAC = bytes.fromhex("020000000001")
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, ".": 16, "U": 32, "E": 64, "W": 128}
NOTATION = re.compile(r"(?P<flags>[FSRPUEW.]+|-) (?P<first>-?\d+|\*):(?P<last>-?\d+|\*)\((?P<length>\d+|\*)\)"
                      r"(?: ack (?P<ack>-?\d+))?(?: win (?P<win>\d+))?(?: urg (?P<urg>\d+))?(?: <(?P<options>.*)>)?$")


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def difference(number, base):
    """number - base in sequence space, signed."""
    return ((number - base + (1 << 31)) & 0xffffffff) - (1 << 31)


def parse(text):
    match = NOTATION.match(text)
    assert match, f"not a segment: {text}"
    return match.groupdict()


def write_options(text, irs):
    out = b""
    for option in filter(None, (text or "").split(",")):
        word = option.split()
        if word[0] == "mss":
            out += struct.pack("!BBH", 2, 4, int(word[1]))
        elif word[0] == "nop":
            out += b"\1"
        elif word[0] == "sackOK":
            out += b"\4\2"
        elif word[0] == "wscale":
            out += struct.pack("!BBB", 3, 3, int(word[1]))
        elif word[0] == "TS":
            out += struct.pack("!BBII", 8, 10, int(word[2]), int(word[4]))
        elif word[0] == "sack":
            edges = [(irs + int(edge)) & 0xffffffff for edge in " ".join(word[1:]).replace(":", " ").split()]
            out += struct.pack(f"!BB{len(edges)}I", 5, 2 + 4 * len(edges), *edges)
        else:
            raise ValueError(option)
    return out + b"\0" * (-len(out) % 4)


def read_options(data, iss):
    """The options in the notation, nop included, in their order."""
    out = []
    while data and data[0] != 0:
        if data[0] == 1:
            out.append("nop")
            data = data[1:]
            continue
        kind, body, data = data[0], data[2:data[1]], data[data[1]:]
        if kind == 2:
            out.append(f"mss {int.from_bytes(body, 'big')}")
        elif kind == 3:
            out.append(f"wscale {body[0]}")
        elif kind == 4:
            out.append("sackOK")
        elif kind == 5:
            edges = [difference(edge, iss) for edge in struct.unpack(f"!{len(body) // 4}I", body)]
            out.append("sack " + " ".join(f"{a}:{b}" for a, b in zip(edges[::2], edges[1::2])))
        elif kind == 8:
            out.append("TS val %d ecr %d" % struct.unpack("!II", body))
        else:
            out.append(f"option {kind}")
    return ",".join(out)


class Segment:
    """One that the guest sent, with absolute numbers."""

    def __init__(self, packet, at):
        tcp = packet[(packet[0] & 15) * 4:int.from_bytes(packet[2:4], "big")]
        pseudo = packet[12:20] + struct.pack("!BBH", 0, 6, len(tcp))
        self.checksum_good = checksum(pseudo + tcp) == 0
        self.guest_port, self.peer_port, self.seq, self.ack, offset, self.flags, self.window, _, self.urgent = (
            struct.unpack_from("!HHIIBBHHH", tcp))
        self.options = tcp[20:(offset >> 4) * 4]
        self.payload = tcp[(offset >> 4) * 4:]
        self.at = at

    def timestamp(self):
        """(value, echo)"""
        return tuple(map(int, re.search(r"TS val (\d+) ecr (\d+)", read_options(self.options, 0)).groups()))


class Link:
    """The other end of the guest's cable."""

    def __init__(self, own, other):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(own)
        self.other = other
        self.queues = {}
        self.ports = itertools.count(20000)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            frame = self.socket.recv(65536)
            at = time.monotonic()
            if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1":
                if frame[38:42] != socket.inet_aton(GUEST_IP):
                    self.answer_arp(frame)
            elif frame[12:14] == b"\x08\0" and frame[23] == 6:
                segment = Segment(frame[14:], at)
                if segment.peer_port in self.queues:
                    self.queues[segment.peer_port].put(segment)

    def answer_arp(self, question):
        reply = question[14:20] + b"\0\2" + PEER_MAC + question[38:42] + question[22:32]
        self.socket.sendto(question[6:12] + PEER_MAC + b"\x08\x06" + reply, self.other)

    def send(self, tcp):
        addresses = socket.inet_aton(PEER_IP) + socket.inet_aton(GUEST_IP)
        tcp = tcp[:16] + struct.pack("!H", checksum(addresses + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)) + tcp[18:]
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + addresses
        header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
        self.socket.sendto(GUEST_MAC + PEER_MAC + b"\x08\0" + header + tcp, self.other)


class Peer:
    """One port of the peer, in conversation with one port of the guest (0: the guest will choose)."""

    def __init__(self, link, guest_port=0):
        self.link = link
        self.port = next(link.ports)
        self.guest_port = guest_port
        self.iss = 0xfffffff0 - self.port  # near the wrap, to be crossed
        self.irs = 0
        self.window = 65535
        self.scale = 0
        link.queues[self.port] = queue.Queue()

    def send(self, text, irs=None):
        fields = parse(text)
        irs = self.irs if irs is None else irs
        options = write_options(fields["options"], irs)
        flags = sum(FLAGS[flag] for flag in fields["flags"] if flag != "-")
        ack = (irs + int(fields["ack"])) & 0xffffffff if fields["ack"] is not None else 0
        self.link.send(struct.pack("!HHIIBBHHH", self.port, self.guest_port,
                                   (self.iss + int(fields["first"])) & 0xffffffff, ack,
                                   (20 + len(options)) // 4 << 4, flags,
                                   int(fields["win"] or self.window), 0, int(fields["urg"] or 0))
                       + options + b"x" * int(fields["length"]))

    def next(self, timeout=3):
        """The guest's next segment, or None. Its SYN fixes where its numbers start."""
        try:
            segment = self.link.queues[self.port].get(timeout=timeout)
        except queue.Empty:
            return None
        assert segment.checksum_good
        if segment.flags & FLAGS["S"]:
            self.irs, self.guest_port = segment.seq, segment.guest_port
        return segment

    def show(self, segment):
        flags = "".join(name for name, bit in FLAGS.items() if segment.flags & bit)
        first = difference(segment.seq, self.irs)
        length = len(segment.payload)
        ack = f" ack {difference(segment.ack, self.iss)}" if "." in flags else ""
        urgent = f" urg {segment.urgent}" if "U" in flags else ""
        return (f"{flags or '-'} {first}:{first + length}({length}){ack} win {segment.window}{urgent} "
                f"<{read_options(segment.options, self.iss)}>")

    def expect(self, text, timeout=3):
        """The guest's next segment, which must be this one."""
        segment = self.next(timeout)
        assert segment is not None, f"no segment, expected {text}"
        shown = self.show(segment)
        assert self.same(parse(text), parse(shown)), f"expected {text}, got {shown}"
        return segment

    @staticmethod
    def same(wanted, got):
        for name in ("first", "last", "length", "ack", "win", "urg"):
            if wanted[name] not in (None, "*", got[name]):
                return False
        if wanted["options"] is not None:
            pattern = re.escape(wanted["options"]).replace(r"\*", r"\d+")
            if not re.fullmatch(pattern, got["options"]):
                return False
        return set(wanted["flags"]) - set("P") == set(got["flags"]) - set("P")

    def expect_nothing(self, seconds=0.3):
        segment = self.next(seconds)
        assert segment is None, f"unexpected {self.show(segment)}"
