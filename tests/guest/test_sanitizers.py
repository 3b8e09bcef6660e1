"""Each deliberate bug of kernel/crash_undefined.cpp and crash_memory.cpp is caught by the sanitizer that the kernel
was built with: the report names the kind of mistake and its backtrace the function that made it. conftest.py leaves
this file out when the kernel has no sanitizer."""
import re

import pexpect
import pytest
from harness import KERNEL, VARIANT, Guest

# The word crash= of the command line: the headline of the panic, and the function that its backtrace names.
UNDEFINED = {
    "add": (r"overflow: (2147483647 \+ 1|1 \+ 2147483647) in type 'int'", "overflow_addition"),
    "subtract": (r"overflow: -2147483648 - 1 in type 'int'", "overflow_subtraction"),
    "multiply": (r"overflow: (2147483647 \* 2|2 \* 2147483647) in type 'int'", "overflow_multiplication"),
    "negate": (r"overflow: -\(-2147483648\) in type 'int'", "overflow_negation"),
    "divide-by-zero": (r"division of 6 by zero", "divide_by_zero"),
    "divide": (r"overflow: -2147483648 / -1 in type 'int'", "overflow_division"),
    "shift": (r"shift of 1 by 32, type '(uint32_t|unsigned int)'", "shift_too_far"),
    "index": (r"index 4 out of bounds for type 'int \[4\]'", "index_beyond_array"),
    "tail": (r"index 1 out of bounds for type '(uint32_t|unsigned int) \[1\]'", "index_beyond_tail"),
    "null": (r"load of null pointer of type '(uint32_t|unsigned int)'", "load_null"),
    "misaligned": (r"load of misaligned address 0xf\w+ for type '(uint64_t|long unsigned int)', which wants 8 bytes", "load_misaligned"),
    "bool": (r"load of value 2, which is none of type 'bool'", "load_bool"),
    "enum": (r"load of value 7, which is none of type 'small_enum'", "load_enum"),
    "pointer": (r"pointer 0xf{15}0 moved to 0x30", "move_pointer_around"),
    "builtin": (r"zero passed to a builtin that counts trailing zeros", "count_zeros_of_zero"),
    "unreachable": (r"unreachable code reached", "reach_unreachable"),
    "return": (r"end of a function without its return value", "forget_to_return|end_without_value"),
}
MEMORY = {
    "read-right": (r"heap-out-of-bounds: read of 1 bytes", "heap_read_right"),
    "read-left": (r"heap-out-of-bounds: read of 1 bytes", "heap_read_left"),
    "write-right": (r"heap-out-of-bounds: write of 1 bytes", "heap_write_right"),
    "write-left": (r"heap-out-of-bounds: write of 1 bytes", "heap_write_left"),
    "block": (r"heap-out-of-bounds: read of 1 bytes", "heap_block"),
    "memset": (r"heap-out-of-bounds: write of 61 bytes", "heap_copy"),
    "use-after-free": (r"use-after-free: read of 1 bytes", "use_after_free"),
    "reuse": (r"use-after-free: read of 1 bytes", "use_after_others_came"),
    "page-after-free": (r"use-after-free-of-page: read of 1 bytes", "use_page_after_free"),
    "double-free": (r"invalid free: double free", "double_free"),
    "free-inside": (r"invalid free: not the start of an object", "free_inside"),
    "free-variable": (r"invalid free: no memory of the heap", "free_variable"),
    "stack": (r"stack-out-of-bounds: read of 1 bytes", "stack_read"),
    "global": (r"global-out-of-bounds: read of 1 bytes", "global_read"),
    "scope": (r"use-after-scope: read of 1 bytes", "use_after_scope"),
    "guard": (r"stack-guard: read of 1 bytes", "stack_guard"),
    "copy-out": (r"heap-out-of-bounds: read of 61 bytes", "user_copy_overrun"),
    "copy-in": (r"use-after-free: write of 60 bytes", "user_copy_from_freed"),
}
CASES = ([("ubsan-" + name, "UBSan: ", *expected) for name, expected in UNDEFINED.items() if "ubsan" in VARIANT]
         + [("kasan-" + name, "KASAN: ", *expected) for name, expected in MEMORY.items() if "kasan" in VARIANT])


@pytest.mark.parametrize("name,sanitizer,headline,function", CASES, ids=[case[0] for case in CASES])
def test_bug_is_caught(name, sanitizer, headline, function):
    with Guest(kernel=KERNEL, initrd="", append=f"test crash={name}") as guest:  # it does not get to files
        guest.console.expect(pexpect.EOF)
        output = guest.console.before
        guest.console.close()
        assert re.search(rf"PANIC on CPU 0 in \S+: {sanitizer}({headline})", output), output
        backtrace = output[output.index("PANIC"):]
        assert re.search(rf"called from [0-9a-f]{{16}} .*({function})\S*\+0x", backtrace), output
        assert "survived" not in output
        assert guest.console.exitstatus == 255


@pytest.mark.skipif("kasan" not in VARIANT, reason="of the address sanitizer")
def test_report_tells_the_story():
    """Where in which object, who allocated and freed it, and the shadow."""
    with Guest(kernel=KERNEL, initrd="", append="test crash=kasan-use-after-free") as guest:
        guest.console.expect(pexpect.EOF)
        output = guest.console.before
        assert re.search(r"8 bytes into the 60 bytes of the freed object at f\w{15}", output), output
        allocated, freed = re.search(r"allocated by:(.*)freed by:(.*)shadow", output, re.DOTALL).groups()
        assert "make_object" in allocated or "use_after_free" in allocated
        assert "kfree" in freed or "use_after_free" in freed
        assert re.search(r"f\w{15}:.*>fb", output)


@pytest.mark.skipif("kasan" not in VARIANT, reason="of the address sanitizer")
def test_report_names_variables():
    with Guest(kernel=KERNEL, initrd="", append="test crash=kasan-global") as guest:
        guest.console.expect(pexpect.EOF)
        assert re.search(r"0 bytes behind the 60 bytes of the variable numbers of kernel/crash_memory.cpp",
                         guest.console.before), guest.console.before
