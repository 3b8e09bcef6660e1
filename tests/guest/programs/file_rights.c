/* What stays of rights to a file: set-user-ID and set-group-ID bits, record locks after a close, a terminal
 * whose number went on to somebody else. Begins as root; the same on a Linux host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include "in_child.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef TIOCGPTN
#    define TIOCGPTN 0x80045430
#    define TIOCSPTLCK 0x40045431
#endif

enum { user = 1000, group = 1001, other_group = 1002 };

static mode_t mode_of(const char* path) {
    struct stat status;
    return stat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

/* As the user: what is made in a set-group-ID directory of a group that one is not in. */
static void make_in_foreign_group(void) {
    CHECK("setgid.become_user", setgroups(0, NULL) == 0 && setgid(group) == 0 && setuid(user) == 0);
    umask(0);
    close(open("/tmp/setgid/program", O_CREAT | O_WRONLY, 02775));
    struct stat status;
    CHECK("setgid.foreign_group", stat("/tmp/setgid/program", &status) == 0 && status.st_gid == other_group);
    CHECK("setgid.not_made", mode_of("/tmp/setgid/program") == 0775);
    CHECK("setgid.not_by_chmod",
          chmod("/tmp/setgid/program", 02775) == 0 && mode_of("/tmp/setgid/program") == 0775);
    CHECK("setgid.directory_inherits",
          mkdir("/tmp/setgid/below", 0755) == 0 && mode_of("/tmp/setgid/below") == 02755);
    rmdir("/tmp/setgid/below");
    unlink("/tmp/setgid/program");
}

static void make_in_own_group(void) {
    gid_t groups[1] = {other_group};
    CHECK("setgid.become_member", setgroups(1, groups) == 0 && setgid(group) == 0 && setuid(user) == 0);
    umask(0);
    close(open("/tmp/setgid/program", O_CREAT | O_WRONLY, 02775));
    CHECK("setgid.member_makes", mode_of("/tmp/setgid/program") == 02775);
    CHECK("setgid.member_chmods",
          chmod("/tmp/setgid/program", 02770) == 0 && mode_of("/tmp/setgid/program") == 02770);
    unlink("/tmp/setgid/program");
}

static void test_set_group_id(void) {
    umask(0);
    CHECK("setgid.directory", mkdir("/tmp/setgid", 0777) == 0 && chown("/tmp/setgid", 0, other_group) == 0 &&
                                  chmod("/tmp/setgid", 02777) == 0);
    in_child(make_in_foreign_group);
    in_child(make_in_own_group);
    rmdir("/tmp/setgid");
}

/* Writing to a program that belongs to somebody else must not leave it set-user-ID. */
static void change_programs(void) {
    CHECK("setuid.become_user", setgroups(0, NULL) == 0 && setgid(group) == 0 && setuid(user) == 0);
    int fd = open("/tmp/program", O_WRONLY);
    CHECK("setuid.write_0", write(fd, "", 0) == 0 && mode_of("/tmp/program") == 06777);
    CHECK("setuid.write", write(fd, "x", 1) == 1 && mode_of("/tmp/program") == 0777);
    close(fd);
    CHECK("setuid.truncate", truncate("/tmp/program2", 0) == 0 && mode_of("/tmp/program2") == 0777);
    close(open("/tmp/program3", O_WRONLY | O_TRUNC));
    CHECK("setuid.open_truncates", mode_of("/tmp/program3") == 0777);
}

static void test_set_user_id(void) {
    static const char* const paths[] = {"/tmp/program", "/tmp/program2", "/tmp/program3"};
    for (int i = 0; i < 3; i++) {
        int fd = open(paths[i], O_CREAT | O_WRONLY, 0777);
        CHECK("setuid.file", write(fd, "text", 4) == 4 && chmod(paths[i], 06777) == 0);
        CHECK("setuid.root_keeps", write(fd, "text", 4) == 4 && mode_of(paths[i]) == 06777);
        close(fd);
    }
    in_child(change_programs);
    for (int i = 0; i < 3; i++) {
        unlink(paths[i]);
    }
}

static int lock_fd;
static int lock_error;

static struct flock write_lock(void) {
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

static void* wait_for_lock(void* unused) {
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

static int open_master(char* name, size_t size) {
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
    test_set_group_id();
    test_set_user_id();
    test_lock_after_close();
    test_old_terminal();
    return finish();
}
