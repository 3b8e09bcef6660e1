#pragma once
// Readiness. A file says which of POLLIN, POLLOUT, POLLERR, POLLHUP, POLLRDHUP hold now, and if asked
// with a table, adds the wait queues that it wakes whenever the answer may have changed:
//
//     short pipe_poll(file& f, poll_table* table) {
//         if (table != nullptr) { table->add(pipe.changed); }      // first listen ...
//         return state_of(pipe);                                   // ... then look: no wake-up is lost
//     }
//
// A wait queue must outlive the file that added it: poll and epoll hold the file while they listen.

#include "kernel/lib/result.hpp"

#include <cstddef>
#include <cstdint>

struct pollfd;

namespace task {
class wait_queue;
}

namespace fs {

/// Who listens. poll and select wake their thread; epoll queues an item; each has its own add_queue.
struct poll_table {
    void (*add_queue)(poll_table& self, task::wait_queue& queue);

    /// Listens on one more queue. Process context; no spinlock held.
    void add(task::wait_queue& queue) { add_queue(*this, queue); }
};

/// poll(2) on the calling process's descriptors: fills revents and returns how many of them are not zero, 0
/// at the deadline. The array is kernel memory. Process context, sleeps. EINTR, ENOMEM.
lib::result<size_t> poll_descriptors(pollfd* descriptors, size_t count, uint64_t deadline_ns);

} // namespace fs
