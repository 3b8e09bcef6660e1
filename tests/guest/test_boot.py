"""Every way to boot, down to the shell prompt."""
import os
import re

import pexpect
import pytest
from harness import BUILD, INITRAMFS, ISO, KERNEL, MODE, ROOT, VARIANT, Guest

TOOLS = os.path.join(ROOT, "tools")


def test_bios():
    with Guest(iso=ISO) as guest:
        guest.wait_for_shell()
        assert "Lumos" in guest.run("uname -a")
        assert guest.power_off() == 0


def test_uefi():
    variables = os.path.join(BUILD, "uefi-vars.fd")
    with Guest(iso=ISO, uefi_vars=variables, memory=256) as guest:
        guest.wait_for_shell()
        assert "Lumos" in guest.run("uname -a")


@pytest.mark.parametrize("cpu", ["max", "qemu64"])
def test_pvh(cpu):
    with Guest(kernel=KERNEL, initrd=INITRAMFS, cpu=cpu) as guest:
        guest.wait_for_shell()
        assert guest.run("echo $((6 * 7))") == "42"


@pytest.mark.skipif("kasan" in VARIANT, reason="shadow memory and quarantine take their share")
def test_sixteen_mebibytes():
    """The whole system, with network, in 16 MiB."""
    with Guest(iso=ISO, memory=16) as guest:
        guest.wait_for_shell().wait_for_network()
        free = re.search(r"MemFree:\s+(\d+) kB", guest.run("cat /proc/meminfo"))
        assert int(free.group(1)) > 1024
        assert "0% packet loss" in guest.run("ping -c 2 10.0.2.2")


def test_two_processors_in_the_machine():
    """The second one is not used yet but must not be in the way."""
    with Guest(kernel=KERNEL, initrd=INITRAMFS, cpus=2) as guest:
        guest.wait_for_shell()
        assert guest.run("echo alive") == "alive"


def test_exit_status():
    with Guest() as guest:
        guest.wait_for_shell()
        # isa-debug-exit turns v into 2 v + 1.
        assert guest.power_off(status=4) == 9


def test_rc_local_runs_before_the_shell(tmp_path):
    """EXTRA lays files over the root; etc/rc.local runs before the prompt."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "rc.local").write_text("echo rc.local was here\n")
    archive = tmp_path / "initramfs.cpio"
    os.system(f"make -s -C {os.path.dirname(os.path.dirname(BUILD))} INITRAMFS={archive} EXTRA={tmp_path} DEPS=no "
              f"MODE={MODE} {archive} > /dev/null")
    with Guest(initrd=str(archive)) as guest:
        guest.expect("rc.local was here")
        guest.wait_for_shell()


def test_bochs():
    """A second emulator with its own idea of every device: boot, an address by DHCP, and a ping."""
    command = [os.path.join(TOOLS, "run_bochs"), "--iso", ISO]
    console = pexpect.spawn(command[0], command[1:], encoding="utf-8", codec_errors="replace", timeout=120)
    console.expect(r"lumos:.*# ")
    console.sendline("until ifconfig | grep -q 'inet 10\\.0\\.2\\.'; do sleep 0.1; done; ping -c 2 10.0.2.2")
    console.expect("2 received, 0% packet loss")
    console.sendline("poweroff")
    console.expect(pexpect.EOF)
    console.close()
    assert console.exitstatus == 0
