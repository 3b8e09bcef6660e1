/* Every pointer argument of the calls about processes, signals, memory and time, with every kind of bad
 * address: EFAULT each time, and the kernel stays up. Plain system calls, the same on a Linux host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { page = 4096, most_classes = 16 };

struct bad_address {
    const char* name;
    uintptr_t address;
    int readable; /* only writing to it fails */
};

static struct bad_address classes[most_classes];
static int class_count;

static void add_class(const char* name, uintptr_t address, int readable) {
    classes[class_count++] = (struct bad_address){name, address, readable};
}

static char* map_pages(int count, int prot) {
    char* area = mmap(NULL, (size_t)count * page, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) {
        exit(2);
    }
    return area;
}

static void prepare_classes(void) {
    char* none = map_pages(2, PROT_READ | PROT_WRITE);
    mprotect(none + page, page, PROT_NONE);
    char* read_only = map_pages(1, PROT_READ);
    char* hole = map_pages(64, PROT_READ | PROT_WRITE);
    munmap(hole + page, 63 * page); /* so wide that no later mapping reaches its lower end */
    add_class("one", 1, 0);
    add_class("unmapped", (uintptr_t)hole + page, 0);
    add_class("straddles_hole", (uintptr_t)hole + page - 1, 0);
    add_class("straddles_none", (uintptr_t)none + page - 1, 0);
    add_class("none", (uintptr_t)none + page, 0);
    add_class("kernel_image", 0xffffffff80100000, 0);
    add_class("direct_map", 0xffff888000001000, 0);
    add_class("non_canonical", 0x800000000000, 0);
    add_class("non_canonical_high", 0xffff7fffffffff00, 0);
    add_class("last_user_byte", 0x7fffffffefff, 0);
    add_class("wraps", UINTPTR_MAX, 0);
    add_class("read_only", (uintptr_t)read_only, 1);
}

enum direction { reads, writes };

/* One pointer argument of one call; the others are good. */
struct pointer_case {
    const char* name;
    long number;
    int position;
    enum direction direction;
    uintptr_t arguments[6];
};

static char good[4096] __attribute__((aligned(16)));

static void check_case(const struct pointer_case* each) {
    int wrong = 0;
    for (int i = 0; i < class_count; i++) {
        if (classes[i].readable && each->direction == reads) {
            continue;
        }
        uintptr_t a[6];
        memcpy(a, each->arguments, sizeof a);
        a[each->position] = classes[i].address;
        errno = 0;
        long outcome = syscall(each->number, a[0], a[1], a[2], a[3], a[4], a[5]);
        const int short_count = outcome == 1 && each->number == SYS_getrandom; /* what fitted before */
        if ((outcome != -1 || errno != EFAULT) && !short_count) {
            printf("FAIL %s.%s: %ld errno %d\n", each->name, classes[i].name, outcome, errno);
            wrong++;
        }
    }
    failures += wrong;
    if (wrong == 0) {
        printf("ok %s\n", each->name);
    }
}

#define GOOD ((uintptr_t)good)

