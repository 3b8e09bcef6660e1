/* malloc, environment, signals, jumps, options, thread-local variables, exit order. */
#include "check.h"

#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local int tls_value = 42;
static _Thread_local char tls_zero[100];
static _Thread_local long tls_aligned __attribute__((aligned(64))) = 7;

/* Runs a function in a child; its wait status. Its stderr is thrown away. */
static int in_child(void (*function)(void)) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(2);
        function();
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    return status;
}

static void free_twice(void) {
    char* volatile block = malloc(10);
    free(block);
    free(block);
}
static void free_wild(void) {
    static char memory[64] __attribute__((aligned(16)));
    char* volatile wild = memory + 16;
    free(wild);
}
static void write_after_free(void) {
    volatile char* volatile block = malloc(24);
    free((void*)block);
    for (int i = -16; i < 16; i++) {
        block[i] = 0x41; /* volatile, or the compiler leaves it out */
    }
    char* volatile again = malloc(24);
    (void)again;
}

static void test_malloc(void) {
    enum { count = 4000 };
    static unsigned char* blocks[count];
    static size_t sizes[count];
    uint32_t seed = 1;
    int wrong = 0;
    for (int round = 0; round < 30000; round++) {
        seed = seed * 1664525 + 1013904223;
        unsigned slot = (seed >> 8) % count;
        if (blocks[slot] != NULL) {
            wrong += blocks[slot][0] != (unsigned char)slot ||
                     blocks[slot][sizes[slot] - 1] != (unsigned char)slot;
        }
        size_t size = 1 + (seed >> 4) % (seed % 50 == 0 ? 300000 : 2000);
        if (seed % 3 == 0) {
            free(blocks[slot]);
            blocks[slot] = NULL;
            continue;
        }
        unsigned char* moved = realloc(blocks[slot], size);
        wrong += moved == NULL || (uintptr_t)moved % 16 != 0;
        wrong += blocks[slot] != NULL && moved[0] != (unsigned char)slot;
        blocks[slot] = moved;
        sizes[slot] = size;
        memset(moved, (int)slot, size);
    }
    CHECK(wrong == 0);
    for (int i = 0; i < count; i++) {
        free(blocks[i]);
    }
    volatile size_t huge = SIZE_MAX - 100;
    CHECK(malloc(huge) == NULL && errno == ENOMEM);
    CHECK(calloc(huge / 2, 3) == NULL);
    CHECK(reallocarray(NULL, huge / 2, 3) == NULL);
    char* zeroed = calloc(100, 100);
    int nonzero = 0;
    for (int i = 0; i < 10000; i++) {
        nonzero += zeroed[i] != 0;
    }
    CHECK(nonzero == 0);
    free(zeroed);
    for (size_t alignment = 8; alignment <= 65536; alignment *= 2) {
        void* aligned = NULL;
        CHECK(posix_memalign(&aligned, alignment, 100) == 0 && (uintptr_t)aligned % alignment == 0);
        memset(aligned, 1, 100);
        free(aligned);
    }
    CHECK(WTERMSIG(in_child(free_twice)) == SIGABRT);
    CHECK(WTERMSIG(in_child(free_wild)) == SIGABRT);
    CHECK(WTERMSIG(in_child(write_after_free)) == SIGABRT);
}

static void test_environment(void) {
    CHECK(getenv("LIBC_TEST") == NULL);
    CHECK(setenv("LIBC_TEST", "one", 0) == 0 && strcmp(getenv("LIBC_TEST"), "one") == 0);
    CHECK(setenv("LIBC_TEST", "two", 0) == 0 && strcmp(getenv("LIBC_TEST"), "one") == 0);
    CHECK(setenv("LIBC_TEST", "two", 1) == 0 && strcmp(getenv("LIBC_TEST"), "two") == 0);
    static char own[] = "LIBC_TEST=own";
    CHECK(putenv(own) == 0 && getenv("LIBC_TEST") == own + 10);
    CHECK(unsetenv("LIBC_TEST") == 0 && getenv("LIBC_TEST") == NULL);
    CHECK(setenv("a=b", "c", 1) == -1 && errno == EINVAL);
    CHECK(getenv("PATH") != NULL);
}

static volatile int caught;
static volatile int caught_info;
static void on_signal(int number) {
    caught = number;
}
static void on_info(int number, siginfo_t* info, void* context) {
    (void)number;
    caught_info = info->si_pid == getpid() && ((ucontext_t*)context)->uc_mcontext.gregs[REG_RIP] != 0;
}

static sigjmp_buf place;
static void on_fault(int number) {
    siglongjmp(place, number);
}

