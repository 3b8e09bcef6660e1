// Names and directories: reading them, making, moving and removing entries, the working directory, mounts.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/devfs.hpp"
#include "kernel/fs/fs_context.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/fs/procfs.hpp"
#include "kernel/fs/ramfs.hpp"
#include "kernel/fs/scratch.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/file.hpp"
#include "kernel/syscall/file_arguments.hpp"
#include "kernel/task/process.hpp"

namespace syscall {

namespace {

constexpr size_t dirent_header = offsetof(linux_dirent64, d_name);
constexpr size_t listing_limit = 8192;

/// Collects records in kernel memory; they go to the program in one copy, without any lock held.
struct listing : fs::directory_sink {
    char* bytes;
    size_t size_bytes;
    size_t used = 0;
    bool overflowed = false;
};

bool add_record(fs::directory_sink& self, const fs::name_view& name, uint64_t inode_number, uint32_t mode,
                uint64_t next_cursor) {
    auto& out = static_cast<listing&>(self);
    const size_t length = (dirent_header + name.length + 1 + 7) & ~size_t{7};
    if (out.size_bytes - out.used < length) {
        out.overflowed = true;
        return false;
    }
    char* at = out.bytes + out.used;
    memset(at, 0, length);
    auto* record = reinterpret_cast<linux_dirent64*>(at);
    record->d_ino = inode_number;
    record->d_off = static_cast<int64_t>(next_cursor);
    record->d_reclen = static_cast<uint16_t>(length);
    record->d_type = static_cast<uint8_t>((mode & S_IFMT) >> 12);
    memcpy(at + dirent_header, name.text, name.length);
    out.used += length;
    return true;
}

lib::result<size_t> getdents(const arguments& args) {
    const auto f = TRY(current_files().get(args.as_int(0)));
    if (f->ops->read_directory == nullptr) {
        return lib::error{ENOTDIR};
    }
    fs::scratch buffer(args.as_u32(2) < listing_limit ? args.as_u32(2) : listing_limit);
    if (!buffer) {
        return lib::error{ENOMEM};
    }
    task::mutex_guard guard(f->position_lock);
    listing out{{add_record, f->offset}, buffer.data(), buffer.size()};
    TRY(f->ops->read_directory(*f, out));
    if (out.used == 0 && out.overflowed) {
        return lib::error{EINVAL};
    }
    TRY(mm::copy_to_user(mm::user_ptr<void>(args[1]), buffer.data(), out.used));
    f->offset = out.cursor;
    return out.used;
}

struct place {
    lib::ref<fs::dentry> root;
    lib::ref<fs::dentry> directory;
};

place current_place() {
    const fs::fs_context& context = *task::current_process().directories;
    task::mutex_guard guard(fs::tree_lock());
    return {context.root, context.working_directory};
}

lib::result<size_t> getcwd(uint64_t address, uint64_t size_bytes) {
    const place here = current_place();
    fs::scratch path(fs::path_limit);
    if (!path) {
        return lib::error{ENOMEM};
    }
    if (here.directory->removed) {
        return lib::error{ENOENT};
    }
    const size_t length = TRY(fs::absolute_path(*here.directory, *here.root, path.data(), path.size())) + 1;
    if (length > size_bytes) {
        return lib::error{ERANGE};
    }
    TRY(mm::copy_to_user(mm::user_ptr<void>(address), path.data(), length));
    return length;
}

/// Exchanges the root or working directory; the old one is let go after the lock was given back.
lib::result<void> move_to(lib::ref<fs::dentry> target, lib::ref<fs::dentry> fs::fs_context::*what) {
    if (!target->node->is_directory()) {
        return lib::error{ENOTDIR};
    }
    TRY(fs::check_access(*target->node, fs::may_execute));
    task::mutex_guard guard(fs::tree_lock());
    std::swap(task::current_process().directories->*what, target);
    return {};
}

lib::result<lib::ref<fs::dentry>> walk_to(uint64_t address) {
    path_argument path;
    TRY(path.load(AT_FDCWD, address));
    return fs::walk(path.start(), path.text());
}

lib::result<void> chdir(uint64_t address) {
    return move_to(TRY(walk_to(address)), &fs::fs_context::working_directory);
}

lib::result<void> fchdir(int fd) {
    const auto f = TRY(current_files().get(fd));
    return f->entry ? move_to(f->entry, &fs::fs_context::working_directory) : lib::error{ENOTDIR};
}

lib::result<void> chroot(uint64_t address) {
    if (!task::current_credentials().is_root()) {
        return lib::error{EPERM};
    }
    return move_to(TRY(walk_to(address)), &fs::fs_context::root);
}

lib::result<void> mknod_at(int dirfd, uint64_t address, uint32_t mode, uint64_t rdev) {
    path_argument path;
    TRY(path.load(dirfd, address));
    mode = (mode & S_IFMT) == 0 ? mode | S_IFREG : mode;
    if (S_ISDIR(mode) || S_ISLNK(mode)) {
        return lib::error{EINVAL};
    }
    if ((S_ISCHR(mode) || S_ISBLK(mode)) && !task::current_credentials().is_root()) {
        return lib::error{EPERM};
    }
    TRY(fs::make_node(path.start(), path.text(), mode, rdev));
    return {};
}

lib::result<void> mkdir_at(int dirfd, uint64_t address, uint32_t mode) {
    path_argument path;
    TRY(path.load(dirfd, address));
    TRY(fs::make_node(path.start(), path.text(), S_IFDIR | (mode & 01777)));
    return {};
}

lib::result<void> unlink_at(int dirfd, uint64_t address, int flags) {
    if ((flags & ~AT_REMOVEDIR) != 0) {
        return lib::error{EINVAL};
    }
    path_argument path;
    TRY(path.load(dirfd, address));
    return flags != 0 ? fs::remove_directory(path.start(), path.text())
                      : fs::unlink(path.start(), path.text());
}

lib::result<void> rename_at(int old_dirfd, uint64_t old_address, int new_dirfd, uint64_t new_address,
                            uint32_t flags) {
    path_argument from;
    path_argument to;
    TRY(from.load(old_dirfd, old_address));
    TRY(to.load(new_dirfd, new_address));
    return fs::rename(from.start(), from.text(), to.start(), to.text(), flags);
}

lib::result<void> link_at(int old_dirfd, uint64_t old_address, int new_dirfd, uint64_t new_address,
                          int flags) {
    if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0) {
        return lib::error{EINVAL};
    }
    path_argument from;
    path_argument to;
    TRY(from.load(old_dirfd, old_address));
    TRY(to.load(new_dirfd, new_address));
    const auto last = (flags & AT_SYMLINK_FOLLOW) != 0 ? fs::last_link::follow : fs::last_link::keep;
    const auto existing = TRY(fs::walk(from.start(), from.text(), last));
    return fs::make_link(*existing, to.start(), to.text());
}

lib::result<void> symlink_at(uint64_t target_address, int dirfd, uint64_t address) {
    path_argument target;
    path_argument path;
    TRY(target.load(AT_FDCWD, target_address));
    TRY(path.load(dirfd, address));
    return fs::make_symlink(target.text(), path.start(), path.text());
}

struct file_system {
    const char* type;
    lib::result<lib::ref<fs::dentry>> (*root)();
};

/// By their names in mount(2). There is one /dev and one /proc; each tmpfs is new.
constexpr file_system file_systems[] = {
    {"proc", [] { return lib::result<lib::ref<fs::dentry>>(fs::procfs_root()); }},
    {"devtmpfs", [] { return lib::result<lib::ref<fs::dentry>>(fs::devfs_root()); }},
    {"tmpfs", [] { return fs::make_ramfs(01777); }},
    {"ramfs", [] { return fs::make_ramfs(0755); }},
};

lib::result<void> mount(const arguments& args) {
    if (!task::current_credentials().is_root()) {
        return lib::error{EPERM};
    }
    const auto directory = TRY(walk_to(args[1]));
    if ((args[3] & MS_REMOUNT) != 0) {
        return directory->covers != nullptr ? lib::result<void>{} : lib::error{EINVAL};
    }
    char type[16];
    const auto length = mm::copy_string_from_user(type, mm::user_ptr<const char>(args[2]), sizeof type);
    if (!length.ok()) {
        return lib::error{length.error().number == ENAMETOOLONG ? ENODEV : length.error().number};
    }
    for (const file_system& known : file_systems) {
        if (strcmp(known.type, type) == 0) {
            auto root = TRY(known.root());
            return fs::mount(*directory, std::move(root), known.type);
        }
    }
    return lib::error{ENODEV};
}

lib::result<void> umount(const arguments& args) {
    if (!task::current_credentials().is_root()) {
        return lib::error{EPERM};
    }
    const auto mounted = TRY(walk_to(args[0]));
    return fs::unmount(*mounted);
}

} // namespace

