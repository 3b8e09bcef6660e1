// PCI configuration space and the scan of the buses.
//
// Interface: scan_pci() once, then pci_functions() and find_pci_function(); drivers use the register
// functions for the few settings they need.
//
// Invariants: functions_ only grows during the scan and is constant afterwards. Port 0xcf8 selects a register
// and 0xcfc is the window to it, so both belong to whoever holds config_lock.

#include "drivers/pci.hpp"

#include "kernel/abi/errno.h"
#include "kernel/arch/io.hpp"
#include "kernel/arch/spinlock.hpp"
#include "kernel/lib/log.hpp"

namespace drv {

namespace {

constexpr uint16_t address_port = 0xcf8;
constexpr uint16_t data_port = 0xcfc;

// Offsets in the configuration header, PCI 3.0, 6.1.
constexpr uint8_t register_vendor = 0x00;
constexpr uint8_t register_device = 0x02;
constexpr uint8_t register_command = 0x04;
constexpr uint8_t register_class = 0x08;
constexpr uint8_t register_header_type = 0x0e;
constexpr uint8_t register_bars = 0x10;
constexpr uint8_t register_secondary_bus = 0x19;
constexpr uint8_t register_interrupt_line = 0x3c;
constexpr uint8_t register_interrupt_pin = 0x3d;

constexpr uint16_t command_io = 1 << 0;
constexpr uint16_t command_memory = 1 << 1;
constexpr uint16_t command_master = 1 << 2;
constexpr uint16_t command_no_intx = 1 << 10;

constexpr uint8_t header_multi_function = 0x80;
constexpr uint8_t header_kind = 0x7f;
constexpr uint8_t header_kind_bridge = 1;
constexpr uint16_t no_vendor = 0xffff;

constexpr unsigned bar_count = 6;
constexpr unsigned max_functions = 64;
constexpr unsigned max_bridge_depth = 8; // a loop of misprogrammed bridges ends here

arch::spinlock config_lock{lib::lock_rank::device};
pci_function functions[max_functions];
unsigned function_count = 0;

void select(pci_address at, uint8_t offset) {
    arch::outl(address_port, 0x80000000u | uint32_t{at.bus} << 16 | uint32_t{at.device} << 11 |
                                 uint32_t{at.function} << 8 | (offset & 0xfcu));
}

void add_function(pci_address at, uint16_t vendor) {
    const uint32_t class_register = read_pci_config32(at, register_class);
    const pci_function found = {
        .at = at,
        .vendor = vendor,
        .device = read_pci_config16(at, register_device),
        .class_code = static_cast<uint8_t>(class_register >> 24),
        .subclass = static_cast<uint8_t>(class_register >> 16),
        .interface = static_cast<uint8_t>(class_register >> 8),
        .revision = static_cast<uint8_t>(class_register),
        .interrupt_line = read_pci_config8(at, register_interrupt_line),
        .interrupt_pin = read_pci_config8(at, register_interrupt_pin),
    };
    LOG_INFO("pci %02x:%02x.%u %04x:%04x class %02x%02x line %u", at.bus, at.device, at.function,
             found.vendor, found.device, found.class_code, found.subclass, found.interrupt_line);
    if (function_count == max_functions) {
        LOG_WARNING("pci: more than %u functions, this one is left alone", max_functions);
        return;
    }
    functions[function_count++] = found;
}

void scan_bus(uint8_t bus, unsigned depth);

/// True if the function exists.
bool scan_function(pci_address at, unsigned depth) {
    const uint16_t vendor = read_pci_config16(at, register_vendor);
    if (vendor == no_vendor) {
        return false;
    }
    add_function(at, vendor);
    const bool bridge = (read_pci_config8(at, register_header_type) & header_kind) == header_kind_bridge;
    if (bridge && depth < max_bridge_depth) {
        const uint8_t behind = read_pci_config8(at, register_secondary_bus);
        if (behind > at.bus) {
            scan_bus(behind, depth + 1);
        }
    }
    return true;
}

void scan_bus(uint8_t bus, unsigned depth) {
    for (uint8_t device = 0; device < 32; device++) {
        const pci_address first = {bus, device, 0};
        if (!scan_function(first, depth)) {
            continue;
        }
        if ((read_pci_config8(first, register_header_type) & header_multi_function) == 0) {
            continue;
        }
        for (uint8_t function = 1; function < 8; function++) {
            scan_function({bus, device, function}, depth);
        }
    }
}

} // namespace

void scan_pci() {
    scan_bus(0, 0);
}

std::span<const pci_function> pci_functions() {
    return {functions, function_count};
}

const pci_function* find_pci_function(uint16_t vendor, uint16_t device) {
    for (const pci_function& candidate : pci_functions()) {
        if (candidate.vendor == vendor && candidate.device == device) {
            return &candidate;
        }
    }
    return nullptr;
}

uint32_t read_pci_config32(pci_address at, uint8_t offset) {
    arch::spin_guard guard(config_lock);
    select(at, offset);
    return arch::inl(data_port);
}

uint16_t read_pci_config16(pci_address at, uint8_t offset) {
    arch::spin_guard guard(config_lock);
    select(at, offset);
    return arch::inw(data_port + (offset & 2));
}

uint8_t read_pci_config8(pci_address at, uint8_t offset) {
    arch::spin_guard guard(config_lock);
    select(at, offset);
    return arch::inb(data_port + (offset & 3));
}

void write_pci_config32(pci_address at, uint8_t offset, uint32_t value) {
    arch::spin_guard guard(config_lock);
    select(at, offset);
    arch::outl(data_port, value);
}

void write_pci_config16(pci_address at, uint8_t offset, uint16_t value) {
    arch::spin_guard guard(config_lock);
    select(at, offset);
    arch::outw(data_port + (offset & 2), value);
}

lib::result<pci_bar> read_pci_bar(pci_address at, unsigned index) {
    if (index >= bar_count) {
        return lib::error{EINVAL};
    }
    const auto offset = static_cast<uint8_t>(register_bars + 4 * index);
    const uint16_t command = read_pci_config16(at, register_command);
    write_pci_config16(at, register_command, command & ~(command_io | command_memory));

    const uint32_t low = read_pci_config32(at, offset);
    const bool is_io = (low & 1) != 0;
    const bool is_64_bit = !is_io && (low & 6) == 4 && index + 1 < bar_count;
    write_pci_config32(at, offset, 0xffffffff);
    const uint32_t size_low = read_pci_config32(at, offset);
    write_pci_config32(at, offset, low);
    uint32_t high = 0;
    uint32_t size_high = 0xffffffff;
    if (is_64_bit) {
        high = read_pci_config32(at, offset + 4);
        write_pci_config32(at, offset + 4, 0xffffffff);
        size_high = read_pci_config32(at, offset + 4);
        write_pci_config32(at, offset + 4, high);
    }
    write_pci_config16(at, register_command, command);

    const uint32_t flag_bits = is_io ? 0x3 : 0xf;
    if ((size_low & ~flag_bits) == 0 && size_high == 0xffffffff) {
        return lib::error{ENODEV};
    }
    // The bits that stay 0 after writing ones are the size less one.
    const uint64_t mask = uint64_t{size_high} << 32 | (size_low & ~flag_bits);
    const uint64_t size = is_io ? (~mask & 0xffff) + 1 : ~mask + 1;
    return pci_bar{.base = uint64_t{high} << 32 | (low & ~flag_bits), .size = size, .is_io = is_io};
}

void enable_pci_function(pci_address at, pci_power what) {
    uint16_t command = read_pci_config16(at, register_command);
    command |= command_io | command_memory;
    if (what == pci_power::decode_and_master) {
        command |= command_master;
    }
    command &= static_cast<uint16_t>(~command_no_intx);
    write_pci_config16(at, register_command, command);
}

} // namespace drv
