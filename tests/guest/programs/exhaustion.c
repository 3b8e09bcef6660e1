/* Using everything up: processes, memory and open files. The offender gets an error or is killed,
 * everybody else goes on, and afterwards everything is there again. Not to be tried on the host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum { chunk = 64 * 1024 };

static long free_kib(void) {
    struct sysinfo info;
    sysinfo(&info);
    return (long)(info.freeram / 1024);
}

/* Memory of ended processes may be given back a moment after wait() returned. A sanitized kernel keeps some
   of it from being used again for longer. */
static int back_to(long wanted_kib) {
    for (int i = 0; i < 200; i++) {
        if (free_kib() + 2048 >= wanted_kib) {
            return 1;
        }
        usleep(10000);
    }
    printf("free: %ld KiB of %ld\n", free_kib(), wanted_kib);
    return 0;
}

/* Forks until it cannot; the children wait in a group of their own. */
static int fork_all(pid_t* group) {
    int count = 0;
    for (;;) {
        pid_t child = fork();
        if (child < 0) {
            return count;
        }
        if (child == 0) {
            for (;;) {
                pause();
            }
        }
        *group = *group == 0 ? child : *group;
        setpgid(child, *group);
        count++;
    }
}

static void test_fork_bomb(void) {
    const long before = free_kib();
    pid_t group = 0;
    fflush(stdout);
    int count = fork_all(&group);
    CHECK("forkbomb.refused", (errno == EAGAIN || errno == ENOMEM) && count > 20);
    kill(-group, SIGKILL);
    int reaped = 0, wrong = 0, status;
    while (waitpid(-group, &status, 0) > 0) {
        reaped++;
        wrong += !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;
    }
    CHECK("forkbomb.all_reaped", reaped == count && wrong == 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    CHECK("forkbomb.over", child > 0 && waitpid(child, &status, 0) == child);
    CHECK("forkbomb.memory_back", back_to(before));
}

static void test_zombies(void) {
    const long before = free_kib();
    fflush(stdout);
    int count = 0;
    pid_t child;
    while ((child = fork()) > 0) {
        count++;
    }
    if (child == 0) {
        _exit(0);
    }
    CHECK("zombies.limited", count > 20 && count < 20000);
    int reaped = 0;
    while (wait(NULL) > 0) {
        reaped++;
    }
    CHECK("zombies.reaped", reaped == count);
    CHECK("zombies.memory_back", back_to(before));
}

static void eat_everything(void) {
    for (;;) {
        char* more = mmap(NULL, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (more == MAP_FAILED) {
            _exit(7);
        }
        memset(more, 1, chunk);
    }
}

static void test_memory(void) {
    const long before = free_kib();
    fflush(stdout);
    pid_t bystander = fork();
    if (bystander == 0) {
        for (;;) {
            pause();
        }
    }
    pid_t child = fork();
    if (child == 0) {
        eat_everything();
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK("memory.bystander_lives", waitpid(bystander, NULL, WNOHANG) == 0);
    kill(bystander, SIGKILL);
    waitpid(bystander, NULL, 0);
    CHECK("memory.offender_ends", (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
                                      (WIFEXITED(status) && WEXITSTATUS(status) == 7));
    CHECK("memory.back", back_to(before));
}

static void test_files(void) {
    const long before = free_kib();
    int fd = open("/tmp/filler", O_CREAT | O_WRONLY | O_TRUNC, 0600);
    static char block[chunk];
    long written = 0;
    ssize_t got;
    while ((got = write(fd, block, sizeof block)) > 0) {
        written += got;
    }
    CHECK("files.ENOSPC", got == -1 && (errno == ENOSPC || errno == ENOMEM) && written > 0);
    close(fd);
    unlink("/tmp/filler");
    CHECK("files.memory_back", back_to(before));
}

static void test_pipes(void) {
    const long before = free_kib();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int ends[2];
        static char block[chunk];
        while (pipe(ends) == 0) {
            fcntl(ends[1], F_SETFL, O_NONBLOCK);
            if (write(ends[1], block, sizeof block) <= 0) {
                break;
            }
        }
        _exit(errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EAGAIN ? 0 : errno);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK("pipes.refused", WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK("pipes.memory_back", back_to(before));
}

/* A child that opens what it can and holds it. Why it could not open more. */
static int open_all(pid_t* child) {
    int report[2], reason = 0;
    fflush(stdout);
    if (pipe(report) != 0) {
        return errno;
    }
    *child = fork();
    if (*child == 0) {
        while (open("/dev/null", O_RDONLY) >= 0) {
        }
        reason = errno;
        if (write(report[1], &reason, sizeof reason) != sizeof reason) {
            _exit(1);
        }
        for (;;) {
            pause();
        }
    }
    close(report[1]);
    if (read(report[0], &reason, sizeof reason) != sizeof reason) {
        reason = 0;
    }
    close(report[0]);
    return reason;
}

/* All open files of the system: a connection still waits to be accepted when somebody has closed some. */
static void test_open_files(void) {
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof where;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK("open_files.listen", bind(listener, (struct sockaddr*)&where, length) == 0 &&
                                   listen(listener, 1) == 0 &&
                                   getsockname(listener, (struct sockaddr*)&where, &length) == 0);
    CHECK("open_files.connect", connect(client, (struct sockaddr*)&where, length) == 0);
    pid_t children[32];
    int count = 0, reason = EMFILE;
    while (reason == EMFILE && count < 32) {
        reason = open_all(&children[count++]);
    }
    CHECK("open_files.of_one_and_of_all", reason == ENFILE && count > 1);
    CHECK_ERROR("open_files.socket", socket(AF_INET, SOCK_STREAM, 0), ENFILE);
    CHECK_ERROR("open_files.accept", accept(listener, NULL, NULL), ENFILE);
    struct pollfd waits = {.fd = listener, .events = POLLIN};
    CHECK("open_files.still_waits", poll(&waits, 1, 1000) == 1 && waits.revents == POLLIN);
    char byte;
    CHECK("open_files.client_lives", recv(client, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    while (count > 0) {
        kill(children[--count], SIGKILL);
        waitpid(children[count], NULL, 0);
    }
    int server = accept(listener, NULL, NULL);
    CHECK("open_files.accepted",
          server >= 0 && send(server, "x", 1, 0) == 1 && recv(client, &byte, 1, 0) == 1);
    close(server);
    close(client);
    close(listener);
}

/* All numbers of processes: the one of a group is not given to a process while the group has a member, nor is
 * that of a process nobody has waited for. */
static void test_process_numbers(void) {
    fflush(stdout);
    pid_t zombie = fork();
    if (zombie == 0) {
        _exit(3);
    }
    int ends[2];
    CHECK("numbers.pipe", pipe(ends) == 0);
    pid_t leader = fork();
    if (leader == 0) {
        setpgid(0, 0);
        if (fork() == 0) {
            close(ends[1]);
            char byte;
            _exit(read(ends[0], &byte, 1) != 0); /* until we close the other end */
        }
        _exit(0);
    }
    close(ends[0]);
    waitpid(leader, NULL, 0);
    CHECK("numbers.group_lives", kill(-leader, 0) == 0);
    int wrong = 0, wrapped = 0;
    pid_t before = leader;
    for (int i = 0; i < 40000 && wrapped < 2; i++) {
        pid_t child = vfork();
        if (child == 0) {
            _exit(0);
        }
        wrong += child <= 1 || child == leader || child == zombie || waitpid(child, NULL, 0) != child;
        wrapped += child < before || (wrapped == 1 && child > leader);
        before = child;
    }
    CHECK("numbers.all_tried", wrapped == 2);
    CHECK("numbers.none_given_twice", wrong == 0);
    int status = 0;
    CHECK("numbers.zombie_is_ours", waitpid(zombie, &status, 0) == zombie && WEXITSTATUS(status) == 3);
    close(ends[1]);
}

int main(void) {
    struct utsname name;
    uname(&name);
    if (strcmp(name.sysname, "Lumos") != 0) {
        printf("ok exhaustion.not_on_this_system\n");
        return 0;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_fork_bomb();
    test_zombies();
    test_memory();
    test_files();
    test_pipes();
    test_open_files();
    test_process_numbers();
    return finish();
}
