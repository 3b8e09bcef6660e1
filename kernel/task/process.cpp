#include "kernel/task/process.hpp"

// The table of processes, groups and sessions. There are at most a few hundred processes, so one list
// serves every search; groups and sessions exist only as numbers in their members.

#include "kernel/abi/process.h"
#include "kernel/arch/clock.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/files_hook.hpp"
#include "kernel/task/real_timer.hpp"
#include "kernel/task/reaper.hpp"
#include "kernel/task/run_queue.hpp"
#include "kernel/task/scheduler.hpp"
#include "kernel/task/thread_table.hpp"

namespace task {

constinit arch::spinlock process_table_lock{lib::lock_rank::process_table};

namespace {

// Guarded by process_table_lock; holds one count on each member.
lib::list<process, &process::all_link> all_processes;

process* kernel_threads_owner = nullptr;

process* find_locked(int process_id) {
    for (process& each : all_processes) {
        if (each.id == process_id) {
            return &each;
        }
    }
    return nullptr;
}

void set_default_limits(process& fresh) {
    for (resource_limit& limit : fresh.limits) {
        limit = {RLIM_INFINITY, RLIM_INFINITY};
    }
    fresh.limits[RLIMIT_STACK] = {8 * 1024 * 1024, RLIM_INFINITY};
    fresh.limits[RLIMIT_CORE] = {0, RLIM_INFINITY};
    fresh.limits[RLIMIT_NOFILE] = {1024, 1024};
    fresh.limits[RLIMIT_NPROC] = {512, 512};
    fresh.limits[RLIMIT_NICE] = {0, 0};
    fresh.limits[RLIMIT_RTPRIO] = {0, 0};
}

} // namespace

void usage::add(const usage& more) {
    user_ns += more.user_ns;
    system_ns += more.system_ns;
    minor_faults += more.minor_faults;
    voluntary_switches += more.voluntary_switches;
    involuntary_switches += more.involuntary_switches;
    peak_memory_bytes =
        peak_memory_bytes > more.peak_memory_bytes ? peak_memory_bytes : more.peak_memory_bytes;
}

void session::release_last(session* dead) {
    delete dead;
}

process::process(int process_id) : id(process_id), real_timer(real_timer_expired, this) {
    memset(name, 0, sizeof name);
    memset(executable, 0, sizeof executable);
    start_time_ns = arch::clock_now_ns();
    set_default_limits(*this);
}

process::~process() {
    ASSERT(threads.empty() && children.empty() && files == nullptr && directories == nullptr);
    drop_pending_signals(signals.pending);
}

void process::release_last(process* dead) {
    delete dead;
}

process& kernel_process() {
    return *kernel_threads_owner;
}

void initialize() {
    initialize_timers();
    kernel_threads_owner = new (mm::mem_tag::task) process(0);
    auto* queue = new (mm::mem_tag::task) run_queue(arch::this_cpu());
    auto* boot = new (mm::mem_tag::task) thread("main", *kernel_threads_owner, 0);
    auto idle = create_thread("idle", *kernel_threads_owner, 0);
    ASSERT(queue != nullptr && boot != nullptr && idle.ok());
    adopt_cpu(*queue, *boot, *idle.value());
    ASSERT(start_reaper().ok());
    start_load_sampling();
}

bool id_in_use_locked(int id) {
    for (const process& each : all_processes) {
        if (each.id == id || each.group_id == id || (each.session && each.session->id == id)) {
            return true;
        }
    }
    return false;
}

bool id_in_use(int id) {
    if (find_thread(id)) {
        return true;
    }
    const arch::spin_guard guard(process_table_lock);
    return id_in_use_locked(id);
}

void publish_process_locked(process& fresh, process* parent) {
    ASSERT(process_table_lock.held());
    all_processes.push_back(fresh);
    fresh.parent = parent;
    if (parent != nullptr) {
        parent->children.push_back(fresh);
    }
}

void withdraw_process_locked(process& gone) {
    ASSERT(process_table_lock.held());
    gone.state = process_state::reaped;
    if (gone.sibling_link.linked()) {
        gone.sibling_link.unlink();
    }
    gone.parent = nullptr;
    all_processes.remove(gone);
    free_thread_id_locked();
}

lib::ref<process> find_process(int process_id) {
    const arch::spin_guard guard(process_table_lock);
    return lib::ref<process>::share(find_locked(process_id));
}

lib::ref<process> next_in_group(int group_id, int after) {
    const arch::spin_guard guard(process_table_lock);
    process* best = nullptr;
    for (process& each : all_processes) {
        if (each.group_id == group_id && each.id > after && (best == nullptr || each.id < best->id)) {
            best = &each;
        }
    }
    return lib::ref<process>::share(best);
}

int next_process_id(int after) {
    const arch::spin_guard guard(process_table_lock);
    int best = 0;
    for (const process& each : all_processes) {
        if (each.id > after && (best == 0 || each.id < best)) {
            best = each.id;
        }
    }
    return best;
}

void for_each_process_locked(void (*visit)(process&, void*), void* context) {
    ASSERT(process_table_lock.held());
    for (process& each : all_processes) {
        visit(each, context);
    }
}

char state_letter(process& who) {
    const arch::spin_guard guard(process_table_lock);
    if (who.state != process_state::alive) {
        return 'Z';
    }
    const arch::spin_guard signals_guard(who.signals.lock);
    char letter = 'S';
    for (const thread& each : who.threads) {
        switch (__atomic_load_n(&each.state, __ATOMIC_RELAXED)) {
        case thread_state::runnable:
            return 'R';
        case thread_state::sleeping:
            letter = 'D';
            break;
        case thread_state::stopped:
            letter = 'T';
            break;
        default:
            break;
        }
    }
    return letter;
}

usage usage_of(process& who) {
    usage sum;
    {
        const arch::spin_guard guard(process_table_lock);
        sum = who.own_usage;
    }
    const arch::spin_guard guard(who.signals.lock);
    for (thread& each : who.threads) {
        sum.add(usage_of(each));
    }
    return sum;
}

usage usage_of(thread& who) {
    const thread_time time = time_of(who);
    const uint64_t system_ns = time.system_ns < time.total_ns ? time.system_ns : time.total_ns;
    return {.user_ns = time.total_ns - system_ns,
            .system_ns = system_ns,
            .minor_faults = who.minor_faults,
            .voluntary_switches = who.voluntary_switches,
            .involuntary_switches = who.involuntary_switches};
}

lib::ref<mm::address_space> space_of(process& who) {
    const arch::spin_guard guard(who.details_lock);
    return who.space;
}

credentials current_credentials() {
    process& self = current_process();
    const arch::spin_guard guard(self.details_lock);
    return self.who;
}

uint64_t current_limit(unsigned resource) {
    process& self = current_process();
    const arch::spin_guard guard(self.details_lock);
    return self.limits[resource].soft;
}

} // namespace task
