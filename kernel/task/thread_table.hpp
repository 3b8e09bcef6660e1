#pragma once
// Making threads and giving them ids: private to task.

#include "kernel/lib/result.hpp"
#include "kernel/task/process.hpp"

namespace task {

/// The process of kernel threads.
process& kernel_process();

/// A free id, counted against the limit on threads. EAGAIN when there are too many.
lib::result<int> allocate_thread_id(const credentials& who);
/// Undoes it, for a thread that was never published.
void free_thread_id();
/// True if a process, group or session has this id. process_table_lock held.
bool id_in_use_locked(int id);

/// A thread with a kernel stack, not yet to be found by others nor running. ENOMEM.
lib::result<thread*> create_thread(const char* name, process& owner, int id);
/// Lets others find it by its id.
void publish_thread(thread& fresh);
/// Takes it out again. A zombie keeps the id, and counts as a thread, until it is waited for.
enum class thread_end : unsigned char { frees_id, leaves_zombie };
void withdraw_thread(thread& dying, thread_end how);
/// A zombie was waited for. process_table_lock held.
void free_thread_id_locked();

/// CLONE_CHILD_CLEARTID: clears the thread's word in user memory and wakes who waits for it.
void clear_thread_id(thread& self);
/// Lets a vfork parent go on.
void finish_vfork(process& self);

/// Threads that exist.
unsigned count_threads();

/// Lets others find a process; the table takes over the count the maker has. process_table_lock held.
void publish_process_locked(process& fresh, process* parent);
/// Takes a process that was waited for out of the tables. process_table_lock held; the caller then drops
/// the count that the table held.
void withdraw_process_locked(process& gone);

} // namespace task
