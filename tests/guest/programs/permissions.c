/* What a process may do to one of another user: signal it through SIGIO or its own end, change its limits and
 * priority, look at its files through /proc. Begins as root; the same on a Linux host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include "in_child.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define OTHER_USER 1000
#define FLAG_PARENT 0x8000 /* CLONE_PARENT */
#define SET_DUMPABLE 4
#define SET_SUBREAPER 36
#define ANY_CHILD 0x40000000 /* __WALL */

static const char* own_path;
static volatile sig_atomic_t ios, users, children;

static void on_signal(int number) {
    ios += number == SIGIO;
    users += number == SIGUSR1;
    children += number == SIGCHLD;
}

static void handle(int number) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(number, &action, NULL);
}

static void become_other_user(void) {
    (void)!setgid(OTHER_USER);
    (void)!setuid(OTHER_USER);
    syscall(SYS_prctl, SET_DUMPABLE, 1, 0, 0, 0); /* as if executed anew by that user */
}

/* ---- SIGIO ---- */

/* Makes `owner` the one to tell of input, as root or the other user; then the other user causes some. */
static void cause_input(pid_t owner, int as_root) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    if (as_root) {
        fcntl(pair[0], F_SETOWN, owner);
    }
    become_other_user();
    if (!as_root) {
        fcntl(pair[0], F_SETOWN, owner);
    }
    fcntl(pair[0], F_SETFL, O_ASYNC);
    (void)!write(pair[1], "x", 1);
}

static void input_to_process(void) {
    cause_input(getppid(), 0);
}
static void input_to_group(void) {
    handle(SIGIO);
    cause_input(-getpgrp(), 0);
    CHECK("sigio.own_process_of_the_group", ios > 0);
}
static void input_to_process_by_root(void) {
    cause_input(getppid(), 1);
}

static void bad_owners(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    CHECK_ERROR("setown.smallest", fcntl(pair[0], F_SETOWN, INT_MIN), EINVAL);
    pid_t gone = fork();
    if (gone == 0) {
        _exit(0);
    }
    while (waitpid(gone, NULL, 0) < 0 && errno == EINTR) {
    }
    CHECK_ERROR("setown.nobody", fcntl(pair[0], F_SETOWN, gone), ESRCH);
    CHECK("setown.unchanged", fcntl(pair[0], F_GETOWN) == 0);
    CHECK("setown.group", fcntl(pair[0], F_SETOWN, -getpgrp()) == 0);
    CHECK("setown.none", fcntl(pair[0], F_SETOWN, 0) == 0 && fcntl(pair[0], F_GETOWN) == 0);
}

static void test_sigio(void) {
    setpgid(0, 0);
    handle(SIGIO);
    in_child(input_to_process);
    CHECK("sigio.not_to_another_user", ios == 0);
    in_child(input_to_group);
    CHECK("sigio.not_to_another_user's_group", ios == 0);
    in_child(input_to_process_by_root);
    CHECK("sigio.of_who_set_the_owner", ios > 0);
    bad_owners();
}

/* ---- the signal that a child sends at its end ---- */

/* fork() with another signal for the parent. */
static pid_t fork_with(int flags_and_signal) {
    return (pid_t)syscall(SYS_clone, (long)flags_and_signal, 0, 0, 0, 0);
}

static void wait_for_signals(void) {
    for (int i = 0; i < 200 && users + children == 0; i++) {
        usleep(10000);
    }
}

static void expect_children_signal(const char* name) {
    wait_for_signals();
    CHECK(name, users == 0 && children > 0);
    users = children = 0;
}

/* The child gives its parent a child with a signal of its own choice. */
static void test_given_child(void) {
    handle(SIGUSR1);
    pid_t child = fork();
    if (child == 0) {
        become_other_user();
        if (fork_with(FLAG_PARENT | SIGUSR1) == 0) {
            usleep(50000);
            _exit(0);
        }
        sleep(5);
        _exit(0);
    }
    handle(SIGCHLD);
    expect_children_signal("exit_signal.of_a_sibling");
    kill(child, SIGKILL);
    wait_for_signals();
}

