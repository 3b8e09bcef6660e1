#include "kernel/syscall/process.hpp"

// User and group ids (credentials(7)). Everything starts as root; a process that gives that up keeps what
// it set. The rules for users and groups are the same, so each is written once, over pointers to members.

#include "kernel/abi/errno.h"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/process.hpp"

namespace syscall {

namespace {

using task::credentials;
constexpr uint32_t unchanged = ~0u;
constexpr unsigned group_limit = sizeof credentials::groups / sizeof credentials::groups[0];

// The three ids of one kind.
struct id_kind {
    uint32_t credentials::*real;
    uint32_t credentials::*effective;
    uint32_t credentials::*saved;
};
constexpr id_kind user_ids = {&credentials::uid, &credentials::effective_uid, &credentials::saved_uid};
constexpr id_kind group_ids = {&credentials::gid, &credentials::effective_gid, &credentials::saved_gid};

bool may_become(const credentials& who, const id_kind& kind, uint32_t id) {
    return id == unchanged || who.is_root() || id == who.*kind.real || id == who.*kind.effective ||
           id == who.*kind.saved;
}

long set_all(const id_kind& kind, uint32_t real, uint32_t effective, uint32_t saved) {
    task::process& self = task::current_process();
    const arch::spin_guard guard(self.details_lock);
    credentials& who = self.who;
    if (!may_become(who, kind, real) || !may_become(who, kind, effective) || !may_become(who, kind, saved)) {
        return -EPERM;
    }
    who.*kind.real = real != unchanged ? real : who.*kind.real;
    who.*kind.effective = effective != unchanged ? effective : who.*kind.effective;
    who.*kind.saved = saved != unchanged ? saved : who.*kind.saved;
    return 0;
}

// setuid, setgid: root sets all three, others only the effective one.
long set_one(const id_kind& kind, uint32_t id) {
    if (id == unchanged) {
        return -EINVAL;
    }
    const bool is_root = task::current_credentials().is_root();
    return set_all(kind, is_root ? id : unchanged, id, is_root ? id : unchanged);
}

long set_real_and_effective(const id_kind& kind, uint32_t real, uint32_t effective) {
    const credentials before = task::current_credentials();
    const bool saved_follows =
        real != unchanged || (effective != unchanged && effective != before.*kind.real);
    const uint32_t next = effective != unchanged ? effective : before.*kind.effective;
    return set_all(kind, real, effective, saved_follows ? next : unchanged);
}

long store_three(const id_kind& kind, const arguments& args) {
    const credentials who = task::current_credentials();
    const uint32_t values[] = {who.*kind.real, who.*kind.effective, who.*kind.saved};
    for (unsigned i = 0; i < 3; i++) {
        if (!mm::store(mm::user_ptr<uint32_t>(args[i]), values[i]).ok()) {
            return -EFAULT;
        }
    }
    return 0;
}

} // namespace

long sys_getuid(const arguments&) {
    return task::current_credentials().uid;
}

long sys_geteuid(const arguments&) {
    return task::current_credentials().effective_uid;
}

long sys_getgid(const arguments&) {
    return task::current_credentials().gid;
}

long sys_getegid(const arguments&) {
    return task::current_credentials().effective_gid;
}

long sys_getresuid(const arguments& args) {
    return store_three(user_ids, args);
}

long sys_getresgid(const arguments& args) {
    return store_three(group_ids, args);
}

long sys_setuid(const arguments& args) {
    return set_one(user_ids, args.as_u32(0));
}

long sys_setgid(const arguments& args) {
    return set_one(group_ids, args.as_u32(0));
}

long sys_setreuid(const arguments& args) {
    return set_real_and_effective(user_ids, args.as_u32(0), args.as_u32(1));
}

long sys_setregid(const arguments& args) {
    return set_real_and_effective(group_ids, args.as_u32(0), args.as_u32(1));
}

long sys_setresuid(const arguments& args) {
    return set_all(user_ids, args.as_u32(0), args.as_u32(1), args.as_u32(2));
}

long sys_setresgid(const arguments& args) {
    return set_all(group_ids, args.as_u32(0), args.as_u32(1), args.as_u32(2));
}

// The file system's id is always the effective one; both calls return it and change nothing.
long sys_setfsuid(const arguments&) {
    return task::current_credentials().effective_uid;
}

long sys_setfsgid(const arguments&) {
    return task::current_credentials().effective_gid;
}

long sys_getgroups(const arguments& args) {
    const credentials who = task::current_credentials();
    const int room = args.as_int(0);
    if (room == 0) {
        return who.group_count;
    }
    if (room < 0 || static_cast<unsigned>(room) < who.group_count) {
        return -EINVAL;
    }
    const size_t length = who.group_count * sizeof(uint32_t);
    return mm::copy_to_user(mm::user_ptr<void>(args[1]), who.groups, length).ok() ? who.group_count : -EFAULT;
}

long sys_setgroups(const arguments& args) {
    const uint64_t count = args[0];
    if (!task::current_credentials().is_root()) {
        return -EPERM;
    }
    if (count > group_limit) {
        return -EINVAL;
    }
    uint32_t groups[group_limit];
    if (!mm::copy_from_user(groups, mm::user_ptr<const void>(args[1]), count * sizeof(uint32_t)).ok()) {
        return -EFAULT;
    }
    task::process& self = task::current_process();
    const arch::spin_guard guard(self.details_lock);
    for (uint64_t i = 0; i < count; i++) {
        self.who.groups[i] = groups[i];
    }
    self.who.group_count = static_cast<unsigned>(count);
    return 0;
}

namespace {

// capabilities(7), version 3: two words of each set. Root has all of them, others none.
struct capability_header {
    uint32_t version;
    int process_id;
};
struct capability_words {
    uint32_t effective, permitted, inheritable;
};
constexpr uint32_t capability_version_3 = 0x20080522;

lib::result<capability_header> fetch_capability_header(uint64_t user_header) {
    const mm::user_ptr<capability_header> at(user_header);
    const capability_header header = TRY(mm::fetch(at));
    if (header.version != capability_version_3) {
        TRY(mm::store(at, capability_header{capability_version_3, header.process_id}));
        return lib::error{EINVAL};
    }
    return header;
}

lib::result<void> store_capabilities(const arguments& args) {
    TRY(fetch_capability_header(args[0]));
    const uint32_t all = task::current_credentials().is_root() ? ~0u : 0;
    struct both {
        capability_words words[2];
    };
    const both told = {{{all, all, 0}, {all & 0x1ff, all & 0x1ff, 0}}};
    return mm::store(mm::user_ptr<both>(args[1]), told);
}

} // namespace

long sys_capget(const arguments& args) {
    return lib::as_syscall(store_capabilities(args));
}

long sys_capset(const arguments& args) {
    const auto header = fetch_capability_header(args[0]);
    if (!header.ok()) {
        return -header.error().number;
    }
    return task::current_credentials().is_root() ? 0 : -EPERM;
}

} // namespace syscall
