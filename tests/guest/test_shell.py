"""The shell: scripts whose output is that of dash, and what a person at a terminal does.

Scripts are tests/guest/sh/NAME.sh; NAME.out is what dash printed for them. They run twice: our binaries on this
machine's Linux, which tells errors of the shell from errors of the kernel, and in the guest."""
import glob
import os
import re
import subprocess

import harness
import pexpect
import pytest

HERE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "sh")
BIN = os.path.join(harness.BUILD, "rootfs", "bin")
SCRIPTS = sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(HERE, "*.sh")))


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_on_linux(name, tmp_path):
    ended = subprocess.run([os.path.join(BIN, "sh"), os.path.join(HERE, name + ".sh")], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60, check=False, text=True,
                           env={"PATH": BIN, "HOME": "/root", "TMPDIR": str(tmp_path)})
    with open(os.path.join(HERE, name + ".out"), encoding="utf-8") as expected:
        assert ended.stdout == expected.read(), ended.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_in_guest(guest, name):
    guest.run(f"sh /tests/sh/{name}.sh > /tmp/{name}.out 2> /tmp/{name}.err", timeout=60, check=False)
    output = guest.run(f"cmp /tmp/{name}.out /tests/sh/{name}.out || cat /tmp/{name}.out /tmp/{name}.err", check=False)
    assert output == ""


# ---- at a terminal -------------------------------------------------------------------------------------------

UP, LEFT, HOME = "\x1b[A", "\x1b[D", "\x1b[H"


def type_and_expect(console, keys, pattern):
    console.send(keys)
    console.expect(pattern)
    return console.match


def a_person(console):
    """Editing, history, completion and job control; every answer is awaited before the next key.
    (QEMU adds a carriage return to each line end.)"""
    prompt = r"# "
    type_and_expect(console, "\r", prompt)
    # Editing in the middle, at both ends, and from the history.
    type_and_expect(console, "cho middle" + HOME + "e\r", r"\r+\nmiddle\r+\n.*" + prompt)
    type_and_expect(console, "echo abd" + LEFT + "c\r", r"\r+\nabcd\r+\n.*" + prompt)
    type_and_expect(console, UP + UP + "\r", r"\r+\nmiddle\r+\n.*" + prompt)
    type_and_expect(console, "echo wrong\x15echo right\r", r"\r+\nright\r+\n.*" + prompt)
    # Completion of commands and files.
    type_and_expect(console, "hist\t", r"history ")
    type_and_expect(console, "\r", r"echo right\r+\n.*" + prompt)
    type_and_expect(console, "echo /etc/prot\t", r"/etc/protocols ")
    type_and_expect(console, "\r", r"\r+\n/etc/protocols\r+\n.*" + prompt)
    # A command of several lines, and leaving one unfinished.
    type_and_expect(console, "for i in 1 2\r", "> ")
    type_and_expect(console, "do echo n$i; done\r", r"n1\r+\nn2\r+\n.*" + prompt)
    type_and_expect(console, 'echo "never\r', "> ")
    type_and_expect(console, "\x03", prompt)
    # Stopping, listing, continuing and interrupting a job. `echo` marks that the program is running.
    type_and_expect(console, "sh -c 'echo run''ning; sleep 1000'\r", r"running\r+\n")
    type_and_expect(console, "\x1a", r"Stopped.*" + prompt)
    type_and_expect(console, "jobs\r", r"\[1\]\+ +Stopped .*" + prompt)
    type_and_expect(console, "bg\r", prompt)
    type_and_expect(console, "jobs\r", r"\[1\]\+ +Running .*" + prompt)
    type_and_expect(console, "fg; echo after\r", r"sleep 1000'\r+\n")
    type_and_expect(console, "\x03", prompt)
    type_and_expect(console, "echo status $?\r", r"\r+\nstatus 130\r+\n.*" + prompt)
    type_and_expect(console, "while :; do echo spin''ning; sleep 1; done\r", r"spinning\r+\n")
    type_and_expect(console, "\x03", prompt)
    # A background job that ends by itself is reported before a prompt.
    type_and_expect(console, "sleep 0 & wait $!; echo wai''ted\r", r"waited\r+\n")
    type_and_expect(console, "no-such-command\r", r"not found.*" + prompt)


def test_terminal_on_linux():
    shell = os.path.join(BIN, "sh")
    console = pexpect.spawn(shell, env={"PATH": BIN, "HOME": "/root", "PS1": "# "}, encoding="utf-8", timeout=20,
                            dimensions=(24, 80))
    a_person(console)
    console.sendline("exit 7")
    console.expect(pexpect.EOF)
    console.close()
    assert console.exitstatus == 7


def test_terminal_in_guest(guest):
    a_person(guest.console)


def test_shell_is_restarted(guest):
    """init starts a new shell when one ends."""
    first = int(guest.run("echo $$"))
    guest.console.sendline("exit")
    guest.wait_for_shell()
    second = int(guest.run("echo $$"))
    assert second != first


def test_init_reaps_orphans(guest):
    guest.run("sh -c 'true & exit 0'; sleep 0.2")
    assert not re.search(r"^ *\d+ +1 +\d+ Z ", guest.run("ps"), re.MULTILINE)
