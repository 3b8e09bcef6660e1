// The network's worker thread and the one stack it serves, with the files of /proc/net and
// /proc/sys/net.
//
// The worker calls stack::run() until nothing is left to do, then sleeps until the deadline that run() named
// or until somebody calls wake_worker(): an interrupt, a timer set to an earlier time, a frame for loopback.
// `work_pending` is set before the wake-up and cleared before run(), so no request falls between the two.

#include "kernel/net_port.hpp"

#include "boot/boot_info.hpp"
#include "kernel/arch/clock.hpp"
#include "kernel/fs/procfs.hpp"
#include "kernel/lib/assert.hpp"
#include "kernel/lib/format.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/layout.hpp"
#include "kernel/net_port_trace.hpp"
#include "kernel/task/kernel_thread.hpp"
#include "kernel/task/scheduler.hpp"
#include "kernel/task/wait_queue.hpp"
#include "net/stack.hpp"

namespace net::port {

namespace {

stack* the_stack = nullptr;
task::wait_queue worker_wakeup;
bool work_pending = false; // atomic

void net_worker(void*) {
    for (;;) {
        __atomic_store_n(&work_pending, false, __ATOMIC_SEQ_CST);
        const time_ns next = the_stack->run();
        if (next <= arch::clock_now_ns()) {
            task::yield(); // programs run between two helpings of a flood
            continue;
        }
        // Only the deadline can end this wait early, which is just what it is for.
        (void)worker_wakeup.wait([] { return __atomic_load_n(&work_pending, __ATOMIC_SEQ_CST); }, next,
                                 task::wait_kind::uninterruptible);
    }
}

report_writer writer_into(fs::procfs_text& text) {
    return {.context = &text, .write = [](void* to, const char* bytes, size_t length) {
                static_cast<fs::procfs_text*>(to)->append(bytes, length);
            }};
}

/// /proc/net/NAME: a report of the stack, written into procfs's text.
lib::result<void> write_report(fs::procfs_text& text, void* context) {
    report_writer writer = writer_into(text);
    static_cast<const report*>(context)->write(*the_stack, writer);
    return {};
}

lib::result<void> register_reports() {
    for (size_t index = 0; index < report_count; index++) {
        char name[32];
        lib::format(name, sizeof name, "net/%s", reports[index].name);
        TRY(fs::register_file(name, write_report, const_cast<report*>(&reports[index])));
    }
    return {};
}

// /proc/sys/net/NAME: a parameter of the stack.

lib::result<void> read_parameter(fs::procfs_text& text, void* context) {
    report_writer writer = writer_into(text);
    sysctl_read(*the_stack, *static_cast<const sysctl*>(context), writer);
    return {};
}

lib::result<void> write_parameter(const char* text, size_t length, void* context) {
    return sysctl_write(*the_stack, *static_cast<const sysctl*>(context), text, length);
}

lib::result<void> register_parameters() {
    for (size_t index = 0; index < sysctl_count; index++) {
        const sysctl& which = sysctls[index];
        char name[64];
        lib::format(name, sizeof name, "sys/net/%s", which.name);
        TRY(fs::register_writable_file(name, read_parameter, which.writable() ? write_parameter : nullptr,
                                       const_cast<sysctl*>(&which)));
    }
    return {};
}

} // namespace

stack& kernel_stack() {
    ASSERT(the_stack != nullptr);
    return *the_stack;
}

void wake_worker(stack&) {
    if (!__atomic_exchange_n(&work_pending, true, __ATOMIC_SEQ_CST)) {
        worker_wakeup.wake_all();
    }
}

lib::result<void> start_network() {
    the_stack = TRY(stack::create());
    the_stack->packet_memory_limit = mm::total_frame_count() * mm::page_size / 4;
    TRY(register_reports());
    TRY(register_parameters());
    TRY(start_trace(*the_stack, boot::info().option("trace")));
    TRY(task::create_kernel_thread("net_worker", net_worker, nullptr));
    return {};
}

} // namespace net::port
