#pragma once
// Shared by the files of procfs.

#include "kernel/fs/inode.hpp"
#include "kernel/fs/procfs.hpp"

namespace task {
struct process;
}

namespace fs {

constexpr uint64_t procfs_device = 4;

/// What the payload of a text node points at: how the text comes about. Constant.
struct text_source {
    lib::result<void> (*generate)(const inode& node, procfs_text& text);
    lib::result<void> (*set)(const inode& node, const char* text, size_t length);
};

/// Ops of open text files, and what opens them.
extern const file_ops procfs_text_ops;
lib::result<void> open_procfs_text(inode& node, file& f);

/// Adds a node to the tree under a name with slashes. EEXIST, ENOMEM.
lib::result<void> add_procfs_node(const char* name, lib::ref<inode> node);

/// Whom a text of /proc/N is for, beyond what its mode says.
enum class readers : unsigned char {
    everybody,
    inspectors, ///< task::may_inspect: it tells about memory
};

/// A text of /proc/N.
struct process_text {
    const char* name;
    uint32_t mode;
    readers meant_for;
    lib::result<void> (*write)(task::process& who, procfs_text& text);
};

/// procfs_process.cpp: what there is to read about a process.
extern const process_text process_texts[];
extern const size_t process_text_count;

/// The mounts, for /proc/mounts and /proc/N/mounts.
lib::result<void> write_mounts(procfs_text& text);

/// procfs_tree.cpp: the root directory, with an entry per process; /proc/self and its like.
extern const inode_ops process_list_ops;
lib::result<void> register_process_links();

/// procfs_system.cpp: meminfo and the others.
lib::result<void> register_system_files();

} // namespace fs
