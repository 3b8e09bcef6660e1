#pragma once
// Signals, Linux's semantics: who may send, what is pending, what a process wants done, and the frames
// that handlers run on. A signal is sent to a process (any of its threads takes it) or to one thread.
// Sending marks it pending and wakes; it is acted on when the thread is about to return to user mode.
//
// Lock: process::signals.lock (spinlock, rank signals) guards actions, pending sets and masks.

#include "kernel/abi/signal.h"
#include "kernel/arch/spinlock.hpp"
#include "kernel/arch/trap_frame.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"

#include <cstdint>

namespace task {

struct thread;
struct process;

/// A set of signals: bit n-1 stands for signal n, as in Linux's sigset_t.
using signal_set = uint64_t;

constexpr signal_set signal_bit(int number) {
    return signal_set{1} << (number - 1);
}
constexpr bool is_signal(int number) {
    return number >= 1 && number <= 64;
}
inline constexpr signal_set unblockable_signals = signal_bit(SIGKILL) | signal_bit(SIGSTOP);

/// What travels with a signal: the part of siginfo_t that we fill.
struct signal_info {
    int code = SI_KERNEL; ///< SI_USER, SI_TKILL, SI_QUEUE, CLD_..., SEGV_..., SI_TIMER ...
    int pid = 0;
    int uid = 0;
    int status = 0;       ///< SIGCHLD: exit status or signal
    uint64_t address = 0; ///< faults: where
    uint64_t value = 0;   ///< SI_QUEUE: sigval
};

struct queued_signal; // a pending signal whose info is not plain SI_KERNEL

/// Signals waiting to be taken, of a thread or of a process.
struct pending_signals {
    signal_set set = 0;
    queued_signal* first = nullptr; ///< oldest first
};

/// Forgets everything pending and returns how many nodes it freed, for signals.queued_count. The signals.lock
/// is held, or nobody else knows the set.
unsigned drop_pending_signals(pending_signals& pending);

/// One row of rt_sigaction's table.
struct signal_action {
    uint64_t handler = 0; ///< SIG_DFL, SIG_IGN or a user address
    uint64_t flags = 0;
    uint64_t restorer = 0;
    signal_set mask = 0;
};

/// The table shared by CLONE_SIGHAND.
struct signal_actions : lib::ref_counted {
    signal_action table[64] = {};
    static void release_last(signal_actions* dead);
};

/// Sends to a process; any thread that does not block the signal takes it. Any context, never sleeps.
/// Signal 0 only checks. Never fails for a live process (information is dropped when memory is short).
void send_signal(process& target, int number, const signal_info& info = {});
/// Sends to one thread (tgkill, faults). Any context, never sleeps.
void send_signal(thread& target, int number, const signal_info& info = {});
/// Sends to every process of a process group; ESRCH if there is none. Any context, never sleeps.
lib::result<void> send_signal_to_group(int group_id, int number, const signal_info& info = {});
/// Raises SIGPIPE for the calling thread: for writes to a pipe or socket without a reader.
void send_sigpipe();

/// True if the calling thread has a signal to act on: sleeps end with EINTR, loops should return.
/// Process context; always false in kernel threads.
bool signal_pending();
/// True if the calling thread has been killed (SIGKILL or exit_group by another thread).
bool fatal_signal_pending();
/// True if `number` is ignored or blocked by the calling thread (tty: background read/write rules).
bool signal_ignored_or_blocked(int number);

/// Replaces the calling thread's mask and returns the old one (SIGKILL and SIGSTOP stay unblocked).
signal_set set_blocked_signals(signal_set mask);
/// Signals that are pending and blocked, as sigpending(2).
signal_set pending_signal_set();
/// rt_sigaction: returns the present action, and replaces it unless null. EINVAL.
lib::result<signal_action> exchange_signal_action(int number, const signal_action* replacement);

/// For poll-like calls with a temporary mask (ppoll, pselect6, sigsuspend): sets the mask now, and the
/// old one comes back after the handler ran, or at the return to user mode. Process context.
void set_temporary_mask(signal_set mask);

/// Puts the mask back now: the call ended without a signal.
void end_temporary_mask();

/// Waits for a signal of `wanted`, which are blocked; takes it. EAGAIN at the deadline, EINTR for others.
lib::result<int> wait_for_signal(signal_set wanted, uint64_t deadline_ns, signal_info& info);

/// A fault of the calling thread becomes a signal: if it is blocked or ignored, the process dies of it.
void force_signal(int number, const signal_info& info);

/// Fills the user's siginfo_t.
void describe_signal(int number, const signal_info& info, siginfo_t& user);

/// What sigaltstack(2) tells about the thread's alternate stack.
stack_t alternate_stack_of(const thread& self, uint64_t rsp);

/// rt_sigreturn: restores the interrupted state from the frame on the user's stack. A frame that does
/// not make sense kills with SIGSEGV. Returns what rax shall be.
long signal_return(arch::trap_frame& frame);

} // namespace task
