/* Signals: handlers, masks, restarts, stacks, stops, timers. Plain POSIX: the same on a Linux host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t count;
static volatile sig_atomic_t last_signal;
static volatile sig_atomic_t last_code;
static volatile sig_atomic_t last_pid;
static void* volatile last_address;

static void note(int number) {
    count++;
    last_signal = number;
}

static void note_info(int number, siginfo_t* info, void* context) {
    (void)context;
    count++;
    last_signal = number;
    last_code = info->si_code;
    last_pid = info->si_pid;
    last_address = info->si_addr;
}

static void install(int number, void (*handler)(int), int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(number, &action, NULL);
    count = 0;
}

static void install_info(int number, int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = note_info;
    action.sa_flags = SA_SIGINFO | flags;
    sigaction(number, &action, NULL);
    count = 0;
}

static void test_handlers(void) {
    install(SIGUSR1, note, 0);
    raise(SIGUSR1);
    CHECK("handler.runs", count == 1 && last_signal == SIGUSR1);
    install_info(SIGUSR1, 0);
    kill(getpid(), SIGUSR1);
    CHECK("handler.info", count == 1 && last_code == SI_USER && last_pid == getpid());
    install(SIGUSR1, note, (int)SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    CHECK("handler.resethand", count == 1 && now.sa_handler == SIG_DFL);
    signal(SIGUSR1, SIG_IGN);
    count = 0;
    raise(SIGUSR1);
    CHECK("handler.ignored", count == 0);
    CHECK_ERROR("sigaction.SIGKILL", sigaction(SIGKILL, &now, NULL), EINVAL);
    CHECK_ERROR("sigaction.number_0", sigaction(0, NULL, &now), EINVAL);
    CHECK_ERROR("sigaction.number_65", sigaction(65, NULL, &now), EINVAL);
    CHECK_ERROR("kill.EINVAL", kill(getpid(), 65), EINVAL);
    CHECK_ERROR("kill.ESRCH", kill(30000, 0), ESRCH);
    CHECK("kill.0", kill(getpid(), 0) == 0);
}

static void test_masks(void) {
    sigset_t set, old, pending;
    install(SIGUSR1, note, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    raise(SIGUSR1);
    sigpending(&pending);
    CHECK("mask.pending", count == 0 && sigismember(&pending, SIGUSR1) == 1);
    sigprocmask(SIG_SETMASK, &old, NULL);
    CHECK("mask.delivered_once", count == 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    count = 0;
    CHECK_ERROR("sigsuspend.EINTR", sigsuspend(&old), EINTR);
    CHECK("sigsuspend.handler_ran", count == 1);
    sigprocmask(SIG_SETMASK, NULL, &set);
    CHECK("sigsuspend.mask_back", sigismember(&set, SIGUSR1) == 1);
    sigprocmask(SIG_SETMASK, &old, NULL);
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, &old);
    sigprocmask(SIG_SETMASK, &old, &set);
    CHECK("mask.never_kill_or_stop", !sigismember(&set, SIGKILL) && !sigismember(&set, SIGSTOP));
}

/* While a handler runs its signal is blocked, unless SA_NODEFER. */
static volatile sig_atomic_t depth, deepest;

static void nest(int number) {
    depth++;
    if (depth > deepest) {
        deepest = depth;
    }
    if (deepest < 3 && count++ < 3) {
        raise(number);
    }
    depth--;
}

static void test_nesting(void) {
    install(SIGUSR2, nest, 0);
    depth = deepest = 0;
    raise(SIGUSR2);
    CHECK("nesting.deferred", deepest == 1);
    install(SIGUSR2, nest, SA_NODEFER);
    depth = deepest = 0;
    raise(SIGUSR2);
    CHECK("nesting.nodefer", deepest == 3);
}

