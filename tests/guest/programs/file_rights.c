/* What stays of rights to a file: set-user-ID and set-group-ID bits, record locks after a close, a terminal
 * whose number went on to somebody else. Begins as root; the same on a Linux host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef TIOCGPTN
#define TIOCGPTN 0x80045430
#define TIOCSPTLCK 0x40045431
#endif

static int open_master(char *name, size_t size) {
    int number = -1, unlock = 0;
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    if (master < 0 || ioctl(master, TIOCGPTN, &number) != 0 || ioctl(master, TIOCSPTLCK, &unlock) != 0) {
        return -1;
    }
    snprintf(name, size, "/dev/pts/%d", number);
    return master;
}

/* The number of a terminal goes to the next who opens one; a handle on the old name does not. */
static void test_old_terminal(void) {
    char name[32], next_name[32], handle_name[32];
    int master = open_master(name, sizeof name);
    int handle = open(name, O_PATH);
    CHECK("pty.handle", master >= 0 && handle >= 0);
    snprintf(handle_name, sizeof handle_name, "/proc/self/fd/%d", handle);
    int terminal = open(handle_name, O_RDWR | O_NOCTTY);
    CHECK("pty.handle_opens", terminal >= 0);
    close(terminal);
    close(master);
    int next = open_master(next_name, sizeof next_name);
    CHECK("pty.same_number", next >= 0 && strcmp(name, next_name) == 0);
    CHECK_ERROR("pty.old_handle", open(handle_name, O_RDWR | O_NOCTTY), EIO);
    terminal = open(next_name, O_RDWR | O_NOCTTY);
    CHECK("pty.new_name", terminal >= 0);
    close(terminal);
    close(next);
    close(handle);
}

int main(void) {
    test_old_terminal();
    return finish();
}
