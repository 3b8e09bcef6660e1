"""The command line of the machine that Lumos runs on. Used by run_qemu, debug, the benchmarks and the tests,
so that all of them boot the same machine."""
import argparse
import dataclasses
import os
import shutil

OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"

# An echo service inside the user-mode network: QEMU starts one `cat` for each connection to it.
ECHO_SERVICE = "tcp:10.0.2.100:7-cmd:/bin/cat"


@dataclasses.dataclass
class Machine:
    """What is to be booted, and on what."""

    iso: str = ""
    kernel: str = ""
    initrd: str = ""
    append: str = ""
    memory: int = 128
    cpus: int = 1
    nic: str = "e1000"
    mac: str = ""
    net: str = "user"
    accel: str = "tcg"
    cpu: str = "max"
    display: str = "none"
    hostfwd: str = ""
    pcap: str = ""
    uefi_vars: str = ""
    serial: str = "mon:stdio"
    second_serial: str = ""
    extra: tuple = ()

    def firmware(self):
        """UEFI when a copy of its variable store is given, else the BIOS."""
        if not self.uefi_vars:
            return ["-machine", "pc"]
        if not os.path.exists(self.uefi_vars):
            shutil.copy(OVMF_VARS, self.uefi_vars)
        return ["-machine", "q35",
                "-drive", f"if=pflash,format=raw,readonly=on,file={OVMF_CODE}",
                "-drive", f"if=pflash,format=raw,file={self.uefi_vars}"]

    def medium(self):
        if self.kernel:
            line = ["-kernel", self.kernel]
            if self.initrd:
                line += ["-initrd", self.initrd]
            if self.append:
                line += ["-append", self.append]
            return line
        return ["-cdrom", self.iso, "-boot", "d"]

    def network(self):
        kind, _, rest = self.net.partition(":")
        if kind == "none":
            return ["-nic", "none"]
        if kind == "user":
            backend = f"user,id=n0,guestfwd={ECHO_SERVICE}"
            for forward in filter(None, self.hostfwd.split(",")):
                protocol, host_port, guest_port = forward.split(":")
                backend += f",hostfwd={protocol}:127.0.0.1:{host_port}-:{guest_port}"
        elif kind == "tap":
            backend = f"tap,id=n0,ifname={rest},script=no,downscript=no"
        elif kind == "dgram":
            local, _, remote = rest.partition(",")
            backend = (f"dgram,id=n0,local.type=unix,local.path={local},"
                       f"remote.type=unix,remote.path={remote}")
        else:
            raise ValueError(f"unknown network {self.net}")
        card = f"{self.nic},netdev=n0,romfile=" + (f",mac={self.mac}" if self.mac else "")
        line = ["-netdev", backend, "-device", card]
        if self.pcap:
            line += ["-object", f"filter-dump,id=pcap0,netdev=n0,file={self.pcap}"]
        return line

    def command(self):
        return (["qemu-system-x86_64", "-accel", self.accel, "-cpu", self.cpu, "-m", str(self.memory),
                 "-smp", str(self.cpus), "-no-reboot", "-display", self.display, "-serial", self.serial,
                 "-vga", "std", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
                + (["-serial", self.second_serial] if self.second_serial else [])
                + self.firmware() + self.medium() + self.network() + list(self.extra))


def machine_arguments(description):
    """An argument parser with one option for each field that a person may want to set."""
    parser = argparse.ArgumentParser(description=description)
    for field in dataclasses.fields(Machine):
        if field.name in ("extra", "serial"):
            continue
        parser.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    return parser


def machine_from(arguments):
    names = {field.name for field in dataclasses.fields(Machine)}
    return Machine(**{name: value for name, value in vars(arguments).items() if name in names})