static const struct pointer_case cases[] = {
    {"rt_sigaction.new", SYS_rt_sigaction, 1, reads, {SIGUSR1, 0, 0, 8}},
    {"rt_sigaction.old", SYS_rt_sigaction, 2, writes, {SIGUSR1, 0, 0, 8}},
    {"rt_sigprocmask.new", SYS_rt_sigprocmask, 1, reads, {SIG_BLOCK, 0, 0, 8}},
    {"rt_sigprocmask.old", SYS_rt_sigprocmask, 2, writes, {SIG_BLOCK, 0, 0, 8}},
    {"rt_sigpending", SYS_rt_sigpending, 0, writes, {0, 8}},
    {"rt_sigsuspend", SYS_rt_sigsuspend, 0, reads, {0, 8}},
    {"rt_sigtimedwait.set", SYS_rt_sigtimedwait, 0, reads, {0, 0, GOOD, 8}},
    {"rt_sigtimedwait.timeout", SYS_rt_sigtimedwait, 2, reads, {GOOD, 0, 0, 8}},
    {"rt_sigqueueinfo", SYS_rt_sigqueueinfo, 2, reads, {1, 0, 0}},
    {"sigaltstack.new", SYS_sigaltstack, 0, reads, {0, 0}},
    {"sigaltstack.old", SYS_sigaltstack, 1, writes, {0, 0}},
    {"setitimer.new", SYS_setitimer, 1, reads, {0, 0, 0}},
    {"setitimer.old", SYS_setitimer, 2, writes, {0, GOOD, 0}},
    {"getitimer", SYS_getitimer, 1, writes, {0, 0}},
    {"nanosleep", SYS_nanosleep, 0, reads, {0, 0}},
    {"clock_nanosleep", SYS_clock_nanosleep, 2, reads, {1, 0, 0, 0}},
    {"clock_gettime", SYS_clock_gettime, 1, writes, {0, 0}},
    {"clock_getres", SYS_clock_getres, 1, writes, {0, 0}},
    {"gettimeofday.time", SYS_gettimeofday, 0, writes, {0, 0}},
    {"gettimeofday.zone", SYS_gettimeofday, 1, writes, {0, 0}},
    {"time", SYS_time, 0, writes, {0}},
    {"times", SYS_times, 0, writes, {0}},
    {"uname", SYS_uname, 0, writes, {0}},
    {"sysinfo", SYS_sysinfo, 0, writes, {0}},
    {"getrandom", SYS_getrandom, 0, writes, {0, 64, 0}},
    {"getrusage", SYS_getrusage, 1, writes, {0, 0}},
    {"getrlimit", SYS_getrlimit, 1, writes, {7, 0}},
    {"setrlimit", SYS_setrlimit, 1, reads, {7, 0}},
    {"prlimit64.new", SYS_prlimit64, 2, reads, {0, 7, 0, 0}},
    {"prlimit64.old", SYS_prlimit64, 3, writes, {0, 7, 0, 0}},
    {"getresuid.1", SYS_getresuid, 0, writes, {0, GOOD, GOOD}},
    {"getresuid.3", SYS_getresuid, 2, writes, {GOOD, GOOD, 0}},
    {"getresgid.2", SYS_getresgid, 1, writes, {GOOD, 0, GOOD}},
    {"sched_getaffinity", SYS_sched_getaffinity, 2, writes, {0, 128, 0}},
    {"sched_getparam", SYS_sched_getparam, 1, writes, {0, 0}},
    {"sched_rr_get_interval", SYS_sched_rr_get_interval, 1, writes, {0, 0}},
    {"prctl.get_name", SYS_prctl, 1, writes, {16, 0}},
    {"prctl.set_name", SYS_prctl, 1, reads, {15, 0}},
    {"arch_prctl.get_fs", SYS_arch_prctl, 1, writes, {0x1003, 0}},
    {"futex.wait", SYS_futex, 0, reads, {0, 0, 0, 0, 0, 0}},
    {"execve.path", SYS_execve, 0, reads, {0, 0, 0}},
    {"execve.argv", SYS_execve, 1, reads, {(uintptr_t) "/proc/self/exe", 0, 0}},
    {"execve.envp", SYS_execve, 2, reads, {(uintptr_t) "/proc/self/exe", 0, 0}},
    {"get_robust_list", SYS_get_robust_list, 1, writes, {0, 0, GOOD}},
};

/* futex words must be aligned, so some addresses are EINVAL there. */
static int is_aligned_case(const struct pointer_case* each) {
    return each->number == SYS_futex;
}

static void check_wait(void) {
    int wrong = 0;
    for (int i = 0; i < class_count; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            _exit(0);
        }
        errno = 0;
        wrong += syscall(SYS_wait4, child, classes[i].address, 0, 0) != -1 || errno != EFAULT;
        waitpid(child, NULL, 0); /* Linux has reaped it by then */
    }
    CHECK("wait4.status", wrong == 0);
}

static void check_unknown_numbers(void) {
    static const long numbers[] = {-1, 700, 999, 1001, 1L << 31, INTPTR_MAX};
    int wrong = 0;
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        errno = 0;
        wrong += syscall(numbers[i], 0, 0, 0, 0, 0, 0) != -1 || errno != ENOSYS;
    }
    CHECK("unknown_numbers", wrong == 0);
}

static void check_bad_times(void) {
    struct timespec bad[] = {{-1, 0}, {0, -1}, {0, 1000000000}, {0, INT64_MAX}, {INT64_MIN, 0}};
    int wrong = 0;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        errno = 0;
        wrong += syscall(SYS_nanosleep, &bad[i], NULL) != -1 || errno != EINVAL;
        errno = 0;
        wrong += syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad[i], NULL) != -1 || errno != EINVAL;
    }
    CHECK("bad_times", wrong == 0);
    struct timespec now;
    CHECK_ERROR("bad_clock", syscall(SYS_clock_gettime, 99, &now), EINVAL);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    prepare_classes();
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (is_aligned_case(&cases[i])) {
            int all = class_count;
            struct bad_address kept[most_classes];
            memcpy(kept, classes, sizeof kept);
            class_count = 0;
            for (int c = 0; c < all; c++) {
                if (kept[c].address % 4 == 0) {
                    classes[class_count++] = kept[c];
                }
            }
            check_case(&cases[i]);
            memcpy(classes, kept, sizeof kept);
            class_count = all;
        } else {
            check_case(&cases[i]);
        }
    }
    check_wait();
    check_unknown_numbers();
    check_bad_times();
    return finish();
}
