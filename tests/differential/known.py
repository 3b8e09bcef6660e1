"""Differences between Linux and Lumos that are meant, or not worth a change, each with its reason. A row names a script
and a call, both as patterns (fnmatch, with [ written as it is), and what comes back on each system; another answer is a
difference like any other. A row that no difference needs any more fails the run."""
from typing import NamedTuple


class Known(NamedTuple):
    script: str
    call: str
    linux: str
    lumos: str
    why: str


# Options that are not built: what Linux answers to getsockopt() and to setsockopt() of 1; None: ENOPROTOOPT, too.
OFF = "0 4 00000000"
ABSENT = {
    "IPPROTO_IP, IP_ROUTER_ALERT": (OFF, "EINVAL"),
    "IPPROTO_IP, IP_RECVOPTS": (OFF, "0"),
    "IPPROTO_IP, IP_RETOPTS": (OFF, "0"),
    "IPPROTO_IP, IP_PKTOPTIONS": ("0 0 ", None),
    "IPPROTO_IP, IP_PASSSEC": (OFF, "0"),
    "IPPROTO_IP, IP_TRANSPARENT": (OFF, "0"),
    "IPPROTO_IP, IP_NODEFRAG": (OFF, None),
    "IPPROTO_IP, IP_CHECKSUM": (OFF, "0"),
    "IPPROTO_IP, IP_RECVFRAGSIZE": (OFF, "0"),
    "IPPROTO_IP, IP_UNICAST_IF": (OFF, "EADDRNOTAVAIL"),
    "SOL_SOCKET, SO_PEERCRED": (OFF, None),
    "SOL_SOCKET, SO_PEERNAME": ("ENOTCONN", None),
    "SOL_SOCKET, SO_TIMESTAMPNS": (OFF, "0"),
    "SOL_SOCKET, SO_PEEK_OFF": ("0 4 ffffffff", "0"),
    "IPPROTO_TCP, TCP_INQ": (OFF, "0"),
    "IPPROTO_UDP, UDP_CORK": (OFF, "0"),
}
NOT_BUILT = "not built (docs/limits.md): ENOPROTOOPT"
ORDER = "the value is fetched before the option is looked at"
LOOPBACK = "127.0.0.0 is an address of lo on Linux, as all of 127.0.0.0/8 are; here only an address that an interface has"
MORE = "MSG_MORE of UDP sends at once, as UDP_CORK is not built"

KNOWN = [
    *(Known("*", f"getsockopt(?, {name}, *", answer, "ENOPROTOOPT", NOT_BUILT)
      for name, (answer, _) in ABSENT.items()),
    *(Known("*", f"setsockopt(?, {name}, *", answer, "ENOPROTOOPT", NOT_BUILT)
      for name, (_, answer) in ABSENT.items() if answer is not None),
    Known("tcp_options_of_ip", "setsockopt(3, IPPROTO_IP, IP_RECVFRAGSIZE, 01000000, 4)", "EINVAL", "ENOPROTOOPT",
          NOT_BUILT),
    Known("wrong_levels", "getsockopt(3, IPPROTO_UDP, UDP_CORK, 4) #2", "0 4 01000000", "ENOPROTOOPT", NOT_BUILT),
    Known("*", "setsockopt(3, IPPROTO_IP, IP_OPTIONS, 01000000, 4)", "0", "EPERM",
          "options in sent headers are refused: routers drop such packets (RFC 7126 §4)"),
    Known("*", "setsockopt(3, IPPROTO_IP, IP_MTU, 01000000, 4) null", "ENOPROTOOPT", "EFAULT", ORDER),
    Known("*", "setsockopt(3, IPPROTO_IP, IP_MULTICAST_IF, 01000000, 4) null", "EINVAL", "EFAULT", ORDER),
    Known("udp_options_written", "setsockopt(3, IPPROTO_IP, IP_MULTICAST_IF, 7f000000, 4)", "0", "EADDRNOTAVAIL",
          LOOPBACK),
    Known("udp_options_written", "getsockopt(3, IPPROTO_IP, IP_MULTICAST_IF, *", "0 4 7f000000", OFF, LOOPBACK),
    Known("unix_streams", "sendto(4, b'x', 1, OOB, -, 0)", "1", "ENOTSUP",
          "no urgent byte on AF_UNIX; Linux has one since 5.15"),
    Known("udp_transfers", "poll(4) #2", "OUT|WRNORM|WRBAND", "IN|OUT|RDNORM|WRNORM|WRBAND", MORE),
    Known("udp_transfers", "recvfrom(4, 100, DONTWAIT, 0) #2", "13 0 - b'part and rest'", "5 0 - b'part '", MORE),
]
