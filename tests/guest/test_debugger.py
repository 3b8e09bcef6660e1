"""gdb with tools/gdb/lumos.py on a running guest, and `tools/debug` from the first instruction on."""
import os
import re
import subprocess

import harness
import pytest
from harness import INITRAMFS, ISO, KERNEL, ROOT, Guest

SCRIPT = os.path.join(ROOT, "tools", "gdb", "lumos.py")


@pytest.fixture(scope="module")
def stopped():
    """What gdb says about a guest that serves pages and has one connection."""
    port = harness.free_port()
    with Guest(initrd=INITRAMFS, extra=("-gdb", f"tcp:127.0.0.1:{port}")) as guest:
        guest.wait_for_shell().wait_for_network()
        guest.run("httpd -p 80 /tmp &")
        guest.start("nc 10.0.2.100 7")
        guest.start("through the connection")
        guest.expect("through the connection\r*\nthrough the connection")
        commands = [f"target remote 127.0.0.1:{port}", "lumos stack", "lumos sockets", "lumos tables", "lumos drops"]
        words = [word for command in commands for word in ("-ex", command)]
        done = subprocess.run(["gdb", "-q", "-batch", "-x", SCRIPT, KERNEL] + words, capture_output=True, text=True,
                              timeout=60, check=True)
        assert "Error" not in done.stderr, done.stderr
        return done.stdout


def test_sockets(stopped):
    assert re.search(r"listen +0\.0\.0\.0:80 ", stopped)
    assert re.search(r"established +10\.0\.2\.15:\d+ +10\.0\.2\.100:7 ", stopped)


def test_tables(stopped):
    for function in ("net::inet_create", "net::unix_create", "net::tcp_v4_rcv", "net::ip_rcv", "net::arp_receive"):
        assert function in stopped


def test_from_the_first_instruction():
    """QEMU stops where GRUB enters the kernel; `continue` leads to the first line of C++."""
    done = subprocess.run([os.path.join(ROOT, "tools", "debug"), "--iso", ISO, "--symbols", KERNEL, "--gdb=-batch",
                           "--gdb=continue", "--gdb=bt"], capture_output=True, text=True, timeout=120, check=True)
    assert "multiboot_entry () at boot/multiboot2.asm" in done.stdout
    assert re.search(r"kernel_main .* at kernel/main\.cpp", done.stdout)
