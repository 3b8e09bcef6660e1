#include "kernel/task/fork.hpp"

// A child is built in private, step by step, and published last: until then a failure only has to throw
// away what was built. The new thread's user registers are a copy of the caller's with rax = 0; its first
// kernel function is begin_user, which leaves for user mode.

#include "kernel/abi/process.h"
#include "kernel/arch/context.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/files_hook.hpp"
#include "kernel/task/scheduler.hpp"
#include "kernel/task/signal_private.hpp"
#include "kernel/task/thread_table.hpp"

namespace task {

namespace {

// The first steps of a new user thread, in its own context.
void begin_user(void*) {
    thread& self = current();
    if (self.set_child_tid != 0) {
        // As on Linux, an address that cannot be written is nobody's error.
        (void)mm::store(mm::user_ptr<int>(self.set_child_tid), self.id).ok();
    }
    arch::enter_user(self.user_frame());
}

lib::result<void> check_flags(uint64_t flags) {
    constexpr uint64_t namespaces =
        CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    const bool thread_without_handlers = (flags & CLONE_THREAD) != 0 && (flags & CLONE_SIGHAND) == 0;
    const bool handlers_without_memory = (flags & CLONE_SIGHAND) != 0 && (flags & CLONE_VM) == 0;
    constexpr uint64_t pidfd = 0x1000;
    if ((flags & (namespaces | pidfd)) != 0 || thread_without_handlers || handlers_without_memory) {
        return lib::error{EINVAL};
    }
    return {};
}

lib::result<void> copy_space(process& child, process& parent, uint64_t flags) {
    if ((flags & CLONE_VM) != 0) {
        child.space = parent.space;
        return {};
    }
    child.space = TRY(mm::address_space::fork_from(*parent.space));
    return {};
}

lib::result<void> copy_signal_actions(process& child, process& parent, uint64_t flags) {
    if ((flags & CLONE_SIGHAND) != 0) {
        child.signals.actions = parent.signals.actions;
        return {};
    }
    auto* copy = new (mm::mem_tag::task) signal_actions;
    if (copy == nullptr) {
        return lib::error{ENOMEM};
    }
    child.signals.actions = lib::ref<signal_actions>::adopt(copy);
    const arch::spin_guard guard(parent.signals.lock);
    memcpy(copy->table, parent.signals.actions->table, sizeof copy->table);
    return {};
}

lib::result<void> copy_files(process& child, process& parent, uint64_t flags) {
    if ((flags & CLONE_FS) != 0) {
        child.directories = fs::share_directories(*parent.directories);
    } else {
        child.directories = TRY(fs::copy_directories(*parent.directories));
    }
    if ((flags & CLONE_FILES) != 0) {
        child.files = fs::share_files(*parent.files);
    } else {
        child.files = TRY(fs::copy_files(*parent.files));
    }
    return {};
}

void copy_description(process& child, process& parent) {
    memcpy(child.name, parent.name, sizeof child.name);
    memcpy(child.executable, parent.executable, sizeof child.executable);
    child.arguments_start = parent.arguments_start;
    child.arguments_end = parent.arguments_end;
    child.environment_end = parent.environment_end;
    const arch::spin_guard guard(parent.details_lock);
    child.who = parent.who;
    memcpy(child.limits, parent.limits, sizeof child.limits);
}

// Undoes what a process that was never published holds.
void discard(process* child) {
    if (child->files != nullptr) {
        fs::release_files(std::exchange(child->files, nullptr));
    }
    if (child->directories != nullptr) {
        fs::release_directories(std::exchange(child->directories, nullptr));
    }
    lib::ref<process>::adopt(child).reset();
}

lib::result<process*> build_process(int id, process& parent, const clone_request& request) {
    auto* child = new (mm::mem_tag::task) process(id);
    if (child == nullptr) {
        return lib::error{ENOMEM};
    }
    copy_description(*child, parent);
    lib::result<void> outcome = copy_space(*child, parent, request.flags);
    if (outcome.ok()) {
        outcome = copy_signal_actions(*child, parent, request.flags);
    }
    if (outcome.ok()) {
        outcome = copy_files(*child, parent, request.flags);
    }
    if (!outcome.ok()) {
        discard(child);
        return outcome.error();
    }
    return child;
}

void copy_thread_state(thread& fresh, thread& parent, const clone_request& request) {
    arch::fpu_save(*fresh.fpu); // the caller's registers, which the kernel does not use
    fresh.fs_base = (request.flags & CLONE_SETTLS) != 0 ? request.tls : parent.fs_base;
    fresh.gs_base = parent.gs_base;
    fresh.blocked = parent.mask_is_temporary ? parent.saved_mask : parent.blocked;
    if ((request.flags & CLONE_VM) == 0 || (request.flags & CLONE_VFORK) != 0) {
        fresh.alternate_stack = parent.alternate_stack;
        fresh.alternate_stack_size = parent.alternate_stack_size;
    }
    fresh.set_child_tid = (request.flags & CLONE_CHILD_SETTID) != 0 ? request.child_tid : 0;
    fresh.clear_child_tid = (request.flags & CLONE_CHILD_CLEARTID) != 0 ? request.child_tid : 0;
    fresh.entry = begin_user;
    arch::trap_frame& frame = fresh.user_frame();
    frame = parent.user_frame();
    frame.rax = 0;
    frame.rsp = request.stack != 0 ? request.stack : frame.rsp;
}

lib::result<thread*> build_thread(int id, process& owner, thread& parent, const clone_request& request) {
    thread* fresh = TRY(create_thread(parent.name, owner, id));
    choose_cpu(*fresh);
    fresh->fpu = new (mm::mem_tag::task) arch::fpu_state;
    if (fresh->fpu == nullptr) {
        lib::ref<thread>::adopt(fresh).reset();
        return lib::error{ENOMEM};
    }
    copy_thread_state(*fresh, parent, request);
    return fresh;
}

// Makes the thread one of its process. EINTR if the process is about to end or to execute.
lib::result<void> join_process(thread& fresh, process& owner) {
    const arch::spin_guard guard(owner.signals.lock);
    if (owner.signals.exiting) {
        return lib::error{EINTR};
    }
    owner.threads.push_back(fresh);
    update_signal_work_locked(fresh); // a stop may be under way
    return {};
}

// The group and session are those of the parent at the moment of publishing. A child given to the caller's
// own parent ends as the caller does: nobody chooses a signal for somebody else's parent.
void publish_child(process& child, process& parent, const clone_request& request) {
    const arch::spin_guard guard(process_table_lock);
    child.group_id = parent.group_id;
    child.session = parent.session;
    const bool given_away = (request.flags & CLONE_PARENT) != 0 && parent.parent != nullptr;
    child.exit_signal = given_away ? parent.exit_signal : request.exit_signal;
    child.parent_programs_executed = given_away ? parent.parent_programs_executed : parent.programs_executed;
    publish_process_locked(child, given_away ? parent.parent : &parent);
}

// Other signals wait until the child is done with the memory it borrows.
void wait_for_vfork(process& child) {
    const auto done = [&] { return !__atomic_load_n(&child.vfork_pending, __ATOMIC_SEQ_CST); };
    (void)child.vfork_done.wait(done, never, wait_kind::killable).ok(); // EINTR: this process dies anyway
}

// Afterwards the thread may have ended already: it must not be touched any more.
void launch(thread& fresh, int nice) {
    set_nice(fresh, nice);
    publish_thread(fresh);
    start_thread(fresh);
}

lib::result<int> clone_thread(thread& parent, int id, const clone_request& request) {
    process& owner = *parent.owner;
    thread* fresh = TRY(build_thread(id, owner, parent, request));
    lib::result<void> outcome = join_process(*fresh, owner);
    if (outcome.ok() && (request.flags & CLONE_PARENT_SETTID) != 0) {
        (void)mm::store(mm::user_ptr<int>(request.parent_tid), id).ok();
    }
    if (!outcome.ok()) {
        lib::ref<thread>::adopt(fresh).reset();
        return outcome.error();
    }
    launch(*fresh, parent.nice);
    return id;
}

lib::result<int> clone_process(thread& parent, int id, const clone_request& request) {
    process* child = TRY(build_process(id, *parent.owner, request));
    auto built = build_thread(id, *child, parent, request);
    if (!built.ok()) {
        discard(child);
        return built.error();
    }
    thread& fresh = *built.value();
    const bool is_vfork = (request.flags & CLONE_VFORK) != 0;
    child->vfork_pending = is_vfork;
    const auto kept = lib::ref<process>::share(child);
    ASSERT(join_process(fresh, *child).ok());
    publish_child(*child, *parent.owner, request);
    if ((request.flags & CLONE_PARENT_SETTID) != 0) {
        (void)mm::store(mm::user_ptr<int>(request.parent_tid), id).ok();
    }
    launch(fresh, parent.nice);
    if (is_vfork) {
        wait_for_vfork(*kept);
    }
    return id;
}

} // namespace

lib::result<int> clone(const clone_request& request) {
    TRY(check_flags(request.flags));
    thread& parent = current();
    const int id = TRY(allocate_thread_id(current_credentials()));
    auto outcome = (request.flags & CLONE_THREAD) != 0 ? clone_thread(parent, id, request)
                                                       : clone_process(parent, id, request);
    if (!outcome.ok()) {
        free_thread_id();
    }
    return outcome;
}

lib::result<void> create_first_process(void (*entry)(void*), void* argument, fs::fd_table* files,
                                       fs::fs_context* directories) {
    const int id = 1;
    auto* first = new (mm::mem_tag::task) process(id);
    auto* actions = new (mm::mem_tag::task) signal_actions;
    auto* own_session = new (mm::mem_tag::task) session(id);
    auto* fpu = new (mm::mem_tag::task) arch::fpu_state(arch::fpu_initial);
    if (first == nullptr || actions == nullptr || own_session == nullptr || fpu == nullptr) {
        return lib::error{ENOMEM};
    }
    first->signals.actions = lib::ref<signal_actions>::adopt(actions);
    first->session = lib::ref<session>::adopt(own_session);
    first->group_id = id;
    first->files = files;
    first->directories = directories;
    thread* initial = TRY(create_thread("init", *first, id));
    choose_cpu(*initial);
    initial->fpu = fpu;
    initial->entry = entry;
    initial->entry_argument = argument;
    TRY(join_process(*initial, *first));
    {
        const arch::spin_guard guard(process_table_lock);
        publish_process_locked(*first, nullptr);
    }
    launch(*initial, 0);
    return {};
}

} // namespace task
