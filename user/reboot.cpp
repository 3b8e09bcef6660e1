// reboot: restarts the machine.

#include "user/program.hpp"

#include <sys/reboot.h>

int main(int argc, char** argv) {
    answer_help(argc, argv, "usage: reboot\n");
    reboot(RB_AUTOBOOT);
    err(1, "reboot");
}
