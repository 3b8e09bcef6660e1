#include "kernel/task/exit.hpp"

// wait4 and waitid: looking through the children for news, asleep in between. The news are states under
// process_table_lock (zombie, job_status), so a look after each wake-up of child_changed misses nothing.

#include "kernel/abi/process.h"
#include "kernel/task/scheduler.hpp"
#include "kernel/task/thread_table.hpp"

namespace task {

namespace {

bool matches(const process& child, const child_filter& wanted, int own_group) {
    if (wanted.process_id > 0) {
        return child.id == wanted.process_id;
    }
    if (wanted.process_id == -1) {
        return true;
    }
    return child.group_id == (wanted.process_id == 0 ? own_group : -wanted.process_id);
}

// What a look at the children found.
struct finding {
    bool has_children = false;
    bool has_news = false;
    child_event event;
    lib::ref<process> reaped; ///< the table's count on a child that was waited for
};

void take_zombie_locked(process& self, process& child, const child_filter& wanted, finding& found) {
    found.has_news = true;
    found.event.wait_status = child.wait_status;
    found.event.used = child.own_usage;
    found.event.used.add(child.children_usage);
    if ((wanted.options & WNOWAIT) == 0) {
        self.children_usage.add(found.event.used);
        withdraw_process_locked(child);
        found.reaped = lib::ref<process>::adopt(&child);
    }
}

bool take_job_status_locked(process& child, const child_filter& wanted, finding& found) {
    const bool continued = child.job_status == 0xffff;
    const uint32_t needed = continued ? WCONTINUED : WUNTRACED;
    if (child.job_status == 0 || (wanted.options & needed) == 0) {
        return false;
    }
    found.has_news = true;
    found.event.wait_status = child.job_status;
    if ((wanted.options & WNOWAIT) == 0) {
        child.job_status = 0;
    }
    return true;
}

finding look(process& self, const child_filter& wanted) {
    finding found;
    const arch::spin_guard guard(process_table_lock);
    for (process& child : self.children) {
        if (!matches(child, wanted, self.group_id)) {
            continue;
        }
        found.has_children = true;
        const bool ended = child.state == process_state::zombie && (wanted.options & WEXITED) != 0;
        if (!ended && !take_job_status_locked(child, wanted, found)) {
            continue;
        }
        found.event.process_id = child.id;
        found.event.uid = child.who.uid;
        if (ended) {
            take_zombie_locked(self, child, wanted, found);
        }
        break;
    }
    return found;
}

} // namespace

lib::result<child_event> wait_for_child(const child_filter& wanted) {
    process& self = current_process();
    child_event event;
    bool has_children = true;
    const auto settled = [&] {
        const finding found = look(self, wanted);
        has_children = found.has_children;
        event = found.event;
        return found.has_news || !found.has_children || (wanted.options & WNOHANG) != 0;
    };
    TRY(self.child_changed.wait(settled));
    if (!has_children) {
        return lib::error{ECHILD};
    }
    return event;
}

} // namespace task
