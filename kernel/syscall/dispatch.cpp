#include "kernel/syscall/table.hpp"

// One system call: look the number up, run the handler, leave the result in rax. The number is masked
// before it indexes the table, so that not even a mispredicted branch reads beyond it (HARDENING 4.3).
//
// The time spent here is the process's system time; one clock read before and one after count it.

#include "kernel/abi/errno.h"
#include "kernel/abi/syscall.h"
#include "kernel/arch/trap.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/scheduler.hpp"

namespace syscall {

namespace {

// Programs miss the same call again and again: one line for each program and number is enough. What was
// logged is remembered as a hash of both; when the memory is full, nothing more is logged.
constexpr unsigned logged_limit = 256;
uint64_t logged[logged_limit];

// True the first time for this pair. Entries go from 0 to their value once, so no lock is needed.
bool first_time(const char* program, uint64_t number) {
    uint64_t hash = number * 0x9e3779b97f4a7c15 + 1;
    for (const char* at = program; *at != 0; at++) {
        hash = (hash ^ static_cast<unsigned char>(*at)) * 0x100000001b3; // FNV-1a
    }
    hash |= 1;
    for (uint64_t& entry : logged) {
        uint64_t seen = 0;
        if (__atomic_compare_exchange_n(&entry, &seen, hash, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            return true;
        }
        if (seen == hash) {
            return false;
        }
    }
    return false;
}

void log_missing(uint64_t number, const table_entry* entry) {
    const task::process& self = task::current_process();
    if (first_time(self.name, number)) {
        const char* name = entry != nullptr && entry->name != nullptr ? entry->name : "no such call";
        LOG_INFO("%s[%d]: system call %lu (%s) is not implemented", self.name, self.id, number, name);
    }
}

long run(uint64_t number, arch::trap_frame& frame, task::restart_rule& restart) {
    const table_entry* entry = entry_of(number);
    if (__builtin_expect(entry == nullptr || entry->run == nullptr, 0)) {
        log_missing(number, entry);
        return -ENOSYS;
    }
    restart = entry->restart;
    const arguments args{{frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8, frame.r9}, frame};
    return entry->run(args);
}

} // namespace

void dispatch(arch::trap_frame& frame) {
    task::thread& self = task::current();
    const uint64_t number = frame.rax;
    const uint64_t entered_ns = task::time_of_current_ns();
    task::restart_rule restart = task::restart_rule::none;
    const long result = run(number, frame, restart);
    frame.rax = static_cast<uint64_t>(result);
    self.call_restart = task::restart_rule::none;
    if (__builtin_expect(result == -EINTR, 0)) {
        self.call_number = number;
        self.call_restart = restart;
    } else if (__builtin_expect(self.mask_is_temporary, 0)) {
        task::end_temporary_mask();
    }
    self.system_ns += task::time_of_current_ns() - entered_ns;
}

} // namespace syscall
