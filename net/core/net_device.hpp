#pragma once
// net_device: what the stack sees of a network card, and what a driver must offer.
//
// Receiving: the interrupt handler calls schedule_poll(); the worker then calls ops->poll(), which hands
// each frame to netif_receive_skb() and returns how many it took, up to the budget. A driver that took
// less than the budget has switched its interrupts on again.
// Sending: dev_queue_xmit() queues behind what waits already and feeds ops->start_xmit(); a full ring
// answers `busy`, the packet stays at the head of the queue, and the driver calls netif_wake_queue() once
// descriptors are free. ops->flush() tells the card about everything queued since: once per batch.

#include "kernel/lib/list.hpp"
#include "kernel/lib/relaxed.hpp"
#include "net/core/sk_buff.hpp"
#include "net/port.hpp"

#include <cstdint>

namespace net {

struct net_device;

enum class tx_result : uint8_t { taken, busy };

/// A driver's functions. All are called by the stack in worker or process context; start_xmit and flush
/// with the device lock held.
struct net_device_ops {
    /// Brings the card up or down (ifconfig up/down). Up allocates the rings: ENOMEM.
    lib::result<void> (*open)(net_device& device);
    void (*stop)(net_device& device);
    /// Queues one frame in the ring. On `taken` the packet was moved from; on `busy` it is left alone.
    tx_result (*start_xmit)(net_device& device, skb_ptr& skb);
    /// Makes the card see what was queued since the last flush.
    void (*flush)(net_device& device);
    /// Receives up to budget frames and frees finished transmissions. Returns frames received.
    unsigned (*poll)(net_device& device, unsigned budget);
    /// Programs promiscuous mode and the multicast list after either changed; nullptr: nothing to do.
    void (*set_receive_mode)(net_device& device);
    /// Adopts a new hardware address or MTU; nullptr: not supported (EOPNOTSUPP).
    lib::result<void> (*set_mac)(net_device& device, const uint8_t* mac);
    lib::result<void> (*change_mtu)(net_device& device, uint32_t mtu);
};

/// What the card does by itself.
enum device_feature : uint32_t {
    feature_transmit_checksum = 1, ///< checksum_state::partial
    feature_segmentation = 2,      ///< TCP packets with gso_size
    feature_scatter_gather = 4,    ///< packets with fragments
    feature_no_arp = 8,            ///< loopback: the packet needs no link header
    feature_empty_segment = 16,    ///< a fault: after a payload that is a multiple of gso_size the card sends
                                   ///< one more segment, with nothing in it
};

/// The rx counters belong to the worker, the tx counters to whoever holds the device lock; reports read both.
struct device_statistics {
    lib::relaxed<uint64_t> rx_packets, rx_bytes, rx_errors, rx_dropped, rx_missed, rx_crc_errors,
        rx_length_errors, multicast;
    lib::relaxed<uint64_t> tx_packets, tx_bytes, tx_errors, tx_dropped, tx_carrier_errors, collisions;
};

/// A group address that somebody on this host listens to.
struct device_multicast {
    uint8_t mac[6] = {};
    uint16_t users = 0;
};

struct link_handler;

struct net_device {
    // Fixed once the device is registered.
    char name[16] = {};
    unsigned index = 0; ///< from 1; what SIOCGIFINDEX tells
    stack* owner_stack = nullptr;
    const net_device_ops* ops = nullptr;
    void* driver_data = nullptr;
    uint32_t features = 0;
    uint16_t hardware_type = 1;               ///< ARPHRD_ETHER, ARPHRD_LOOPBACK
    lib::list_link link;                      ///< in the stack's list of devices
    const link_handler* link_layer = nullptr; ///< who receives its frames; by hardware_type

    // Guarded by device_lock.
    port::lock device_lock{port::lock_rank::device};
    skb_queue transmit_queue; ///< frames that found the ring full
    uint32_t transmit_queue_limit = 1000;
    bool transmit_stopped = false;
    unsigned batch_depth = 0; ///< transmit_batch scopes that are open
    bool flush_needed = false;
    uint32_t mtu = 1500;
    uint32_t flags = 0; ///< IFF_...
    uint8_t mac[6] = {};
    unsigned promiscuity = 0; ///< how many want all frames; IFF_PROMISC is the administrator's wish
    unsigned all_groups = 0;  ///< how many want all group frames; IFF_ALLMULTI likewise
    static constexpr unsigned max_multicast = 32;
    device_multicast multicast[max_multicast];
    device_statistics statistics; ///< frames and bytes are counted by the stack, errors by the driver

    // Set from interrupts, without a lock.
    bool poll_scheduled = false;
    bool carrier = false;
};

// ---- for drivers -----------------------------------------------------------------------------------------

/// Adds a device to the stack: fills index, and the name from a pattern such as "eth%u" (EEXIST, ENFILE,
/// EPROTONOSUPPORT: nobody receives frames of this hardware type). The device starts down; see dev_open().
lib::result<void> register_netdev(stack& in, net_device& device, const char* name_pattern);
/// Takes it out again: down, routes and neighbours gone, queue emptied. The worker must not be polling it.
void unregister_netdev(net_device& device);
/// Asks the worker to poll this device. Any context, irq included.
void schedule_poll(net_device& device);
/// Hands a received frame to the stack, Ethernet header first. Worker context (from ops->poll).
void netif_receive_skb(net_device& device, skb_ptr frame);
/// Descriptors are free again after `busy`. Worker context, device lock not held.
void netif_wake_queue(net_device& device);
/// The link went up or down. Any context.
void netif_set_carrier(net_device& device, bool up);

// ---- for the stack ---------------------------------------------------------------------------------------

/// Sends a frame whose link header is complete: to the ring, or behind what waits (dropped with a reason
/// when the queue is full). Worker and process context.
void dev_queue_xmit(skb_ptr frame);
lib::result<void> dev_open(net_device& device);
void dev_close(net_device& device);

/// Frames sent inside this scope become visible to the card together: one tail write per batch.
class [[nodiscard]] transmit_batch {
public:
    explicit transmit_batch(net_device* device); ///< nullptr: no device known yet, nothing to batch
    ~transmit_batch();
    transmit_batch(const transmit_batch&) = delete;
    transmit_batch& operator=(const transmit_batch&) = delete;

private:
    net_device* device_;
};

} // namespace net
