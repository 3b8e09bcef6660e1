"""A TCP peer made by hand: every segment is written and expected in the notation of tcpdump and packetdrill,

    flags first:last(length) ack number win size urg pointer <options>

with flags of "SFRPU.EW" ('.' is ACK), for example "S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>". Numbers count from
each side's SYN, which is 0. What an expectation leaves out (ack, win, urg, options) may be anything, and so may a
number written as *. PSH is compared only by expect_exactly.

Options: mss N, nop, eol, sackOK, wscale N, TS val N ecr N, sack A:B C:D ..., and raw HEX for bytes as they are."""
import re

from scapy.layers.inet import IP, TCP, in4_chksum
from scapy.packet import Raw

from wire import GUEST_IP, PEER_IP

FLAGS = {"F": "F", "S": "S", "R": "R", "P": "P", ".": "A", "U": "U", "E": "E", "W": "C"}
NOTATION = re.compile(r"(?P<flags>[FSRPUEW.]+|-) (?P<first>-?\d+|\*):(?P<last>-?\d+|\*)\((?P<length>\d+|\*)\)"
                      r"(?: ack (?P<ack>-?\d+))?(?: win (?P<win>\d+))?(?: urg (?P<urg>\d+))?(?: <(?P<options>.*)>)?$")


def difference(number, base):
    """number - base in sequence space, signed."""
    return ((number - base + (1 << 31)) & 0xffffffff) - (1 << 31)


def parse(text):
    match = NOTATION.match(text)
    assert match, f"not a segment: {text}"
    return match.groupdict()


def write_options(text, irs):
    """scapy's options, and the bytes of a raw one."""
    options, raw = [], b""
    for option in filter(None, (text or "").split(",")):
        word = option.split()
        if word[0] == "mss":
            options.append(("MSS", int(word[1])))
        elif word[0] == "nop":
            options.append(("NOP", None))
        elif word[0] == "eol":
            options.append(("EOL", None))
        elif word[0] == "sackOK":
            options.append(("SAckOK", b""))
        elif word[0] == "wscale":
            options.append(("WScale", int(word[1])))
        elif word[0] == "TS":
            options.append(("Timestamp", (int(word[2]), int(word[4]))))
        elif word[0] == "sack":
            edges = " ".join(word[1:]).replace(":", " ").split()
            options.append(("SAck", tuple((irs + int(edge)) & 0xffffffff for edge in edges)))
        elif word[0] == "raw":
            raw += bytes.fromhex("".join(word[1:]))
        else:
            raise ValueError(option)
    assert not (options and raw), "raw options stand alone"
    return options, raw + b"\0" * (-len(raw) % 4)


def show_options(options, iss):
    """The options of a scapy segment in the notation, in their order."""
    out = []
    for name, value in options:
        if name == "MSS":
            out.append(f"mss {value}")
        elif name == "NOP":
            out.append("nop")
        elif name == "EOL":
            out.append("eol")
        elif name == "SAckOK":
            out.append("sackOK")
        elif name == "WScale":
            out.append(f"wscale {value}")
        elif name == "Timestamp":
            out.append("TS val %d ecr %d" % value)
        elif name == "SAck":
            edges = [difference(edge, iss) for edge in value]
            out.append("sack " + " ".join(f"{a}:{b}" for a, b in zip(edges[::2], edges[1::2])))
        else:
            out.append(f"option {name}")
    return ",".join(out)


class Segment:
    """One that the guest sent, with absolute numbers; .packet is scapy's view of it."""

    def __init__(self, packet):
        ip, tcp = packet[IP], packet[TCP]
        self.packet, self.at = packet, packet.time
        whole = bytes(ip)[ip.ihl * 4:ip.len]
        assert in4_chksum(6, ip, whole) == 0, "TCP checksum"
        assert tcp.reserved == 0 and "N" not in str(tcp.flags)
        assert (ip.version, ip.ihl, ip.flags, ip.frag) == (4, 5, "DF", 0)
        assert len(whole) >= tcp.dataofs * 4 and ("EOL", None) not in tcp.options
        self.guest_port, self.peer_port, self.seq, self.ack = tcp.sport, tcp.dport, tcp.seq, tcp.ack
        self.flags, self.window, self.urgent, self.options = str(tcp.flags), tcp.window, tcp.urgptr, tcp.options
        self.payload = whole[tcp.dataofs * 4:]

    def timestamp(self):
        """(value, echo)"""
        return dict(self.options)["Timestamp"]


