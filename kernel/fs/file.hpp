#pragma once
// An open file: what a descriptor leads to. Descriptors that dup or fork made share one struct file, and
// with it the offset and the status flags. Sockets, pipes and devices are files with other ops.

#include "kernel/fs/inode.hpp"
#include "kernel/fs/io_buffer.hpp"
#include "kernel/fs/poll.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/task/mutex.hpp"

#include <cstddef>
#include <cstdint>

namespace fs {

struct dentry;
struct directory_sink;

/// All run in process context without locks held and may sleep. Empty members: see each.
struct file_ops {
    const char* name = nullptr; ///< For gdb and /proc.
    /// Reads at the offset and advances it; 0 is the end of the file. Streams ignore the offset. Empty:
    /// EINVAL, EISDIR for a directory.
    lib::result<size_t> (*read)(file& f, io_buffer& buffer, uint64_t& offset) = nullptr;
    /// Writes at the offset and advances it. Empty: EINVAL.
    lib::result<size_t> (*write)(file& f, io_buffer& buffer, uint64_t& offset) = nullptr;
    /// Present readiness (poll.hpp). Empty: always readable and writable.
    short (*poll)(file& f, poll_table* table) = nullptr;
    /// Empty, or an unknown request: ENOTTY. FIONBIO, FIOCLEX and FIONCLEX never arrive here.
    lib::result<long> (*ioctl)(file& f, uint32_t request, uint64_t argument) = nullptr;
    /// Empty: the usual lseek if seekable, else ESPIPE.
    lib::result<uint64_t> (*seek)(file& f, int64_t offset, int whence) = nullptr;
    /// Tells directory entries to the sink. Empty: ENOTDIR.
    lib::result<void> (*read_directory)(file& f, directory_sink& sink) = nullptr;
    /// The pages to map. Empty: node->pages if there are any, else ENODEV.
    lib::result<lib::ref<mm::backing>> (*map)(file& f) = nullptr;
    /// The last reference is gone. May be empty.
    void (*release)(file& f) = nullptr;
    /// The file has an offset; lseek, pread and pwrite work.
    bool seekable = false;
};

/// What watches a file: one item of an epoll (epoll.cpp).
struct file_watcher {
    lib::list_link watcher_link;
};

struct file : lib::ref_counted {
    const file_ops* ops;
    lib::ref<inode> node;
    lib::ref<dentry> entry;       ///< The name it was opened by; null for sockets and pipes.
    void* private_data = nullptr; ///< Owned by ops.
    uint32_t flags;               ///< O_ flags; read and change through the functions below.

    /// Guards the offset during read, write, lseek and readdir.
    task::mutex position_lock;
    uint64_t offset = 0;

    /// The epolls that watch this file; guarded by epoll's lock.
    lib::list<file_watcher, &file_watcher::watcher_link> watchers;

    file(const file_ops& file_ops_table, lib::ref<inode> file_node, uint32_t open_flags);
    static void release_last(file* f);

    uint32_t status_flags() const { return __atomic_load_n(&flags, __ATOMIC_RELAXED); }
    /// A name of the file only (O_PATH): neither readable nor writable.
    bool path_only() const { return (status_flags() & 010000000) != 0; }
    bool readable() const { return (status_flags() & 3) != 1 && !path_only(); }
    bool writable() const { return (status_flags() & 3) != 0 && !path_only(); }
    bool nonblocking() const { return (status_flags() & 04000) != 0; }
    /// Replaces the flags that F_SETFL may change.
    void set_status_flags(uint32_t changed);
};

/// An open file on a node, for sockets, pipes and other files without a path. ENOMEM, ENFILE (8192 open
/// files in the system).
lib::result<lib::ref<file>> new_file(const file_ops& ops, lib::ref<inode> node, uint32_t open_flags);

/// Checked reading and writing at f.offset, as read(2) and write(2): EBADF if not opened for it, O_APPEND.
lib::result<size_t> read(file& f, io_buffer& buffer);
lib::result<size_t> write(file& f, io_buffer& buffer);
/// At an offset of the caller's, as pread(2): ESPIPE if not seekable.
lib::result<size_t> read_at(file& f, io_buffer& buffer, uint64_t offset);
lib::result<size_t> write_at(file& f, io_buffer& buffer, uint64_t offset);

/// Reads into kernel memory, for the program loader and the like; short only at the end of the file.
lib::result<size_t> read_kernel(file& f, void* to, size_t length, uint64_t offset);

/// lseek(2). ESPIPE, EINVAL, EOVERFLOW, ENXIO.
lib::result<uint64_t> seek(file& f, int64_t offset, int whence);

/// Readiness now; a file without ops->poll is always ready.
short poll(file& f, poll_table* table);

/// The page cache that mmap maps. EACCES is the caller's to check. ENODEV.
lib::result<lib::ref<mm::backing>> map_pages(file& f);

/// Open files in the whole system at most.
constexpr size_t open_file_limit = 8192;
/// The number of open files in the system, for /proc/sys/fs/file-nr.
size_t open_file_count();

} // namespace fs
