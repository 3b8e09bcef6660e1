// See poll.hpp.

#include "sim/poll.hpp"

#include "kernel/abi/files.h"
#include "net/core/socket.hpp"
#include "sim/fiber.hpp"
#include "sim/program.hpp"

#include <algorithm>

namespace net::port {

poll_table::~poll_table() {
    for (queue* each : queues_) {
        std::erase(*each, this);
    }
}

void poll_table::add(queue& to) {
    to.push_back(this);
    queues_.push_back(&to);
}

void poll_table::woken(queue& by) {
    std::erase(queues_, &by);
    sim::world::current().make_ready(*waiter_, sim::wake_cause::woken);
}

void poll_table::forget(queue& gone) {
    std::erase(queues_, &gone);
}

} // namespace net::port

namespace sim {

size_t poll(std::span<poll_entry> entries, net::port::time_ns timeout) {
    world& in = world::current();
    const net::port::time_ns deadline = timeout == net::port::never ? timeout : in.now() + timeout;
    for (;;) {
        net::port::poll_table table(in.running());
        size_t ready = 0;
        for (poll_entry& each : entries) {
            const int holds = net::sock_poll(*each.socket, &table) & (each.events | POLLERR | POLLHUP);
            each.holds = static_cast<short>(holds);
            ready += holds != 0 ? 1 : 0;
        }
        if (ready != 0 || in.now() >= deadline || in.running()->killed) {
            return ready;
        }
        in.sleep(deadline);
    }
}

} // namespace sim
