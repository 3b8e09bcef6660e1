#include "kernel/task/process.hpp"

// Process groups and sessions (POSIX.1-2017 3.296, 3.342): numbers that the members carry. A group exists
// as long as it has a member; its id is the pid of the process that made it.

#include "kernel/abi/errno.h"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/thread_table.hpp"

namespace task {

namespace {

// Looks for one process that satisfies a condition. process_table_lock held.
template <class predicate_type>
process* find_if_locked(predicate_type predicate) {
    struct search {
        predicate_type& predicate;
        process* found;
    } state{predicate, nullptr};
    for_each_process_locked(
        [](process& each, void* context) {
            auto& self = *static_cast<search*>(context);
            if (self.found == nullptr && self.predicate(each)) {
                self.found = &each;
            }
        },
        &state);
    return state.found;
}

lib::result<void> check_target_locked(process& self, process& target) {
    if (&target != &self && target.parent != &self) {
        return lib::error{ESRCH};
    }
    if (&target != &self && target.has_executed) {
        return lib::error{EACCES};
    }
    if (target.session != self.session || target.session->id == target.id) {
        return lib::error{EPERM};
    }
    return {};
}

} // namespace

lib::result<int> create_session() {
    process& self = current_process();
    auto* fresh = new (mm::mem_tag::task) session(self.id);
    if (fresh == nullptr) {
        return lib::error{ENOMEM};
    }
    auto next = lib::ref<session>::adopt(fresh);
    const arch::spin_guard guard(process_table_lock);
    if (find_if_locked([&](process& each) { return each.group_id == self.id; }) != nullptr) {
        return lib::error{EPERM};
    }
    std::swap(self.session, next);
    self.group_id = self.id;
    return self.id;
}

lib::result<void> set_process_group(int process_id, int group_id) {
    if (group_id < 0) {
        return lib::error{EINVAL};
    }
    process& self = current_process();
    const arch::spin_guard guard(process_table_lock);
    const int wanted_id = process_id == 0 ? self.id : process_id;
    process* target = find_if_locked([&](process& each) { return each.id == wanted_id; });
    if (target == nullptr || target->state != process_state::alive) {
        return lib::error{ESRCH};
    }
    TRY(check_target_locked(self, *target));
    const int wanted_group = group_id == 0 ? target->id : group_id;
    const auto is_member = [&](process& each) {
        return each.group_id == wanted_group && each.session == self.session;
    };
    if (wanted_group != target->id && find_if_locked(is_member) == nullptr) {
        return lib::error{EPERM};
    }
    target->group_id = wanted_group;
    return {};
}

bool group_in_session(int group_id, const session& where) {
    const arch::spin_guard guard(process_table_lock);
    return find_if_locked([&](process& each) {
               return each.group_id == group_id && each.session.get() == &where;
           }) != nullptr;
}

bool group_is_orphaned_locked(int group_id, const process* ignored) {
    return find_if_locked([&](process& each) {
               return each.group_id == group_id && &each != ignored && each.state == process_state::alive &&
                      each.parent != nullptr && each.parent != ignored && each.parent->group_id != group_id &&
                      each.parent->session == each.session;
           }) == nullptr;
}

bool group_is_orphaned(int group_id) {
    const arch::spin_guard guard(process_table_lock);
    return group_is_orphaned_locked(group_id, nullptr);
}

} // namespace task
