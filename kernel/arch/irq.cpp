// Interrupt lines: who handles each, and the way of an interrupt from vector to handler.
//
//   device -> I/O APIC or PIC -> vector 32 + line -> trap_entry -> deliver_interrupt -> handler(context)
//
// Handlers acknowledge their device, mask it if more work is to come, and wake somebody. The table is
// written under a lock and read without: an entry is complete before its count says so, and handlers are
// never taken out.

#include "kernel/arch/irq.hpp"

#include "kernel/abi/errno.h"
#include "kernel/arch/irq_vectors.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/arch/spinlock.hpp"
#include "kernel/arch/trap.hpp"
#include "kernel/lib/log.hpp"

namespace arch {
namespace {

constexpr unsigned handlers_per_line = 4;

struct handler_entry {
    irq_handler function;
    void* context;
};

struct line_state {
    handler_entry handlers[handlers_per_line];
    unsigned handler_count; ///< Atomic.
    irq_trigger trigger;
    uint64_t interrupts;
};

constinit spinlock lines_lock{lib::lock_rank::irq_lines};
constinit line_state lines[line_count]{};
const irq_controller* controller = &pic_controller;

void deliver_line(unsigned line) {
    line_state& state = lines[line];
    ++state.interrupts;
    const unsigned count = __atomic_load_n(&state.handler_count, __ATOMIC_ACQUIRE);
    for (unsigned index = 0; index < count; ++index) {
        state.handlers[index].function(state.handlers[index].context);
    }
    if (count == 0) {
        ++this_cpu().spurious_count;
        controller->mask(line);
    }
}

} // namespace

void setup_interrupt_controllers(uint64_t rsdp_physical) {
    setup_pic();
    if (setup_apic(rsdp_physical)) {
        controller = &apic_controller;
    }
    LOG_INFO("interrupts: %s", controller->name);
}

lib::result<void> request_irq(unsigned line, irq_trigger trigger, irq_handler handler, void* context) {
    if (line >= line_count || (!apic_in_use() && line >= 16)) {
        return lib::error{EINVAL};
    }
    spin_guard guard(lines_lock);
    line_state& state = lines[line];
    const bool shareable = trigger == irq_trigger::level && state.trigger == irq_trigger::level;
    if (state.handler_count == handlers_per_line || (state.handler_count != 0 && !shareable)) {
        return lib::error{EBUSY};
    }
    state.handlers[state.handler_count] = {handler, context};
    if (state.handler_count == 0) {
        state.trigger = trigger;
        controller->configure(line, trigger == irq_trigger::level);
    }
    __atomic_store_n(&state.handler_count, state.handler_count + 1, __ATOMIC_RELEASE);
    controller->unmask(line);
    return {};
}

unsigned irq_line_count() {
    return line_count;
}

bool irq_in_use(unsigned line) {
    return __atomic_load_n(&lines[line].handler_count, __ATOMIC_ACQUIRE) != 0;
}

bool irq_is_level(unsigned line) {
    return lines[line].trigger == irq_trigger::level;
}

uint64_t irq_count(unsigned line) {
    return lines[line].interrupts;
}

const char* irq_controller_name() {
    return controller->name;
}

void deliver_interrupt(unsigned vector) {
    if (controller->spurious(vector)) {
        ++this_cpu().spurious_count;
        return;
    }
    if (vector == timer_vector) {
        ++this_cpu().timer_count;
        task::timer_interrupt();
    } else if (vector - first_irq_vector < line_count) {
        deliver_line(vector - first_irq_vector);
    } else {
        ++this_cpu().spurious_count;
    }
    controller->end_of_interrupt(vector);
}

} // namespace arch
