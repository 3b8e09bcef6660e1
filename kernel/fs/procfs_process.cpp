// The texts of /proc/N, in the formats that ps, top, pidof and free read. See procfs_tree.cpp for where they
// hang. A process may end at any time: what it no longer has reads as nothing.

#include "kernel/abi/mman.h"
#include "kernel/fs/procfs_internal.hpp"
#include "kernel/fs/scratch.hpp"
#include "kernel/fs/tty.hpp"
#include "kernel/mm/address_space.hpp"
#include "kernel/task/process.hpp"

namespace fs {

namespace {

constexpr uint64_t ns_per_tick = 10'000'000; // USER_HZ 100

struct family {
    int parent, group, session;
    uint32_t terminal_number;
    int foreground_group;
    int threads;
};

family family_of(task::process& who) {
    family found{};
    lib::ref<task::session> session;
    {
        arch::spin_guard guard(task::process_table_lock);
        found.parent = who.parent != nullptr ? who.parent->id : 0;
        found.group = who.group_id;
        session = who.session;
    }
    found.session = session ? session->id : 0;
    const tty_identity terminal = session ? controlling_terminal(*session) : tty_identity{0, -1};
    found.terminal_number = static_cast<uint32_t>(terminal.rdev);
    found.foreground_group = terminal.foreground_group;
    arch::spin_guard guard(who.signals.lock);
    for ([[maybe_unused]] task::thread& each : who.threads) {
        found.threads++;
    }
    return found;
}

mm::memory_usage memory_of(task::process& who) {
    const auto space = task::space_of(who);
    return space ? space->usage() : mm::memory_usage{};
}

lib::result<void> write_stat(task::process& who, procfs_text& text) {
    const family kin = family_of(who);
    const task::usage used = task::usage_of(who);
    const mm::memory_usage memory = memory_of(who);
    text.print("%d (%s) %c %d %d %d %u %d 0 ", who.id, who.name, task::state_letter(who), kin.parent,
               kin.group, kin.session, kin.terminal_number, kin.foreground_group);
    text.print("%zu 0 0 0 %zu %zu %zu %zu ", used.minor_faults, used.user_ns / ns_per_tick,
               used.system_ns / ns_per_tick, who.children_usage.user_ns / ns_per_tick,
               who.children_usage.system_ns / ns_per_tick);
    text.print("20 0 %d 0 %zu %zu %zu 18446744073709551615 ", kin.threads, who.start_time_ns / ns_per_tick,
               memory.mapped_bytes, memory.resident_bytes / mm::page_size);
    // Addresses, signal sets and the rest, which nothing here reads.
    text.print("0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
    return {};
}

lib::result<void> write_status(task::process& who, procfs_text& text) {
    const family kin = family_of(who);
    const mm::memory_usage memory = memory_of(who);
    const char state = task::state_letter(who);
    task::credentials ids;
    {
        arch::spin_guard guard(who.details_lock);
        ids = who.who;
    }
    const char* state_name = state == 'R'   ? "running"
                             : state == 'S' ? "sleeping"
                             : state == 'T' ? "stopped"
                             : state == 'Z' ? "zombie"
                                            : "disk sleep";
    text.print("Name:\t%s\nState:\t%c (%s)\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\n", who.name, state, state_name,
               who.id, who.id, kin.parent);
    text.print("Uid:\t%u\t%u\t%u\t%u\n", ids.uid, ids.effective_uid, ids.saved_uid, ids.effective_uid);
    text.print("Gid:\t%u\t%u\t%u\t%u\n", ids.gid, ids.effective_gid, ids.saved_gid, ids.effective_gid);
    text.print("VmSize:\t%8zu kB\nVmRSS:\t%8zu kB\nThreads:\t%d\n", memory.mapped_bytes / 1024,
               memory.resident_bytes / 1024, kin.threads);
    return {};
}

lib::result<void> write_memory(task::process& who, procfs_text& text) {
    const mm::memory_usage memory = memory_of(who);
    const size_t resident = memory.resident_bytes / mm::page_size;
    text.print("%zu %zu 0 0 0 %zu 0\n", memory.mapped_bytes / mm::page_size, resident, resident);
    return {};
}

/// Bytes of the process's own memory, such as its argument strings. A range that is not there reads empty.
lib::result<void> copy_memory(task::process& who, uint64_t start, uint64_t end, procfs_text& text) {
    constexpr size_t limit = 4096;
    const auto space = task::space_of(who);
    if (!space || end <= start) {
        return {};
    }
    const size_t length = end - start < limit ? end - start : limit;
    scratch bytes(length);
    if (!bytes) {
        return lib::error{ENOMEM};
    }
    if (space->read(start, bytes.data(), length).ok()) {
        text.append(bytes.data(), length);
    }
    return {};
}

lib::result<void> write_arguments(task::process& who, procfs_text& text) {
    return copy_memory(who, who.arguments_start, who.arguments_end, text);
}

lib::result<void> write_environment(task::process& who, procfs_text& text) {
    return copy_memory(who, who.arguments_end, who.environment_end, text);
}

lib::result<void> write_name(task::process& who, procfs_text& text) {
    text.print("%s\n", who.name);
    return {};
}

void write_area(const mm::area& area, void* context) {
    const bool shared = (area.flags & MAP_SHARED) != 0;
    static_cast<procfs_text*>(context)->print(
        "%lx-%lx %c%c%c%c %08lx 00:00 0%s\n", area.start, area.end, (area.prot & PROT_READ) != 0 ? 'r' : '-',
        (area.prot & PROT_WRITE) != 0 ? 'w' : '-', (area.prot & PROT_EXEC) != 0 ? 'x' : '-',
        shared ? 's' : 'p', area.offset,
        (area.flags & mm::area_heap) != 0   ? "                          [heap]"
        : (area.flags & MAP_GROWSDOWN) != 0 ? "                          [stack]"
                                            : "");
}

lib::result<void> write_maps(task::process& who, procfs_text& text) {
    if (const auto space = task::space_of(who); space) {
        space->for_each_area(write_area, &text);
    }
    return {};
}

lib::result<void> write_process_mounts(task::process&, procfs_text& text) {
    return write_mounts(text);
}

} // namespace

const process_text process_texts[] = {
    {"cmdline", 0444, readers::everybody, write_arguments},
    {"comm", 0444, readers::everybody, write_name},
    {"environ", 0400, readers::inspectors, write_environment},
    {"maps", 0444, readers::inspectors, write_maps},
    {"mounts", 0444, readers::everybody, write_process_mounts},
    {"stat", 0444, readers::everybody, write_stat},
    {"statm", 0444, readers::everybody, write_memory},
    {"status", 0444, readers::everybody, write_status},
};
const size_t process_text_count = sizeof process_texts / sizeof process_texts[0];

} // namespace fs
