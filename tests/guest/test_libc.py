"""The C library's own tests (tests/libc), which also run on Linux, here on Lumos: files, processes, threads,
sockets. Each program prints `ok NAME` when nothing failed."""
import glob
import os
import re

import pytest

FOLDER = os.path.join(os.path.dirname(__file__), "..", "libc")
PROGRAMS = sorted(os.path.basename(path) for path in glob.glob(os.path.join(FOLDER, "test_*.c*")))


@pytest.mark.parametrize("program", PROGRAMS)
def test_libc(guest, program):
    # dhclient must not write /etc/resolv.conf while the resolver is tested.
    guest.wait_for_network()
    guest.run("until grep -q nameserver /etc/resolv.conf; do sleep 0.1; done")
    output = guest.run(f"/tests/libc/{program}", timeout=120, check=False)
    failures = re.findall(r"^FAIL .*$", output, re.MULTILINE)
    assert not failures, "\n".join(failures)
    assert guest.status == 0, output
    assert re.search(r"^ok ", output, re.MULTILINE), output
