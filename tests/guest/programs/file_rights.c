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

static int lock_fd;
static int lock_error;

static struct flock write_lock(void) {
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

static void *wait_for_lock(void *unused) {
    struct flock lock = write_lock();
    lock_error = fcntl(lock_fd, F_SETLKW, &lock) == 0 ? 0 : errno;
    return unused;
}

/* In the child: the descriptor is closed by one thread while another waits for a lock by it. */
static void close_while_waiting(int told, int telling) {
    char byte;
    pthread_t waiter;
    lock_fd = open("/tmp/locked", O_RDWR);
    pthread_create(&waiter, NULL, wait_for_lock, NULL);
    usleep(200 * 1000);
    close(lock_fd);
    int ok = write(telling, "c", 1) == 1;
    pthread_join(waiter, NULL);
    ok = ok && write(telling, "j", 1) == 1 && read(told, &byte, 1) == 1;
    _exit(ok && lock_error == EBADF ? 0 : 1);
}

static void test_lock_after_close(void) {
    int there[2], back[2], status = -1;
    char byte;
    int fd = open("/tmp/locked", O_CREAT | O_RDWR, 0600);
    struct flock lock = write_lock();
    CHECK("lock.held", pipe(there) == 0 && pipe(back) == 0 && fcntl(fd, F_SETLK, &lock) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close_while_waiting(there[0], back[1]);
    }
    CHECK("lock.closed", read(back[0], &byte, 1) == 1 && byte == 'c');
    lock.l_type = F_UNLCK;
    CHECK("lock.given_up", fcntl(fd, F_SETLK, &lock) == 0 && read(back[0], &byte, 1) == 1 && byte == 'j');
    lock = write_lock();
    CHECK("lock.nobody_has_it", fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK);
    CHECK("lock.end", write(there[1], "e", 1) == 1 && waitpid(child, &status, 0) == child);
    CHECK("lock.waiter_sees_EBADF", status == 0);
    close(fd);
    unlink("/tmp/locked");
}

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
    test_lock_after_close();
    test_old_terminal();
    return finish();
}
