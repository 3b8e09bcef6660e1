#pragma once
// The PCI bus through configuration mechanism 1 (ports 0xcf8 and 0xcfc; PCI Local Bus Specification 3.0,
// 3.2.2.3.2): one scan at boot finds every function, drivers look theirs up and switch it on.
//
// The list of functions is constant after scan_pci(). Configuration space is behind one spin lock because
// its two ports are an address and a window.

#include "kernel/lib/result.hpp"

#include <cstdint>
#include <span>

namespace drv {

struct pci_address {
    uint8_t bus;
    uint8_t device;
    uint8_t function;
};

/// What the configuration header says about a function (PCI 3.0, 6.1).
struct pci_function {
    pci_address at;
    uint16_t vendor;
    uint16_t device;
    uint8_t class_code;
    uint8_t subclass;
    uint8_t interface;
    uint8_t revision;
    uint8_t interrupt_line; ///< for arch::request_irq; 0xff: not connected
    uint8_t interrupt_pin;  ///< 1 = INTA; 0: has none
};

/// A region that a function answers to (PCI 3.0, 6.2.5.1).
struct pci_bar {
    uint64_t base;
    uint64_t size;
    bool is_io; ///< ports, not memory
};

/// Finds all functions and logs each with one line. Once, at boot, after setup_memory.
void scan_pci();

/// What the scan found, in the order of bus, device and function.
std::span<const pci_function> pci_functions();
/// The first function with these numbers, or nullptr.
const pci_function* find_pci_function(uint16_t vendor, uint16_t device);

/// One register of configuration space; offset is a multiple of the width. Any context.
uint32_t read_pci_config32(pci_address at, uint8_t offset);
uint16_t read_pci_config16(pci_address at, uint8_t offset);
uint8_t read_pci_config8(pci_address at, uint8_t offset);
void write_pci_config32(pci_address at, uint8_t offset, uint32_t value);
void write_pci_config16(pci_address at, uint8_t offset, uint16_t value);

/// Base address register `index` (0..5) with its size, which is found by writing ones to it: decoding is off
/// meanwhile. ENODEV: the register is not used. EINVAL: the index is out of range.
lib::result<pci_bar> read_pci_bar(pci_address at, unsigned index);

/// Lets the function answer to its regions and, with bus_master, read and write memory itself.
enum class pci_power : uint8_t { decode, decode_and_master };
void enable_pci_function(pci_address at, pci_power what);

} // namespace drv
