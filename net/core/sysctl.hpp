#pragma once
// What an administrator can set while the system runs: the numbers that Linux keeps in the files below
// /proc/sys/net, with its names, meanings, ranges and default values. They are state of a stack, and whoever
// decides something reads the parameter at that moment.

#include "kernel/lib/result.hpp"

#include <cstddef>

namespace net {

class stack;
struct report_writer;
struct tcp_congestion_ops;

/// A number that one thread may set while others read it.
class parameter {
public:
    constexpr parameter(int value) : value_(value) {}
    operator int() const { return __atomic_load_n(&value_, __ATOMIC_RELAXED); }
    parameter& operator=(int value) {
        __atomic_store_n(&value_, value, __ATOMIC_RELAXED);
        return *this;
    }

private:
    int value_;
};

/// Sizes of a buffer in bytes: what it always may have, what it starts with, and how far tuning may take it.
struct buffer_sizes {
    parameter minimum;
    parameter initial;
    parameter maximum;
};

struct port_range {
    parameter first;
    parameter last;
};

/// Fields have the names of their files; the comments are those of Linux's ip-sysctl.rst in few words. Times
/// are in seconds.
struct parameters {
    // ---- /proc/sys/net/core ----
    parameter rmem_default = 212992; ///< receive buffer of a new socket other than TCP
    parameter rmem_max = 4 << 20;    ///< largest SO_RCVBUF
    parameter wmem_default = 212992;
    parameter wmem_max = 4 << 20;
    parameter somaxconn = 4096; ///< largest backlog of listen()

    // ---- /proc/sys/net/ipv4: IP, ICMP ----
    parameter ip_default_ttl = 64;
    port_range ip_local_port_range = {32768, 60999}; ///< ephemeral ports
    parameter ip_unprivileged_port_start = 1024;     ///< ports below it are root's
    parameter icmp_echo_ignore_all = 0;
    parameter icmp_echo_ignore_broadcasts = 1;

    // ---- TCP: what is offered in a SYN ----
    parameter tcp_timestamps = 1;
    parameter tcp_sack = 1;
    parameter tcp_dsack = 1;
    parameter tcp_window_scaling = 1;
    parameter tcp_ecn = 2;          ///< 0: never, 1: offered and accepted, 2: accepted
    parameter tcp_ecn_fallback = 1; ///< whether a SYN that is sent again offers no ECN

    // ---- TCP: buffers and windows ----
    buffer_sizes tcp_rmem = {4096, 131072, 6 << 20}; ///< the maximum fixes the window scale offered
    buffer_sizes tcp_wmem = {4096, 16384, 4 << 20};
    parameter tcp_moderate_rcvbuf = 1;       ///< whether receive buffers are tuned
    parameter tcp_slow_start_after_idle = 1; ///< whether the window shrinks while nothing is sent
    parameter tcp_reordering = 3;            ///< duplicate ACKs that mean a loss, to begin with

    // ---- TCP: how often, how long ----
    parameter tcp_syn_retries = 6;
    parameter tcp_synack_retries = 5;
    parameter tcp_retries1 = 3;       ///< RFC 1122 R1: ask for a better route
    parameter tcp_retries2 = 15;      ///< R2: 924.6 s with the smallest timeout
    parameter tcp_orphan_retries = 0; ///< nobody waits for the outcome; 0 stands for 8
    parameter tcp_fin_timeout = 60;   ///< of an orphan in FIN_WAIT_2
    parameter tcp_keepalive_time = 7200;
    parameter tcp_keepalive_intvl = 75;
    parameter tcp_keepalive_probes = 9;

    // ---- TCP: floods ----
    parameter tcp_max_syn_backlog = 128; ///< half-open connections of one listener
    parameter tcp_syncookies = 1;        ///< 0: never, 1: when the backlog is full, 2: always
    parameter tcp_abort_on_overflow = 0; ///< whether a full accept queue resets connections
    parameter tcp_max_tw_buckets = 4096;
    parameter tcp_max_orphans = 1024;
    parameter tcp_rfc1337 = 1; ///< whether TIME_WAIT ignores resets; Linux starts with 0

    /// tcp_congestion_control, of connections that choose none; atomic, nullptr until TCP's first choice.
    const tcp_congestion_ops* tcp_congestion_control = nullptr;
};

/// One file below /proc/sys/net. Numbers are a parameter or several in a row; all else has functions.
struct sysctl {
    const char* name; ///< "ipv4/tcp_sack"
    parameter* (*numbers)(parameters& of) = nullptr;
    unsigned count = 1; ///< how many numbers
    int lowest = 0;
    int highest = 0;
    /// More to ask of new numbers than their range; nullptr: nothing.
    bool (*agree)(const parameters& of, const int* values) = nullptr;

    void (*read)(stack& in, report_writer& to) = nullptr;
    lib::result<void> (*write)(stack& in, const char* text, size_t length) = nullptr;

    bool writable() const { return numbers != nullptr || write != nullptr; }
};
extern const sysctl sysctls[];
extern const size_t sysctl_count;

/// The file's text, with a newline at its end.
void sysctl_read(stack& in, const sysctl& which, report_writer& to);
/// Takes new values as Linux does: numbers in decimal, octal (0) or hexadecimal (0x), separated by white
/// space; fewer than there are leave the rest as it was. EINVAL: no number, or out of range; ENOENT: no such
/// congestion control. Nothing is changed on failure. The caller has checked permissions.
lib::result<void> sysctl_write(stack& in, const sysctl& which, const char* text, size_t length);

} // namespace net
