/* fork, vfork, exec, exit, wait, process groups and sessions. Plain POSIX: the same on a Linux host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char self_path[4096];

static void write_file(const char* path, const void* bytes, size_t length, mode_t mode) {
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
    if (fd < 0 || write(fd, bytes, length) != (ssize_t)length) {
        perror(path);
        exit(2);
    }
    close(fd);
}

/* Runs body in a child and returns the wait status. */
static int status_of_child(void (*body)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        body();
        _exit(99);
    }
    int status = -1;
    if (waitpid(child, &status, 0) != child) {
        return -1;
    }
    return status;
}

static void exit_seven(void) {
    _exit(7);
}
static void exit_wide(void) {
    _exit(0x1ff);
}
static void kill_self(void) {
    kill(getpid(), SIGKILL);
}
static void abort_self(void) {
    raise(SIGABRT);
}
static void exec_true(void) {
    execl(self_path, "true", "exit", "5", (char*)NULL);
}

static void test_status(void) {
    int status = status_of_child(exit_seven);
    CHECK("wait.exited", WIFEXITED(status) && WEXITSTATUS(status) == 7);
    status = status_of_child(exit_wide);
    CHECK("wait.exit_low_byte", WIFEXITED(status) && WEXITSTATUS(status) == 0xff);
    status = status_of_child(kill_self);
    CHECK("wait.killed", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    status = status_of_child(abort_self);
    CHECK("wait.aborted", WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    status = status_of_child(exec_true);
    CHECK("wait.executed", WIFEXITED(status) && WEXITSTATUS(status) == 5);
    CHECK_ERROR("wait.no_child", wait(NULL), ECHILD);
    CHECK_ERROR("wait.not_my_child", waitpid(1, NULL, 0), ECHILD);
    CHECK_ERROR("wait.bad_options", waitpid(-1, NULL, 0x100), EINVAL);
}

static void test_nohang(void) {
    int gate[2];
    if (pipe(gate) != 0) {
        exit(2);
    }
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(gate[1]);
        _exit(read(gate[0], &byte, 1) == 0 ? 3 : 4);
    }
    int status = 77;
    CHECK("wait.nohang_nothing_yet", waitpid(child, &status, WNOHANG) == 0 && status == 77);
    close(gate[0]);
    close(gate[1]);
    struct rusage usage;
    memset(&usage, 0xff, sizeof usage);
    CHECK("wait.rusage", wait4(child, &status, 0, &usage) == child && usage.ru_utime.tv_sec == 0 &&
                             usage.ru_utime.tv_usec >= 0 && usage.ru_utime.tv_usec < 1000000);
    CHECK("wait.after_nohang", WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void test_waitid(void) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    pid_t child = fork();
    if (child == 0) {
        _exit(9);
    }
    CHECK("waitid.nowait", waitid(P_PID, child, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == child &&
                               info.si_code == CLD_EXITED && info.si_status == 9);
    memset(&info, 0, sizeof info);
    CHECK("waitid.reaps", waitid(P_PID, child, &info, WEXITED) == 0 && info.si_status == 9);
    CHECK_ERROR("waitid.gone", waitid(P_PID, child, &info, WEXITED), ECHILD);
    CHECK_ERROR("waitid.no_events", waitid(P_ALL, 0, &info, WNOHANG), EINVAL);
}

/* Memory after fork is a copy, and both sides may write to it. */
static int shared_looking = 1;

static void test_copy_on_write(void) {
    static char pages[64 * 1024];
    memset(pages, 'p', sizeof pages);
    int back[2];
    if (pipe(back) != 0) {
        exit(2);
    }
    pid_t child = fork();
    if (child == 0) {
        shared_looking = 2;
        memset(pages, 'c', sizeof pages);
        char told = pages[sizeof pages - 1];
        _exit(write(back[1], &told, 1) == 1 ? 0 : 1);
    }
    char told = 0;
    ssize_t got = read(back[0], &told, 1);
    waitpid(child, NULL, 0);
    CHECK("fork.child_writes_own_copy", got == 1 && told == 'c');
    CHECK("fork.parent_unchanged", shared_looking == 1 && pages[0] == 'p' && pages[sizeof pages - 1] == 'p');
    close(back[0]);
    close(back[1]);
}

static void test_descriptors(void) {
    int ends[2];
    char byte = 'x';
    if (pipe(ends) != 0) {
        exit(2);
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(write(ends[1], &byte, 1) == 1 ? 0 : 1);
    }
    close(ends[1]);
    byte = 0;
    CHECK("fork.shares_descriptors", read(ends[0], &byte, 1) == 1 && byte == 'x');
    CHECK("fork.end_of_pipe", read(ends[0], &byte, 1) == 0);
    waitpid(child, NULL, 0);
    close(ends[0]);
}

static void test_cloexec(void) {
    int kept = open("/dev/null", O_RDONLY);
    int closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char kept_text[16], closed_text[16];
    snprintf(kept_text, sizeof kept_text, "%d", kept);
    snprintf(closed_text, sizeof closed_text, "%d", closed);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl(self_path, "fds", "fds", kept_text, closed_text, (char*)NULL);
        _exit(99);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK("exec.cloexec", WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(kept);
    close(closed);
}

static void test_vfork(void) {
    volatile int seen = 0;
    pid_t child = vfork();
    if (child == 0) {
        seen = 1; /* the memory is the parent's */
        _exit(4);
    }
    int status = 0;
    CHECK("vfork.shares_memory", seen == 1);
    CHECK("vfork.status", waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 4);
    child = vfork();
    if (child == 0) {
        execl(self_path, "vfork", "exit", "6", (char*)NULL);
        _exit(99);
    }
    CHECK("vfork.exec", waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 6);
}

static void test_exec_errors(void) {
    char* const arguments[] = {"x", NULL};
    char* volatile bad_path = (char*)1;
    char** volatile bad_arguments = (char**)8;
    static char long_path[5000];
    memset(long_path, 'a', sizeof long_path - 1);
    write_file("/tmp/not_a_program", "just text\n", 10, 0755);
    write_file("/tmp/not_executable", "#!/bin/sh\n", 10, 0644);
    write_file("/tmp/truncated", "\177ELF\2\1\1", 7, 0755);
    write_file("/tmp/lost_script", "#!/no/such/interpreter\n", 23, 0755);
    write_file("/tmp/loop_script", "#!/tmp/loop_script\n", 19, 0755);
    write_file("/tmp/empty", "", 0, 0755);
    CHECK_ERROR("exec.ENOENT", execv("/no/such/file", arguments), ENOENT);
    CHECK_ERROR("exec.ENOENT_empty_path", execv("", arguments), ENOENT);
    CHECK_ERROR("exec.ENOTDIR", execv("/dev/null/x", arguments), ENOTDIR);
    CHECK_ERROR("exec.ENAMETOOLONG", execv(long_path, arguments), ENAMETOOLONG);
    CHECK_ERROR("exec.EACCES_directory", execv("/tmp", arguments), EACCES);
    CHECK_ERROR("exec.EACCES_mode", execv("/tmp/not_executable", arguments), EACCES);
    CHECK_ERROR("exec.EACCES_device", execv("/dev/null", arguments), EACCES);
    CHECK_ERROR("exec.ENOEXEC_text", execve("/tmp/not_a_program", arguments, arguments + 1), ENOEXEC);
    CHECK_ERROR("exec.ENOEXEC_truncated", execve("/tmp/truncated", arguments, arguments + 1), ENOEXEC);
    CHECK_ERROR("exec.ENOEXEC_empty", execve("/tmp/empty", arguments, arguments + 1), ENOEXEC);
    CHECK_ERROR("exec.ENOENT_interpreter", execv("/tmp/lost_script", arguments), ENOENT);
    CHECK_ERROR("exec.ELOOP_interpreter", execv("/tmp/loop_script", arguments), ELOOP);
    CHECK_ERROR("exec.EFAULT_path", execv(bad_path, arguments), EFAULT);
    CHECK_ERROR("exec.EFAULT_arguments", execv(self_path, bad_arguments), EFAULT);
    char* const bad[] = {"x", (char*)16, NULL};
    CHECK_ERROR("exec.EFAULT_argument", execv(self_path, bad), EFAULT);
    unlink("/tmp/not_a_program");
    unlink("/tmp/not_executable");
    unlink("/tmp/truncated");
    unlink("/tmp/lost_script");
    unlink("/tmp/loop_script");
    unlink("/tmp/empty");
}

static void test_big_arguments(void) {
    enum { count = 600, each = 100 };
    static char text[count][each];
    static char* arguments[count + 2];
    for (int i = 0; i < count; i++) {
        memset(text[i], 'a', each - 1);
        arguments[i + 1] = text[i];
    }
    arguments[0] = "count";
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        arguments[1] = "count";
        execv(self_path, arguments);
        _exit(99);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK("exec.many_arguments", WIFEXITED(status) && WEXITSTATUS(status) == (count + 1) % 251);
    static char huge[4 * 1024 * 1024];
    memset(huge, 'h', sizeof huge - 1);
    char* const too_big[] = {"x", huge, NULL};
    CHECK_ERROR("exec.E2BIG", execv(self_path, too_big), E2BIG);
}

static void test_scripts(void) {
    char script[4300];
    int length = snprintf(script, sizeof script, "#! %s script \nignored\n", self_path);
    write_file("/tmp/script", script, (size_t)length, 0755);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl("/tmp/script", "zero", "one", "two", (char*)NULL);
        _exit(99);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK("exec.script_arguments", WIFEXITED(status) && WEXITSTATUS(status) == 0);
    unlink("/tmp/script");
}

static void test_orphans(void) {
    int back[2];
    if (pipe(back) != 0) {
        exit(2);
    }
    pid_t middle = fork();
    if (middle == 0) {
        pid_t own = getpid();
        if (fork() == 0) {
            while (getppid() == own) {
                usleep(1000);
            }
            pid_t parent = getppid();
            _exit(write(back[1], &parent, sizeof parent) == sizeof parent ? 0 : 1);
        }
        _exit(0);
    }
    close(back[1]);
    waitpid(middle, NULL, 0);
    pid_t parent = 0;
    CHECK("orphan.new_parent",
          read(back[0], &parent, sizeof parent) == sizeof parent && parent != middle && parent >= 1);
    close(back[0]);
}

static void test_groups(void) {
    pid_t own = getpgrp();
    CHECK("group.getpgid_0", getpgid(0) == own && getpgid(getpid()) == own);
    CHECK_ERROR("group.getpgid_ESRCH", getpgid(30000), ESRCH);
    CHECK_ERROR("group.setpgid_EINVAL", setpgid(0, -1), EINVAL);
    CHECK_ERROR("group.setpgid_ESRCH", setpgid(1, 0), ESRCH);
    int gate[2], ready[2];
    if (pipe(gate) != 0 || pipe(ready) != 0) {
        exit(2);
    }
    pid_t child = fork();
    if (child == 0) {
        char byte = 'r';
        close(gate[1]);
        setsid();
        _exit(write(ready[1], &byte, 1) == 1 && read(gate[0], &byte, 1) == 0 && getsid(0) == getpid() &&
                      getpgrp() == getpid() && setsid() == -1 && errno == EPERM
                  ? 0
                  : 1);
    }
    char byte;
    CHECK("session.child_ready", read(ready[0], &byte, 1) == 1);
    CHECK("session.id", getsid(child) == child && getpgid(child) == child);
    CHECK_ERROR("group.other_session", setpgid(child, own), EPERM);
    close(gate[1]);
    int status;
    waitpid(child, &status, 0);
    CHECK("session.inside", WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(gate[0]);
    close(ready[0]);
    close(ready[1]);
    child = fork();
    if (child == 0) {
        _exit(setpgid(0, 0) == 0 && getpgrp() == getpid() ? 0 : 1);
    }
    waitpid(child, &status, 0);
    CHECK("group.own", WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Many short lives: nothing may be left over, and the ids stay unique. */
static void test_churn(void) {
    int wrong = 0;
    for (int round = 0; round < 30; round++) {
        pid_t children[8];
        for (int i = 0; i < 8; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                _exit(i);
            }
            wrong += children[i] <= 0;
        }
        for (int i = 7; i >= 0; i--) {
            int status = -1;
            wrong += waitpid(children[i], &status, 0) != children[i] || WEXITSTATUS(status) != i;
        }
    }
    CHECK("fork.churn", wrong == 0);
}

/* The other lives of this program, chosen by its first argument. */
static int helper(int argc, char** argv) {
    if (strcmp(argv[1], "exit") == 0) {
        return atoi(argv[2]);
    }
    if (strcmp(argv[1], "count") == 0) {
        return argc % 251;
    }
    if (strcmp(argv[1], "fds") == 0) {
        return fcntl(atoi(argv[2]), F_GETFD) == 0 && fcntl(atoi(argv[3]), F_GETFD) == -1 ? 0 : 1;
    }
    if (strcmp(argv[1], "script") == 0) {
        return argc == 5 && strcmp(argv[2], "/tmp/script") == 0 && strcmp(argv[3], "one") == 0 &&
                       strcmp(argv[4], "two") == 0
                   ? 0
                   : 1;
    }
    return 98;
}

int main(int argc, char** argv) {
    if (argc > 1) {
        return helper(argc, argv);
    }
    ssize_t length = readlink("/proc/self/exe", self_path, sizeof self_path - 1);
    if (length <= 0) {
        strcpy(self_path, argv[0]);
    }
    test_status();
    test_nohang();
    test_waitid();
    test_copy_on_write();
    test_descriptors();
    test_cloexec();
    test_vfork();
    test_exec_errors();
    test_big_arguments();
    test_scripts();
    test_orphans();
    test_groups();
    test_churn();
    return finish();
}
