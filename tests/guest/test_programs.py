"""Runs the test programs of tests/guest/programs in the guest: built against our libc, and as static Linux
programs with musl. Each prints `ok NAME` or `FAIL NAME ...` per case and ends with 0 when all were ok."""
import glob
import os
import re

import pytest

PROGRAMS = sorted(os.path.basename(path)[:-2]
                  for path in glob.glob(os.path.join(os.path.dirname(__file__), "programs", "*.c")))


@pytest.mark.parametrize("suffix", ["", ".musl"])
@pytest.mark.parametrize("program", [name for name in PROGRAMS if name != "hello"])
def test_program(guest, program, suffix):
    output = guest.run(f"/tests/{program}{suffix}", timeout=120, check=False)
    failures = re.findall(r"^FAIL .*$", output, re.MULTILINE)
    assert not failures, "\n".join(failures)
    assert guest.status == 0, output
    assert re.search(r"^ok ", output, re.MULTILINE), f"it tested nothing:\n{output}"


@pytest.mark.parametrize("suffix", ["", ".musl", ".glibc"])
def test_hello(guest, suffix):
    assert guest.run(f"/tests/hello{suffix} a b") == f"hello from /tests/hello{suffix}, 2 arguments"


BUSYBOX = {
    "echo one two | wc -w": "2",
    "seq 1 5 | sort -rn | head -2 | tr '\\n' ' '": "5 4",
    "printf 'b\\na\\n' > /tmp/list; sort /tmp/list; rm /tmp/list": "a\nb",
    "mkdir -p /tmp/d/e && touch /tmp/d/e/f && find /tmp/d | sort; rm -r /tmp/d": "/tmp/d\n/tmp/d/e\n/tmp/d/e/f",
    "i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i": "3",
    "echo hello | sha256sum | cut -c1-16": "5891b5b522d5df08",
    "echo text | gzip | gunzip": "text",
    "sleep 1 & wait $! && echo waited": "waited",
    "ls / | grep -x bin": "bin",
    "(exit 3); echo $?": "3",
    "dd if=/dev/zero bs=1k count=100 2>/dev/null | wc -c": "102400",
    "date -u -d @0 +%Y-%m-%d": "1970-01-01",
}


@pytest.mark.parametrize("script", BUSYBOX)
def test_busybox(guest, script):
    """Debian's busybox-static as the shell and the utilities."""
    guest.run("ls /tmp/bb > /dev/null 2>&1 || { mkdir /tmp/bb; cp /tests/busybox /tmp/bb; }")
    quoted = script.replace("'", "'\\''")
    assert guest.run(f"/tests/busybox sh -c '{quoted}'").strip() == BUSYBOX[script]
