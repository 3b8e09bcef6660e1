#include "kernel/task/exec.hpp"

// Small steps that cannot fail, after everything that can has been done.

#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/futex.hpp"
#include "kernel/task/signal_private.hpp"
#include "kernel/task/thread_table.hpp"

namespace task {

lib::result<lib::ref<signal_actions>> make_actions_for_exec(process& self) {
    auto* fresh = new (mm::mem_tag::task) signal_actions;
    if (fresh == nullptr) {
        return lib::error{ENOMEM};
    }
    const arch::spin_guard guard(self.signals.lock);
    for (int i = 0; i < 64; i++) {
        if (self.signals.actions->table[i].handler == handler_ignore) {
            fresh->table[i].handler = handler_ignore;
        }
    }
    return lib::ref<signal_actions>::adopt(fresh);
}

void take_over_actions(process& self, lib::ref<signal_actions> fresh) {
    const arch::spin_guard guard(self.signals.lock);
    std::swap(self.signals.actions, fresh);
}

void become_leader(thread& self) {
    const arch::spin_guard guard(process_table_lock);
    self.id = self.owner->id;
}

void leave_old_program(thread& self) {
    release_robust_list(self);
    clear_thread_id(self);
    self.set_child_tid = 0;
    self.alternate_stack = 0;
    self.alternate_stack_size = 0;
}

void announce_exec(process& self) {
    {
        const arch::spin_guard guard(process_table_lock);
        self.has_executed = true;
        self.programs_executed++;   // what it asked its children to send means nothing to the new program
        self.exit_signal = SIGCHLD; // and it is no longer the program that its parent chose a signal for
    }
    finish_vfork(self);
}

} // namespace task
