#!/usr/bin/env python3
"""Compares kernel/abi with the host's own Linux headers: every constant, every structure's layout.

Two programs are compiled, one with our headers and one with the host's; both print name and value of each
constant and size and offsets of each structure. A difference is a failure. Names the host lacks are skipped,
apart from those of which the host spells the structure differently (ALIAS).
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ABI = ROOT / "kernel" / "abi"

HOST_HEADERS = {
    "errno": "errno.h",
    "syscall": "sys/syscall.h",
    "socketcall": "linux/net.h",
    "socket": "sys/socket.h linux/errqueue.h netinet/in.h",
    "iovec": "sys/uio.h limits.h",
    "inet": "netinet/in.h netinet/ip.h linux/icmp.h",
    "tcp": "linux/tcp.h",
    "udp": "linux/udp.h",
    "un": "sys/un.h",
    "packet": "netinet/in.h linux/if_packet.h linux/if_ether.h",
    "netdevice": "sys/socket.h net/if.h net/if_arp.h net/route.h sys/ioctl.h linux/sockios.h",
    "time": "time.h sys/time.h sys/times.h",
    "files": "fcntl.h sys/stat.h unistd.h sys/file.h sys/vfs.h poll.h sys/select.h sys/epoll.h sys/eventfd.h"
             " dirent.h linux/limits.h linux/magic.h sys/mount.h stdio.h",
    "mman": "sys/mman.h",
    "signal": "signal.h sys/ucontext.h",
    "termios": "termios.h sys/ioctl.h",
    "process": "sys/wait.h sched.h sys/resource.h sys/prctl.h asm/prctl.h linux/futex.h sys/random.h"
               " sys/auxv.h linux/reboot.h",
    "utsname": "sys/utsname.h",
    "sysinfo": "sys/sysinfo.h",
    "elf": "elf.h",
}
# Structures whose host name or fields differ on purpose: our name -> host name, None skips it.
ALIAS = {
    "kernel_sigaction": None, "kernel_ucontext": None, "rt_sigframe": None, "sigcontext": None, "fpstate": None,
    "kernel_termios": None, "linux_dirent64": None, "siginfo": "siginfo_t", "sigaltstack": "stack_t",
}
# The kernel's value is meant where glibc's own differs.
SKIP = {"MINSIGSTKSZ", "SIGSTKSZ", "NSIG", "SI_LOAD_SHIFT", "SOCK_TYPE_MASK", "AF_MAX", "PF_MAX",
        "O_LARGEFILE", "F_GETLK", "F_SETLK", "F_SETLKW", "KERNEL_NCCS", "CBAUD", "SYS_socketcall", "UNIX_PATH_MAX",
        "ELFMAG"}
FIELD_SKIP = re.compile(r"padding|_pad|reserved|si_fields|ifr_|ifc_|ss_alignment|s6_|spare|in6_u|fsid")


def our_macros(header):
    text = (ABI / f"{header}.h").read_text()
    return [name for name in re.findall(r"^#define (\w+) ", text, re.M)
            if name not in SKIP and not name.startswith(("ifr_", "ifc_"))]


def our_structures(header):
    text = re.sub(r"/\*.*?\*/", "", (ABI / f"{header}.h").read_text(), flags=re.S)
    found = {}
    for tag, body in re.findall(r"^(?:typedef )?struct (\w+) \{\n(.*?)^\}", text, re.M | re.S):
        depth, fields = 0, []
        for line in body.splitlines():
            if depth == 0 and ":" not in line and "{" not in line:
                fields += re.findall(r"(\w+)(?:\[[^\]]*\])*(?=[,;])", line)
            depth += line.count("{") - line.count("}")
        found[tag] = [field for field in fields if not FIELD_SKIP.search(field)]
    return found


def program(includes, macros, structures, host):
    lines = ["#define _GNU_SOURCE"] if host else []
    lines += [f"#include <{name}>" for name in includes] + ["int printf(const char *, ...);", "int main(void) {"]
    for name in macros:
        lines += [f"#ifdef {name}", f'    printf("{name} %#llx\\n", (unsigned long long)({name}));', "#endif"]
    for tag, fields in structures.items():
        name = ALIAS.get(tag, f"struct {tag}") if host else f"struct {tag}"
        if name is None:
            continue
        lines.append(f'    printf("sizeof {tag} %zu\\n", sizeof({name}));')
        lines += [f'    printf("{tag}.{field} %zu\\n", __builtin_offsetof({name}, {field}));' for field in fields]
    return "\n".join(lines + ["}"])


def run(source, extra, folder, name):
    path = Path(folder) / f"{name}.c"
    path.write_text(source)
    binary = Path(folder) / name
    subprocess.run(["gcc", "-w", *extra, "-o", binary, path], check=True)
    out = subprocess.run([binary], check=True, capture_output=True, text=True).stdout
    return dict(line.rsplit(" ", 1) for line in out.splitlines())


def main():
    compared, wrong = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for header, hosts in HOST_HEADERS.items():
            macros = [m for m in our_macros(header) if not re.match(r"\w+\(", m)]
            structures = {t: f for t, f in our_structures(header).items() if ALIAS.get(t, "") is not None}
            ours = run(program([f"kernel/abi/{header}.h"], macros, structures, False), [f"-I{ROOT}"], folder, "ours")
            theirs = run(program(hosts.split(), macros, structures, True), [], folder, "theirs")
            for name in sorted(ours.keys() & theirs.keys()):
                compared += 1
                low = 32 if name.isupper() else 64
                if int(ours[name], 0) % 2**low != int(theirs[name], 0) % 2**low:
                    wrong += 1
                    print(f"FAIL {header}.h {name}: ours {ours[name]}, host {theirs[name]}")
    print(f"{'FAIL' if wrong else 'ok'} kernel/abi against the host: {compared} values, {wrong} differ")
    return 1 if wrong or compared < 1000 else 0


if __name__ == "__main__":
    sys.exit(main())
