// dmesg: prints the kernel's messages.

#include "user/program.hpp"

#include <sys/syscall.h>

constexpr int read_all = 3; // actions of syslog(2)
constexpr int buffer_size = 10;

int main(int argc, char** argv) {
    answer_help(argc, argv, "usage: dmesg\nPrints the kernel's messages.\n");
    long size = syscall(SYS_syslog, buffer_size, nullptr, 0);
    if (size <= 0) {
        size = 65536;
    }
    char* text = static_cast<char*>(malloc(static_cast<size_t>(size)));
    long length = text != nullptr ? syscall(SYS_syslog, read_all, text, size) : -1;
    if (length < 0) {
        err(1, "kernel messages");
    }
    if (!write_all(1, text, static_cast<size_t>(length))) {
        err(1, "standard output");
    }
    return 0;
}
