// The file system of the root and of /dev, /tmp: directories are the dentries themselves (dentry.hpp), so
// what is left to do here is the contents of regular files and symbolic links.
//
// A file's pages live in a ramfs_pages object that inode and mappings share. Its spinlock guards the tree
// of frames only. read and write look a frame up (one count more), and copy without any spinlock, since
// the other side is user memory that may have to be faulted in, perhaps from this very file. The inode's
// mutex is held around a whole read or write: POSIX wants them atomic to each other.
//
// A page that was never written is not there and reads as zeroes. A frame that was cut off by truncate
// while a program had it mapped stays with that program alone.

#include "kernel/fs/ramfs.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/arch/spinlock.hpp"
#include "kernel/fs/devfs.hpp"
#include "kernel/fs/directory.hpp"
#include "kernel/fs/file.hpp"
#include "kernel/fs/pipe.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/backing.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/layout.hpp"
#include "kernel/mm/page_tree.hpp"

namespace fs {

namespace {

using mm::page_size;
using mm::page_tree;

constexpr uint64_t size_limit = page_tree::index_limit * page_size;

/// Files leave this share of the memory to programs and the kernel: a full /tmp is ENOSPC for who fills it,
/// not the end of somebody's process.
constexpr size_t reserved_share = 16;

uint64_t last_device = 16;

struct ramfs_pages : mm::backing {
    using mm::backing::backing;

