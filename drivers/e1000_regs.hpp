#pragma once
// Registers and descriptors of the 82540EM. Section numbers are those of Intel's "PCI/PCI-X Family of
// Gigabit Ethernet Controllers Software Developer's Manual" (8254x, 317453). Reserved bits are written as
// they were read, or as 0.

#include <cstdint>

namespace drv::e1000 {

constexpr uint16_t vendor_intel = 0x8086;
constexpr uint16_t device_82540em = 0x100e;

/// Byte offsets in BAR 0.
enum class reg : uint32_t {
    ctrl = 0x0000,   ///< 13.4.1 device control
    status = 0x0008, ///< 13.4.2 device status
    eerd = 0x0014,   ///< 13.4.4 EEPROM read
    icr = 0x00c0,    ///< 13.4.17 interrupt causes; reading clears them
    itr = 0x00c4,    ///< 13.4.18 interrupt throttling, units of 256 ns
    ims = 0x00d0,    ///< 13.4.20 switches interrupts on
    imc = 0x00d8,    ///< 13.4.21 switches interrupts off
    rctl = 0x0100,   ///< 13.4.22 receive control
    tctl = 0x0400,   ///< 13.4.33 transmit control
    tipg = 0x0410,   ///< 13.4.34 gaps between packets
    rdbal = 0x2800,  ///< 13.4.25 receive ring, address
    rdbah = 0x2804,  ///< 13.4.26
    rdlen = 0x2808,  ///< 13.4.27 receive ring, bytes
    rdh = 0x2810,    ///< 13.4.28 receive ring, the card's position
    rdt = 0x2818,    ///< 13.4.29 receive ring, first descriptor that the card may not use
    rdtr = 0x2820,   ///< 13.4.30 receive interrupt delay
    radv = 0x282c,   ///< 13.4.31 its upper bound
    tdbal = 0x3800,  ///< 13.4.36 transmit ring, address
    tdbah = 0x3804,  ///< 13.4.37
    tdlen = 0x3808,  ///< 13.4.38 transmit ring, bytes
    tdh = 0x3810,    ///< 13.4.39 transmit ring, the card's position
    tdt = 0x3818,    ///< 13.4.40 transmit ring, one past the last descriptor to send
    tidv = 0x3820,   ///< 13.4.41 transmit interrupt delay, units of 1.024 us
    rxcsum = 0x5000, ///< 13.4.47 receive checksum control
    mta = 0x5200,    ///< 13.5.1 multicast table, 128 words
    ral = 0x5400,    ///< 13.5.2 receive address, low half
    rah = 0x5404,    ///< 13.5.3 receive address, high half

