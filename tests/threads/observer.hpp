#pragma once
// What else goes on at a host while its programs talk: somebody looks at it and changes its settings. Reads
// of /proc/net and of the trace, routes that come and go, ARP entries, interface requests, a packet socket,
// pings. Each of these reaches the same state as the transfers do, by other ways.

#include "sim/lab.hpp"
#include "threads/host.hpp"

#include <atomic>
#include <thread>

namespace threads {

class observer {
public:
    observer(sim::lab& in, sim::host& of, uint32_t neighbour);
    ~observer();
    observer(const observer&) = delete;
    observer& operator=(const observer&) = delete;

private:
    void work();
    void look_around();
    void read_reports();
    void read_trace();
    void change_routes();
    void change_neighbours();
    void ask_interface();
    void capture();
    void ping();

    sim::lab& lab_;
    sim::host& host_;
    const uint32_t neighbour_; ///< an address that answers pings
    uint64_t trace_position_ = 0;
    process process_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

} // namespace threads
