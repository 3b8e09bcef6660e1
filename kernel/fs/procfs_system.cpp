// The files of /proc that tell about the machine, in the formats that free, uptime, top, df and mount read.

#include "boot/boot_info.hpp"
#include "kernel/abi/errno.h"
#include "kernel/arch/clock.hpp"
#include "kernel/arch/cpu.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/arch/random.hpp"

#include "kernel/fs/epoll.hpp"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/fs/procfs_internal.hpp"
#include "kernel/fs/scratch.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/mem_tag.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/scheduler.hpp"

namespace fs {

namespace {

constexpr uint64_t ns_per_second = 1'000'000'000;
constexpr uint64_t ns_per_tick = 10'000'000;

lib::result<void> write_meminfo(procfs_text& text, void*) {
    const size_t page_kib = mm::page_size / 1024;
    const size_t free_kib = mm::free_frame_count() * page_kib;
    text.print("MemTotal:       %8zu kB\n", mm::total_frame_count() * page_kib);
    text.print("MemFree:        %8zu kB\n", free_kib);
    text.print("MemAvailable:   %8zu kB\n", free_kib);
    text.print("Buffers:               0 kB\n");
    text.print("Cached:         %8zu kB\n", mm::mem_tag_bytes(mm::mem_tag::page_cache) / 1024);
    text.print("SwapTotal:             0 kB\nSwapFree:              0 kB\n");
    text.print("Slab:           %8zu kB\n", mm::mem_tag_bytes(mm::mem_tag::slab) / 1024);
    text.print("PageTables:     %8zu kB\n", mm::mem_tag_bytes(mm::mem_tag::page_table) / 1024);
    for (size_t i = 0; i < mm::mem_tag_count; i++) { // Ours: what the kernel uses its memory for.
        const auto tag = static_cast<mm::mem_tag>(i);
        text.print("Tag:%-11s %8zu B\n", mm::mem_tag_name(tag), mm::mem_tag_bytes(tag));
    }
    return {};
}

lib::result<void> write_uptime(procfs_text& text, void*) {
    const uint64_t up = arch::clock_now_ns() / ns_per_tick;
    const uint64_t idle = task::idle_time_ns() / ns_per_tick;
    text.print("%lu.%02lu %lu.%02lu\n", up / 100, up % 100, idle / 100, idle % 100);
    return {};
}

lib::result<void> write_loadavg(procfs_text& text, void*) {
    uint32_t averages[3];
    task::load_averages(averages);
    int last = 0;
    unsigned count = 0;
    for (int id = 0; (id = task::next_process_id(id)) != 0; count++) {
        last = id;
    }
    for (const uint32_t average : averages) {
        text.print("%u.%02u ", average >> 16, (average & 0xffff) * 100 >> 16);
    }
    text.print("%u/%u %d\n", task::runnable_threads(), count, last);
    return {};
}

lib::result<void> write_stat(procfs_text& text, void*) {
    const uint64_t now = arch::clock_now_ns();
    const uint64_t idle = task::idle_time_ns();
    const uint64_t busy = now > idle ? now - idle : 0;
    const uint64_t boot_time =
        static_cast<uint64_t>(arch::clock_realtime_offset_ns() > 0 ? arch::clock_realtime_offset_ns() : 0);
    text.print("cpu  0 0 %lu %lu 0 0 0 0 0 0\n", busy / ns_per_tick, idle / ns_per_tick);
    text.print("cpu0 0 0 %lu %lu 0 0 0 0 0 0\n", busy / ns_per_tick, idle / ns_per_tick);
    text.print("intr 0\nctxt 0\nbtime %lu\nprocesses 0\n", boot_time / ns_per_second);
    text.print("procs_running %u\nprocs_blocked 0\n", task::runnable_threads());
    return {};
}

lib::result<void> write_version(procfs_text& text, void*) {
    text.print("Lumos version 1.0 (C++20, g++ %d.%d) for x86_64\n", __GNUC__, __GNUC_MINOR__);
    return {};
}

/// Intel SDM volume 2, CPUID: leaf 0 names the vendor in EBX EDX ECX, leaves 80000002 to 80000004 the model.
lib::result<void> write_cpuinfo(procfs_text& text, void*) {
    const arch::cpuid_leaf first = arch::cpuid(0);
    const uint32_t vendor[3] = {first.ebx, first.edx, first.ecx};
    arch::cpuid_leaf model[4] = {};
    if (arch::cpuid(0x80000000).eax >= 0x80000004) {
        for (uint32_t i = 0; i < 3; i++) {
            model[i] = arch::cpuid(0x80000002 + i);
        }
    }
    const uint64_t khz = arch::tsc_frequency_hz() / 1000;
    for (unsigned i = 0; i < arch::cpus_online(); i++) {
        text.print("processor\t: %u\nvendor_id\t: %.12s\nmodel name\t: %.48s\n", i,
                   reinterpret_cast<const char*>(vendor), reinterpret_cast<const char*>(model));
        text.print("cpu MHz\t\t: %lu.%03lu\n\n", khz / 1000, khz % 1000);
    }
    return {};
}

lib::result<void> write_all_mounts(procfs_text& text, void*) {
    return write_mounts(text);
}

lib::result<void> write_command_line(procfs_text& text, void*) {
    text.print("%s\n", boot::info().command_line);
    return {};
}

lib::result<void> write_file_systems(procfs_text& text, void*) {
    text.print("nodev\tproc\nnodev\tdevtmpfs\nnodev\ttmpfs\nnodev\tramfs\n");
    return {};
}

lib::result<void> write_file_count(procfs_text& text, void*) {
    text.print("%zu\t0\t%zu\n", open_file_count(), open_file_limit);
    return {};
}

/// A file with a constant number.
lib::result<void> write_number(procfs_text& text, void* number) {
    text.print("%lu\n", reinterpret_cast<uint64_t>(number));
    return {};
}

lib::result<void> write_constant(procfs_text& text, void* constant) {
    text.print("%s\n", static_cast<const char*>(constant));
    return {};
}

lib::result<void> write_uuid(procfs_text& text, void*) {
    uint8_t bytes[16];
    arch::random_bytes(bytes, sizeof bytes);
    bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40); // RFC 9562 5.4: version 4
    bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof bytes; i++) {
        text.print("%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
    }
    text.print("\n");
    return {};
}

struct system_file {
    const char* name;
    procfs_generator generate;
    uint64_t number;
};

constexpr system_file files[] = {
    {"cmdline", write_command_line, 0},
    {"cpuinfo", write_cpuinfo, 0},
    {"filesystems", write_file_systems, 0},
    {"loadavg", write_loadavg, 0},
    {"meminfo", write_meminfo, 0},
    {"mounts", write_all_mounts, 0},
    {"stat", write_stat, 0},
    {"sys/fs/epoll/max_user_watches", write_number, epoll_watch_limit},
    {"sys/fs/file-max", write_number, open_file_limit},
    {"sys/fs/file-nr", write_file_count, 0},
    {"sys/kernel/ngroups_max", write_number, 32},
    {"sys/kernel/pid_max", write_number, 32768},
    {"sys/kernel/random/entropy_avail", write_number, 256},
    {"sys/kernel/random/uuid", write_uuid, 0},
    {"sys/vm/overcommit_memory", write_number, 1},
    {"uptime", write_uptime, 0},
    {"version", write_version, 0},
};

} // namespace

lib::result<void> write_mounts(procfs_text& text) {
    scratch path(path_limit);
    if (!path) {
        return lib::error{ENOMEM};
    }
    mount_description mounted;
    for (size_t i = 0; describe_mount(i, mounted); i++) {
        TRY(absolute_path(*mounted.root, root_entry(), path.data(), path.size()));
        text.print("%s %s %s rw 0 0\n", mounted.type, path.data(), mounted.type);
    }
    return {};
}

lib::result<void> register_system_files() {
    for (const system_file& each : files) {
        TRY(register_file(each.name, each.generate, reinterpret_cast<void*>(each.number)));
    }
    static constexpr const char* os_type = "Linux"; // Programs branch on it; see the ABI.
    return register_file("sys/kernel/ostype", write_constant, const_cast<char*>(os_type));
}

} // namespace fs
