#include "kernel/task/signal_private.hpp"

// Acting on signals, at the one place where a thread may be changed: on its way back to user mode. In
// order: die if the process is exiting, stay if it is stopped, then take one signal after the other until
// one enters a handler or none is left. A system call that a signal interrupted is then started again, or
// returns EINTR, as its rule in the table of system calls says (signal(7) "Interruption of system calls").

#include "kernel/abi/process.h"
#include "kernel/abi/syscall.h"
#include "kernel/arch/context.hpp"
#include "kernel/arch/trap.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/task/exit.hpp"
#include "kernel/task/out_of_memory.hpp"
#include "kernel/task/restart.hpp"
#include "kernel/task/scheduler.hpp"

namespace task {

namespace {

constexpr uint64_t system_call_instruction_length = 2;
constexpr int init_id = 1;

// What to do next for a thread that is about to return.
struct decision {
    enum class kind : unsigned char { leave, again, exit, stop, handle } what;
    uint32_t wait_status = 0;
    int number = 0;
    signal_action action;
    signal_info info;
    signal_set mask_to_restore = 0;
    unsigned continues = 0; ///< process::signals.continues at the decision
};

bool core_signal(int number) {
    constexpr signal_set set = signal_bit(SIGQUIT) | signal_bit(SIGILL) | signal_bit(SIGABRT) |
                               signal_bit(SIGFPE) | signal_bit(SIGSEGV) | signal_bit(SIGBUS) |
                               signal_bit(SIGSYS) | signal_bit(SIGTRAP) | signal_bit(SIGXCPU) |
                               signal_bit(SIGXFSZ);
    return is_signal(number) && (set & signal_bit(number)) != 0;
}

// A handler runs: the action as it is now, its mask in force, the old mask to come back later.
void prepare_handler_locked(thread& self, decision& next) {
    signal_action& row = self.owner->signals.actions->table[next.number - 1];
    next.what = decision::kind::handle;
    next.action = row;
    if ((row.flags & SA_RESETHAND) != 0) {
        row.handler = handler_default;
    }
    next.mask_to_restore = self.mask_is_temporary ? self.saved_mask : self.blocked;
    self.mask_is_temporary = false;
    signal_set mask = self.blocked | row.mask;
    if ((row.flags & SA_NODEFER) == 0) {
        mask |= signal_bit(next.number);
    }
    self.blocked = mask & ~unblockable_signals;
}

// A signal without a handler.
void apply_default_locked(thread& self, decision& next) {
    const bool forced = (self.forced & signal_bit(next.number)) != 0;
    self.forced &= ~signal_bit(next.number);
    const default_action action = default_action_of(next.number);
    next.what = decision::kind::again;
    if (self.owner->id == init_id && !forced) {
        return; // init takes only what it has a handler for
    }
    if (action == default_action::stop) {
        next.what = decision::kind::stop;
    } else if (action == default_action::terminate) {
        next.what = decision::kind::exit;
        next.wait_status = static_cast<uint32_t>(next.number);
    }
}

decision decide(thread& self) {
    process& owner = *self.owner;
    const arch::spin_guard guard(owner.signals.lock);
    decision next{.what = decision::kind::leave, .action = {}, .info = {}};
    next.continues = owner.signals.continues;
    if (owner.signals.exiting && owner.signals.survivor != &self) {
        next.what = decision::kind::exit;
        next.wait_status = owner.signals.exit_status;
        return next;
    }
    signal_set allowed = ~self.blocked;
    if (owner.signals.stopped) {
        allowed = signal_bit(SIGKILL);
    }
    next.number = take_signal_locked(self, allowed, next.info);
    if (next.number == 0) {
        if (owner.signals.stopped) {
            next.what = decision::kind::stop;
        } else {
            update_signal_work_locked(self);
        }
        return next;
    }
    const uint64_t handler = owner.signals.actions->table[next.number - 1].handler;
    if (handler == handler_ignore) {
        next.what = decision::kind::again;
    } else if (handler == handler_default) {
        apply_default_locked(self, next);
    } else {
        prepare_handler_locked(self, next);
    }
    return next;
}

// Stops the process, if this thread is the first to do so, and then this thread, until SIGCONT.
void stop(thread& self, const decision& decided) {
    process& owner = *self.owner;
    const int number = decided.number;
    if (number != 0 && number != SIGSTOP && group_is_orphaned(owner.group_id)) {
        return; // nobody could continue it (POSIX.1-2017 2.4.3)
    }
    bool first = false;
    {
        const arch::spin_guard guard(owner.signals.lock);
        if (owner.signals.continues != decided.continues) {
            return; // SIGCONT came between the decision and here
        }
        if (number != 0) {
            first = !owner.signals.stopped;
            owner.signals.stopped = true;
            for (thread& each : owner.threads) {
                update_signal_work_locked(each);
                wake_for_signal(each);
            }
        }
        if (!owner.signals.stopped || owner.signals.exiting) {
            return;
        }
        __atomic_store_n(&self.state, thread_state::stopped, __ATOMIC_SEQ_CST);
    }
    if (first) {
        report_job_status(owner, static_cast<uint32_t>(number) << 8 | 0x7f);
    }
    schedule();
}

void start_call_again(arch::trap_frame& frame, thread& self, bool with_remains) {
    frame.rax = with_remains ? SYS_restart_syscall : self.call_number;
    frame.rip -= system_call_instruction_length;
}

// Decides about an interrupted system call. `action` is that of the handler about to run, if any.
void settle_interrupted_call(arch::trap_frame& frame, thread& self, const signal_action* action) {
    const restart_rule rule = self.call_restart;
    self.call_restart = restart_rule::none;
    if (rule == restart_rule::none) {
        return;
    }
    if (action == nullptr) {
        start_call_again(frame, self, rule == restart_rule::with_remains);
    } else if (rule == restart_rule::by_flag && (action->flags & SA_RESTART) != 0) {
        start_call_again(frame, self, false);
    }
}

void run_handler(arch::trap_frame& frame, thread& self, const decision& next) {
    settle_interrupted_call(frame, self, &next.action);
    if (enter_handler(frame, next.number, next.action, next.info, next.mask_to_restore).ok()) {
        return;
    }
    {
        // Without a stack to run on there is only one signal left, and it cannot be handled.
        const arch::spin_guard guard(self.owner->signals.lock);
        self.owner->signals.actions->table[SIGSEGV - 1].handler = handler_default;
    }
    force_signal(SIGSEGV, {});
}

void log_fatal_signal(const thread& self, const decision& next, const arch::trap_frame& frame) {
    if (core_signal(next.number)) {
        LOG_INFO("%s[%d]: killed by signal %d (code %d) at rip %lx rsp %lx address %lx", self.owner->name,
                 self.owner->id, next.number, next.info.code, frame.rip, frame.rsp, next.info.address);
    }
}

void deliver_signals(arch::trap_frame& frame) {
    thread& self = current();
    for (;;) {
        const decision next = decide(self);
        switch (next.what) {
        case decision::kind::leave:
            settle_interrupted_call(frame, self, nullptr);
            end_temporary_mask();
            return;
        case decision::kind::again:
            break;
        case decision::kind::stop:
            stop(self, next);
            break;
        case decision::kind::exit:
            log_fatal_signal(self, next, frame);
            exit_process(next.wait_status);
        case decision::kind::handle:
            run_handler(frame, self, next);
            break;
        }
    }
}

} // namespace

void on_return_to_user(arch::trap_frame& frame) {
    uint32_t work;
    {
        const arch::irq_guard interrupts_off;
        work = __atomic_exchange_n(&arch::this_cpu().user_work, 0, __ATOMIC_SEQ_CST);
    }
    if ((work & arch::user_work::reschedule) != 0) {
        yield_preempted();
    }
    if (signal_pending()) {
        deliver_signals(frame);
    }
}

void handle_user_fault(arch::trap_frame& frame, const arch::fault_info& fault) {
    current().call_restart = restart_rule::none;
    if (fault.kind == arch::fault_kind::out_of_memory) {
        make_room();
        return;
    }
    struct translation {
        int number;
        int code;
    };
    static constexpr translation table[] = {
        {SIGSEGV, SEGV_MAPERR}, // page_not_mapped
        {SIGSEGV, SEGV_ACCERR}, // page_protected
        {SIGBUS, BUS_ADRERR},   // page_beyond_file
        {SIGKILL, SI_KERNEL},   // out_of_memory, dealt with above
        {SIGSEGV, SI_KERNEL},   // protection
        {SIGILL, ILL_ILLOPN},   // invalid_opcode
        {SIGFPE, FPE_INTDIV},   // divide
        {SIGFPE, FPE_FLTINV},   // floating_point
        {SIGBUS, BUS_ADRALN},   // alignment
        {SIGTRAP, SI_KERNEL},   // breakpoint
        {SIGTRAP, TRAP_TRACE},  // single_step
        {SIGSEGV, SI_KERNEL},   // overflow
    };
    frame.rflags &= ~arch::rflags::trap;
    const translation& kind = table[static_cast<unsigned>(fault.kind)];
    force_signal(kind.number, {.code = kind.code, .address = fault.address});
}

} // namespace task
