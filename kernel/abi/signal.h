#pragma once
/* Signals: numbers, actions, siginfo, and the frame a handler finds on its stack (Linux x86-64). */

#include <stddef.h>
#include <stdint.h>

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGIOT SIGABRT
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGSTKFLT 16
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGIO 29
#define SIGPOLL SIGIO
#define SIGPWR 30
#define SIGSYS 31
#define NSIG 65 /* one more than the largest signal */

/* rt_sigprocmask() */
#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

/* sa_flags */
#define SA_NOCLDSTOP 0x00000001
#define SA_NOCLDWAIT 0x00000002
#define SA_SIGINFO 0x00000004
#define SA_RESTORER 0x04000000
#define SA_ONSTACK 0x08000000
#define SA_RESTART 0x10000000
#define SA_NODEFER 0x40000000
#define SA_RESETHAND 0x80000000
#define SA_NOMASK SA_NODEFER
#define SA_ONESHOT SA_RESETHAND

/* Bit n-1 stands for signal n. The sigsetsize argument of the rt_ calls is sizeof(sigset_t) = 8. */
typedef uint64_t sigset_t;

typedef union sigval {
    int sival_int;
    void* sival_ptr;
} sigval_t;

/* What rt_sigaction() reads and writes. handler 0 is the default action, 1 ignores the signal. */
struct kernel_sigaction {
    uint64_t handler;
    uint64_t flags;
    uint64_t restorer; /* where the handler returns to; it calls rt_sigreturn */
    sigset_t mask;
};

typedef struct siginfo {
    int si_signo;
    int si_errno;
    int si_code;
    int si_padding;
    union {
        struct {
            int32_t pid;
            uint32_t uid;
            union {
                struct {
                    int status;
                    int64_t utime;
                    int64_t stime;
                } child;        /* SIGCHLD */
                sigval_t value; /* sigqueue() */
            } u;
        } from;
        struct {
            int timer_id;
            int overrun;
            sigval_t value;
        } timer;
        struct {
            void* address;
            short address_lsb;
        } fault; /* SIGSEGV, SIGBUS, SIGILL, SIGFPE */
        struct {
            int64_t band;
            int fd;
        } poll; /* SIGIO */
        char filler[112];
    } si_fields;
} siginfo_t;

/* si_code: who sent it */
#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_TKILL (-6)

#define ILL_ILLOPC 1
#define ILL_ILLOPN 2
#define ILL_PRVOPC 5
#define FPE_INTDIV 1
#define FPE_INTOVF 2
#define FPE_FLTDIV 3
#define FPE_FLTINV 7
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_TRAPPED 4
#define CLD_STOPPED 5
#define CLD_CONTINUED 6

typedef struct sigaltstack {
    void* ss_sp;
    int ss_flags;
    size_t ss_size;
} stack_t;

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define MINSIGSTKSZ 2048
#define SIGSTKSZ 8192

/* FXSAVE image (Intel SDM vol. 1, 10.5.1). */
struct fpstate {
    uint16_t cwd;
    uint16_t swd;
    uint16_t ftw;
    uint16_t fop;
    uint64_t rip;
    uint64_t rdp;
    uint32_t mxcsr;
    uint32_t mxcsr_mask;
    uint32_t st_space[32];
    uint32_t xmm_space[64];
    uint32_t reserved[24];
};

/* The interrupted registers. Handlers may change them; rt_sigreturn takes them over. */
struct sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp;
    uint64_t rip;
    uint64_t eflags;
    uint16_t cs, gs, fs, ss;
    uint64_t err;
    uint64_t trapno;
    uint64_t oldmask;
    uint64_t cr2;
    struct fpstate* fpstate;
    uint64_t reserved[8];
};

/* Index of a register when sigcontext is seen as an array of 64-bit words. */
#define REG_R8 0
#define REG_R9 1
#define REG_R10 2
#define REG_R11 3
#define REG_R12 4
#define REG_R13 5
#define REG_R14 6
#define REG_R15 7
#define REG_RDI 8
#define REG_RSI 9
#define REG_RBP 10
#define REG_RBX 11
#define REG_RDX 12
#define REG_RAX 13
#define REG_RCX 14
#define REG_RSP 15
#define REG_RIP 16
#define REG_EFL 17
#define REG_CSGSFS 18
#define REG_ERR 19
#define REG_TRAPNO 20
#define REG_OLDMASK 21
#define REG_CR2 22

struct kernel_ucontext {
    uint64_t uc_flags;
    struct kernel_ucontext* uc_link;
    stack_t uc_stack;
    struct sigcontext uc_mcontext;
    sigset_t uc_sigmask;
};

/* At rsp when a handler is entered (rsp + 8 is a multiple of 16, as after a call). */
struct rt_sigframe {
    uint64_t return_address; /* kernel_sigaction.restorer */
    struct kernel_ucontext uc;
    siginfo_t info;
};
