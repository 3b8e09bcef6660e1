"""What the kernel's protections catch, and that a panic says what happened, where, and ends a test run."""
import re

import pexpect
import pytest
from harness import INITRAMFS, KERNEL, VARIANT, Guest

# The word crash= of the command line: the headline of the panic, and a function that its backtrace names.
CRASHES = {
    "assert": (r"assertion failed: opaque\(1\) == 2", "fail_assertion"),
    "null": (r"page fault at 0 ", "read_null"),
    "write-code": (r"page fault at 0xffffffff8\w+ \(error 0x3\)", "write_code"),
    "write-code-alias": (r"page fault at 0xffff8880\w+ \(error 0x3\)", "write_code_alias"),
    "execute-data": (r"page fault at 0xffff888\w+ \(error 0x11\)", "crash_if_asked"),
    "write-idt": (r"page fault at 0xffffffff8\w+ \(error 0x3\)", "write_interrupt_table"),
    "execute-user": (r"page fault at 0x10000 ", "crash_if_asked"),
    "overrun": (r"stack overrun", "overrun_buffer"),
    "stack": (r"kernel stack exhausted", "recurse"),
    "free-twice": (r"assertion failed: mark != free_mark", "kfree"),
}

# Sanitizers come first and know more.
if "kasan" in VARIANT:
    CRASHES["null"] = (r"protection .*KASAN: perhaps a null or wild pointer", "read_null")
    CRASHES["overrun"] = (r"KASAN: stack-out-of-bounds: write of 64 bytes", "overrun_buffer")
    CRASHES["free-twice"] = (r"KASAN: invalid free: double free", "free_twice")
if "ubsan" in VARIANT:
    CRASHES["null"] = (r"UBSan: load of null pointer of type 'volatile int'", "read_null")


@pytest.mark.parametrize("name", CRASHES)
def test_panic(name):
    headline, function = CRASHES[name]
    with Guest(kernel=KERNEL, initrd=INITRAMFS, append=f"test crash={name}") as guest:
        guest.console.expect(pexpect.EOF)
        output = guest.console.before
        guest.console.close()
        assert re.search(rf"PANIC on CPU 0 in \S+: .*{headline}", output), output
        assert re.search(rf"[0-9a-f]{{16}} .*{function}\+0x", output), output
        assert "survived" not in output
        assert guest.console.exitstatus == 255


def test_a_panic_prints_the_last_trace_records():
    """The first program ends, which is a panic; what it did on the network just before is shown."""
    with Guest(append="trace=udp test init=/tests/socket_udp") as guest:
        guest.console.expect("PANIC")
        guest.console.expect(r"udp\.transmit addr=")
        guest.console.expect(pexpect.EOF)