    // Statistics, 13.7; reading clears them.
    crcerrs = 0x4000, ///< frames with a bad checksum
    mpc = 0x4010,     ///< frames that found no descriptor
    ecol = 0x4018,    ///< frames given up after 16 collisions
    colc = 0x4028,    ///< collisions
    rlec = 0x4040,    ///< frames with a length that contradicts their header
    ruc = 0x40a4,     ///< frames below 64 bytes
    roc = 0x40ac,     ///< frames above the maximum
};

// 13.4.1 CTRL
constexpr uint32_t ctrl_full_duplex = 1u << 0;
constexpr uint32_t ctrl_link_reset = 1u << 3;
constexpr uint32_t ctrl_auto_speed = 1u << 5; ///< ASDE
constexpr uint32_t ctrl_set_link_up = 1u << 6;
constexpr uint32_t ctrl_reset = 1u << 26;
constexpr uint32_t ctrl_vlan_mode = 1u << 30;
constexpr uint32_t ctrl_phy_reset = 1u << 31;

// 13.4.2 STATUS
constexpr uint32_t status_link_up = 1u << 1;

// 13.4.4 EERD
constexpr uint32_t eerd_start = 1u << 0;
constexpr uint32_t eerd_done = 1u << 4;
constexpr unsigned eerd_address_shift = 8;
constexpr unsigned eerd_data_shift = 16;

// 13.4.17 ICR, and the same bits in IMS and IMC
constexpr uint32_t interrupt_transmit_done = 1u << 0;   ///< TXDW
constexpr uint32_t interrupt_link_change = 1u << 2;     ///< LSC
constexpr uint32_t interrupt_receive_minimum = 1u << 4; ///< RXDMT0: few receive descriptors left
constexpr uint32_t interrupt_receive_overrun = 1u << 6; ///< RXO
constexpr uint32_t interrupt_receive = 1u << 7;         ///< RXT0
constexpr uint32_t interrupt_all = 0xffffffff;

// 13.4.22 RCTL. The buffer size field is 0 for 2048 bytes.
constexpr uint32_t rctl_enable = 1u << 1;
constexpr uint32_t rctl_unicast_promiscuous = 1u << 3;
constexpr uint32_t rctl_multicast_promiscuous = 1u << 4;
constexpr uint32_t rctl_accept_broadcast = 1u << 15;
constexpr uint32_t rctl_strip_crc = 1u << 26;

// 13.4.33 TCTL
constexpr uint32_t tctl_enable = 1u << 1;
constexpr uint32_t tctl_pad_short = 1u << 3;
constexpr unsigned tctl_collision_threshold_shift = 4;
constexpr unsigned tctl_collision_distance_shift = 12;

// 13.4.34 TIPG for copper: 10, 8 and 6
constexpr uint32_t tipg_copper = 10u | 8u << 10 | 6u << 20;

// 13.4.47 RXCSUM
constexpr uint32_t rxcsum_ip = 1u << 8;
constexpr uint32_t rxcsum_tcp_udp = 1u << 9;

// 13.5.3 RAH
constexpr uint32_t rah_valid = 1u << 31;

constexpr unsigned mta_words = 128;

/// 3.2.3 Receive descriptor.
struct rx_descriptor {
    uint64_t address;
    uint16_t length;
    uint16_t checksum;
    uint8_t status;
    uint8_t errors;
    uint16_t special;
};
static_assert(sizeof(rx_descriptor) == 16);

// 3.2.3.1 status
constexpr uint8_t rx_done = 1 << 0;
constexpr uint8_t rx_end_of_packet = 1 << 1;
constexpr uint8_t rx_ignore_checksum = 1 << 2;   ///< IXSM
constexpr uint8_t rx_transport_checked = 1 << 5; ///< TCPCS: a TCP or UDP checksum was computed
// 3.2.3.2 errors
constexpr uint8_t rx_error_frame = 0x97;       ///< CE SE SEQ CXE RXE: the frame itself is damaged
constexpr uint8_t rx_error_transport = 1 << 5; ///< TCPE

/// 3.3.6, 3.3.7 The two kinds of extended transmit descriptors.
struct tx_descriptor {
    uint64_t address; ///< data: the buffer. Context: offsets of the checksums, see tx_context_offsets
    uint32_t command; ///< length in bits 0..19, type and command above
    uint8_t status;
    uint8_t options;  ///< data: POPTS. Context: length of the headers
    uint16_t special; ///< context: payload bytes per segment
};
static_assert(sizeof(tx_descriptor) == 16);

constexpr uint32_t tx_length_mask = 0xfffff;
constexpr uint32_t tx_type_context = 0u << 20;
constexpr uint32_t tx_type_data = 1u << 20;
// 3.3.6 TUCMD, in a context
constexpr uint32_t tx_context_tcp = 1u << 24;
constexpr uint32_t tx_context_ipv4 = 1u << 25;
// 3.3.7 DCMD, in data; TSE and DEXT in both
constexpr uint32_t tx_end_of_packet = 1u << 24;
constexpr uint32_t tx_insert_fcs = 1u << 25;
constexpr uint32_t tx_segment = 1u << 26;
constexpr uint32_t tx_report_status = 1u << 27;
constexpr uint32_t tx_extended = 1u << 29;
constexpr uint32_t tx_interrupt_delay = 1u << 31;
// 3.3.7 POPTS
constexpr uint8_t tx_insert_ip_checksum = 1 << 0;
constexpr uint8_t tx_insert_transport_checksum = 1 << 1;
// Status
constexpr uint8_t tx_done = 1 << 0;

/// 3.3.6 IPCSS IPCSO IPCSE TUCSS TUCSO TUCSE, low bytes first. An end of 0 means the end of the packet.
constexpr uint64_t tx_context_offsets(uint8_t ip_start, uint8_t ip_checksum, uint16_t ip_end,
                                      uint8_t transport_start, uint8_t transport_checksum) {
    return uint64_t{ip_start} | uint64_t{ip_checksum} << 8 | uint64_t{ip_end} << 16 |
           uint64_t{transport_start} << 32 | uint64_t{transport_checksum} << 40;
}

/// The most that one descriptor may carry of a packet on this card (3.3.7).
constexpr uint32_t tx_bytes_per_descriptor = 16 * 1024 - 96;

} // namespace drv::e1000
