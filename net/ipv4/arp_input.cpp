// The packets of ARP: questions and answers, in and out.
//
// What a stranger says is believed as little as possible (RFC 5227, and the known spoofs): an answer that
// nobody asked for creates nothing; an entry that changed within the last second keeps its address; a sender
// that is off the link, is nobody, or claims to be us creates nothing either. A claim to our own address is
// logged and answered, at most every ten seconds.

#include "kernel/abi/errno.h"
#include "kernel/abi/netdevice.h"
#include "kernel/abi/packet.h"
#include "kernel/lib/log.hpp"
#include "kernel/lib/string.hpp"
#include "net/core/drop.hpp"
#include "net/core/protocols.hpp"
#include "net/ethernet/ethernet.hpp"
#include "net/ipv4/arp_table.hpp"
#include "net/stack.hpp"
#include "net/wire/arp.hpp"
#include "net/wire/ipv4.hpp"

namespace net {
namespace {

constexpr port::time_ns lock_time = port::second;            ///< Linux: locktime
constexpr port::time_ns defend_interval = 10 * port::second; ///< RFC 5227 §1.1, DEFEND_INTERVAL
constexpr unsigned reply_burst = 100;
constexpr port::time_ns reply_interval = 2 * port::millisecond; ///< 500 replies a second

void send_packet(stack& in, net_device& device, const wire::arp_packet& packet, const uint8_t* to) {
    skb_ptr skb = allocate_skb(in, max_header_bytes, wire::ethernet_minimum_bytes);
    if (!skb) {
        count_drop(in, drop_reason::no_memory);
        return;
    }
    memcpy(skb->put(sizeof(packet)), &packet, sizeof(packet));
    skb->device = &device;
    skb->protocol = ETH_P_ARP;
    skb->network_header = skb->data;
    trace(in, trace_event::arp_transmit,
          {.skb = skb->id, .value = {packet.operation, packet.sender_address, packet.target_address}});
    ethernet_transmit(std::move(skb), to);
}

wire::arp_packet make_packet(const net_device& device, uint16_t operation, uint32_t sender, uint32_t target,
                             const uint8_t* target_mac) {
    wire::arp_packet packet = {};
    packet.hardware_type = wire::arp_hardware_ethernet;
    packet.protocol_type = wire::arp_protocol_ipv4;
    packet.hardware_length = wire::mac_bytes;
    packet.protocol_length = 4;
    packet.operation = operation;
    memcpy(packet.sender_mac, device.mac, wire::mac_bytes);
    packet.sender_address = sender;
    if (target_mac != nullptr) {
        memcpy(packet.target_mac, target_mac, wire::mac_bytes);
    }
    packet.target_address = target;
    return packet;
}

/// Whether the reply bucket still has a token. Table lock held.
bool may_reply(arp_table& table) {
    const port::time_ns now = port::now();
    const uint64_t earned = (now - table.reply_credit_at) / reply_interval;
    if (earned != 0) {
        const uint64_t credit = table.reply_credit + earned;
        table.reply_credit = static_cast<unsigned>(credit < reply_burst ? credit : reply_burst);
        table.reply_credit_at = now;
    }
    if (table.reply_credit == 0) {
        return false;
    }
    table.reply_credit--;
    return true;
}

/// Somebody else uses our address: say so, and defend it (RFC 5227 §2.4 (b)).
void defend(stack& in, net_device& device, const wire::arp_packet& packet) {
    const uint32_t address = packet.sender_address;
    {
        port::guard held(in.arp->lock);
        const port::time_ns now = port::now();
        if (in.arp->defended_at != 0 && now - in.arp->defended_at < defend_interval) {
            return;
        }
        in.arp->defended_at = now;
    }
    const uint8_t* mac = packet.sender_mac;
    LOG_WARNING("arp: %02x:%02x:%02x:%02x:%02x:%02x claims our address %u.%u.%u.%u on %s", mac[0], mac[1],
                mac[2], mac[3], mac[4], mac[5], address >> 24, address >> 16 & 255, address >> 8 & 255,
                address & 255, device.name);
    arp_announce(in, device, address);
}

/// Whether the sender is a neighbour on this device's link, about whom an entry makes sense.
bool is_on_link(stack& in, const net_device& device, uint32_t address) {
    const lib::result<interface_address> own = find_interface_address(in, device, address);
    return own.ok() && (address & own.value().netmask) == (own.value().address & own.value().netmask);
}

/// Learns from a packet: completes, confirms or updates an entry; makes one only for who asked for us.
void learn(stack& in, net_device& device, const wire::arp_packet& packet, bool asked_us, bool answers_us) {
    arp_table& table = *in.arp;
    const uint32_t sender = packet.sender_address;
    skb_queue ready;
    {
        port::guard held(table.lock);
        neighbour* entry = table.find(device, sender);
        if (entry == nullptr && asked_us) {
            entry = table.create(in, device, sender);
        }
        if (entry == nullptr || entry->state == neighbour_state::permanent) {
            return;
        }
        const bool same = wire::mac_equal(entry->mac, packet.sender_mac);
        const bool first = entry->state == neighbour_state::incomplete;
        const bool locked = !first && !same && port::now() - entry->updated_at < lock_time;
        if (locked) {
            return;
        }
        // An answer to our question proves that the neighbour hears us; everything else only that it exists.
        const bool proven = answers_us && (first || same || entry->state == neighbour_state::probe);
        if (proven || !same || first) {
            table.resolved(*entry, packet.sender_mac,
                           proven ? neighbour_state::reachable : neighbour_state::stale, ready);
        }
    }
    arp_flush_ready(ready, packet.sender_mac);
}

void answer(stack& in, net_device& device, const wire::arp_packet& question) {
    bool permitted = false;
    {
        port::guard held(in.arp->lock);
        permitted = may_reply(*in.arp);
    }
    if (!permitted) {
        count_drop(in, drop_reason::arp_rate_limited);
        return;
    }
    send_packet(in, device,
                make_packet(device, wire::arp_reply, question.target_address, question.sender_address,
                            question.sender_mac),
                question.sender_mac);
}

/// The checks that need the packet only (RFC 826 and sanity). Nothing when it may be looked at further.
bool malformed(const sk_buff& skb, const wire::arp_packet& packet) {
    return !packet.well_formed() || wire::mac_is_group(packet.sender_mac) ||
           wire::mac_is_zero(packet.sender_mac) || wire::mac_equal(packet.sender_mac, skb.device->mac);
}

void arp_receive(stack& in, skb_ptr skb) {
    net_device& device = *skb->device;
    if (!skb->pull_linear(sizeof(wire::arp_packet)).ok()) {
        drop(std::move(skb), drop_reason::arp_malformed);
        return;
    }
    const auto& packet = *reinterpret_cast<const wire::arp_packet*>(skb->data);
    trace(in, trace_event::arp_receive,
          {.skb = skb->id, .value = {packet.operation, packet.sender_address, packet.target_address}});
    if (malformed(*skb, packet)) {
        drop(std::move(skb), drop_reason::arp_malformed);
        return;
    }
    const uint32_t sender = packet.sender_address;
    const uint32_t target = packet.target_address;
    const bool is_request = packet.operation == wire::arp_request;
    const bool for_us =
        classify_destination(in, target, &device) == route_type::local && !wire::ipv4_is_loopback(target);
    if (sender == 0 && is_request && for_us) {
        answer(in, device, packet); // somebody probes whether our address is free (RFC 5227 §2.1.1)
        return;
    }
    if (is_local_address(in, sender) && !wire::ipv4_is_loopback(sender)) {
        defend(in, device, packet);
        drop(std::move(skb), drop_reason::arp_bad_address);
        return;
    }
    if (is_bad_source(in, sender)) {
        drop(std::move(skb), drop_reason::arp_bad_address);
        return;
    }
    learn(in, device, packet, is_request && for_us && is_on_link(in, device, sender), !is_request && for_us);
    if (is_request && for_us) {
        answer(in, device, packet);
    } else if (!for_us) {
        drop(std::move(skb), drop_reason::arp_not_ours);
    }
}

constexpr packet_handler arp_handler = {.ethertype = ETH_P_ARP, .receive = arp_receive};

} // namespace

void arp_send_request(stack& in, net_device& device, uint32_t target, uint32_t source_hint,
                      const uint8_t* unicast_to) {
    uint32_t source = source_hint;
    if (source == 0) {
        const lib::result<interface_address> own = find_interface_address(in, device, target);
        source = own.ok() ? own.value().address : 0;
    }
    send_packet(in, device, make_packet(device, wire::arp_request, source, target, nullptr),
                unicast_to != nullptr ? unicast_to : wire::ethernet_broadcast);
}

void arp_announce(stack& in, net_device& device, uint32_t address) {
    if ((device.features & feature_no_arp) != 0 || (device.flags & IFF_UP) == 0) {
        return;
    }
    send_packet(in, device, make_packet(device, wire::arp_request, address, address, nullptr),
                wire::ethernet_broadcast);
}

void arp_flush_ready(skb_queue& ready, const uint8_t* mac) {
    while (skb_ptr skb = ready.pop_front()) {
        ethernet_transmit(std::move(skb), mac);
    }
}

void arp_init(stack& in) {
    in.register_packet_handler(arp_handler);
}

} // namespace net
