// One network stack: makes the layers in order, connects them, and runs what the worker runs.
//
// Interface: stack.hpp. This file alone knows every layer.

#include "net/stack.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/string.hpp"
#include "net/core/dev.hpp"
#include "net/core/loopback.hpp"
#include "net/core/report.hpp"
#include "net/core/snmp.hpp"
#include "net/ethernet/ethernet.hpp"
#include "net/ipv4/af_inet.hpp"
#include "net/ipv4/arp.hpp"
#include "net/ipv4/inet_report.hpp"
#include "net/ipv4/route.hpp"
#include "net/ipv4/tcp.hpp"
#include "net/ipv4/tcp_batch.hpp"
#include "net/packet/packet.hpp"
#include "net/unix/unix.hpp"

#include <new>

namespace net {

namespace {

constexpr uint32_t loopback_address = 0x7f000001;
constexpr uint32_t loopback_netmask = 0xff000000;

lib::result<void> make_layers(stack& in) {
    void* counters = port::allocate(sizeof(snmp_counters), port::memory_tag::table);
    if (counters == nullptr) {
        return lib::error{ENOMEM};
    }
    in.snmp = new (counters) snmp_counters;
    ethernet_init(in);
    in.loopback = TRY(create_loopback(in));
    TRY(inet_init(in));
    TRY(unix_init(in));
    TRY(packet_init(in));
    TRY(dev_open(*in.loopback));
    return set_interface_address(in, *in.loopback, loopback_address, loopback_netmask, 0);
}

} // namespace

lib::result<stack*> stack::create() {
    void* memory = port::allocate(sizeof(stack), port::memory_tag::other);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    auto* made = new (memory) stack;
    const auto outcome = make_layers(*made);
    if (!outcome.ok()) {
        destroy(made);
        return outcome.error();
    }
    return made;
}

void stack::destroy(stack* which) {
    unix_exit(*which);
    packet_exit(*which);
    if (which->loopback != nullptr) {
        unregister_netdev(*which->loopback);
    }
    inet_exit(*which);
    if (which->loopback != nullptr) {
        destroy_loopback(which->loopback);
    }
    port::release(which->snmp);
    which->~stack();
    port::release(which);
}

port::time_ns stack::run() {
    const bool more = poll_devices(*this);
    tcp_end_batch(*this);
    packet_deliver_outgoing(*this);
    const port::time_ns next = timers.run(port::now());
    return more ? port::now() : next;
}

void stack::notify_device(net_device& device, device_event event) {
    if (routes == nullptr || arp == nullptr) {
        return; // a stack that was only half made is taken down
    }
    switch (event) {
    case device_event::up:
        routes_device_up(*this, device);
        break;
    case device_event::down:
        routes_device_down(*this, device);
        arp_device_down(*this, device);
        break;
    case device_event::gone:
        routes_device_gone(*this, device);
        arp_device_down(*this, device);
        break;
    }
}

// ---- tables ----------------------------------------------------------------------------------------------

lib::result<void> stack::register_family(const net_proto_family& family) {
    if (families_[family.family] != nullptr) {
        return lib::error{EEXIST};
    }
    families_[family.family] = &family;
    return {};
}

void stack::register_link_handler(const link_handler& handler) {
    for (const link_handler*& place : link_handlers_) {
        if (place == nullptr) {
            place = &handler;
            return;
        }
    }
    ASSERT(!"too many link layers");
}

void stack::register_packet_handler(const packet_handler& handler) {
    for (const packet_handler*& place : packet_handlers_) {
        if (place == nullptr) {
            place = &handler;
            return;
        }
    }
    ASSERT(!"too many network layers");
}

void stack::register_inet_protocol(const inet_protocol& protocol) {
    inet_protocols_[protocol.protocol] = &protocol;
}

const net_proto_family* stack::find_family(int family) const {
    return family >= 0 && static_cast<unsigned>(family) < max_families ? families_[family] : nullptr;
}

const link_handler* stack::find_link_handler(uint16_t hardware_type) const {
    for (const link_handler* handler : link_handlers_) {
        if (handler != nullptr && handler->hardware_type == hardware_type) {
            return handler;
        }
    }
    return nullptr;
}

const packet_handler* stack::find_packet_handler(uint16_t ethertype) const {
    for (const packet_handler* handler : packet_handlers_) {
        if (handler != nullptr && handler->ethertype == ethertype) {
            return handler;
        }
    }
    return nullptr;
}

net_device* stack::find_device(const char* name) {
    port::guard held(device_list_lock);
    for (net_device& device : devices) {
        if (strncmp(device.name, name, sizeof(device.name)) == 0) {
            return &device;
        }
    }
    return nullptr;
}

net_device* stack::find_device(unsigned index) {
    port::guard held(device_list_lock);
    for (net_device& device : devices) {
        if (device.index == index) {
            return &device;
        }
    }
    return nullptr;
}

const report reports[] = {
    {"arp", report_arp},
    {"dev", report_dev},
    {"drops", report_drops},
    {"icmp", report_icmp},
    {"netstat", report_netstat},
    {"packet", packet_report},
    {"raw", report_raw},
    {"route", report_route},
    {"snmp", report_snmp},
    {"sockstat", report_sockstat},
    {"trace_events", report_trace_events},
    {"tcp", report_tcp},
    {"udp", report_udp},
    {"unix", unix_report},
};
const size_t report_count = sizeof(reports) / sizeof(reports[0]);

} // namespace net
