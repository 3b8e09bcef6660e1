// Inodes in general: making them, their times, what stat tells, and who may do what. Nothing here knows a
// file system.

#include "kernel/fs/inode.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/arch/clock.hpp"
#include "kernel/fs/file.hpp"
#include "kernel/fs/file_lock.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/layout.hpp"
#include "kernel/task/process.hpp"

namespace fs {

namespace {

uint64_t last_number = 0;

constexpr uint64_t anonymous_device = 1;
constexpr uint64_t ns_per_second = 1'000'000'000;

/// What has no name cannot be opened by one, not even by that of /proc/self/fd/3.
lib::result<void> refuse_open(inode&, file&) {
    return lib::error{ENXIO};
}

const inode_ops anonymous_ops = {.open = refuse_open};
const file_ops anonymous_file_ops = {.name = "anonymous"};

uint64_t ns_of(const file_time& time) {
    return static_cast<uint64_t>(time.seconds) * ns_per_second + time.nanoseconds;
}

bool in_group(const task::credentials& who, uint32_t gid) {
    for (unsigned i = 0; i < who.group_count; i++) {
        if (who.groups[i] == gid) {
            return true;
        }
    }
    return who.effective_gid == gid;
}

} // namespace

inode::inode(const inode_ops& node_ops, const file_ops& node_file_ops, uint32_t node_mode)
    : ops(&node_ops), default_file_ops(&node_file_ops), lock(lib::lock_rank::inode), mode(node_mode) {}

void inode::release_last(inode* node) {
    forget_all_locks(*node);
    if (node->ops->destroy != nullptr) {
        node->ops->destroy(*node);
    }
    delete node;
}

bool inode::is_directory() const {
    return S_ISDIR(mode);
}
bool inode::is_regular() const {
    return S_ISREG(mode);
}
bool inode::is_symlink() const {
    return S_ISLNK(mode);
}

lib::result<lib::ref<inode>> new_inode(const inode_ops& ops, const file_ops& file_ops, uint32_t mode,
                                       uint64_t device, uint64_t rdev) {
    auto* node = new (mm::mem_tag::file) inode(ops, file_ops, mode);
    if (node == nullptr) {
        return lib::error{ENOMEM};
    }
    node->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
    node->device = device;
    node->rdev = rdev;
    node->links = node->is_directory() ? 2 : 1;
    node->accessed = node->modified = node->changed = current_file_time();
    const task::credentials who = task::current_credentials();
    node->uid = who.effective_uid;
    node->gid = who.effective_gid;
    return lib::ref<inode>::adopt(node);
}

lib::result<lib::ref<inode>> new_anonymous_inode(uint32_t mode) {
    return new_inode(anonymous_ops, anonymous_file_ops, mode, anonymous_device);
}

file_time current_file_time() {
    const auto now = static_cast<int64_t>(arch::clock_now_ns()) + arch::clock_realtime_offset_ns();
    const auto since_epoch = static_cast<uint64_t>(now < 0 ? 0 : now);
    return {static_cast<int64_t>(since_epoch / ns_per_second),
            static_cast<uint32_t>(since_epoch % ns_per_second)};
}

void touch_accessed_locked(inode& node) {
    // As Linux's relatime: a second of precision is enough, and reading stays reading.
    const file_time now = current_file_time();
    if (ns_of(now) > ns_of(node.accessed) + ns_per_second || ns_of(node.accessed) <= ns_of(node.modified)) {
        node.accessed = now;
    }
}

void touch_modified_locked(inode& node) {
    node.modified = node.changed = current_file_time();
}

void describe(inode& node, struct stat& status) {
    if (node.ops->refresh != nullptr) {
        node.ops->refresh(node);
    }
    memset(&status, 0, sizeof status);
    task::mutex_guard guard(node.lock);
    status.st_dev = node.device;
    status.st_ino = node.number;
    status.st_nlink = node.links;
    status.st_mode = node.mode;
    status.st_uid = node.uid;
    status.st_gid = node.gid;
    status.st_rdev = node.rdev;
    status.st_size = static_cast<int64_t>(node.size);
    status.st_blksize = mm::page_size;
    status.st_blocks = static_cast<int64_t>((node.size + 511) / 512);
    status.st_atim = {node.accessed.seconds, node.accessed.nanoseconds};
    status.st_mtim = {node.modified.seconds, node.modified.nanoseconds};
    status.st_ctim = {node.changed.seconds, node.changed.nanoseconds};
}

lib::result<void> check_access(const inode& node, uint32_t wanted) {
    return check_access(node, wanted, task::current_credentials());
}

lib::result<void> check_access(const inode& node, uint32_t wanted, const task::credentials& who) {
    const uint32_t mode = __atomic_load_n(&node.mode, __ATOMIC_RELAXED);
    if (who.is_root()) {
        // Root may do all, but a file is only a program if somebody marked it so.
        const bool runnable = S_ISDIR(mode) || (mode & 0111) != 0;
        return (wanted & may_execute) == 0 || runnable ? lib::result<void>{} : lib::error{EACCES};
    }
    uint32_t granted = mode;
    if (who.effective_uid == node.uid) {
        granted = mode >> 6;
    } else if (in_group(who, node.gid)) {
        granted = mode >> 3;
    }
    return (granted & wanted) == wanted ? lib::result<void>{} : lib::error{EACCES};
}

bool may_act_for_group(uint32_t gid) {
    const task::credentials who = task::current_credentials();
    return who.is_root() || in_group(who, gid);
}

void drop_set_ids_locked(inode& node) {
    uint32_t dropped = node.mode & (S_ISUID | S_ISGID);
    if (dropped == 0 || !node.is_regular() || task::current_credentials().is_root()) {
        return;
    }
    if ((node.mode & S_IXGRP) == 0 && may_act_for_group(node.gid)) {
        dropped &= ~uint32_t{S_ISGID}; // without the right to execute it means something else
    }
    __atomic_store_n(&node.mode, node.mode & ~dropped, __ATOMIC_RELAXED);
}

bool owns(const inode& node) {
    const task::credentials who = task::current_credentials();
    return who.is_root() || who.effective_uid == node.uid;
}

} // namespace fs
