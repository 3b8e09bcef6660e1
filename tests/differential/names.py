"""Linux's names of the numbers in calls, for notes that a person can read."""
import socket

ACCEPTED_PORT_FLOOR = 32768  # ports from here on were chosen by a kernel

FAMILIES = {0: "AF_UNSPEC", 1: "AF_UNIX", 2: "AF_INET", 10: "AF_INET6", 16: "AF_NETLINK", 17: "AF_PACKET"}
SOCKET_TYPES = {1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET", 10: "SOCK_PACKET"}
SOCKET_FLAGS = {0o4000: "SOCK_NONBLOCK", 0o2000000: "SOCK_CLOEXEC"}
MESSAGE_FLAGS = {0x1: "OOB", 0x2: "PEEK", 0x4: "DONTROUTE", 0x8: "CTRUNC", 0x20: "TRUNC", 0x40: "DONTWAIT",
                 0x80: "EOR", 0x100: "WAITALL", 0x800: "CONFIRM", 0x2000: "ERRQUEUE", 0x4000: "NOSIGNAL",
                 0x8000: "MORE", 0x10000: "WAITFORONE", 0x20000000: "FASTOPEN", 0x40000000: "CMSG_CLOEXEC"}
POLL_BITS = {0x1: "IN", 0x2: "PRI", 0x4: "OUT", 0x8: "ERR", 0x10: "HUP", 0x20: "NVAL", 0x40: "RDNORM", 0x80: "RDBAND",
             0x100: "WRNORM", 0x200: "WRBAND", 0x400: "MSG", 0x2000: "RDHUP"}
LEVELS = {0: "IPPROTO_IP", 1: "SOL_SOCKET", 6: "IPPROTO_TCP", 17: "IPPROTO_UDP", 41: "IPPROTO_IPV6", 255: "SOL_RAW"}

SOL_SOCKET_OPTIONS = """DEBUG REUSEADDR TYPE ERROR DONTROUTE BROADCAST SNDBUF RCVBUF KEEPALIVE OOBINLINE NO_CHECK
PRIORITY LINGER BSDCOMPAT REUSEPORT PASSCRED PEERCRED RCVLOWAT SNDLOWAT RCVTIMEO SNDTIMEO""".split()
IP_OPTIONS = {1: "IP_TOS", 2: "IP_TTL", 3: "IP_HDRINCL", 4: "IP_OPTIONS", 5: "IP_ROUTER_ALERT", 6: "IP_RECVOPTS",
              7: "IP_RETOPTS", 8: "IP_PKTINFO", 9: "IP_PKTOPTIONS", 10: "IP_MTU_DISCOVER", 11: "IP_RECVERR",
              12: "IP_RECVTTL", 13: "IP_RECVTOS", 14: "IP_MTU", 15: "IP_FREEBIND", 18: "IP_PASSSEC",
              19: "IP_TRANSPARENT", 20: "IP_RECVORIGDSTADDR", 21: "IP_MINTTL", 22: "IP_NODEFRAG", 23: "IP_CHECKSUM",
              24: "IP_BIND_ADDRESS_NO_PORT", 25: "IP_RECVFRAGSIZE", 32: "IP_MULTICAST_IF", 33: "IP_MULTICAST_TTL",
              34: "IP_MULTICAST_LOOP", 35: "IP_ADD_MEMBERSHIP", 36: "IP_DROP_MEMBERSHIP", 49: "IP_MULTICAST_ALL",
              50: "IP_UNICAST_IF"}
TCP_OPTIONS = {1: "TCP_NODELAY", 2: "TCP_MAXSEG", 3: "TCP_CORK", 4: "TCP_KEEPIDLE", 5: "TCP_KEEPINTVL",
               6: "TCP_KEEPCNT", 7: "TCP_SYNCNT", 8: "TCP_LINGER2", 9: "TCP_DEFER_ACCEPT", 10: "TCP_WINDOW_CLAMP",
               11: "TCP_INFO", 12: "TCP_QUICKACK", 13: "TCP_CONGESTION", 18: "TCP_USER_TIMEOUT",
               25: "TCP_NOTSENT_LOWAT", 36: "TCP_INQ"}

OPTIONS = {(1, number): f"SO_{name}" for number, name in enumerate(SOL_SOCKET_OPTIONS, 1)}
OPTIONS |= {(1, 25): "SO_BINDTODEVICE", (1, 28): "SO_PEERNAME", (1, 29): "SO_TIMESTAMP", (1, 30): "SO_ACCEPTCONN",
            (1, 32): "SO_SNDBUFFORCE", (1, 33): "SO_RCVBUFFORCE", (1, 35): "SO_TIMESTAMPNS", (1, 36): "SO_MARK",
            (1, 38): "SO_PROTOCOL", (1, 39): "SO_DOMAIN", (1, 42): "SO_PEEK_OFF"}
OPTIONS |= {(0, number): name for number, name in IP_OPTIONS.items()}
OPTIONS |= {(6, number): name for number, name in TCP_OPTIONS.items()}
OPTIONS |= {(17, 1): "UDP_CORK"}

SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP = 1, socket.IPPROTO_IP, socket.IPPROTO_TCP, socket.IPPROTO_UDP
SO = {name.removeprefix("SO_"): number for (level, number), name in OPTIONS.items() if level == 1}
FIONREAD, SIOCOUTQ, SIOCATMARK, FIONBIO = 0x541B, 0x5411, 0x8905, 0x5421


def flags_text(bits, names, nothing="0"):
    """"IN|HUP": the names of the bits that are set; a number for what has none."""
    words = [name for bit, name in sorted(names.items()) if bits & bit]
    rest = bits & ~sum(bit for bit in names)
    return "|".join(words + ([f"{rest:#x}"] if rest else [])) + (" " if nothing == "" and words else "") or nothing
