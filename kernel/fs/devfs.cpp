// /dev. Drivers register a device under a name and a number; the name becomes an entry of a ramfs, the
// number is what opening goes by, so that a node made with mknod(2) elsewhere leads to the same driver.
// Devices are few and registered at boot: a list under a spinlock.

#include "kernel/fs/devfs.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/arch/spinlock.hpp"
#include "kernel/fs/dentry.hpp"
#include "kernel/fs/memory_devices.hpp"
#include "kernel/fs/ramfs.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"

namespace fs {

namespace {

using open_function = lib::result<void> (*)(file& f, void* context);

struct device {
    lib::list_link link;
    uint32_t type; ///< S_IFCHR or S_IFBLK.
    uint64_t rdev;
    const file_ops* ops;
    void* context;
    open_function open;
};

lib::ref<dentry> root;
lib::list<device, &device::link> devices; ///< Guarded by devices_lock. Never destroyed.
arch::spinlock devices_lock{lib::lock_rank::device};

device* find_device_locked(uint32_t type, uint64_t rdev) {
    for (device& candidate : devices) {
        if (candidate.type == type && candidate.rdev == rdev) {
            return &candidate;
        }
    }
    return nullptr;
}

lib::result<lib::ref<inode>> make_directory(inode& above) {
    return above.ops->make_node(above, S_IFDIR | 0755, 0);
}

lib::result<void> add_node(const char* name, uint32_t mode, uint64_t rdev) {
    task::mutex_guard guard(tree_lock());
    const place where = TRY(make_place_locked(*root, name, make_directory));
    if (find_child_locked(*where.directory, where.name).ok()) {
        return lib::error{EEXIST};
    }
    inode& above = *where.directory->node;
    auto node = TRY(above.ops->make_node(above, mode, rdev));
    TRY(add_child_locked(*where.directory, where.name, std::move(node)));
    return {};
}

} // namespace

lib::result<void> register_device(const char* name, uint32_t mode, uint64_t rdev, const file_ops& ops,
                                  void* context) {
    return register_device(name, mode, rdev, ops, context, nullptr);
}

lib::result<void> register_device(const char* name, uint32_t mode, uint64_t rdev, const file_ops& ops,
                                  void* context, lib::result<void> (*open)(file& f, void* context)) {
    auto* made = new (mm::mem_tag::file) device{{}, mode & S_IFMT, rdev, &ops, context, open};
    if (made == nullptr) {
        return lib::error{ENOMEM};
    }
    if (const auto added = add_node(name, mode, rdev); !added.ok()) {
        delete made;
        return added.error();
    }
    arch::thread_spin_guard guard(devices_lock);
    devices.push_back(*made);
    return {};
}

lib::result<void> unregister_device(const char* name) {
    lib::ref<dentry> gone;
    {
        task::mutex_guard guard(tree_lock());
        const place where = TRY(make_place_locked(*root, name, make_directory));
        gone = TRY(find_child_locked(*where.directory, where.name));
        remove_child_locked(*gone);
    }
    device* dead = nullptr;
    {
        arch::thread_spin_guard guard(devices_lock);
        gone->node->device_gone = true; // The next device may get its number, but not who can still name it.
        dead = find_device_locked(gone->node->mode & S_IFMT, gone->node->rdev);
        if (dead != nullptr) {
            dead->link.unlink();
        }
    }
    delete dead;
    return {};
}

lib::result<void> open_device(inode& node, file& f) {
    open_function open = nullptr;
    void* context = nullptr;
    {
        arch::thread_spin_guard guard(devices_lock);
        if (node.device_gone) {
            return lib::error{EIO};
        }
        const device* found = find_device_locked(node.mode & S_IFMT, node.rdev);
        if (found == nullptr) {
            return lib::error{ENXIO};
        }
        f.ops = found->ops;
        open = found->open;
        context = found->context;
    }
    f.private_data = context;
    if (open == nullptr) {
        return {};
    }
    const file_ops* registered = f.ops;
    static constexpr file_ops opening = {.name = "opening"};
    f.ops = &opening; // A device that refuses to be opened is not released either.
    TRY(open(f, context));
    if (f.ops == &opening) {
        f.ops = registered;
    }
    return {};
}

lib::result<void> initialize_devfs() {
    root = TRY(make_ramfs(0755));
    return register_memory_devices();
}

lib::ref<dentry> devfs_root() {
    return root;
}

} // namespace fs
