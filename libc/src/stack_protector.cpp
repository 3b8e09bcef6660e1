// Where compilers that protect stacks by default send a program whose canary was overwritten.

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern "C" void __stack_chk_fail() {
    constexpr char text[] = "stack overwritten\n";
    write(STDERR_FILENO, text, sizeof text - 1);
    abort();
}
