// The 82540EM driver's outside: finding the cards, the interrupt, the poll, and the table of operations that
// the network stack calls.
//
// Interface: probe_e1000() and register_e1000() (e1000.hpp); everything else goes through net_device_ops.
//
// The interrupt handler reads the causes, which acknowledges them, switches the card's interrupts off and
// asks for a poll. The poll frees sent packets, receives up to its budget, and switches interrupts on again
// when it found less than that: under load there is one interrupt per batch, or none.
//
// Invariants: the receive ring belongs to the poll, of which the stack runs one at a time. The transmit ring
// belongs to the holder of the device lock, which open, stop, start_xmit and flush are called with.

#include "drivers/e1000.hpp"

#include "drivers/e1000_card.hpp"
#include "kernel/abi/errno.h"
#include "kernel/arch/clock.hpp"
#include "kernel/arch/irq.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "net/stack.hpp"

namespace drv::e1000 {

namespace {

constexpr unsigned max_cards = 8;
constexpr uint64_t second_ns = 1'000'000'000;
constexpr uint64_t watchdog_ns = 5 * second_ns;
constexpr uint32_t smallest_mtu = 68; // RFC 791 3.2
constexpr uint32_t largest_mtu = 1500;

card* cards[max_cards];
unsigned card_count = 0;

card& card_of(net::net_device& device) {
    return *static_cast<card*>(device.driver_data);
}

// ---- interrupt and poll ----------------------------------------------------------------------------------

/// Irq context. The line may be shared: no cause of ours means not our interrupt.
void handle_interrupt(void* context) {
    card& self = *static_cast<card*>(context);
    const uint32_t causes = self.read(reg::icr);
    if (causes == 0) {
        return;
    }
    self.write(reg::imc, interrupt_all);
    __atomic_fetch_or(&self.causes, causes, __ATOMIC_RELAXED);
    net::trace(*self.device.owner_stack, net::trace_event::e1000_interrupt, {.value = {causes}});
    net::schedule_poll(self.device);
}

void enable_interrupts(card& self) {
    const bool watched = __atomic_load_n(&self.transmit_watched, __ATOMIC_RELAXED);
    self.write(reg::ims, causes_while_up | (watched ? interrupt_transmit_done : 0));
}

void check_link(card& self) {
    const bool up = link_is_up(self);
    if (up != self.device.carrier) {
        LOG_INFO("%s: link %s", self.device.name, up ? "up" : "down");
        net::netif_set_carrier(self.device, up);
    }
}

/// The watchdog's time is over: if the card has sent nothing since, it hangs. Device lock held.
void check_for_hang(card& self) {
    tx_ring& ring = self.tx;
    if (ring.oldest == ring.flushed) {
        return;
    }
    if (ring.oldest == self.watched_oldest) {
        LOG_WARNING("%s: transmitter hangs at descriptor %u, started again", self.device.name, ring.oldest);
        self.device.statistics.tx_carrier_errors++;
        reset_transmit_ring(self);
        return;
    }
    __atomic_store_n(&self.transmit_watched, false, __ATOMIC_RELAXED);
    watch_transmission(self);
}

/// Frees sent packets and sees to the watchdog; true if the stack's queue is to be woken.
bool service_transmitter(card& self) {
    net::port::guard hold(self.device.device_lock);
    bool wake = reclaim_transmitted(self);
    if (__atomic_exchange_n(&self.watchdog_expired, false, __ATOMIC_RELAXED)) {
        check_for_hang(self);
        wake = reclaim_transmitted(self);
    }
    if (self.tx.oldest == self.tx.flushed && self.transmit_watched) {
        __atomic_store_n(&self.transmit_watched, false, __ATOMIC_RELAXED);
        self.watchdog.stop();
    }
    if (wake) {
        self.tx.stopped = false;
    }
    const uint64_t now = arch::clock_now_ns();
    if (now - self.counters_read_ns > second_ns) {
        self.counters_read_ns = now;
        collect_counters(self);
    }
    return wake;
}

/// Open and stop may run meanwhile on another CPU; what they change is `up`, so it is looked at again after
/// the interrupts were switched on.
unsigned e1000_poll(net::net_device& device, unsigned budget) {
    card& self = card_of(device);
    if (!__atomic_load_n(&self.up, __ATOMIC_SEQ_CST)) {
        return 0;
    }
    if (__atomic_exchange_n(&self.stale, false, __ATOMIC_ACQ_REL)) {
        discard_received(self);
    }
    const uint32_t causes = __atomic_exchange_n(&self.causes, 0, __ATOMIC_RELAXED);
    if ((causes & interrupt_link_change) != 0) {
        check_link(self);
    }
    if (service_transmitter(self)) {
        net::netif_wake_queue(device);
    }
    const unsigned received = receive_frames(self, budget);
    if (received < budget) {
        enable_interrupts(self);
        if (!__atomic_load_n(&self.up, __ATOMIC_SEQ_CST)) {
            self.write(reg::imc, interrupt_all);
        }
    }
    return received;
}

/// Irq context.
void expire_watchdog(task::timer&, void* context) {
    card& self = *static_cast<card*>(context);
    __atomic_store_n(&self.watchdog_expired, true, __ATOMIC_RELAXED);
    net::schedule_poll(self.device);
}

// ---- the other operations --------------------------------------------------------------------------------

lib::result<void> e1000_open(net::net_device& device) {
    card& self = card_of(device);
    __atomic_store_n(&self.stale, true, __ATOMIC_RELEASE);
    __atomic_store_n(&self.up, true, __ATOMIC_SEQ_CST);
    net::netif_set_carrier(device, link_is_up(self));
    program_receive_mode(self);
    net::schedule_poll(device); // which switches the interrupts on
    return {};
}

void e1000_stop(net::net_device& device) {
    card& self = card_of(device);
    __atomic_store_n(&self.up, false, __ATOMIC_SEQ_CST);
    self.write(reg::imc, interrupt_all);
    self.watchdog.stop();
    __atomic_store_n(&self.transmit_watched, false, __ATOMIC_RELAXED);
    reset_transmit_ring(self);
    self.tx.stopped = false;
}

void e1000_set_receive_mode(net::net_device& device) {
    program_receive_mode(card_of(device));
}

lib::result<void> e1000_set_mac(net::net_device& device, const uint8_t* mac) {
    if ((mac[0] & 1) != 0) {
        return lib::error{EADDRNOTAVAIL};
    }
    memcpy(device.mac, mac, sizeof device.mac);
    program_mac(card_of(device));
    return {};
}

lib::result<void> e1000_change_mtu(net::net_device& device, uint32_t mtu) {
    if (mtu < smallest_mtu || mtu > largest_mtu) {
        return lib::error{EINVAL};
    }
    device.mtu = mtu;
    return {};
}

constexpr net::net_device_ops e1000_ops = {
    .open = e1000_open,
    .stop = e1000_stop,
    .start_xmit = e1000_xmit,
    .flush = e1000_flush,
    .poll = e1000_poll,
    .set_receive_mode = e1000_set_receive_mode,
    .set_mac = e1000_set_mac,
    .change_mtu = e1000_change_mtu,
};

// ---- at boot ---------------------------------------------------------------------------------------------

lib::result<void> start_card(card& self) {
    TRY(initialise_hardware(self));
    TRY(setup_receive_ring(self));
    TRY(setup_transmit_ring(self));
    program_receive_mode(self);
    return {};
}

void probe_card(const pci_function& function) {
    if (card_count == max_cards) {
        LOG_WARNING("e1000: more than %u cards, this one is left alone", max_cards);
        return;
    }
    // A card lives as long as the system: its memory is given to the hardware.
    card* found = new (mm::mem_tag::driver) card(function);
    if (found == nullptr) {
        LOG_ERROR("e1000: no memory for a card");
        return;
    }
    const auto outcome = start_card(*found);
    if (!outcome.ok()) {
        LOG_ERROR("e1000: card does not start, error %d", outcome.error().number);
        return;
    }
    cards[card_count++] = found;
}

lib::result<void> register_card(card& self, net::stack& in) {
    TRY(net::register_netdev(in, self.device, "eth%u"));
    TRY(arch::request_irq(self.where.interrupt_line, arch::irq_trigger::level, handle_interrupt, &self));
    const uint8_t* mac = self.device.mac;
    LOG_INFO("%s: Intel 82540EM, %02x:%02x:%02x:%02x:%02x:%02x, irq %u, link %s", self.device.name, mac[0],
             mac[1], mac[2], mac[3], mac[4], mac[5], self.where.interrupt_line,
             self.device.carrier ? "up" : "down");
    return {};
}

} // namespace

card::card(const pci_function& function) : where(function), watchdog(expire_watchdog, this) {
    device.ops = &e1000_ops;
    device.driver_data = this;
    // QEMU's card ends each packet that it cuts with what is left, also if that is nothing.
    device.features = net::feature_transmit_checksum | net::feature_segmentation |
                      net::feature_scatter_gather | net::feature_empty_segment;
}

void watch_transmission(card& self) {
    if (__atomic_load_n(&self.transmit_watched, __ATOMIC_RELAXED)) {
        return;
    }
    self.watched_oldest = self.tx.oldest;
    __atomic_store_n(&self.transmit_watched, true, __ATOMIC_RELAXED);
    self.write(reg::ims, interrupt_transmit_done);
    self.watchdog.start(arch::clock_now_ns() + watchdog_ns);
}

} // namespace drv::e1000

namespace drv {

void probe_e1000() {
    for (const pci_function& function : pci_functions()) {
        if (function.vendor == e1000::vendor_intel && function.device == e1000::device_82540em) {
            e1000::probe_card(function);
        }
    }
}

void register_e1000(net::stack& in) {
    for (unsigned index = 0; index < e1000::card_count; index++) {
        e1000::card& self = *e1000::cards[index];
        self.device.carrier = e1000::link_is_up(self);
        const auto outcome = e1000::register_card(self, in);
        if (!outcome.ok()) {
            LOG_ERROR("e1000: card is not registered, error %d", outcome.error().number);
        }
    }
}

} // namespace drv
