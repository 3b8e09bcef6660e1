#pragma once
// Data of one CPU. While the kernel runs, GS points at the percpu of the CPU it runs on; the entry code
// (trap_entry.asm) swaps it in and uses the offsets asserted at the end. Fields are written by their own
// CPU only, unless noted.

#include <cstddef>
#include <cstdint>

namespace task {
struct thread;
}
namespace mm {
class address_space;
}

namespace arch {

/// Reasons to call task::on_return_to_user before going back to ring 3.
namespace user_work {
constexpr uint32_t reschedule = 1 << 0; ///< Also looked at when an interrupt returns to the kernel.
constexpr uint32_t signal = 1 << 1;
} // namespace user_work

constexpr unsigned max_cpus = 16;

struct percpu {
    percpu* self;              ///< Linear address of this struct.
    task::thread* current;     ///< Set by the scheduler at every switch.
    uint64_t kernel_stack_top; ///< Where system calls start; see set_kernel_stack.
    uint64_t user_rsp;         ///< Scratch of the system call entry.
    uint32_t user_work;        ///< Bits of arch::user_work; set by task with interrupts off.
    uint32_t preempt_count;    ///< Above 0, no other thread is put on this CPU.
    uint64_t canary;           ///< The compiler's stack protector reads gs:40; switched with the stack.
    uint32_t irq_depth;        ///< Above 0 inside an interrupt handler.
    uint32_t index;            ///< 0 is the CPU that booted.
    mm::address_space* space;  ///< Whose page tables are loaded; nullptr for the kernel's own.
    uint32_t apic_id;
    uint32_t lock_depth;     ///< Spin locks held, debug builds only.
    uint8_t lock_ranks[16];  ///< Their ranks in the order of taking.
    uint64_t nmi_count;      ///< Non-maskable interrupts taken.
    uint64_t spurious_count; ///< Interrupts that nobody claimed.
    uint64_t timer_count;    ///< Interrupts of the APIC's timer.
};

static_assert(offsetof(percpu, current) == 8 && offsetof(percpu, kernel_stack_top) == 16);
static_assert(offsetof(percpu, user_rsp) == 24 && offsetof(percpu, user_work) == 32);
static_assert(offsetof(percpu, preempt_count) == 36 && offsetof(percpu, canary) == 40);
static_assert(offsetof(percpu, irq_depth) == 48);

/// This CPU's data. Stable only while preemption or interrupts are off: use it, do not keep it.
inline percpu& this_cpu() {
    percpu* self;
    asm volatile("movq %%gs:0, %0" : "=r"(self));
    return *self;
}

/// One read of one register: right even if the thread moves to another CPU around it.
inline task::thread* current_thread() {
    task::thread* thread;
    asm volatile("movq %%gs:8, %0" : "=r"(thread));
    return thread;
}

/// True inside an interrupt handler, where sleeping and faulting in user memory are forbidden.
inline bool in_interrupt() {
    uint32_t depth;
    asm volatile("movl %%gs:48, %0" : "=r"(depth));
    return depth != 0;
}

/// Keeps this thread on this CPU until as many preempt_enable() calls. Nests; any context. It does not
/// reschedule by itself: a wish that came meanwhile is served at the next interrupt or return to user.
inline void preempt_disable() {
    asm volatile("incl %%gs:36" : : : "memory", "cc");
}
inline void preempt_enable() {
    asm volatile("decl %%gs:36" : : : "memory", "cc");
}
inline uint32_t preempt_count() {
    uint32_t count;
    asm volatile("movl %%gs:36, %0" : "=r"(count));
    return count;
}

/// True where a thread may sleep: no interrupt handler, no spin lock, preemption on.
inline bool may_sleep() {
    return !in_interrupt() && preempt_count() == 0;
}

/// Number of CPUs that run.
unsigned cpus_online();

} // namespace arch
