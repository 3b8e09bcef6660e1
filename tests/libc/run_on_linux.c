/* Runs a program of ours on Linux: every socketcall (number 1000, which Linux does not have) is turned into
 * the direct call before the kernel sees it. A small ptrace loop that follows forks and threads; exits as the
 * program does.
 *
 *     run_on_linux PROGRAM [ARGUMENT...]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { socketcall_number = 1000, call_count = 21 };

/* Direct number and number of arguments of each call; send and recv are sendto and recvfrom without address.
 */
static const struct {
    long number;
    int arguments;
} direct[call_count] = {
    {-1, 0},
    {SYS_socket, 3},
    {SYS_bind, 3},
    {SYS_connect, 3},
    {SYS_listen, 2},
    {SYS_accept, 3},
    {SYS_getsockname, 3},
    {SYS_getpeername, 3},
    {SYS_socketpair, 4},
    {SYS_sendto, 4},
    {SYS_recvfrom, 4},
    {SYS_sendto, 6},
    {SYS_recvfrom, 6},
    {SYS_shutdown, 2},
    {SYS_setsockopt, 5},
    {SYS_getsockopt, 5},
    {SYS_sendmsg, 3},
    {SYS_recvmsg, 3},
    {SYS_accept4, 4},
    {SYS_recvmmsg, 5},
    {SYS_sendmmsg, 4},
};

static void redirect(pid_t pid) {
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, pid, 0, &registers) < 0 || registers.orig_rax != socketcall_number) {
        return;
    }
    unsigned long call = registers.rdi;
    unsigned long arguments[6] = {0};
    if (call == 0 || call >= call_count) {
        return;
    }
    for (int i = 0; i < direct[call].arguments; i++) {
        arguments[i] =
            (unsigned long)ptrace(PTRACE_PEEKDATA, pid, (void*)(registers.rsi + 8ul * (unsigned)i), 0);
    }
    registers.orig_rax = registers.rax = (unsigned long)direct[call].number;
    registers.rdi = arguments[0];
    registers.rsi = arguments[1];
    registers.rdx = arguments[2];
    registers.r10 = arguments[3];
    registers.r8 = arguments[4];
    registers.r9 = arguments[5];
    ptrace(PTRACE_SETREGS, pid, 0, &registers);
}

int main(int count, char** arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: run_on_linux PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    pid_t first = fork();
    if (first == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execvp(arguments[1], arguments + 1);
        perror(arguments[1]);
        _exit(127);
    }
    int status = 0;
    waitpid(first, &status, 0);
    ptrace(PTRACE_SETOPTIONS, first, 0,
           PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
               PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
    ptrace(PTRACE_SYSCALL, first, 0, 0);
    int result = 1;
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0) {
            return result;
        }
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == first) {
                result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            }
            continue;
        }
        int signal_number = WSTOPSIG(status);
        if (signal_number == (SIGTRAP | 0x80)) {
            redirect(pid); /* At the exit stop orig_rax is the new number, so nothing happens twice. */
            signal_number = 0;
        } else if (status >> 16 != 0 || signal_number == SIGSTOP) {
            signal_number = 0; /* A fork, exec or new thread. */
        }
        ptrace(PTRACE_SYSCALL, pid, 0, signal_number);
    }
}
