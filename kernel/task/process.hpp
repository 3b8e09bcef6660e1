#pragma once
// One process: an address space, open files, a place in the tree of processes, and one or more threads.
// Fields are grouped by the lock that guards them.
//
// Life: made by fork (or start_init); alive while it has threads; a zombie, only its exit status and
// usage left, until the parent waits for it; freed with its last ref. The process with id 0 is the
// kernel's own: it owns the kernel threads and is in no list.
//
// task::process_table_lock (spinlock, rank process_table) guards the list of all processes, parents and
// children, groups and sessions. It is taken before any signals.lock.

#include "kernel/arch/spinlock.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/mm/address_space.hpp"
#include "kernel/task/mutex.hpp"
#include "kernel/task/signal.hpp"
#include "kernel/task/thread.hpp"
#include "kernel/task/timer.hpp"
#include "kernel/task/wait_queue.hpp"

#include <cstdint>

namespace fs {
class fd_table;
struct fs_context;
struct tty;
} // namespace fs

namespace task {

/// A session: the processes of one login. Its controlling terminal is kept by fs/tty, which sets it here.
struct session : lib::ref_counted {
    explicit session(int session_id) : id(session_id) {}
    static void release_last(session* dead);

    const int id;                ///< pid of the process that made it
    fs::tty* terminal = nullptr; ///< guarded by fs/tty's lock
};

/// Who one is. Everything starts as root; setuid and friends change it.
struct credentials {
    uint32_t uid = 0, effective_uid = 0, saved_uid = 0;
    uint32_t gid = 0, effective_gid = 0, saved_gid = 0;
    uint32_t groups[32] = {};
    unsigned group_count = 0;

    bool is_root() const { return effective_uid == 0; }
};

/// Resource use, as struct rusage tells it.
struct usage {
    uint64_t user_ns = 0;
    uint64_t system_ns = 0;
    uint64_t minor_faults = 0;
    uint64_t voluntary_switches = 0;
    uint64_t involuntary_switches = 0;
    uint64_t peak_memory_bytes = 0;

    void add(const usage& more);
};

struct resource_limit {
    uint64_t soft;
    uint64_t hard;
};
inline constexpr unsigned resource_count = 16;

enum class process_state : unsigned char { alive, zombie, reaped };

struct process : lib::ref_counted {
    explicit process(int process_id);
    ~process();
    static void release_last(process* dead);

    const int id;

    // Guarded by process_table_lock.
    process_state state = process_state::alive;
    process* parent = nullptr;
    lib::list_link sibling_link;
    lib::list_link all_link;
    lib::list<process, &process::sibling_link> children;
    int group_id = 0;
    lib::ref<task::session> session;
    bool has_executed = false; ///< since fork: setpgid by the parent is no longer allowed
    bool is_subreaper = false; ///< PR_SET_CHILD_SUBREAPER
    uint32_t wait_status = 0;  ///< of a zombie, in wait's encoding
    uint32_t job_status = 0;   ///< pending WUNTRACED or WCONTINUED news; 0 if none
    usage own_usage;           ///< of threads that have ended
    usage children_usage;      ///< of children waited for

    /// Sent to the parent at the end; SIGCHLD for fork. Only the parent that chose it gets another one, and
    /// only as long as it runs the program that chose. Guarded by process_table_lock.
    int exit_signal = 0;
    uint64_t programs_executed = 0;        ///< guarded by process_table_lock
    uint64_t parent_programs_executed = 0; ///< the parent's number when this process was made

    /// Woken when a child changes state. Predicates take process_table_lock.
    wait_queue child_changed;
    /// vfork's parent sleeps here until the child has executed or exited.
    wait_queue vfork_done;
    bool vfork_pending = false; ///< atomic
    /// Woken when a thread of this process has ended.
    wait_queue thread_ended;

    // Guarded by signals.lock.
    struct signal_state {
        arch::spinlock lock{lib::lock_rank::signals};
        lib::ref<signal_actions> actions;
        pending_signals pending;    ///< for any thread
        bool exiting = false;       ///< exit_group has begun
        bool stopped = false;       ///< by a stop signal
        unsigned continues = 0;     ///< SIGCONTs so far: a stop decided before one does not happen
        thread* survivor = nullptr; ///< exec: the thread that `exiting` does not mean
        unsigned queued_count = 0;  ///< nodes of information in the pending sets
        uint32_t exit_status = 0;
    } signals;
    lib::list<thread, &thread::process_link> threads; ///< alive ones

    // The process's own threads read these freely; they change only in exec and exit, when there is one
    // thread, and under details_lock, which everybody else takes to look.
    lib::ref<mm::address_space> space;
    fs::fd_table* files = nullptr;         ///< one count; use fs through current_process()
    fs::fs_context* directories = nullptr; ///< one count
    char name[16];                         ///< of the program, for ps
    char executable[256];                  ///< absolute path of the program, for /proc/N/exe
    uint64_t arguments_start = 0;          ///< user addresses of argv's and envp's strings
    uint64_t arguments_end = 0;
    uint64_t environment_end = 0;
    uint64_t start_time_ns = 0;

    // Guarded by details_lock.
    arch::spinlock details_lock{lib::lock_rank::process_details};
    credentials who;
    resource_limit limits[resource_count];

    /// ITIMER_REAL and alarm().
    timer real_timer;
    uint64_t real_interval_ns = 0;
};

/// Guards the tree of processes; see the head of this file.
extern arch::spinlock process_table_lock;

/// The process with this pid, zombies included; null if there is none. Any context.
lib::ref<process> find_process(int process_id);
/// The thread with this id; null if there is none. Any context.
lib::ref<thread> find_thread(int thread_id);
/// True if a process, thread, group or session has this id. Any context.
bool id_in_use(int id);
/// The member of a group with the lowest pid above `after`; null at the end. Any context.
lib::ref<process> next_in_group(int group_id, int after);
/// The lowest pid above `after`, or 0 at the end: to list /proc. Any context.
int next_process_id(int after);

/// Visits every process, zombies included. process_table_lock held: visit must not sleep nor take locks of
/// a smaller rank.
void for_each_process_locked(void (*visit)(process&, void*), void* context);

/// What a process is doing, as ps shows it: R S D T Z.
char state_letter(process& who);
/// Use so far of a process, its live threads included.
usage usage_of(process& who);
usage usage_of(thread& who);
/// The address space with a count, null for zombies and the kernel: for /proc/N/maps and the like.
lib::ref<mm::address_space> space_of(process& who);

/// A copy of the calling process's credentials.
credentials current_credentials();
/// The soft limit of the calling process (RLIMIT_...).
uint64_t current_limit(unsigned resource);

/// Makes the calling process the leader of a new session and group. EPERM if it leads a group already.
lib::result<int> create_session();
/// setpgid(2). ESRCH, EPERM, EACCES, EINVAL.
lib::result<void> set_process_group(int process_id, int group_id);
/// True if a group with this id has a member in the session: for tcsetpgrp.
bool group_in_session(int group_id, const session& where);
/// True if nobody outside the group but in its session is parent of a member: such a group is not
/// stopped by the terminal (POSIX "orphaned process group").
bool group_is_orphaned(int group_id);
/// The same with process_table_lock held, as if `ignored` were gone (nullptr: nobody).
bool group_is_orphaned_locked(int group_id, const process* ignored);

} // namespace task
