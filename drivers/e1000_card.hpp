#pragma once
// One 82540EM as its driver sees it. e1000.cpp probes, opens and polls; e1000_hw.cpp knows registers, EEPROM
// and address filters; e1000_rx.cpp and e1000_tx.cpp one ring each.
//
// A ring is 256 descriptors in memory that the card and we share. The card owns those from its head register
// up to, not including, the tail register; writing the tail hands more over. One always stays ours, since
// head = tail means an empty ring.

#include "drivers/e1000_regs.hpp"
#include "drivers/pci.hpp"
#include "kernel/arch/io.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/task/timer.hpp"
#include "net/core/net_device.hpp"

#include <cstdint>

namespace drv::e1000 {

constexpr unsigned ring_size = 256; ///< 82540EM: a multiple of 8 descriptors
constexpr unsigned ring_next(unsigned index) {
    return (index + 1) % ring_size;
}

/// Received frames. Only the poll uses it, of which the stack runs one at a time.
struct rx_ring {
    rx_descriptor* descriptors = nullptr;
    lib::ref<net::skb_block> blocks[ring_size]; ///< what each descriptor's buffer belongs to
    unsigned next = 0;         ///< the first descriptor that the card has not filled yet, as far as we looked
    unsigned given = 0;        ///< what the tail register says
    unsigned returned = 0;     ///< refilled descriptors from `given` on that the card was not told of
    bool inside_frame = false; ///< discarding a frame that did not fit one buffer
};

/// Frames to send. Guarded by the device lock.
struct tx_ring {
    tx_descriptor* descriptors = nullptr;
    net::sk_buff* packets[ring_size] = {}; ///< at the last descriptor of each packet
    unsigned next = 0;                     ///< the first free descriptor
    unsigned oldest = 0;                   ///< the first one whose packet was not freed; = next: all are free
    unsigned flushed = 0;                  ///< what the tail register says
    bool stopped = false;                  ///< start_xmit said busy: wake the queue when there is room
    tx_descriptor context{};               ///< the last one that the card was given
    bool context_valid = false;

    unsigned used() const { return (next + ring_size - oldest) % ring_size; }
    unsigned free() const { return ring_size - 1 - used(); }
};

struct card {
    explicit card(const pci_function& function);

    const pci_function where;
    net::net_device device;
    volatile uint8_t* registers = nullptr;
    rx_ring rx;
    tx_ring tx;
    uint32_t receive_control = 0; ///< what RCTL was last set to

    // Interrupt and poll; atomic.
    uint32_t causes = 0;           ///< ICR bits since the last poll
    bool up = false;               ///< between open and stop
    bool stale = false;            ///< what waits in the receive ring came before open
    bool transmit_watched = false; ///< completions interrupt us and the watchdog runs
    bool watchdog_expired = false;
    task::timer watchdog;
    unsigned watched_oldest = 0; ///< tx.oldest when the watchdog was started; device lock
    uint64_t counters_read_ns = 0;

    uint32_t read(reg which) const { return arch::mmio_read32(registers + static_cast<uint32_t>(which)); }
    void write(reg which, uint32_t value) {
        arch::mmio_write32(registers + static_cast<uint32_t>(which), value);
    }
    /// Elements of the tables that some registers are.
    void write(reg table, unsigned index, uint32_t value) {
        arch::mmio_write32(registers + static_cast<uint32_t>(table) + 4 * index, value);
    }
};

constexpr uint32_t causes_while_up =
    interrupt_receive | interrupt_receive_minimum | interrupt_receive_overrun | interrupt_link_change;

// ---- e1000_hw.cpp ----------------------------------------------------------------------------------------

/// Resets the card, reads its address from the EEPROM and programs everything but the rings. ENODEV.
lib::result<void> initialise_hardware(card& self);
/// Puts the address into filter 0.
void program_mac(card& self);
/// Programs promiscuous mode and the multicast table; RCTL only if it changes. Device lock held, or at probe.
void program_receive_mode(card& self);
bool link_is_up(const card& self);
/// Adds the card's own counters to the statistics. Device lock held.
void collect_counters(card& self);

// ---- e1000_rx.cpp ----------------------------------------------------------------------------------------

/// Allocates the ring and its buffers and tells the card. ENOMEM.
lib::result<void> setup_receive_ring(card& self);
/// Hands up to budget frames to the stack; returns how many. From the poll.
unsigned receive_frames(card& self, unsigned budget);
/// Gives back every frame that waits, unread: they arrived while the interface was down. From the poll.
void discard_received(card& self);

// ---- e1000_tx.cpp ----------------------------------------------------------------------------------------

/// Allocates the ring and tells the card. ENOMEM.
lib::result<void> setup_transmit_ring(card& self);
/// net_device_ops::start_xmit and flush. Device lock held.
net::tx_result e1000_xmit(net::net_device& device, net::skb_ptr& skb);
void e1000_flush(net::net_device& device);
/// Frees what the card has sent. Returns true if the queue is to be woken. Device lock held.
bool reclaim_transmitted(card& self);
/// Stops the transmitter, frees all packets, and starts it again with an empty ring. Device lock held.
void reset_transmit_ring(card& self);

// ---- e1000.cpp -------------------------------------------------------------------------------------------

/// Sent frames will be reported by interrupt, and a timer watches that they are. Device lock held.
void watch_transmission(card& self);

} // namespace drv::e1000