long sys_getdents64(const arguments& args) {
    return lib::as_syscall(getdents(args));
}
long sys_getcwd(const arguments& args) {
    return lib::as_syscall(getcwd(args[0], args[1]));
}
long sys_chdir(const arguments& args) {
    return lib::as_syscall(chdir(args[0]));
}
long sys_fchdir(const arguments& args) {
    return lib::as_syscall(fchdir(args.as_int(0)));
}
long sys_chroot(const arguments& args) {
    return lib::as_syscall(chroot(args[0]));
}
long sys_mkdir(const arguments& args) {
    return lib::as_syscall(mkdir_at(AT_FDCWD, args[0], args.as_u32(1)));
}
long sys_mkdirat(const arguments& args) {
    return lib::as_syscall(mkdir_at(args.as_int(0), args[1], args.as_u32(2)));
}
long sys_mknod(const arguments& args) {
    return lib::as_syscall(mknod_at(AT_FDCWD, args[0], args.as_u32(1), args[2]));
}
long sys_mknodat(const arguments& args) {
    return lib::as_syscall(mknod_at(args.as_int(0), args[1], args.as_u32(2), args[3]));
}
long sys_rmdir(const arguments& args) {
    return lib::as_syscall(unlink_at(AT_FDCWD, args[0], AT_REMOVEDIR));
}
long sys_unlink(const arguments& args) {
    return lib::as_syscall(unlink_at(AT_FDCWD, args[0], 0));
}
long sys_unlinkat(const arguments& args) {
    return lib::as_syscall(unlink_at(args.as_int(0), args[1], args.as_int(2)));
}
long sys_rename(const arguments& args) {
    return lib::as_syscall(rename_at(AT_FDCWD, args[0], AT_FDCWD, args[1], 0));
}
long sys_renameat(const arguments& args) {
    return lib::as_syscall(rename_at(args.as_int(0), args[1], args.as_int(2), args[3], 0));
}
long sys_renameat2(const arguments& args) {
    return lib::as_syscall(rename_at(args.as_int(0), args[1], args.as_int(2), args[3], args.as_u32(4)));
}
long sys_link(const arguments& args) {
    return lib::as_syscall(link_at(AT_FDCWD, args[0], AT_FDCWD, args[1], 0));
}
long sys_linkat(const arguments& args) {
    return lib::as_syscall(link_at(args.as_int(0), args[1], args.as_int(2), args[3], args.as_int(4)));
}
long sys_symlink(const arguments& args) {
    return lib::as_syscall(symlink_at(args[0], AT_FDCWD, args[1]));
}
long sys_symlinkat(const arguments& args) {
    return lib::as_syscall(symlink_at(args[0], args.as_int(1), args[2]));
}
long sys_mount(const arguments& args) {
    return lib::as_syscall(mount(args));
}
long sys_umount2(const arguments& args) {
    return lib::as_syscall(umount(args));
}

} // namespace syscall
