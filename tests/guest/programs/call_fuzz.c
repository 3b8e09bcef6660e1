/* Random system calls with arguments from the edges: whatever a program asks, the kernel answers and lives
 * on. Each round is a child with a seed of its own, which is printed if something goes wrong with it; a
 * call that blocks is ended by an alarm. Not to be tried on the host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum { rounds = 60, calls_per_round = 400, page = 4096 };

static uint64_t state;

static uint64_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* What would end the test rather than the kernel. */
static int is_left_out(long number) {
    static const int left_out[] = {SYS_reboot, SYS_exit,   SYS_exit_group, SYS_kill,  SYS_tkill,    SYS_tgkill,
                                   SYS_fork,   SYS_vfork,  SYS_clone,      435,       SYS_alarm,    SYS_setitimer,
                                   SYS_chroot, SYS_umount2, SYS_setrlimit, SYS_pause, SYS_rt_sigaction,
                                   SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_setpgid, SYS_setsid,
                                   SYS_rt_sigqueueinfo, SYS_prlimit64, SYS_settimeofday, SYS_clock_settime,
                                   SYS_arch_prctl, SYS_rt_tgsigqueueinfo, SYS_rename, SYS_unlink, SYS_mount};
    for (unsigned i = 0; i < sizeof left_out / sizeof left_out[0]; i++) {
        if (left_out[i] == number) {
            return 1;
        }
    }
    return 0;
}

static char *area; /* two good pages, then a hole */

static const char *const paths[] = {"/tmp", "/tmp/fuzz", "/tmp/fuzz/file", "/tmp/fuzz/new", ".", "..", "",
                                    "/dev/null", "/dev/zero", "/proc/self/status", "/proc/self/fd/3",
                                    "/no/such/path", "/tmp/fuzz/link"};
enum { path_count = sizeof paths / sizeof paths[0] };

/* Descriptors 0 to 18 of every kind. */
static int open_everything(void) {
    const int null = open("/dev/null", O_RDWR);
    int pair[2];
    for (int fd = 0; fd < 3; fd++) {
        dup2(null, fd);
    }
    mkdir("/tmp/fuzz", 0755);
    symlink("file", "/tmp/fuzz/link");
    open("/tmp/fuzz/file", O_RDWR | O_CREAT, 0644);
    open("/tmp/fuzz", O_RDONLY | O_DIRECTORY);
    open("/proc/self/status", O_RDONLY);
    open("/dev/zero", O_RDWR);
    socket(AF_INET, SOCK_STREAM, 0);
    socket(AF_INET, SOCK_DGRAM, 0);
    socket(AF_INET, SOCK_RAW, 1);
    socket(AF_UNIX, SOCK_STREAM, 0);
    socket(AF_UNIX, SOCK_DGRAM, 0);
    syscall(SYS_epoll_create1, 0);
    syscall(SYS_eventfd2, 0, 0);
    return pipe(pair) + socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static uint64_t argument(void) {
    static const uint64_t edges[] = {0,          1,          2,          3,          4,
                                     7,          8,          64,         255,        4095,
                                     4096,       65536,      0x7fffffff, 0x80000000, 0xffffffff,
                                     INT64_MAX,  1ull << 63, UINT64_MAX, UINT64_MAX - 1,
                                     0x7fffffffefff, 0x7ffffffff000, 0x800000000000, 0xffff888000000000,
                                     0xffffffff80100000};
    switch (next() % 9) {
    case 0:
    case 1:
        return edges[next() % (sizeof edges / sizeof edges[0])];
    case 2:
    case 3:
        return (uint64_t)area + next() % (2 * page);
    case 4:
        return next() % 2 ? (uint64_t)area + 2 * page - next() % 64 : (uint64_t)paths[next() % path_count];
    case 5:
        return next() % 20;
    case 6:
    case 8:
        return next() % 20;
    case 7:
        return next() & 0xffff;
    default:
        return next();
    }
}

static void one_round(uint64_t seed) {
    state = seed;
    signal(SIGALRM, SIG_DFL);
    area = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(area + 2 * page, page);
    if (open_everything() != 0) {
        _exit(1);
    }
    struct itimerval soon = {{0, 0}, {0, 300000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    for (int i = 0; i < calls_per_round; i++) {
        long number = next() % 8 == 0 ? 1000 : (long)(next() % 460);
        if (is_left_out(number)) {
            continue;
        }
        uint64_t a[6];
        for (int j = 0; j < 6; j++) {
            a[j] = argument();
        }
        syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
    _exit(0);
}

static int is_expected(int status) {
    return WIFEXITED(status) || WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGSEGV ||
           WTERMSIG(status) == SIGBUS || WTERMSIG(status) == SIGPIPE || WTERMSIG(status) == SIGKILL ||
           WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP;
}

/* The alarm may be blocked by a mask that a call took, or the child stopped: SIGKILL always helps. */
static void await_end(pid_t child, int *status) {
    for (int i = 0; i < 500; i++) {
        if (waitpid(child, status, WNOHANG) == child) {
            return;
        }
        usleep(1000);
    }
    kill(child, SIGKILL);
    waitpid(child, status, 0);
}

static long free_kib(void) {
    struct sysinfo info;
    sysinfo(&info);
    return (long)(info.freeram / 1024);
}

int main(int argc, char **argv) {
    struct utsname name;
    uname(&name);
    if (strcmp(name.sysname, "Lumos") != 0) {
        printf("ok fuzz.not_on_this_system\n");
        return 0;
    }
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    const int count = argc > 2 ? atoi(argv[2]) : rounds;
    const long before = free_kib();
    int wrong = 0;
    fflush(stdout);
    for (int round = 0; round < count; round++) {
        const uint64_t seed = (first + (uint64_t)round) * 0x9e3779b97f4a7c15;
        pid_t child = fork();
        if (child == 0) {
            one_round(seed);
        }
        int status = 0;
        await_end(child, &status);
        if (!is_expected(status)) {
            printf("FAIL fuzz.seed_%d: status 0x%x\n", (int)first + round, status);
            wrong++;
        }
    }
    CHECK("fuzz.all_rounds", wrong == 0);
    CHECK("fuzz.memory_back", free_kib() + 2048 > before);
    return finish();
}
