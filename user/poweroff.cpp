// poweroff: switches the machine off. With a status, an emulator that offers a way to return it ends with
// that status: tests use it.

#include "user/program.hpp"

#include <linux/reboot.h>
#include <sys/syscall.h>

int main(int argc, char** argv) {
    static const char usage[] = "usage: poweroff [STATUS]\n";
    answer_help(argc, argv, usage);
    if (argc > 2) {
        usage_error(usage);
    }
    long command = LINUX_REBOOT_CMD_POWER_OFF;
    char argument[32] = "";
    if (argc == 2) {
        snprintf(argument, sizeof argument, "exit=%ld", parse_number(argv[1], 0, 127, "status"));
        command = LINUX_REBOOT_CMD_RESTART2;
    }
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, argument);
    err(1, "reboot");
}
