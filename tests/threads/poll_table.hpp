#pragma once
// One poll() under way, for the port of real threads: the queues that it was added to, and the thread that
// waits. As in the kernel a queue outlives whoever listens to it.

#include "threads/machine.hpp"

#include <memory>
#include <vector>

namespace threads {

struct queue;

/// One place in one queue: a thread that sleeps on it, or a poll that listens to it among others.
struct wait_entry {
    sleeper& who;
    bool polls;
};

} // namespace threads

namespace net::port {

class poll_table {
public:
    explicit poll_table(threads::sleeper& waiter) : waiter_(waiter) {}
    ~poll_table();
    poll_table(const poll_table&) = delete;
    poll_table& operator=(const poll_table&) = delete;

    void add(threads::queue& to);

private:
    struct place {
        threads::queue* in;
        std::unique_ptr<threads::wait_entry> entry;
    };
    threads::sleeper& waiter_;
    std::vector<place> places_;
};

} // namespace net::port
