#include "kernel/task/exit.hpp"

// How threads and processes end, and how parents learn of it.
//
//   exit_process   marks the process as exiting; every other thread sees it on its way to user mode (or in
//                  its sleep, which ends) and calls exit_thread itself
//   exit_thread    the last thread of a process takes the process apart: timer, files, memory; then the
//                  process becomes a zombie, its children go to init, and the parent is told
//   reap           wait_for_child takes the zombie out of the tables; the last count frees it
//
// process_table_lock makes "become a zombie", "change parent" and "be waited for" happen in some order.

#include "kernel/abi/process.h"
#include "kernel/arch/panic.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/files_hook.hpp"
#include "kernel/task/futex.hpp"
#include "kernel/task/reaper.hpp"
#include "kernel/task/scheduler.hpp"
#include "kernel/task/signal_private.hpp"
#include "kernel/task/thread_table.hpp"

namespace task {

namespace {

constexpr int init_id = 1;

constexpr unsigned orphaned_group_limit = 16;

// What the end of a process leaves to do once process_table_lock is released.
struct farewell {
    lib::ref<process> parent;
    int signal_to_parent = 0;
    bool reap_now = false;
    int orphaned_groups[orphaned_group_limit]; ///< with stopped members: they get SIGHUP and SIGCONT
    unsigned orphaned_group_count = 0;
};

// Takes the thread out of its process. True if it was the last one.
bool leave_process(thread& self, uint32_t wait_status) {
    process& owner = *self.owner;
    const usage used = usage_of(self);
    {
        const arch::spin_guard guard(process_table_lock);
        owner.own_usage.add(used);
    }
    bool last = false;
    {
        const arch::spin_guard guard(owner.signals.lock);
        owner.threads.remove(self);
        last = owner.threads.empty();
        if (last && !owner.signals.exiting) {
            owner.signals.exiting = true;
            owner.signals.exit_status = wait_status;
        }
        owner.signals.queued_count -= drop_pending_signals(self.pending);
    }
    owner.thread_ended.wake_all();
    return last;
}

void release_resources(process& self) {
    self.real_timer.stop();
    fs::fd_table* files = nullptr;
    fs::fs_context* directories = nullptr;
    lib::ref<mm::address_space> space;
    const uint64_t resident = self.space ? self.space->usage().resident_bytes : 0;
    {
        const arch::spin_guard guard(self.details_lock);
        std::swap(files, self.files);
        std::swap(directories, self.directories);
        std::swap(space, self.space);
    }
    {
        const arch::spin_guard guard(process_table_lock);
        self.own_usage.peak_memory_bytes = resident;
    }
    const lib::ref<mm::address_space> loaded = switch_space(nullptr);
    finish_vfork(self);
    if (files != nullptr) {
        fs::release_files(files);
    }
    if (directories != nullptr) {
        fs::release_directories(directories);
    }
}

// The nearest ancestor that adopts orphans (PR_SET_CHILD_SUBREAPER), or init.
process* new_parent_locked(process& dying) {
    for (process* at = dying.parent; at != nullptr; at = at->parent) {
        if ((at->is_subreaper || at->id == init_id) && at->state == process_state::alive) {
            return at;
        }
    }
    return nullptr;
}

// Zombies among the children need the new parent's attention. Returns it with a count, if there are any.
lib::ref<process> give_children_away_locked(process& dying) {
    process* adopter = new_parent_locked(dying);
    bool has_zombie = false;
    while (process* child = dying.children.pop_front()) {
        child->parent = adopter;
        child->exit_signal = SIGCHLD;
        adopter->children.push_back(*child);
        has_zombie = has_zombie || child->state == process_state::zombie;
    }
    return has_zombie ? lib::ref<process>::share(adopter) : nullptr;
}

bool group_has_stopped_member_locked(int group_id) {
    struct search {
        int group_id;
        bool found;
    } state{group_id, false};
    for_each_process_locked(
        [](process& each, void* context) {
            auto& self = *static_cast<search*>(context);
            self.found = self.found || (each.group_id == self.group_id && each.signals.stopped);
        },
        &state);
    return state.found;
}

// Remembers the group if the end of `dying` makes it an orphaned one with stopped members: nobody is left
// who could continue them (POSIX.1-2017 _exit()).
void note_if_orphaned_locked(farewell& left, process& dying, int group_id) {
    if (left.orphaned_group_count < orphaned_group_limit && !group_is_orphaned_locked(group_id, nullptr) &&
        group_is_orphaned_locked(group_id, &dying) && group_has_stopped_member_locked(group_id)) {
        left.orphaned_groups[left.orphaned_group_count++] = group_id;
    }
}

// Whether the parent wants neither the signal nor the zombie (POSIX: SIG_IGN or SA_NOCLDWAIT).
bool parent_does_not_wait(process& parent) {
    const arch::spin_guard guard(parent.signals.lock);
    const signal_action& action = parent.signals.actions->table[SIGCHLD - 1];
    return action.handler == handler_ignore || (action.flags & SA_NOCLDWAIT) != 0;
}

// The signal chosen at clone() is for the program that chose it, not for one that the parent executed since.
int signal_to_parent_locked(const process& self) {
    const bool same_program = self.parent_programs_executed == self.parent->programs_executed;
    return same_program ? self.exit_signal : SIGCHLD;
}

farewell become_zombie(process& self, lib::ref<process>& adopter) {
    const arch::spin_guard guard(process_table_lock);
    farewell left;
    note_if_orphaned_locked(left, self, self.group_id);
    for (const process& child : self.children) {
        if (child.group_id != self.group_id && child.session == self.session) {
            note_if_orphaned_locked(left, self, child.group_id);
        }
    }
    adopter = give_children_away_locked(self);
    left.parent = lib::ref<process>::share(self.parent);
    left.signal_to_parent = signal_to_parent_locked(self);
    self.wait_status = self.signals.exit_status;
    self.job_status = 0;
    self.state = process_state::zombie;
    if (left.signal_to_parent == SIGCHLD && parent_does_not_wait(*left.parent)) {
        withdraw_process_locked(self);
        left.reap_now = true;
    }
    return left;
}

signal_info child_signal(const process& child, uint32_t wait_status) {
    signal_info info;
    info.pid = child.id;
    info.uid = static_cast<int>(child.who.uid);
    if (wait_status == 0xffff) {
        info.code = CLD_CONTINUED;
        info.status = SIGCONT;
    } else if (WIFSTOPPED(wait_status)) {
        info.code = CLD_STOPPED;
        info.status = static_cast<int>(WSTOPSIG(wait_status));
    } else if (WIFEXITED(wait_status)) {
        info.code = CLD_EXITED;
        info.status = static_cast<int>(WEXITSTATUS(wait_status));
    } else {
        info.code = CLD_KILLED;
        info.status = static_cast<int>(WTERMSIG(wait_status));
    }
    return info;
}

// The last thread takes the process apart.
void finish_process(process& self) {
    if (self.id == init_id) {
        arch::panic("init has ended (wait status 0x%x)", self.signals.exit_status);
    }
    release_resources(self);
    const lib::ref<session> own_session = self.session;
    if (own_session && own_session->id == self.id) {
        fs::session_leader_exited(*own_session);
    }
    lib::ref<process> adopter;
    const farewell left = become_zombie(self, adopter);
    if (adopter) {
        adopter->child_changed.wake_all();
    }
    for (unsigned i = 0; i < left.orphaned_group_count; i++) {
        (void)send_signal_to_group(left.orphaned_groups[i], SIGHUP).ok(); // an empty group is no error here
        (void)send_signal_to_group(left.orphaned_groups[i], SIGCONT).ok();
    }
    if (left.signal_to_parent != 0) {
        send_signal(*left.parent, left.signal_to_parent, child_signal(self, self.signals.exit_status));
    }
    left.parent->child_changed.wake_all();
    if (left.reap_now) {
        lib::ref<process>::adopt(&self).reset(); // the table's count; this thread still has its own
    }
}

// Tells the other threads to go. True if this thread is the one that decides the status.
bool begin_exit(process& owner, thread* survivor, uint32_t wait_status) {
    const arch::spin_guard guard(owner.signals.lock);
    if (owner.signals.exiting) {
        return false;
    }
    owner.signals.exiting = true;
    owner.signals.survivor = survivor;
    owner.signals.exit_status = wait_status;
    owner.signals.stopped = false;
    for (thread& each : owner.threads) {
        if (&each != survivor) {
            update_signal_work_locked(each);
            wake_for_signal(each);
            wake_stopped(each);
        }
    }
    return true;
}

} // namespace

// The waker of pthread_join and of waiting robust mutexes: the word becomes 0.
void clear_thread_id(thread& self) {
    if (self.clear_child_tid == 0) {
        return;
    }
    const mm::user_ptr<int> word(self.clear_child_tid);
    self.clear_child_tid = 0;
    if (mm::store(word, 0).ok()) {
        futex_wake(word.address(), 1);
    }
}

void finish_vfork(process& self) {
    if (__atomic_exchange_n(&self.vfork_pending, false, __ATOMIC_SEQ_CST)) {
        self.vfork_done.wake_all();
    }
}

void exit_process(uint32_t wait_status) {
    begin_exit(current_process(), &current(), wait_status);
    exit_thread(wait_status);
}

void exit_thread(uint32_t wait_status) {
    thread& self = current();
    process& owner = *self.owner;
    bool last = false;
    if (owner.id != 0) {
        release_robust_list(self);
        clear_thread_id(self);
        last = leave_process(self, wait_status);
        if (last) {
            finish_process(owner);
        }
    }
    withdraw_thread(self, last ? thread_end::leaves_zombie : thread_end::frees_id);
    // From here to the switch nothing may preempt: a dead thread that is put back among the ready ones would
    // run again, or be freed while it is queued.
    arch::disable_interrupts();
    __atomic_store_n(&self.state, thread_state::dead, __ATOMIC_SEQ_CST);
    reap_thread(self);
    schedule();
    arch::panic("thread %d ran after its end", self.id);
}

lib::result<void> end_other_threads() {
    thread& self = current();
    process& owner = *self.owner;
    if (!begin_exit(owner, &self, 0)) {
        return lib::error{EINTR};
    }
    const auto alone = [&] {
        const arch::spin_guard guard(owner.signals.lock);
        return owner.threads.front() == &self && owner.threads.back() == &self;
    };
    const lib::result<void> outcome = owner.thread_ended.wait(alone, never, wait_kind::uninterruptible);
    const arch::spin_guard guard(owner.signals.lock);
    owner.signals.exiting = false;
    owner.signals.survivor = nullptr;
    return outcome.ok() ? lib::result<void>{} : lib::result<void>{outcome.error()};
}

void report_job_status(process& child, uint32_t job_status) {
    lib::ref<process> parent;
    signal_info info;
    {
        const arch::spin_guard guard(process_table_lock);
        if (child.state != process_state::alive || child.parent == nullptr) {
            return;
        }
        child.job_status = job_status;
        parent = lib::ref<process>::share(child.parent);
        info = child_signal(child, job_status);
    }
    bool wants_signal = false;
    {
        const arch::spin_guard guard(parent->signals.lock);
        wants_signal = (parent->signals.actions->table[SIGCHLD - 1].flags & SA_NOCLDSTOP) == 0;
    }
    if (wants_signal) {
        send_signal(*parent, SIGCHLD, info);
    }
    parent->child_changed.wake_all();
}

} // namespace task