static void test_adopted(void) {
    handle(SIGUSR1);
    syscall(SYS_prctl, SET_SUBREAPER, 1, 0, 0, 0);
    pid_t child = fork();
    if (child == 0) {
        if (fork_with(SIGUSR1) == 0) {
            usleep(300000);
            _exit(0);
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
    handle(SIGCHLD);
    expect_children_signal("exit_signal.of_an_adopted_child");
}

/* A child with a signal of its own executes. */
static void test_child_executes(void) {
    handle(SIGUSR1);
    handle(SIGCHLD);
    if (fork_with(SIGUSR1) == 0) {
        execl(own_path, own_path, "exit", (char*)NULL);
        _exit(1);
    }
    expect_children_signal("exit_signal.of_a_child_that_executed");
}

/* The new program does not know of SIGUSR1, which would kill it. */
static void test_parent_executes(void) {
    int status = 0;
    pid_t parent = fork();
    if (parent == 0) {
        if (fork_with(SIGUSR1) == 0) {
            usleep(500000);
            _exit(0);
        }
        execl(own_path, own_path, "wait", (char*)NULL);
        _exit(1);
    }
    waitpid(parent, &status, 0);
    CHECK("exit_signal.parent_executed", WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void test_own_choice(void) {
    handle(SIGUSR1);
    handle(SIGCHLD);
    if (fork_with(SIGUSR1) == 0) {
        _exit(0);
    }
    wait_for_signals();
    CHECK("exit_signal.of_own_child", users == 1 && children == 0);
}

static void test_exit_signal(void) {
    in_child(test_own_choice);
    in_child(test_given_child);
    in_child(test_adopted);
    in_child(test_child_executes);
    in_child(test_parent_executes);
}

/* ---- limits and priorities ---- */

static void test_limits_of_others(void) {
    struct rlimit limit = {0, 0};
    pid_t root = getppid();
    become_other_user();
    CHECK_ERROR("prlimit.look", prlimit(root, RLIMIT_CORE, NULL, &limit), EPERM);
    CHECK_ERROR("prlimit.change", prlimit(root, RLIMIT_CORE, &limit, NULL), EPERM);
    CHECK("prlimit.self", prlimit(getpid(), RLIMIT_CORE, &limit, NULL) == 0);
    pid_t child = fork();
    if (child == 0) {
        pause();
    }
    CHECK("prlimit.same_user", prlimit(child, RLIMIT_CORE, &limit, NULL) == 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void test_priority_of_others(void) {
    pid_t root = getppid();
    become_other_user();
    CHECK_ERROR("setpriority.other_user", setpriority(PRIO_PROCESS, (id_t)root, 5), EPERM);
    CHECK_ERROR("setpriority.group_of_other", setpriority(PRIO_PGRP, 0, 5), EPERM);
    CHECK("setpriority.own_of_the_group", getpriority(PRIO_PROCESS, 0) == 5);
    CHECK("setpriority.nicer", setpriority(PRIO_PROCESS, 0, 10) == 0);
    CHECK("setpriority.same", setpriority(PRIO_PROCESS, 0, 10) == 0);
    CHECK_ERROR("setpriority.less_nice", setpriority(PRIO_PROCESS, 0, 9), EACCES);
    CHECK("setpriority.nice", getpriority(PRIO_PROCESS, 0) == 10);
    errno = 0;
    CHECK("setpriority.looking_is_free", getpriority(PRIO_PROCESS, (id_t)root) == 0 && errno == 0);
}

/* RLIMIT_NICE 25 allows down to 20 - 25. */
static void test_nice_limit(void) {
    struct rlimit limit = {25, 25};
    CHECK("nice_limit.set", setrlimit(RLIMIT_NICE, &limit) == 0);
    become_other_user();
    CHECK("nice_limit.within", setpriority(PRIO_PROCESS, 0, -5) == 0);
    CHECK_ERROR("nice_limit.beyond", setpriority(PRIO_PROCESS, 0, -6), EACCES);
}

static void test_usage(void) {
    setpgid(0, 0);
    in_child(test_limits_of_others);
    in_child(test_priority_of_others);
    in_child(test_nice_limit);
}

/* ---- /proc ---- */

static char proc_path[128];
static pid_t watched;

static const char* in_proc(const char* name) {
    snprintf(proc_path, sizeof proc_path, "/proc/%d/%s", watched, name);
    return proc_path;
}

static void look_at_others(void) {
    char text[256];
    struct stat status;
    int directory = open(in_proc(""), O_RDONLY | O_DIRECTORY);
    become_other_user();
    CHECK_ERROR("proc.readlink_cwd", readlink(in_proc("cwd"), text, sizeof text), EACCES);
    CHECK_ERROR("proc.readlink_root", readlink(in_proc("root"), text, sizeof text), EACCES);
    CHECK_ERROR("proc.readlink_exe", readlink(in_proc("exe"), text, sizeof text), EACCES);
    CHECK_ERROR("proc.through_cwd", open(in_proc("cwd/secret"), O_RDONLY), EACCES);
    CHECK_ERROR("proc.through_root", stat(in_proc("root/tmp"), &status), EACCES);
    CHECK_ERROR("proc.from_open_directory", openat(directory, "cwd/secret", O_RDONLY), EACCES);
    CHECK_ERROR("proc.open_exe", open(in_proc("exe"), O_RDONLY), EACCES);
    CHECK_ERROR("proc.fd", open(in_proc("fd/0"), O_RDONLY), EACCES);
    CHECK_ERROR("proc.maps", open(in_proc("maps"), O_RDONLY), EACCES);
    CHECK_ERROR("proc.environ", open(in_proc("environ"), O_RDONLY), EACCES);
    int stat_file = open(in_proc("stat"), O_RDONLY);
    CHECK("proc.stat", stat_file >= 0 && read(stat_file, text, sizeof text) > 0);
    CHECK("proc.own",
          stat("/proc/self/cwd/.", &status) == 0 && readlink("/proc/self/exe", text, sizeof text) > 0);
    CHECK("proc.own_maps", open("/proc/self/maps", O_RDONLY) >= 0);
}

static void look_at_the_dead(void) {
    char text[64];
    int file = open(in_proc("stat"), O_RDONLY);
    int directory = open(in_proc(""), O_RDONLY | O_DIRECTORY);
    kill(watched, SIGKILL);
    waitpid(watched, NULL, 0);
    CHECK_ERROR("proc.dead_text", read(file, text, sizeof text), ESRCH);
    CHECK("proc.dead_directory",
          openat(directory, "stat", O_RDONLY) == -1 && (errno == ENOENT || errno == ESRCH));
}

static void test_proc(void) {
    mkdir("/tmp/locked", 0700);
    mkdir("/tmp/locked/below", 0755);
    close(open("/tmp/locked/below/secret", O_CREAT | O_WRONLY, 0644));
    watched = fork();
    if (watched == 0) {
        (void)!chdir("/tmp/locked/below");
        pause();
        _exit(0);
    }
    usleep(100000);
    in_child(look_at_others);
    look_at_the_dead();
    unlink("/tmp/locked/below/secret");
    rmdir("/tmp/locked/below");
    rmdir("/tmp/locked");
}

/* What this program does when it executes itself. */
static int run_as(const char* what) {
    if (strcmp(what, "wait") == 0) {
        waitpid(-1, NULL, ANY_CHILD);
        return 7;
    }
    return 0;
}

int main(int count, char** arguments) {
    own_path = arguments[0];
    if (count > 1) {
        return run_as(arguments[1]);
    }
    if (getuid() != 0) {
        printf("ok permissions.needs_root\n");
        return 0;
    }
    in_child(test_sigio);
    in_child(test_exit_signal);
    in_child(test_usage);
    in_child(test_proc);
    return finish();
}
