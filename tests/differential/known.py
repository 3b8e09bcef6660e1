"""Differences between Linux and Lumos that are meant, or not worth a change, each with its reason. A row names a
script and a call, both as patterns (fnmatch, with [ written as it is); a row that no difference needs any more fails
the run."""
from typing import NamedTuple


class Known(NamedTuple):
    script: str
    call: str
    why: str


ABSENT = "not built (docs/limits.md): ENOPROTOOPT"
NAMES = """IPPROTO_IP, IP_ROUTER_ALERT; IPPROTO_IP, IP_RECVOPTS; IPPROTO_IP, IP_RETOPTS; IPPROTO_IP, IP_PKTOPTIONS;
IPPROTO_IP, IP_PASSSEC; IPPROTO_IP, IP_TRANSPARENT; IPPROTO_IP, IP_NODEFRAG; IPPROTO_IP, IP_CHECKSUM;
IPPROTO_IP, IP_RECVFRAGSIZE; IPPROTO_IP, IP_UNICAST_IF; SOL_SOCKET, SO_PEERCRED; SOL_SOCKET, SO_PEERNAME;
SOL_SOCKET, SO_TIMESTAMPNS; SOL_SOCKET, SO_PEEK_OFF; IPPROTO_TCP, TCP_INQ; IPPROTO_UDP, UDP_CORK"""

KNOWN = [Known("*", f"?etsockopt(?, {name}, *", ABSENT) for name in NAMES.replace("\n", " ").split("; ")] + [
    Known("*", "setsockopt(3, IPPROTO_IP, IP_OPTIONS, 01000000, 4)", "options in sent headers are refused: routers drop "
          "such packets (RFC 7126 §4)"),
    Known("*", "setsockopt(3, IPPROTO_IP, IP_M*, 01000000, 4) null", "the value is fetched before the option is looked "
          "at: EFAULT comes before ENOPROTOOPT and EINVAL"),
    Known("udp_options_written", "?etsockopt(3, IPPROTO_IP, IP_MULTICAST_IF*", "127.0.0.0 is an address of lo on Linux, "
          "as all of 127.0.0.0/8 are; here only an address that an interface has"),
    Known("unix_streams", "sendto(4, b'x', 1, OOB, -, 0)", "no urgent byte on AF_UNIX; Linux has one since 5.15"),
    Known("udp_transfers", "poll(4) #2", "MSG_MORE of UDP sends at once, as UDP_CORK is not built"),
    Known("udp_transfers", "recvfrom(4, 100, DONTWAIT, 0) #*", "MSG_MORE of UDP, see above"),
]