class Peer:
    """One port of the peer, in conversation with one port of the guest (0: the guest will choose)."""

    def __init__(self, link, guest_port=0, address=PEER_IP):
        self.link = link
        self.address = address
        self.port = next(link.ports)
        self.guest_port = guest_port
        self.iss = 0xfffffff0 - self.port  # near the wrap, to be crossed
        self.irs = 0
        self.window = 65535
        self.said = []  # both sides' segments, shown when an expectation fails
        self.arrivals = link.capture(("tcp", self.port))

    def segment(self, text, irs=None, ip=None, **tcp):
        """The scapy packet of a segment in the notation; ip and tcp overwrite fields."""
        fields = parse(text)
        irs = self.irs if irs is None else irs
        options, raw = write_options(fields["options"], irs)
        ack = (irs + int(fields["ack"])) & 0xffffffff if fields["ack"] is not None else 0
        header = {"sport": self.port, "dport": self.guest_port, "seq": (self.iss + int(fields["first"])) & 0xffffffff,
                  "ack": ack, "flags": "".join(FLAGS[flag] for flag in fields["flags"] if flag != "-"),
                  "window": int(fields["win"] or self.window), "urgptr": int(fields["urg"] or 0), "options": options}
        if raw:
            header["dataofs"] = 5 + len(raw) // 4
        payload = raw + b"x" * int(fields["length"])
        packet = IP(**{"src": self.address, "dst": GUEST_IP, **(ip or {})}) / TCP(**{**header, **tcp})
        return packet / Raw(payload) if payload else packet

    def send(self, text, **how):
        self.said.append(f"-> {text}")
        self.link.send(self.segment(text, **how))

    def next(self, timeout=3):
        """The guest's next segment, or None. Its SYN fixes where its numbers start."""
        packet = self.arrivals.next(timeout)
        if packet is None:
            return None
        segment = Segment(packet)
        if "S" in segment.flags:
            self.irs, self.guest_port = segment.seq, segment.guest_port
        self.said.append(f"<- {self.show(segment)}")
        return segment

    def show(self, segment):
        flags = "".join(name for name, letter in FLAGS.items() if letter in segment.flags)
        first = difference(segment.seq, self.irs)
        length = len(segment.payload)
        ack = f" ack {difference(segment.ack, self.iss)}" if "." in flags else ""
        urgent = f" urg {segment.urgent}" if "U" in flags else ""
        return (f"{flags or '-'} {first}:{first + length}({length}){ack} win {segment.window}{urgent} "
                f"<{show_options(segment.options, self.iss)}>")

    def story(self):
        return "\n".join(["the segments so far:", *self.said[-40:]])

    def expect(self, text, timeout=3, push=False):
        """The guest's next segment, which must be this one."""
        segment = self.next(timeout)
        assert segment is not None, f"no segment within {timeout} s, expected {text}\n{self.story()}"
        shown = self.show(segment)
        assert same(parse(text), parse(shown), push), f"expected {text}, got {shown}\n{self.story()}"
        return segment

    def expect_exactly(self, text, timeout=3):
        """As expect, and PSH is compared too."""
        return self.expect(text, timeout, push=True)

    def expect_silence(self):
        """What was sent, and what the user did, has not been answered and will not be (Link.fence)."""
        self.link.fence()
        self.expect_nothing(0)

    def expect_nothing(self, seconds):
        """Where time itself is meant: no timer of the guest fires meanwhile."""
        segment = self.next(seconds)
        assert segment is None, f"unexpected {self.show(segment)}\n{self.story()}"


def same(wanted, got, push):
    for name in ("first", "last", "length", "ack", "win", "urg"):
        if wanted[name] not in (None, "*", got[name]):
            return False
    if wanted["options"] is not None:
        pattern = re.escape(wanted["options"]).replace(r"\*", r"\d+")
        if not re.fullmatch(pattern, got["options"]):
            return False
    ignored = set() if push else {"P"}
    return set(wanted["flags"]) - ignored == set(got["flags"]) - ignored
