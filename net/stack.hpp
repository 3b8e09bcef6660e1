#pragma once
// net::stack: all state of one network stack (Linux calls it struct net). Nothing in net/ has mutable
// state at file scope, so two stacks can live in one process: simulation, fuzzing, replay.
//
// Frames that arrived and timers that expired are handled in one place, run(), which the kernel's net
// worker calls (and the event loop of a simulation). Everything that a user asks for runs in the caller's
// context under the lock of the sock concerned.

#include "net/core/drop.hpp"
#include "net/core/net_device.hpp"
#include "net/core/protocols.hpp"
#include "net/core/socket.hpp"
#include "net/core/sysctl.hpp"
#include "net/core/timer.hpp"
#include "net/core/trace.hpp"
#include "net/port.hpp"

#include <cstdint>

namespace net {

struct arp_table;
struct route_table;
struct reassembly_table;
struct inet_ports;
struct icmp_state;
struct raw_table;
struct tcp_table;
struct unix_table;
struct packet_table;
struct snmp_counters;

/// Which way a frame goes that stack::tap sees.
enum class frame_direction : uint8_t { received, sent };

/// What happened to a device.
enum class device_event : uint8_t { up, down, gone };

class stack {
public:
    /// A stack with loopback up and every family registered; ENOMEM.
    static lib::result<stack*> create();
    /// Closes every device and frees all tables. Every socket must have been released before.
    static void destroy(stack* which);

    /// Polls devices, delivers loopback frames, runs expired timers. Returns the time at which it wants to
    /// be called again without a wake-up, port::never for no such time, or now() when work is left over.
    /// Worker context; one caller at a time.
    port::time_ns run();

    lib::result<void> register_family(const net_proto_family& family); ///< EEXIST, ENOBUFS
    void register_link_handler(const link_handler& handler);
    void register_packet_handler(const packet_handler& handler);
    void register_inet_protocol(const inet_protocol& protocol);
    const net_proto_family* find_family(int family) const;
    const link_handler* find_link_handler(uint16_t hardware_type) const;
    const packet_handler* find_packet_handler(uint16_t ethertype) const;
    const inet_protocol* find_inet_protocol(uint8_t protocol) const { return inet_protocols_[protocol]; }

    net_device* find_device(const char* name);
    net_device* find_device(unsigned index);

    unsigned next_device_index() { return ++device_indices_; } ///< device_list_lock held
    /// Tells every layer that keeps something about a device. No lock held.
    void notify_device(net_device& device, device_event event);

    /// Numbers for socks and packets.
    uint64_t next_sock_id() { return __atomic_add_fetch(&sock_ids_, 1, __ATOMIC_RELAXED); }
    uint64_t next_skb_id() { return __atomic_add_fetch(&skb_ids_, 1, __ATOMIC_RELAXED); }

    parameters settings; ///< what an administrator can set

    // Each layer's own state; its header says what is in it and which lock guards it.
    timer_wheel timers{*this};
    trace_ring trace;
    uint64_t drops[static_cast<unsigned>(drop_reason::count)] = {}; ///< atomic counters
    snmp_counters* snmp = nullptr;
    arp_table* arp = nullptr;
    route_table* routes = nullptr;
    reassembly_table* reassembly = nullptr;
    inet_ports* ports = nullptr;
    icmp_state* icmp = nullptr;
    raw_table* raw = nullptr;
    tcp_table* tcp = nullptr;
    unix_table* unix_sockets = nullptr;
    packet_table* packets = nullptr;

    /// Shown every frame while tap_users is above 0 (AF_PACKET). The frame stays the device layer's; when it
    /// is being sent any lock up to sock may be held.
    void (*tap)(stack& in, sk_buff& frame, net_device& device, frame_direction direction) = nullptr;
    unsigned tap_users = 0; ///< atomic
    /// The ioctl requests about interfaces, for families that have none of their own. Set by IPv4.
    lib::result<long> (*device_ioctl)(stack& in, unsigned command, uintptr_t argument) = nullptr;

    port::lock device_list_lock{port::lock_rank::device_list};
    lib::list<net_device, &net_device::link> devices; ///< guarded by device_list_lock
    net_device* loopback = nullptr;

    // Live objects; atomic. Zero when nothing is open: what leak checks compare.
    uint64_t live_socks = 0;
    uint64_t live_skbs = 0;
    uint64_t skb_bytes = 0; ///< truesize of all live packets
    /// What packets may take in all before buffers stop growing; whoever makes the stack sets it to a share
    /// of the machine's memory.
    uint64_t packet_memory_limit = 64u << 20;
    bool under_memory_pressure() const {
        return __atomic_load_n(&skb_bytes, __ATOMIC_RELAXED) > packet_memory_limit;
    }

private:
    stack() = default;
    ~stack() = default;

    static constexpr unsigned max_families = 46;
    static constexpr unsigned max_link_handlers = 4;
    static constexpr unsigned max_packet_handlers = 8;
    const net_proto_family* families_[max_families] = {};
    const link_handler* link_handlers_[max_link_handlers] = {};
    const packet_handler* packet_handlers_[max_packet_handlers] = {};
    const inet_protocol* inet_protocols_[256] = {};
    uint64_t sock_ids_ = 0;
    uint64_t skb_ids_ = 0;
    unsigned device_indices_ = 0; ///< guarded by device_list_lock
};

/// Writes one trace record if the event is switched on.
inline void trace(stack& in, trace_event event, const trace_fields& fields) {
    if (__builtin_expect(in.trace.enabled(event), 0)) {
        in.trace.write(event, fields);
    }
}

/// Text of /proc/net/NAME. The writer collects it (bounded by its owner) and is told when it is full.
struct report_writer {
    void* context;
    void (*write)(void* context, const char* text, size_t length);

    [[gnu::format(printf, 2, 3)]] void print(const char* text, ...);
};
/// The files of /proc/net, by layer; the kernel shows each, a test calls them directly.
struct report {
    const char* name;
    void (*write)(stack& in, report_writer& to);
};
extern const report reports[];
extern const size_t report_count;

} // namespace net
