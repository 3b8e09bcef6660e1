/* FPU and SSE registers belong to one thread: switches, system calls and forks keep them, and a new program
 * finds them as the ABI says. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct registers {
    uint64_t words[16][2];
};

/* Loads xmm0 to xmm15, lets others run, and stores them again. */
static void load_yield_store(const struct registers* in, struct registers* out, long number) {
    __asm__ volatile(
        "movups 0(%0), %%xmm0; movups 16(%0), %%xmm1; movups 32(%0), %%xmm2; movups 48(%0), %%xmm3;"
        "movups 64(%0), %%xmm4; movups 80(%0), %%xmm5; movups 96(%0), %%xmm6; movups 112(%0), %%xmm7;"
        "movups 128(%0), %%xmm8; movups 144(%0), %%xmm9; movups 160(%0), %%xmm10;"
        "movups 176(%0), %%xmm11; movups 192(%0), %%xmm12; movups 208(%0), %%xmm13;"
        "movups 224(%0), %%xmm14; movups 240(%0), %%xmm15;"
        "mov $20000, %%r8d; 1: dec %%r8d; jnz 1b;" /* long enough to be preempted now and then */
        "syscall;"
        "movups %%xmm0, 0(%1); movups %%xmm1, 16(%1); movups %%xmm2, 32(%1); movups %%xmm3, 48(%1);"
        "movups %%xmm4, 64(%1); movups %%xmm5, 80(%1); movups %%xmm6, 96(%1); movups %%xmm7, 112(%1);"
        "movups %%xmm8, 128(%1); movups %%xmm9, 144(%1); movups %%xmm10, 160(%1);"
        "movups %%xmm11, 176(%1); movups %%xmm12, 192(%1); movups %%xmm13, 208(%1);"
        "movups %%xmm14, 224(%1); movups %%xmm15, 240(%1);"
        : "+r"(in), "+r"(out), "+a"(number)
        :
        : "memory", "rcx", "r11", "r8", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
          "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

static int keep_signature(uint64_t signature) {
    struct registers in, out;
    for (int i = 0; i < 16; i++) {
        in.words[i][0] = signature * 1000 + (uint64_t)i;
        in.words[i][1] = ~signature - (uint64_t)i;
    }
    for (int round = 0; round < 500; round++) {
        memset(&out, 0, sizeof out);
        load_yield_store(&in, &out, SYS_sched_yield);
        if (memcmp(&in, &out, sizeof in) != 0) {
            return 1;
        }
    }
    return 0;
}

static void test_switches(void) {
    fflush(stdout);
    int wrong = 0;
    for (uint64_t i = 1; i <= 4; i++) {
        if (fork() == 0) {
            _exit(keep_signature(i));
        }
    }
    for (int i = 0; i < 4; i++) {
        int status;
        wrong += wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    CHECK("fpu.switches", wrong == 0);
}

static void test_fork(void) {
    struct registers in, out;
    memset(&in, 0x5a, sizeof in);
    load_yield_store(&in, &out, SYS_fork);
    static int in_child;
    in_child = syscall(SYS_getpid) != (long)atol(getenv("TEST_PID"));
    if (in_child) {
        _exit(memcmp(&in, &out, sizeof in) == 0 ? 0 : 1);
    }
    int status;
    wait(&status);
    CHECK("fpu.fork", WIFEXITED(status) && WEXITSTATUS(status) == 0 && memcmp(&in, &out, sizeof in) == 0);
}

/* The control words of this program, as it was started: round to nearest, everything masked. */
static void test_start(void) {
    uint32_t mxcsr = 0;
    uint16_t control = 0;
    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(control));
    CHECK("fpu.start", (mxcsr & ~0x3fu) == 0x1f80 && control == 0x37f);
}

int main(void) {
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("TEST_PID", pid, 1);
    test_start();
    test_switches();
    test_fork();
    return finish();
}
