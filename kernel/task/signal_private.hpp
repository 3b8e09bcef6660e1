#pragma once
// What the files about signals share: private to task.

#include "kernel/arch/trap_frame.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/signal.hpp"
#include "kernel/task/thread.hpp"

namespace task {

/// Values of signal_action::handler that are no addresses.
inline constexpr uint64_t handler_default = 0;
inline constexpr uint64_t handler_ignore = 1;

/// What a signal does without a handler (POSIX.1-2017 XBD signal.h).
enum class default_action : unsigned char { terminate, ignore, stop, go_on };
default_action default_action_of(int number);

inline constexpr signal_set stop_signals =
    signal_bit(SIGSTOP) | signal_bit(SIGTSTP) | signal_bit(SIGTTIN) | signal_bit(SIGTTOU);

/// Recomputes thread::signal_work. owner->signals.lock held.
void update_signal_work_locked(thread& target);

/// Takes the next pending signal of `allowed` that concerns the thread; 0 if there is none.
/// owner->signals.lock held.
int take_signal_locked(thread& self, signal_set allowed, signal_info& info);

/// Puts a handler's frame on the user's stack and points the registers at the handler. EFAULT.
lib::result<void> enter_handler(arch::trap_frame& frame, int number, const signal_action& action,
                                const signal_info& info, signal_set mask_to_restore);

} // namespace task