static void test_wait_for(void) {
    sigset_t set, old;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, &old);
    struct timespec soon = {0, 20 * 1000 * 1000};
    CHECK_ERROR("sigtimedwait.EAGAIN", sigtimedwait(&set, &info, &soon), EAGAIN);
    kill(getpid(), SIGUSR1);
    CHECK("sigtimedwait.takes", sigtimedwait(&set, &info, &soon) == SIGUSR1 && info.si_pid == getpid());
    union sigval value = {.sival_int = 11};
    sigqueue(getpid(), SIGRTMIN + 1, value);
    value.sival_int = 12;
    sigqueue(getpid(), SIGRTMIN + 1, value);
    int first = sigwaitinfo(&set, &info) == SIGRTMIN + 1 ? info.si_value.sival_int : -1;
    int second = sigwaitinfo(&set, &info) == SIGRTMIN + 1 ? info.si_value.sival_int : -1;
    CHECK("sigqueue.in_order", first == 11 && second == 12 && info.si_code == SI_QUEUE);
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    CHECK("sigwaitinfo.sleeps", sigwaitinfo(&set, &info) == SIGUSR1 && info.si_pid == child);
    waitpid(child, NULL, 0);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* A child that signals the parent after a while and then writes to a pipe. */
static pid_t start_disturber(int number, int fd) {
    pid_t child = fork();
    if (child == 0) {
        usleep(30000);
        kill(getppid(), number);
        usleep(30000);
        char byte = 'd';
        _exit(write(fd, &byte, 1) == 1 ? 0 : 1);
    }
    return child;
}

static void test_restart(void) {
    int ends[2];
    char byte = 0;
    if (pipe(ends) != 0) {
        exit(2);
    }
    install(SIGUSR1, note, SA_RESTART);
    pid_t child = start_disturber(SIGUSR1, ends[1]);
    CHECK("restart.read_goes_on", read(ends[0], &byte, 1) == 1 && byte == 'd' && count == 1);
    waitpid(child, NULL, 0);
    install(SIGUSR1, note, 0);
    child = start_disturber(SIGUSR1, ends[1]);
    CHECK_ERROR("restart.read_EINTR", read(ends[0], &byte, 1), EINTR);
    CHECK("restart.then_data", read(ends[0], &byte, 1) == 1 && count == 1);
    waitpid(child, NULL, 0);
    install(SIGUSR1, note, SA_RESTART);
    child = start_disturber(SIGUSR1, ends[1]);
    int status;
    CHECK("restart.wait_goes_on", waitpid(child, &status, 0) == child && count == 1);
    install(SIGUSR1, note, SA_RESTART);
    child = start_disturber(SIGUSR1, ends[1]);
    struct timespec long_time = {5, 0}, rest = {0, 0};
    CHECK_ERROR("restart.nanosleep_EINTR", nanosleep(&long_time, &rest), EINTR);
    CHECK("restart.nanosleep_rest", rest.tv_sec == 4 && rest.tv_nsec > 0);
    waitpid(child, NULL, 0);
    close(ends[0]);
    close(ends[1]);
}

static sigjmp_buf out;

static void jump_out(int number, siginfo_t* info, void* context) {
    (void)number;
    (void)context;
    last_code = info->si_code;
    last_address = info->si_addr;
    siglongjmp(out, 1);
}

static void test_faults(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = jump_out;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    char* read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    last_code = 0;
    if (sigsetjmp(out, 1) == 0) {
        *(volatile int*)8 = 1;
    }
    CHECK("fault.not_mapped", last_code == SEGV_MAPERR && last_address == (void*)8);
    if (sigsetjmp(out, 1) == 0) {
        *(volatile char*)(read_only + 5) = 1;
    }
    CHECK("fault.read_only", last_code == SEGV_ACCERR && last_address == read_only + 5);
    if (sigsetjmp(out, 1) == 0) {
        volatile int zero = 0;
        last_code = 10 / zero;
    }
    CHECK("fault.divide", last_code == FPE_INTDIV);
    last_code = 0;
    if (sigsetjmp(out, 1) == 0) {
        __asm__ volatile("ud2");
    }
    CHECK("fault.illegal", last_code != 0);
    last_code = 0;
    if (sigsetjmp(out, 1) == 0) {
        __asm__ volatile("hlt");
    }
    CHECK("fault.privileged", last_code == SI_KERNEL);
    last_code = 0;
    if (sigsetjmp(out, 1) == 0) {
        ((void (*)(void))read_only)();
    }
    CHECK("fault.no_execute", last_code == SEGV_ACCERR && last_address == read_only);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGFPE, SIG_DFL);
    signal(SIGILL, SIG_DFL);
    munmap(read_only, 4096);
}

