#pragma once
// The waiter of a poll() on the host; the call itself is in program.hpp.

#include "net/port.hpp"
#include "sim/world.hpp"

#include <vector>

namespace net::port {

/// One poll() under way: the queues that it was added to, and the fiber that waits.
class poll_table {
public:
    explicit poll_table(sim::fiber* waiter) : waiter_(waiter) {}
    ~poll_table();
    poll_table(const poll_table&) = delete;
    poll_table& operator=(const poll_table&) = delete;

    using queue = std::vector<poll_table*>;
    void add(queue& to);
    /// The queue was woken; it has forgotten this poller already.
    void woken(queue& by);
    void forget(queue& gone);

private:
    sim::fiber* waiter_;
    std::vector<queue*> queues_;
};

} // namespace net::port
