// The card apart from its rings: reset, EEPROM, address filters, link, counters.
//
// RCTL is written once at boot, with the receiver on: QEMU's card takes no frame for one second after every
// write to it (its flush_queue_timer), so it is only written again when promiscuous mode really changes.
// "All multicast" therefore fills the hash table instead of setting RCTL.MPE.

#include "drivers/e1000_card.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/netdevice.h"
#include "kernel/arch/clock.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/vmap.hpp"

namespace drv::e1000 {

namespace {

constexpr uint32_t reset_time_us = 5000; // until the EEPROM was read again
constexpr unsigned eeprom_attempts = 1000;
constexpr uint32_t interrupts_per_second = 20'000;
constexpr uint32_t throttle_units = 1'000'000'000 / (interrupts_per_second * 256);

/// One 16-bit word of the EEPROM, 5.3.1: by the EERD register, without touching its pins.
lib::result<uint16_t> read_eeprom(card& self, uint8_t word) {
    self.write(reg::eerd, eerd_start | uint32_t{word} << eerd_address_shift);
    for (unsigned attempt = 0; attempt < eeprom_attempts; attempt++) {
        const uint32_t value = self.read(reg::eerd);
        if ((value & eerd_done) != 0) {
            return static_cast<uint16_t>(value >> eerd_data_shift);
        }
        arch::delay_us(1);
    }
    return lib::error{ENODEV};
}

/// The address is in the first three words, low byte first (5.6.1). RAL may be 0 after reset (Bochs).
lib::result<void> read_mac(card& self) {
    for (uint8_t word = 0; word < 3; word++) {
        const uint16_t value = TRY(read_eeprom(self, word));
        self.device.mac[2 * word] = static_cast<uint8_t>(value);
        self.device.mac[2 * word + 1] = static_cast<uint8_t>(value >> 8);
    }
    const bool is_group = (self.device.mac[0] & 1) != 0;
    static constexpr uint8_t no_address[6] = {};
    if (is_group || memcmp(self.device.mac, no_address, sizeof no_address) == 0) {
        return lib::error{ENODEV};
    }
    return {};
}

lib::result<void> map_registers(card& self) {
    const pci_bar bar = TRY(read_pci_bar(self.where.at, 0));
    if (bar.is_io || bar.base == 0) {
        return lib::error{ENODEV};
    }
    void* window = TRY(mm::map_device(bar.base, bar.size, mm::device_caching::uncached));
    self.registers = static_cast<volatile uint8_t*>(window);
    return {};
}

/// The bit of the multicast table for an address, 13.5.1: bits 47..36 of it, since RCTL.MO is 0.
unsigned multicast_hash(const uint8_t* mac) {
    return (mac[4] >> 4 | unsigned{mac[5]} << 4) & 0xfff;
}

/// The hash table for the addresses that the stack listens to, or full for all.
void program_multicast_table(card& self) {
    uint32_t table[mta_words] = {};
    for (const net::device_multicast& entry : self.device.multicast) {
        const unsigned hash = multicast_hash(entry.mac);
        table[hash / 32] |= entry.users != 0 ? 1u << hash % 32 : 0;
    }
    const bool all = self.device.all_groups > 0 || (self.device.flags & IFF_ALLMULTI) != 0;
    for (unsigned word = 0; word < mta_words; word++) {
        self.write(reg::mta, word, all ? 0xffffffff : table[word]);
    }
}

} // namespace

lib::result<void> initialise_hardware(card& self) {
    enable_pci_function(self.where.at, pci_power::decode_and_master);
    TRY(map_registers(self));

    self.write(reg::imc, interrupt_all);
    self.write(reg::ctrl, self.read(reg::ctrl) | ctrl_reset);
    arch::delay_us(reset_time_us);
    self.write(reg::imc, interrupt_all);
    self.read(reg::icr);

    // 14.5.1: the PHY negotiates, the MAC takes over what it finds.
    uint32_t control = self.read(reg::ctrl) | ctrl_set_link_up | ctrl_auto_speed;
    control &= ~(ctrl_link_reset | ctrl_phy_reset | ctrl_vlan_mode);
    self.write(reg::ctrl, control);

    TRY(read_mac(self));
    program_mac(self);
    self.write(reg::itr, throttle_units);
    self.write(reg::rdtr, 0);
    self.write(reg::rxcsum, rxcsum_ip | rxcsum_tcp_udp);
    return {};
}

void program_mac(card& self) {
    const uint8_t* mac = self.device.mac;
    self.write(reg::ral, mac[0] | uint32_t{mac[1]} << 8 | uint32_t{mac[2]} << 16 | uint32_t{mac[3]} << 24);
    self.write(reg::rah, mac[4] | uint32_t{mac[5]} << 8 | rah_valid);
}

void program_receive_mode(card& self) {
    program_multicast_table(self);
    uint32_t control = rctl_enable | rctl_accept_broadcast | rctl_strip_crc;
    if (self.device.promiscuity > 0 || (self.device.flags & IFF_PROMISC) != 0) {
        control |= rctl_unicast_promiscuous | rctl_multicast_promiscuous;
    }
    if (control != self.receive_control) {
        self.receive_control = control;
        self.write(reg::rctl, control);
    }
}

bool link_is_up(const card& self) {
    return (self.read(reg::status) & status_link_up) != 0;
}

void collect_counters(card& self) {
    net::device_statistics& total = self.device.statistics;
    const uint32_t crc = self.read(reg::crcerrs);
    const uint32_t length = self.read(reg::rlec) + self.read(reg::ruc) + self.read(reg::roc);
    total.rx_missed += self.read(reg::mpc);
    total.rx_crc_errors += crc;
    total.rx_length_errors += length;
    total.rx_errors += crc + length;
    total.collisions += self.read(reg::colc);
    total.tx_errors += self.read(reg::ecol);
}

} // namespace drv::e1000