static char other_stack[64 * 1024];
static volatile uintptr_t handler_stack;

static void note_stack(int number) {
    char here;
    (void)number;
    handler_stack = (uintptr_t)&here;
}

static void test_alternate_stack(void) {
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof other_stack, .ss_flags = 0}, old;
    CHECK("altstack.set", sigaltstack(&stack, NULL) == 0);
    install(SIGUSR1, note_stack, SA_ONSTACK);
    raise(SIGUSR1);
    const uintptr_t low = (uintptr_t)other_stack, high = low + sizeof other_stack;
    CHECK("altstack.used", handler_stack >= low && handler_stack < high);
    install(SIGUSR1, note_stack, 0);
    raise(SIGUSR1);
    CHECK("altstack.not_asked", handler_stack < low || handler_stack >= high);
    stack.ss_size = 100;
    CHECK_ERROR("altstack.too_small", sigaltstack(&stack, NULL), ENOMEM);
    stack.ss_flags = SS_DISABLE;
    CHECK("altstack.disable", sigaltstack(&stack, &old) == 0 && old.ss_sp == other_stack);
}

/* A handler that uses the FPU must not disturb what it interrupted. */
static void disturb_fpu(int number) {
    volatile double x = 1.0;
    (void)number;
    for (int i = 0; i < 10; i++) {
        x = x * 1.5 + 0.25;
    }
    count++;
}

static void test_fpu(void) {
    install(SIGALRM, disturb_fpu, SA_RESTART);
    struct itimerval every_ms = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &every_ms, NULL);
    int wrong = 0;
    for (int round = 0; round < 100000 && count < 20; round++) {
        double sum = 0.0;
        for (int i = 1; i <= 200; i++) {
            sum += 1.0 / i;
        }
        wrong += sum < 5.878030948121 || sum > 5.878030948122;
    }
    setitimer(ITIMER_REAL, &off, NULL);
    CHECK("fpu.survives_handlers", wrong == 0 && count >= 2);
}

static void test_timers(void) {
    install(SIGALRM, note, 0);
    struct itimerval soon = {{0, 0}, {0, 30000}}, left, off = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &soon, NULL);
    getitimer(ITIMER_REAL, &left);
    CHECK("itimer.left",
          left.it_value.tv_sec == 0 && left.it_value.tv_usec > 0 && left.it_value.tv_usec <= 30000);
    pause();
    CHECK("itimer.fires", count == 1);
    struct itimerval often = {{0, 5000}, {0, 5000}};
    count = 0;
    setitimer(ITIMER_REAL, &often, NULL);
    while (count < 3) {
        pause();
    }
    setitimer(ITIMER_REAL, &off, NULL);
    CHECK("itimer.repeats", count >= 3);
    /* No machine keeps up with one signal in a microsecond; it must still run the program. */
    struct itimerval storm = {{0, 1}, {0, 1}};
    signal(SIGALRM, SIG_IGN);
    setitimer(ITIMER_REAL, &storm, NULL);
    const clock_t start = clock();
    while (clock() - start < CLOCKS_PER_SEC / 50) {
    }
    setitimer(ITIMER_REAL, &off, NULL);
    CHECK("itimer.no_storm", clock() > start);
    CHECK("alarm.returns_rest", alarm(10) == 0 && alarm(0) == 10);
    struct itimerval bad = {{0, 0}, {0, 1000000}};
    CHECK_ERROR("itimer.EINVAL", setitimer(ITIMER_REAL, &bad, NULL), EINVAL);
}

