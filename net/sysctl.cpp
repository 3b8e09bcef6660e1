// Every parameter by name, sorted: what is in /proc/sys/net. Ranges are Linux's where its kernel checks one;
// numbers that it keeps in a byte end at 255, and times in seconds where its clock would wrap.

#include "net/core/sysctl.hpp"

#include "net/ipv4/tcp_congestion.hpp"
#include "net/stack.hpp"

#include <cstdint>

namespace net {

namespace {

constexpr int byte_limit = 255;
constexpr int seconds_limit = INT32_MAX / 1000;
constexpr int smallest_receive_buffer = 2304; ///< SOCK_MIN_RCVBUF
constexpr int smallest_send_buffer = 4608;    ///< SOCK_MIN_SNDBUF

template <parameter parameters::*Field>
constexpr sysctl number(const char* name, int lowest, int highest) {
    return {.name = name,
            .numbers = [](parameters& of) { return &(of.*Field); },
            .lowest = lowest,
            .highest = highest};
}

template <buffer_sizes parameters::*Field>
constexpr sysctl sizes(const char* name) {
    return {.name = name,
            .numbers = [](parameters& of) { return &(of.*Field).minimum; },
            .count = 3,
            .lowest = 1,
            .highest = INT32_MAX};
}

bool range_is_unprivileged(const parameters& of, const int* values) {
    return values[0] <= values[1] && values[0] >= of.ip_unprivileged_port_start;
}
bool start_is_below_range(const parameters& of, const int* values) {
    return values[0] <= of.ip_local_port_range.first;
}

} // namespace

const sysctl sysctls[] = {
    number<&parameters::rmem_default>("core/rmem_default", smallest_receive_buffer, INT32_MAX),
    number<&parameters::rmem_max>("core/rmem_max", smallest_receive_buffer, INT32_MAX),
    number<&parameters::somaxconn>("core/somaxconn", 0, INT32_MAX),
    number<&parameters::wmem_default>("core/wmem_default", smallest_send_buffer, INT32_MAX),
    number<&parameters::wmem_max>("core/wmem_max", smallest_send_buffer, INT32_MAX),
    number<&parameters::icmp_echo_ignore_all>("ipv4/icmp_echo_ignore_all", 0, 1),
    number<&parameters::icmp_echo_ignore_broadcasts>("ipv4/icmp_echo_ignore_broadcasts", 0, 1),
    number<&parameters::ip_default_ttl>("ipv4/ip_default_ttl", 1, 255),
    {.name = "ipv4/ip_local_port_range",
     .numbers = [](parameters& of) { return &of.ip_local_port_range.first; },
     .count = 2,
     .lowest = 1,
     .highest = 65535,
     .agree = range_is_unprivileged},
    {.name = "ipv4/ip_unprivileged_port_start",
     .numbers = [](parameters& of) { return &of.ip_unprivileged_port_start; },
     .lowest = 0,
     .highest = 65535,
     .agree = start_is_below_range},
    number<&parameters::tcp_abort_on_overflow>("ipv4/tcp_abort_on_overflow", 0, byte_limit),
    {.name = "ipv4/tcp_available_congestion_control", .read = tcp_read_available_congestion},
    {.name = "ipv4/tcp_congestion_control",
     .read = tcp_read_default_congestion,
     .write = tcp_write_default_congestion},
    number<&parameters::tcp_dsack>("ipv4/tcp_dsack", 0, byte_limit),
    number<&parameters::tcp_ecn>("ipv4/tcp_ecn", 0, 2),
    number<&parameters::tcp_ecn_fallback>("ipv4/tcp_ecn_fallback", 0, 1),
    number<&parameters::tcp_fin_timeout>("ipv4/tcp_fin_timeout", 0, seconds_limit),
    number<&parameters::tcp_keepalive_intvl>("ipv4/tcp_keepalive_intvl", 0, seconds_limit),
    number<&parameters::tcp_keepalive_probes>("ipv4/tcp_keepalive_probes", 0, byte_limit),
    number<&parameters::tcp_keepalive_time>("ipv4/tcp_keepalive_time", 0, seconds_limit),
    number<&parameters::tcp_max_orphans>("ipv4/tcp_max_orphans", 0, INT32_MAX),
    number<&parameters::tcp_max_syn_backlog>("ipv4/tcp_max_syn_backlog", 0, INT32_MAX),
    number<&parameters::tcp_max_tw_buckets>("ipv4/tcp_max_tw_buckets", 0, INT32_MAX),
    number<&parameters::tcp_moderate_rcvbuf>("ipv4/tcp_moderate_rcvbuf", 0, byte_limit),
    number<&parameters::tcp_orphan_retries>("ipv4/tcp_orphan_retries", 0, byte_limit),
    number<&parameters::tcp_reordering>("ipv4/tcp_reordering", 1, 300),
    number<&parameters::tcp_retries1>("ipv4/tcp_retries1", 0, byte_limit),
    number<&parameters::tcp_retries2>("ipv4/tcp_retries2", 0, byte_limit),
    number<&parameters::tcp_rfc1337>("ipv4/tcp_rfc1337", 0, byte_limit),
    sizes<&parameters::tcp_rmem>("ipv4/tcp_rmem"),
    number<&parameters::tcp_sack>("ipv4/tcp_sack", 0, byte_limit),
    number<&parameters::tcp_slow_start_after_idle>("ipv4/tcp_slow_start_after_idle", 0, byte_limit),
    number<&parameters::tcp_syn_retries>("ipv4/tcp_syn_retries", 1, 127),
    number<&parameters::tcp_synack_retries>("ipv4/tcp_synack_retries", 0, byte_limit),
    number<&parameters::tcp_syncookies>("ipv4/tcp_syncookies", 0, byte_limit),
    number<&parameters::tcp_timestamps>("ipv4/tcp_timestamps", 0, byte_limit),
    number<&parameters::tcp_window_scaling>("ipv4/tcp_window_scaling", 0, byte_limit),
    sizes<&parameters::tcp_wmem>("ipv4/tcp_wmem"),
};
const size_t sysctl_count = sizeof(sysctls) / sizeof(sysctls[0]);

} // namespace net
