#pragma once
/* Signals. */

#include <kernel/abi/signal.h>
#include <kernel/abi/time.h>
#include <sys/cdefs.h>
#include <sys/types.h>

typedef int sig_atomic_t;
typedef void (*sighandler_t)(int);
typedef sighandler_t __sighandler_t;

#define SIG_DFL ((sighandler_t)0)
#define SIG_IGN ((sighandler_t)1)
#define SIG_ERR ((sighandler_t)-1)
#define _NSIG NSIG

/* Signals for programs' own use. */
#define SIGRTMIN 34
#define SIGRTMAX 64

#define si_pid si_fields.from.pid
#define si_uid si_fields.from.uid
#define si_status si_fields.from.u.child.status
#define si_utime si_fields.from.u.child.utime
#define si_stime si_fields.from.u.child.stime
#define si_value si_fields.from.u.value
#define si_int si_fields.from.u.value.sival_int
#define si_ptr si_fields.from.u.value.sival_ptr
#define si_addr si_fields.fault.address
#define si_band si_fields.poll.band
#define si_fd si_fields.poll.fd

struct sigaction {
    union {
        void (*sa_handler)(int);
        void (*sa_sigaction)(int, siginfo_t*, void*); /* with SA_SIGINFO */
    };
    sigset_t sa_mask;
    int sa_flags;
    void (*sa_restorer)(void);
};

typedef long greg_t;
typedef greg_t gregset_t[23];
typedef struct fpstate* fpregset_t;

typedef struct {
    gregset_t gregs; /* by REG_ number */
    fpregset_t fpregs;
    unsigned long __reserved[8];
} mcontext_t;

/* The third argument of a handler with SA_SIGINFO. */
typedef struct ucontext {
    unsigned long uc_flags;
    struct ucontext* uc_link;
    stack_t uc_stack;
    mcontext_t uc_mcontext;
    sigset_t uc_sigmask;
} ucontext_t;

__BEGIN_DECLS

/// Sets a signal's handler (with SA_RESTART, as BSD does); the old one, or SIG_ERR.
sighandler_t signal(int signal_number, sighandler_t handler);
/// Sets or asks a signal's action.
int sigaction(int signal_number, const struct sigaction* action, struct sigaction* old);
/// Whether a signal interrupts system calls.
int siginterrupt(int signal_number, int interrupts);
/// Sends a signal to a process, to a group (negative) or to all (-1).
int kill(pid_t pid, int signal_number);
/// Sends a signal to a process group.
int killpg(pid_t group, int signal_number);
/// Sends a signal to a thread of a process.
int tgkill(pid_t pid, pid_t thread, int signal_number);
/// Sends a signal to the calling thread.
int raise(int signal_number);
/// Sends a signal with a value.
int sigqueue(pid_t pid, int signal_number, const union sigval value);
/// Changes the calling thread's blocked signals.
int sigprocmask(int how, const sigset_t* set, sigset_t* old);
/// The same; 0 or an errno value.
int pthread_sigmask(int how, const sigset_t* set, sigset_t* old);
/// Sends a signal to a thread; 0 or an errno value.
int pthread_kill(pthread_t thread, int signal_number);
/// Signals that wait because they are blocked.
int sigpending(sigset_t* set);
/// Waits with another mask until a handler has run; always -1 with EINTR.
int sigsuspend(const sigset_t* mask);
/// Takes a waiting signal; 0 or an errno value.
int sigwait(const sigset_t* set, int* signal_number);
/// Takes a waiting signal; its number.
int sigwaitinfo(const sigset_t* set, siginfo_t* info);
/// The same with a time limit (EAGAIN).
int sigtimedwait(const sigset_t* set, siginfo_t* info, const struct timespec* timeout);
/// Sets the stack of handlers with SA_ONSTACK.
int sigaltstack(const stack_t* stack, stack_t* old);
/// No signal.
int sigemptyset(sigset_t* set);
/// All signals.
int sigfillset(sigset_t* set);
/// Adds a signal.
int sigaddset(sigset_t* set, int signal_number);
/// Removes a signal.
int sigdelset(sigset_t* set, int signal_number);
/// Whether a signal is in the set.
int sigismember(const sigset_t* set, int signal_number);
/// Writes "prefix: name of the signal" to stderr.
void psignal(int signal_number, const char* prefix);

__END_DECLS
