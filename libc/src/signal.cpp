// Signals. The kernel wants to be told where a handler returns to (SA_RESTORER); that is libc_signal_return.

#include "libc/src/internal/syscall.hpp"
#include "libc/src/internal/thread.hpp"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <unistd.h>

using libc::checked_int;

namespace {

constexpr size_t set_bytes = sizeof(sigset_t);

bool is_signal(int number) {
    return number > 0 && number < NSIG;
}

sigset_t bit_of(int number) {
    return 1ull << (number - 1);
}

int invalid() {
    return static_cast<int>(libc::check(-EINVAL));
}

} // namespace

extern "C" {

void libc_signal_return();

int sigaction(int signal_number, const struct sigaction* action, struct sigaction* old) {
    kernel_sigaction wanted = {};
    kernel_sigaction previous = {};
    if (action != nullptr) {
        wanted.handler = reinterpret_cast<uint64_t>(action->sa_handler);
        wanted.flags = static_cast<unsigned>(action->sa_flags) | SA_RESTORER;
        wanted.restorer = reinterpret_cast<uint64_t>(&libc_signal_return);
        wanted.mask = action->sa_mask;
    }
    int result = checked_int(SYS_rt_sigaction, signal_number, action != nullptr ? &wanted : nullptr,
                             old != nullptr ? &previous : nullptr, set_bytes);
    if (result == 0 && old != nullptr) {
        old->sa_handler = reinterpret_cast<sighandler_t>(previous.handler);
        old->sa_flags = static_cast<int>(previous.flags & ~static_cast<uint64_t>(SA_RESTORER));
        old->sa_mask = previous.mask;
        old->sa_restorer = nullptr;
    }
    return result;
}

sighandler_t signal(int signal_number, sighandler_t handler) {
    struct sigaction wanted = {};
    struct sigaction old = {};
    wanted.sa_handler = handler;
    wanted.sa_flags = SA_RESTART;
    return sigaction(signal_number, &wanted, &old) < 0 ? SIG_ERR : old.sa_handler;
}

int siginterrupt(int signal_number, int interrupts) {
    struct sigaction action = {};
    if (sigaction(signal_number, nullptr, &action) < 0) {
        return -1;
    }
    action.sa_flags = interrupts ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return sigaction(signal_number, &action, nullptr);
}

int kill(pid_t pid, int signal_number) {
    return checked_int(SYS_kill, pid, signal_number);
}
int killpg(pid_t group, int signal_number) {
    return group < 0 ? invalid() : kill(-group, signal_number);
}
int tgkill(pid_t pid, pid_t thread, int signal_number) {
    return checked_int(SYS_tgkill, pid, thread, signal_number);
}
int raise(int signal_number) {
    long thread = libc::call(SYS_gettid);
    return checked_int(SYS_tgkill, libc::call(SYS_getpid), thread, signal_number);
}

int sigqueue(pid_t pid, int signal_number, const union sigval value) {
    siginfo_t info = {};
    info.si_signo = signal_number;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value = value;
    return checked_int(SYS_rt_sigqueueinfo, pid, signal_number, &info);
}

int sigprocmask(int how, const sigset_t* set, sigset_t* old) {
    return checked_int(SYS_rt_sigprocmask, how, set, old, set_bytes);
}
int pthread_sigmask(int how, const sigset_t* set, sigset_t* old) {
    return static_cast<int>(-libc::call(SYS_rt_sigprocmask, how, set, old, set_bytes));
}
int pthread_kill(pthread_t thread, int signal_number) {
    int id = reinterpret_cast<libc::thread_control*>(thread)->id;
    return static_cast<int>(-libc::call(SYS_tgkill, libc::call(SYS_getpid), id, signal_number));
}
int sigpending(sigset_t* set) {
    return checked_int(SYS_rt_sigpending, set, set_bytes);
}
int sigsuspend(const sigset_t* mask) {
    return checked_int(SYS_rt_sigsuspend, mask, set_bytes);
}
int sigtimedwait(const sigset_t* set, siginfo_t* info, const struct timespec* timeout) {
    return checked_int(SYS_rt_sigtimedwait, set, info, timeout, set_bytes);
}
int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
    return sigtimedwait(set, info, nullptr);
}
int sigwait(const sigset_t* set, int* signal_number) {
    long result;
    do {
        result = libc::call(SYS_rt_sigtimedwait, set, nullptr, nullptr, set_bytes);
    } while (result == -EINTR);
    *signal_number = static_cast<int>(result);
    return result < 0 ? static_cast<int>(-result) : 0;
}
int sigaltstack(const stack_t* stack, stack_t* old) {
    return checked_int(SYS_sigaltstack, stack, old);
}

int sigemptyset(sigset_t* set) {
    *set = 0;
    return 0;
}
int sigfillset(sigset_t* set) {
    *set = ~0ull;
    return 0;
}
int sigaddset(sigset_t* set, int signal_number) {
    if (!is_signal(signal_number)) {
        return invalid();
    }
    *set |= bit_of(signal_number);
    return 0;
}
int sigdelset(sigset_t* set, int signal_number) {
    if (!is_signal(signal_number)) {
        return invalid();
    }
    *set &= ~bit_of(signal_number);
    return 0;
}
int sigismember(const sigset_t* set, int signal_number) {
    return is_signal(signal_number) ? (*set & bit_of(signal_number)) != 0 : invalid();
}

void psignal(int signal_number, const char* prefix) {
    bool named = prefix != nullptr && *prefix != '\0';
    fprintf(stderr, "%s%s%s\n", named ? prefix : "", named ? ": " : "", strsignal(signal_number));
}

int pause(void) {
    return checked_int(SYS_pause);
}
unsigned int alarm(unsigned int seconds) {
    return static_cast<unsigned>(libc::call(SYS_alarm, seconds));
}
int getitimer(int which, struct itimerval* result) {
    return checked_int(SYS_getitimer, which, result);
}
int setitimer(int which, const struct itimerval* wanted, struct itimerval* old) {
    return checked_int(SYS_setitimer, which, wanted, old);
}
useconds_t ualarm(useconds_t first, useconds_t interval) {
    struct itimerval wanted = {{interval / 1000000, interval % 1000000}, {first / 1000000, first % 1000000}};
    struct itimerval old = {};
    setitimer(ITIMER_REAL, &wanted, &old);
    return static_cast<useconds_t>(old.it_value.tv_sec * 1000000 + old.it_value.tv_usec);
}

} // extern "C"
