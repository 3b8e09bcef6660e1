// Open files. The checks that every read and write needs stand here once: the mode of the open, the
// offset and its lock. A file that is a stream (no offset) is never locked here, because its read may
// sleep for as long as nobody writes.

#include "kernel/fs/file.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/dentry.hpp"
#include "kernel/fs/epoll.hpp"
#include "kernel/fs/file_lock.hpp"
#include "kernel/mm/kmalloc.hpp"

namespace fs {

namespace {

constexpr uint32_t changeable_flags = O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME;

size_t open_files = 0; ///< Atomic.

} // namespace

file::file(const file_ops& file_ops_table, lib::ref<inode> file_node, uint32_t open_flags)
    : ops(&file_ops_table), node(std::move(file_node)), flags(open_flags),
      position_lock(lib::lock_rank::file_position) {}

void file::release_last(file* f) {
    forget_watchers(*f);
    forget_open_file_locks(*f);
    if (f->ops->release != nullptr) {
        f->ops->release(*f);
    }
    delete f;
    __atomic_sub_fetch(&open_files, 1, __ATOMIC_RELAXED);
}

void file::set_status_flags(uint32_t changed) {
    const uint32_t kept = status_flags() & ~changeable_flags;
    __atomic_store_n(&flags, kept | (changed & changeable_flags), __ATOMIC_RELAXED);
}

lib::result<lib::ref<file>> new_file(const file_ops& ops, lib::ref<inode> node, uint32_t open_flags) {
    if (__atomic_add_fetch(&open_files, 1, __ATOMIC_RELAXED) > open_file_limit) {
        __atomic_sub_fetch(&open_files, 1, __ATOMIC_RELAXED);
        return lib::error{ENFILE};
    }
    auto* f = new (mm::mem_tag::file) file(ops, std::move(node), open_flags);
    if (f == nullptr) {
        __atomic_sub_fetch(&open_files, 1, __ATOMIC_RELAXED);
        return lib::error{ENOMEM};
    }
    return lib::ref<file>::adopt(f);
}

size_t open_file_count() {
    return __atomic_load_n(&open_files, __ATOMIC_RELAXED);
}

namespace {

lib::result<void> check_readable(const file& f) {
    if (!f.readable()) {
        return lib::error{EBADF};
    }
    if (f.ops->read == nullptr) {
        return lib::error{f.node->is_directory() ? EISDIR : EINVAL};
    }
    return {};
}

lib::result<void> check_writable(const file& f) {
    if (!f.writable()) {
        return lib::error{EBADF};
    }
    return f.ops->write == nullptr ? lib::error{EINVAL} : lib::result<void>{};
}

} // namespace

lib::result<size_t> read(file& f, io_buffer& buffer) {
    TRY(check_readable(f));
    if (!f.ops->seekable) {
        uint64_t unused = 0;
        return f.ops->read(f, buffer, unused);
    }
    task::mutex_guard guard(f.position_lock);
    return f.ops->read(f, buffer, f.offset);
}

lib::result<size_t> write(file& f, io_buffer& buffer) {
    TRY(check_writable(f));
    if (!f.ops->seekable) {
        uint64_t unused = 0;
        return f.ops->write(f, buffer, unused);
    }
    task::mutex_guard guard(f.position_lock);
    return f.ops->write(f, buffer, f.offset);
}

lib::result<size_t> read_at(file& f, io_buffer& buffer, uint64_t offset) {
    TRY(check_readable(f));
    return f.ops->seekable ? f.ops->read(f, buffer, offset) : lib::error{ESPIPE};
}

lib::result<size_t> write_at(file& f, io_buffer& buffer, uint64_t offset) {
    TRY(check_writable(f));
    return f.ops->seekable ? f.ops->write(f, buffer, offset) : lib::error{ESPIPE};
}

lib::result<size_t> read_kernel(file& f, void* to, size_t length, uint64_t offset) {
    io_buffer buffer(to, length, io_memory::kernel);
    return read_at(f, buffer, offset);
}

short poll(file& f, poll_table* table) {
    if (f.ops->poll == nullptr) {
        return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    }
    return f.ops->poll(f, table);
}

lib::result<lib::ref<mm::backing>> map_pages(file& f) {
    if (f.ops->map != nullptr) {
        return f.ops->map(f);
    }
    if (!f.node->pages) {
        return lib::error{ENODEV};
    }
    return f.node->pages;
}

lib::result<uint64_t> seek(file& f, int64_t offset, int whence) {
    if (f.ops->seek != nullptr) {
        return f.ops->seek(f, offset, whence);
    }
    if (!f.ops->seekable) {
        return lib::error{ESPIPE};
    }
    task::mutex_guard guard(f.position_lock);
    int64_t base = 0;
    const auto size = static_cast<int64_t>(__atomic_load_n(&f.node->size, __ATOMIC_RELAXED));
    switch (whence) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = static_cast<int64_t>(f.offset);
        break;
    case SEEK_END:
        base = size;
        break;
    case SEEK_DATA: // All of a file is data, and its end is the only hole.
    case SEEK_HOLE:
        if (offset < 0 || offset >= size) {
            return lib::error{ENXIO};
        }
        base = whence == SEEK_HOLE ? size - offset : 0;
        break;
    default:
        return lib::error{EINVAL};
    }
    int64_t target = 0;
    if (__builtin_add_overflow(base, offset, &target)) {
        return lib::error{EOVERFLOW};
    }
    if (target < 0) {
        return lib::error{EINVAL};
    }
    f.offset = static_cast<uint64_t>(target);
    return f.offset;
}

} // namespace fs
