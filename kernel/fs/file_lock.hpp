#pragma once
// Advisory locks: record locks of fcntl (owned by a process, that is by its descriptor table), open file
// description locks (F_OFD_...) and flock (owned by the open file). They hang off the inode in one list
// of ranges; flock's locks are whole-file ranges in a list of their own kind and conflict only with each
// other, as in Linux.

#include "kernel/fs/file.hpp"
#include "kernel/lib/result.hpp"

#include <cstdint>

struct flock;

namespace fs {

class fd_table;
struct file_lock;

enum class lock_kind : unsigned char { record, whole_file };
enum class lock_wait : unsigned char { fail, sleep };

/// F_SETLK and F_SETLKW for the owner (a table or, for F_OFD_..., the file): sets, changes or removes
/// (F_UNLCK) the lock on a range. EAGAIN, EINTR, EBADF (mode of the open), EINVAL, ENOLCK, EDEADLK is not
/// found out. Process context.
lib::result<void> set_record_lock(file& f, const void* owner, const struct flock& wanted, lock_wait wait);
/// F_GETLK: replaces the lock by one that is in its way, or sets l_type to F_UNLCK.
lib::result<void> test_record_lock(file& f, const void* owner, struct flock& wanted);
/// flock(2); operation without LOCK_NB. EAGAIN, EINTR, ENOLCK.
lib::result<void> set_whole_file_lock(file& f, int operation, lock_wait wait);

/// The last reference to the inode is gone. Process context.
void forget_all_locks(inode& node);
/// A descriptor of the table was closed: its record locks on the file's inode are gone.
void forget_record_locks(file& f, const fd_table& owner);
/// The open file goes away, and with it the locks that it owns.
void forget_open_file_locks(file& f);

} // namespace fs