static void test_children(void) {
    install_info(SIGCHLD, 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(3);
    }
    while (count == 0) {
        usleep(1000);
    }
    CHECK("sigchld.exited", last_signal == SIGCHLD && last_code == CLD_EXITED && last_pid == child);
    waitpid(child, NULL, 0);
    signal(SIGCHLD, SIG_IGN);
    child = fork();
    if (child == 0) {
        _exit(0);
    }
    CHECK_ERROR("sigchld.ignored_reaps", waitpid(child, NULL, 0), ECHILD);
    signal(SIGCHLD, SIG_DFL);
}

static void test_stop(void) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    kill(child, SIGSTOP);
    CHECK("stop.reported",
          waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK("stop.reported_once", waitpid(child, &status, WUNTRACED | WNOHANG) == 0);
    kill(child, SIGCONT);
    CHECK("continue.reported", waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGKILL);
    CHECK("stop.killed",
          waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* A sleep goes on until its old end when the process was stopped in between. */
static void test_sleep_across_stop(void) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct timespec before, after, span = {0, 150 * 1000 * 1000};
        clock_gettime(CLOCK_MONOTONIC, &before);
        int outcome = nanosleep(&span, NULL);
        clock_gettime(CLOCK_MONOTONIC, &after);
        long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
        _exit(outcome == 0 && ms >= 149 && ms < 1500 ? 0 : 1);
    }
    usleep(30000);
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    usleep(20000);
    kill(child, SIGCONT);
    waitpid(child, &status, 0);
    CHECK("restart.sleep_across_stop", WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* When the last process that could continue a stopped group ends, the group gets SIGHUP and SIGCONT. */
static int hangup_pipe[2];

static void tell_hangup(int number) {
    char byte = (char)number;
    _exit(write(hangup_pipe[1], &byte, 1) == 1 ? 0 : 1);
}

static void test_orphaned_group(void) {
    if (pipe(hangup_pipe) != 0) {
        exit(2);
    }
    pid_t leader = fork();
    if (leader == 0) {
        setsid();
        pid_t job = fork();
        if (job == 0) {
            setpgid(0, 0);
            install(SIGHUP, tell_hangup, 0);
            kill(getpid(), SIGSTOP);
            _exit(1);
        }
        int status;
        waitpid(job, &status, WUNTRACED);
        _exit(WIFSTOPPED(status) ? 0 : 1);
    }
    int status;
    char byte = 0;
    waitpid(leader, &status, 0);
    close(hangup_pipe[1]);
    CHECK("orphaned_group.hangup", WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
                                       read(hangup_pipe[0], &byte, 1) == 1 && byte == SIGHUP);
    close(hangup_pipe[0]);
}

static void test_pipe(void) {
    int ends[2];
    char byte = 0;
    if (pipe(ends) != 0) {
        exit(2);
    }
    close(ends[0]);
    install(SIGPIPE, note, 0);
    CHECK_ERROR("sigpipe.EPIPE", write(ends[1], &byte, 1), EPIPE);
    CHECK("sigpipe.signal", count == 1 && last_signal == SIGPIPE);
    close(ends[1]);
    signal(SIGPIPE, SIG_DFL);
}

static void test_storm(void) {
    install(SIGUSR1, note, SA_RESTART);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 2000; i++) {
            kill(parent, SIGUSR1);
        }
        _exit(0);
    }
    int status;
    CHECK("storm.wait", waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK("storm.some_arrived", count > 0 && count <= 2000);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_handlers();
    test_masks();
    test_nesting();
    test_wait_for();
    test_restart();
    test_faults();
    test_alternate_stack();
    test_fpu();
    test_timers();
    test_children();
    test_stop();
    test_sleep_across_stop();
    test_orphaned_group();
    test_pipe();
    test_storm();
    return finish();
}
