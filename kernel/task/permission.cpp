#include "kernel/task/permission.hpp"

namespace task {

namespace {

credentials credentials_of(process& who) {
    const arch::spin_guard guard(who.details_lock);
    return who.who;
}

bool is_all_of(const credentials& who, uint32_t uid, uint32_t gid) {
    return who.uid == uid && who.effective_uid == uid && who.saved_uid == uid && who.gid == gid &&
           who.effective_gid == gid && who.saved_gid == gid;
}

} // namespace

bool may_signal(const credentials& sender, process& target) {
    const credentials other = credentials_of(target);
    return sender.is_root() || sender.effective_uid == other.uid || sender.effective_uid == other.saved_uid ||
           sender.uid == other.uid || sender.uid == other.saved_uid;
}

bool may_limit(process& target) {
    const credentials caller = current_credentials();
    return caller.is_root() || &target == &current_process() ||
           is_all_of(credentials_of(target), caller.uid, caller.gid);
}

bool may_inspect(process& target) {
    const credentials caller = current_credentials();
    return caller.is_root() || &target == &current_process() ||
           is_all_of(credentials_of(target), caller.effective_uid, caller.effective_gid);
}

} // namespace task