    arch::spinlock lock{lib::lock_rank::backing};
    page_tree pages;         ///< Guarded by lock.
    uint64_t size_bytes = 0; ///< Guarded by lock: the inode's size, for faults.
};

lib::result<mm::frame*> get_page(mm::backing& object, uint64_t index, mm::backing_access access);
void release_pages(mm::backing& object);

const mm::backing_ops pages_ops = {.get_page = get_page, .release = release_pages};

enum class absent : unsigned char { leave, create };

/// ENOSPC when the memory that is left is not for files.
lib::result<void> check_space() {
    return space_for_files() > 0 ? lib::result<void>{} : lib::error{ENOSPC};
}

/// The frame of a page with a count for the caller; null if it is absent and shall be left so.
lib::result<mm::frame*> find_page(ramfs_pages& pages, uint64_t index, absent policy) {
    {
        arch::thread_spin_guard guard(pages.lock);
        if (mm::frame* page = pages.pages.find(index); page != nullptr) {
            mm::page_get(*page);
            return page;
        }
    }
    if (policy == absent::leave) {
        return nullptr;
    }
    TRY(check_space());
    mm::frame* fresh = mm::allocate_zeroed_frame(mm::mem_tag::page_cache);
    if (fresh == nullptr) {
        return lib::error{ENOMEM};
    }
    arch::thread_spin_guard guard(pages.lock);
    if (mm::frame* page = pages.pages.find(index); page != nullptr) {
        mm::page_put(*fresh); // Another thread was faster.
        mm::page_get(*page);
        return page;
    }
    if (const auto stored = pages.pages.insert(index, fresh); !stored.ok()) {
        mm::page_put(*fresh);
        return stored.error();
    }
    mm::page_get(*fresh);
    return fresh;
}

lib::result<mm::frame*> get_page(mm::backing& object, uint64_t index, mm::backing_access) {
    auto& pages = static_cast<ramfs_pages&>(object);
    {
        arch::thread_spin_guard guard(pages.lock);
        if (index >= (pages.size_bytes + page_size - 1) / page_size) {
            return lib::error{ENXIO};
        }
    }
    return find_page(pages, index, absent::create);
}

void release_pages(mm::backing& object) {
    auto& pages = static_cast<ramfs_pages&>(object);
    pages.pages.drop_from(0);
    delete &pages;
}

ramfs_pages& pages_of(inode& node) {
    return static_cast<ramfs_pages&>(*node.pages);
}

void set_size(inode& node, uint64_t size_bytes) {
    ramfs_pages& pages = pages_of(node);
    arch::thread_spin_guard guard(pages.lock);
    pages.size_bytes = size_bytes;
    __atomic_store_n(&node.size, size_bytes, __ATOMIC_RELAXED);
}

struct page_hold {
    mm::frame* page;
    ~page_hold() {
        if (page != nullptr) {
            mm::page_put(*page);
        }
    }
    char* bytes() const { return static_cast<char*>(mm::frame_to_virtual(*page)); }
};

/// What was moved, or the error if that is nothing.
lib::result<size_t> count_or(size_t moved, lib::error why) {
    return moved > 0 ? lib::result<size_t>(moved) : why;
}

lib::result<size_t> read_file(file& f, io_buffer& buffer, uint64_t& offset) {
    inode& node = *f.node;
    task::mutex_guard guard(node.lock);
    touch_accessed_locked(node);
    size_t moved = 0;
    while (buffer.remaining() > 0 && offset < node.size) {
        const uint64_t in_page = offset % page_size;
        uint64_t step = page_size - in_page;
        step = step < node.size - offset ? step : node.size - offset;
        step = step < buffer.remaining() ? step : buffer.remaining();
        const page_hold held{TRY(find_page(pages_of(node), offset / page_size, absent::leave))};
        const auto copied =
            held.page != nullptr ? buffer.copy_out(held.bytes() + in_page, step) : buffer.clear(step);
        if (!copied.ok()) {
            return count_or(moved, copied.error());
        }
        offset += step;
        moved += step;
    }
    return moved;
}

/// Fills a page that is not there yet as a whole, which spares it from being zeroed first.
lib::result<void> write_fresh_page(ramfs_pages& pages, io_buffer& buffer, uint64_t index) {
    TRY(check_space());
    mm::frame* fresh = mm::allocate_frames(0, mm::mem_tag::page_cache);
    if (fresh == nullptr) {
        return lib::error{ENOMEM};
    }
    const page_hold held{fresh};
    TRY(buffer.copy_in(held.bytes(), page_size));
    arch::thread_spin_guard guard(pages.lock);
    if (mm::frame* page = pages.pages.find(index); page != nullptr) { // A mapping was faster.
        mm::copy_page(mm::frame_to_virtual(*page), held.bytes());
        return {};
    }
    TRY(pages.pages.insert(index, fresh));
    mm::page_get(*fresh);
    return {};
}

/// Writes within one page; the bytes written, or an error.
lib::result<size_t> write_page(inode& node, io_buffer& buffer, uint64_t offset) {
    ramfs_pages& pages = pages_of(node);
    const uint64_t in_page = offset % page_size;
    uint64_t step = page_size - in_page;
    step = step < buffer.remaining() ? step : buffer.remaining();
    const auto policy = step == page_size ? absent::leave : absent::create;
    const page_hold held{TRY(find_page(pages, offset / page_size, policy))};
    if (held.page == nullptr) {
        TRY(write_fresh_page(pages, buffer, offset / page_size));
    } else {
        TRY(buffer.copy_in(held.bytes() + in_page, step));
    }
    return step;
}

lib::result<size_t> write_file(file& f, io_buffer& buffer, uint64_t& offset) {
    inode& node = *f.node;
    task::mutex_guard guard(node.lock);
    if ((f.status_flags() & O_APPEND) != 0) {
        offset = node.size;
    }
    if (offset >= size_limit && buffer.remaining() > 0) {
        return lib::error{EFBIG};
    }
    buffer.limit(size_limit - offset);
    if (buffer.remaining() > 0) {
        drop_set_ids_locked(node);
    }
    size_t moved = 0;
    while (buffer.remaining() > 0) {
        const auto written = write_page(node, buffer, offset);
        if (!written.ok()) {
            return count_or(moved, written.error().number == ENOMEM ? lib::error{ENOSPC} : written.error());
        }
        offset += written.value();
        moved += written.value();
        if (offset > node.size) {
            set_size(node, offset);
        }
    }
    if (moved > 0) {
        touch_modified_locked(node);
    }
    return moved;
}

lib::result<void> truncate_file(inode& node, uint64_t size_bytes) {
    if (size_bytes > size_limit) {
        return lib::error{EFBIG};
    }
    const uint64_t before = node.size;
    drop_set_ids_locked(node);
    set_size(node, size_bytes);
    if (size_bytes < before) {
        ramfs_pages& pages = pages_of(node);
        const uint64_t in_page = size_bytes % page_size;
        if (in_page != 0) { // What lies beyond the end must read as zeroes if the file grows again.
            const page_hold last{TRY(find_page(pages, size_bytes / page_size, absent::leave))};
            if (last.page != nullptr) {
                memset(last.bytes() + in_page, 0, page_size - in_page);
            }
        }
        arch::thread_spin_guard guard(pages.lock);
        pages.pages.drop_from((size_bytes + page_size - 1) / page_size);
    }
    touch_modified_locked(node);
    return {};
}

const file_ops regular_file_ops = {
    .name = "ramfs file",
    .read = read_file,
    .write = write_file,
    .seekable = true,
};

const file_ops special_file_ops = {.name = "special file"};

lib::result<lib::ref<inode>> make_ramfs_node(inode& directory, uint32_t mode, uint64_t rdev);

lib::result<size_t> read_link(inode& link, char* target, size_t size_bytes) {
    const auto* text = static_cast<const char*>(link.payload);
    const size_t length = link.size < size_bytes ? link.size : size_bytes;
    memcpy(target, text, length);
    return length;
}

lib::result<void> open_special(inode& node, file& f) {
    if (S_ISFIFO(node.mode)) {
        return open_fifo(node, f);
    }
    if (S_ISCHR(node.mode) || S_ISBLK(node.mode)) {
        return open_device(node, f);
    }
    return lib::error{ENXIO}; // A socket's name: one connects to it.
}

void destroy_symlink(inode& node) {
    mm::kfree(node.payload);
}

void destroy_special(inode& node) {
    if (S_ISFIFO(node.mode)) {
        destroy_fifo(node);
    }
}

const inode_ops directory_ops = {.make_node = make_ramfs_node};
const inode_ops regular_ops = {.truncate = truncate_file};
const inode_ops symlink_ops = {.read_link = read_link, .destroy = destroy_symlink};
const inode_ops special_ops = {.open = open_special, .destroy = destroy_special};

lib::result<lib::ref<inode>> make_regular(uint32_t mode, uint64_t device) {
    auto node = TRY(new_inode(regular_ops, regular_file_ops, mode, device));
    auto* pages = new (mm::mem_tag::file) ramfs_pages(pages_ops);
    if (pages == nullptr) {
        return lib::error{ENOMEM};
    }
    node->pages = lib::ref<mm::backing>::adopt(pages);
    return node;
}

lib::result<lib::ref<inode>> make_ramfs_node(inode& directory, uint32_t mode, uint64_t rdev) {
    TRY(check_space());
    switch (mode & S_IFMT) {
    case S_IFREG:
        return make_regular(mode, directory.device);
    case S_IFDIR:
        return new_inode(directory_ops, tree_directory_ops, mode, directory.device);
    case S_IFLNK:
        return new_inode(symlink_ops, special_file_ops, mode, directory.device);
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
        return new_inode(special_ops, special_file_ops, mode, directory.device, rdev);
    default:
        return lib::error{EINVAL};
    }
}

} // namespace

size_t space_for_files() {
    const size_t reserve = mm::total_frame_count() / reserved_share;
    const size_t free = mm::free_frame_count();
    return free > reserve ? free - reserve : 0;
}

lib::result<void> set_link_target(inode& link, const char* target) {
    const size_t length = strlen(target);
    link.payload = mm::kmalloc(length + 1, mm::mem_tag::file);
    if (link.payload == nullptr) {
        return lib::error{ENOMEM};
    }
    memcpy(link.payload, target, length + 1);
    link.size = length;
    return {};
}

lib::result<lib::ref<dentry>> make_ramfs(uint32_t root_mode) {
    const uint64_t device = __atomic_add_fetch(&last_device, 1, __ATOMIC_RELAXED);
    auto node = TRY(new_inode(directory_ops, tree_directory_ops, S_IFDIR | root_mode, device));
    return new_dentry(std::move(node), nullptr, name_of("/"));
}

lib::result<lib::ref<inode>> new_unnamed_file(uint32_t mode) {
    return make_regular(S_IFREG | mode, 2);
}

} // namespace fs
