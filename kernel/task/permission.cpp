#include "kernel/task/permission.hpp"

namespace task {

namespace {

credentials credentials_of(process& who) {
    const arch::spin_guard guard(who.details_lock);
    return who.who;
}

} // namespace

bool may_signal(const credentials& sender, process& target) {
    const credentials other = credentials_of(target);
    return sender.is_root() || sender.effective_uid == other.uid || sender.effective_uid == other.saved_uid ||
           sender.uid == other.uid || sender.uid == other.saved_uid;
}

} // namespace task
