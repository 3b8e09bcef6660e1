#include "kernel/task/signal_private.hpp"

// The frame of a handler on the user's stack, in Linux's layout (kernel/abi/signal.h):
//
//     high   ... interrupted stack ...
//            128 bytes red zone (System V ABI AMD64 3.2.2)
//            512 bytes FXSAVE image, aligned to 16
//            rt_sigframe: return address (sa_restorer), ucontext, siginfo
//     rsp -> with rsp + 8 a multiple of 16, as after a call
//
// The handler returns to the restorer, which calls rt_sigreturn: it reads the frame once and takes over
// registers, mask and FPU state. The frame may have been changed in the meantime, legitimately (musl's
// thread cancellation edits rip) or to attack: sanitise_user_frame and fpu_sanitise let nothing through
// that the program could not have set by itself.

#include "kernel/arch/context.hpp"
#include "kernel/arch/cpu.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/user_ptr.hpp"

namespace task {

namespace {

constexpr uint64_t red_zone_bytes = 128;

bool on_alternate_stack(const thread& self, uint64_t rsp) {
    return self.alternate_stack_size != 0 && rsp > self.alternate_stack &&
           rsp - self.alternate_stack <= self.alternate_stack_size;
}

uint64_t stack_for_handler(const thread& self, const signal_action& action, uint64_t rsp) {
    const bool switches =
        (action.flags & SA_ONSTACK) != 0 && self.alternate_stack_size != 0 && !on_alternate_stack(self, rsp);
    return switches ? self.alternate_stack + self.alternate_stack_size : rsp - red_zone_bytes;
}

void save_registers(sigcontext& to, const arch::trap_frame& frame) {
    to.r8 = frame.r8;
    to.r9 = frame.r9;
    to.r10 = frame.r10;
    to.r11 = frame.r11;
    to.r12 = frame.r12;
    to.r13 = frame.r13;
    to.r14 = frame.r14;
    to.r15 = frame.r15;
    to.rdi = frame.rdi;
    to.rsi = frame.rsi;
    to.rbp = frame.rbp;
    to.rbx = frame.rbx;
    to.rdx = frame.rdx;
    to.rax = frame.rax;
    to.rcx = frame.rcx;
    to.rsp = frame.rsp;
    to.rip = frame.rip;
    to.eflags = frame.rflags;
    to.cs = static_cast<uint16_t>(frame.cs);
    to.ss = static_cast<uint16_t>(frame.ss);
    to.trapno = frame.vector < arch::vector_syscall ? frame.vector : 0;
    to.err = frame.vector < arch::vector_syscall ? frame.error_code : 0;
}

void restore_registers(arch::trap_frame& frame, const sigcontext& from) {
    frame.r8 = from.r8;
    frame.r9 = from.r9;
    frame.r10 = from.r10;
    frame.r11 = from.r11;
    frame.r12 = from.r12;
    frame.r13 = from.r13;
    frame.r14 = from.r14;
    frame.r15 = from.r15;
    frame.rdi = from.rdi;
    frame.rsi = from.rsi;
    frame.rbp = from.rbp;
    frame.rbx = from.rbx;
    frame.rdx = from.rdx;
    frame.rax = from.rax;
    frame.rcx = from.rcx;
    frame.rsp = from.rsp;
    frame.rip = from.rip;
    frame.rflags = from.eflags;
}

lib::result<void> restore_fpu(thread& self, uint64_t user_image) {
    arch::fpu_state image = arch::fpu_initial;
    if (user_image != 0) {
        TRY(mm::copy_from_user(&image, mm::user_ptr<const void>(user_image), sizeof image));
        arch::fpu_sanitise(image);
    }
    const arch::irq_guard interrupts_off; // a switch in between would save the old registers over it
    *self.fpu = image;
    arch::fpu_restore(image);
    return {};
}

void restore_alternate_stack(thread& self, const stack_t& saved) {
    self.alternate_stack = reinterpret_cast<uint64_t>(saved.ss_sp);
    self.alternate_stack_size = (saved.ss_flags & SS_DISABLE) != 0 ? 0 : saved.ss_size;
}

lib::result<void> take_over_frame(arch::trap_frame& frame) {
    thread& self = current();
    const mm::user_ptr<rt_sigframe> at(frame.rsp - sizeof(uint64_t)); // the handler's ret popped 8 bytes
    const uint64_t context_address = at.address() + offsetof(rt_sigframe, uc);
    const auto saved = TRY(mm::fetch(mm::user_ptr<const kernel_ucontext>(context_address)));
    arch::trap_frame next = frame;
    restore_registers(next, saved.uc_mcontext);
    if (!arch::sanitise_user_frame(next)) {
        return lib::error{EFAULT};
    }
    TRY(restore_fpu(self, reinterpret_cast<uint64_t>(saved.uc_mcontext.fpstate)));
    frame = next;
    restore_alternate_stack(self, saved.uc_stack);
    set_blocked_signals(saved.uc_sigmask);
    return {};
}

} // namespace

stack_t alternate_stack_of(const thread& self, uint64_t rsp) {
    stack_t described = {};
    described.ss_sp = reinterpret_cast<void*>(self.alternate_stack);
    described.ss_size = self.alternate_stack_size;
    described.ss_flags = self.alternate_stack_size == 0  ? SS_DISABLE
                         : on_alternate_stack(self, rsp) ? SS_ONSTACK
                                                         : 0;
    return described;
}

void describe_signal(int number, const signal_info& info, siginfo_t& user) {
    memset(&user, 0, sizeof user);
    user.si_signo = number;
    user.si_code = info.code;
    switch (number) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
        if (info.code > 0) {
            user.si_fields.fault.address = reinterpret_cast<void*>(info.address);
            return;
        }
        break;
    case SIGCHLD:
        user.si_fields.from.u.child.status = info.status;
        break;
    default:
        user.si_fields.from.u.value.sival_ptr = reinterpret_cast<void*>(info.value);
        break;
    }
    user.si_fields.from.pid = info.pid;
    user.si_fields.from.uid = static_cast<uint32_t>(info.uid);
}