static void test_signals(void) {
    CHECK(signal(SIGUSR1, on_signal) == SIG_DFL);
    CHECK(raise(SIGUSR1) == 0 && caught == SIGUSR1);
    struct sigaction action = {.sa_sigaction = on_info, .sa_flags = SA_SIGINFO};
    struct sigaction old;
    CHECK(sigaction(SIGUSR1, &action, &old) == 0 && old.sa_handler == on_signal &&
          (old.sa_flags & SA_RESTART) != 0);
    kill(getpid(), SIGUSR1);
    CHECK(caught_info == 1);
    sigset_t set, waiting;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    raise(SIGUSR2);
    CHECK(sigpending(&waiting) == 0 && sigismember(&waiting, SIGUSR2) == 1);
    int number = 0;
    CHECK(sigwait(&set, &number) == 0 && number == SIGUSR2);
    signal(SIGSEGV, on_fault);
    volatile int rounds = 0;
    int code = sigsetjmp(place, 1);
    if (rounds++ < 2) {
        *(volatile int*)8 = 1; /* The mask must be restored each time, or the second fault kills. */
    }
    CHECK(code == SIGSEGV && rounds == 3);
    signal(SIGSEGV, SIG_DFL);
    CHECK(signal(SIGKILL, on_signal) == SIG_ERR && errno == EINVAL);
    alarm(1);
    signal(SIGALRM, on_signal);
    CHECK(pause() == -1 && errno == EINTR && caught == SIGALRM);
}

static void depth(jmp_buf out, int level) {
    char keep[32];
    memset(keep, level, sizeof keep);
    static volatile int bottom = 0;
    if (level == bottom) {
        longjmp(out, 0);
    }
    if (level > bottom) {
        depth(out, level - 1);
    }
    CHECK(keep[level % 32] == -1); /* never reached */
}

static void test_jumps(void) {
    jmp_buf out;
    volatile int before = 5;
    int value = setjmp(out);
    if (value == 0) {
        before = 6;
        depth(out, 50);
    }
    CHECK(value == 1 && before == 6);
}

static void test_options(void) {
    char* words[] = {"prog", "file", "-ab",  "-cvalue", "-c", "next", "--long", "--with=arg",
                     "--wi", "arg2", "more", "-",       "--", "-z",   NULL};
    static const struct option longs[] = {
        {"long", no_argument, NULL, 1000}, {"with", required_argument, NULL, 'w'}, {NULL, 0, NULL, 0}};
    char seen[128] = "";
    int letter, index = -1;
    while ((letter = getopt_long(14, words, "abc:", longs, &index)) != -1) {
        char piece[32];
        snprintf(piece, sizeof piece, "%d:%s ", letter, optarg != NULL ? optarg : "");
        strcat(seen, piece);
    }
    CHECK(strcmp(seen, "97: 98: 99:value 99:next 1000: 119:arg 119:arg2 ") == 0);
    CHECK(optind == 10 && strcmp(words[10], "file") == 0 && strcmp(words[11], "more") == 0 &&
          strcmp(words[12], "-") == 0 && strcmp(words[13], "-z") == 0);
    char* wrong[] = {"prog", "-x", "-c", NULL};
    optind = 0;
    opterr = 0;
    CHECK(getopt(3, wrong, "c:") == '?' && optopt == 'x');
    CHECK(getopt(3, wrong, "c:") == '?' && optopt == 'c');
    optind = 0;
    char* colon[] = {"prog", "-c", NULL};
    CHECK(getopt(2, colon, ":c:") == ':');
    CHECK(getopt(2, colon, ":c:") == -1);
    char* plus[] = {"prog", "word", "-a", NULL};
    optind = 0;
    CHECK(getopt(3, plus, "+a") == -1 && optind == 1);
}

static int order;
static void first_registered(void) {
    order = order == 2 ? 3 : 99;
}
static void second_registered(void) {
    order = order == 0 ? 2 : 98;
}
static void report(void) {
    _exit(order == 3 ? 55 : 1);
}
static void leave(void) {
    atexit(report);
    atexit(first_registered);
    atexit(second_registered);
    exit(0);
}
static void call_abort(void) {
    signal(SIGABRT, SIG_IGN);
    abort();
}

int main(int argc, char** argv) {
    CHECK(argc == 1 && argv[1] == NULL && strncmp(program_invocation_short_name, "test_process.c", 14) == 0);
    CHECK(tls_value == 42 && tls_zero[50] == 0 && tls_aligned == 7 && (uintptr_t)&tls_aligned % 64 == 0);
    test_malloc();
    test_environment();
    test_signals();
    test_jumps();
    test_options();
    CHECK(WEXITSTATUS(in_child(leave)) == 55);
    CHECK(WTERMSIG(in_child(call_abort)) == SIGABRT);
    return checks_result("process");
}
