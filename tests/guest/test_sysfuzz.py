"""The short edition of `make sysfuzz`: random system calls on the kernel with both sanitizers, which must not find
anything, and must leave everything that the kernel counts as it was."""
import re

import pytest
from harness import INITRAMFS, MODE, VARIANT, Guest

CALLS = 30_000


@pytest.mark.skipif(VARIANT == MODE, reason="of the sanitized kernel; on the plain one: make sysfuzz")
def test_random_calls():
    with Guest(append="test", initrd=INITRAMFS) as guest:
        guest.wait_for_shell().wait_for_network()
        output = guest.run(f"sysfuzz 1 {CALLS}", timeout=900)
        assert re.search(r"^ok sysfuzz: \d+ calls", output, re.MULTILINE), output