lib::result<void> enter_handler(arch::trap_frame& frame, int number, const signal_action& action,
                                const signal_info& info, signal_set mask_to_restore) {
    thread& self = current();
    const uint64_t top = stack_for_handler(self, action, frame.rsp);
    const uint64_t fpu_address = (top - sizeof(arch::fpu_state)) & ~uint64_t{63};
    const uint64_t frame_address = ((fpu_address - sizeof(rt_sigframe)) & ~uint64_t{15}) - 8;
    if ((action.flags & SA_RESTORER) == 0 || !mm::is_user_address(action.handler)) {
        return lib::error{EFAULT};
    }
    rt_sigframe image = {};
    image.return_address = action.restorer;
    image.uc.uc_stack = alternate_stack_of(self, frame.rsp);
    save_registers(image.uc.uc_mcontext, frame);
    image.uc.uc_mcontext.oldmask = mask_to_restore;
    image.uc.uc_mcontext.cr2 = info.address;
    image.uc.uc_mcontext.fpstate = reinterpret_cast<fpstate*>(fpu_address);
    image.uc.uc_sigmask = mask_to_restore;
    describe_signal(number, info, image.info);
    arch::fpu_state fpu;
    arch::fpu_save(fpu);
    TRY(mm::copy_to_user(mm::user_ptr<void>(fpu_address), &fpu, sizeof fpu));
    TRY(mm::copy_to_user(mm::user_ptr<void>(frame_address), &image, sizeof image));
    arch::fpu_restore(arch::fpu_initial);
    frame.rdi = static_cast<uint64_t>(number);
    frame.rsi = frame_address + offsetof(rt_sigframe, info);
    frame.rdx = frame_address + offsetof(rt_sigframe, uc);
    frame.rax = 0;
    frame.rsp = frame_address;
    frame.rip = action.handler;
    frame.rflags &= ~(arch::rflags::trap | arch::rflags::direction | arch::rflags::resume);
    return {};
}

long signal_return(arch::trap_frame& frame) {
    if (!take_over_frame(frame).ok()) {
        force_signal(SIGSEGV, {});
    }
    return static_cast<long>(frame.rax);
}

} // namespace task
