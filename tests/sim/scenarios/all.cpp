// The list of scenarios.

#include "sim/lab.hpp"
#include "sim/scenarios/scenarios.hpp"

namespace sim {
namespace {

constexpr unsigned any_fault = copes_with_no_memory | copes_with_breaks;

constexpr scenario scenarios[] = {
    {.name = "bulk", .body = bulk, .copes_with = any_fault},
    {.name = "crossing_flows", .body = crossing_flows, .hosts = 4, .copes_with = any_fault},
    {.name = "bulk_both_ways", .body = bulk_both_ways, .copes_with = copes_with_no_memory},
    {.name = "request_response", .body = request_response, .copes_with = any_fault},
    {.name = "many_connections", .body = many_connections, .copes_with = any_fault},
    {.name = "connect_storm", .body = connect_storm, .copes_with = any_fault},
    {.name = "slow_reader", .body = slow_reader, .copes_with = any_fault},
    {.name = "buffer_sizes", .body = buffer_sizes, .copes_with = any_fault},
    {.name = "half_close", .body = half_close, .copes_with = any_fault},
    {.name = "simultaneous_close", .body = simultaneous_close},
    {.name = "shutdown_variants", .body = shutdown_variants},
    {.name = "udp_exchange", .body = udp_exchange, .copes_with = any_fault, .over_tcp = false},
    {.name = "udp_fragments", .body = udp_fragments, .copes_with = any_fault, .over_tcp = false},
    {.name = "poll_server", .body = poll_server, .copes_with = any_fault},
    {.name = "urgent_data", .body = urgent_data},
    {.name = "linger_reset", .body = linger_reset, .copes_with = any_fault},
    {.name = "linger_wait", .body = linger_wait, .copes_with = any_fault},
    {.name = "close_unread", .body = close_unread, .copes_with = any_fault},
    {.name = "killed_sender", .body = killed_sender},
    {.name = "killed_receiver", .body = killed_receiver},
    {.name = "killed_co_owner", .body = killed_co_owner},
    {.name = "connect_without_waiting", .body = connect_without_waiting},
    {.name = "connects_at_once", .body = connects_at_once},
    {.name = "accept_in_vain", .body = accept_in_vain},
    {.name = "listens_and_stops", .body = listens_and_stops},
    {.name = "simultaneous_open", .body = simultaneous_open},
    {.name = "port_reuse", .body = port_reuse},
    {.name = "mixed_writes", .body = mixed_writes},
    {.name = "shared_stream", .body = shared_stream},
    {.name = "shared_datagrams", .body = shared_datagrams, .over_tcp = false},
    {.name = "keepalive_of_a_dead_wire", .body = keepalive_of_a_dead_wire},
    {.name = "user_timeout_on_a_dead_wire", .body = user_timeout_on_a_dead_wire},
    {.name = "transfer_across_a_silence", .body = transfer_across_a_silence},
    {.name = "unix_stream", .body = unix_stream, .over_tcp = false},
    {.name = "unix_datagrams", .body = unix_datagrams, .over_tcp = false},
    {.name = "unix_reconnects", .body = unix_reconnects, .over_tcp = false},
};

} // namespace

std::span<const scenario> all_scenarios() {
    return scenarios;
}

const scenario* find_scenario(const std::string& name) {
    for (const scenario& each : scenarios) {
        if (name == each.name) {
            return &each;
        }
    }
    return nullptr;
}

} // namespace sim
