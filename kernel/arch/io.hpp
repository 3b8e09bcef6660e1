#pragma once
// Port input and output, and single reads and writes of device memory. Any context, no locks.

#include <cstdint>

namespace arch {

inline uint8_t inb(uint16_t port) {
    uint8_t value;
    asm volatile("inb %w1, %b0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
inline uint16_t inw(uint16_t port) {
    uint16_t value;
    asm volatile("inw %w1, %w0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
inline uint32_t inl(uint16_t port) {
    uint32_t value;
    asm volatile("inl %w1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
inline void outb(uint16_t port, uint8_t value) {
    asm volatile("outb %b0, %w1" : : "a"(value), "Nd"(port) : "memory");
}
inline void outw(uint16_t port, uint16_t value) {
    asm volatile("outw %w0, %w1" : : "a"(value), "Nd"(port) : "memory");
}
inline void outl(uint16_t port, uint32_t value) {
    asm volatile("outl %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

/// One access to device memory, neither merged nor reordered by the compiler.
inline uint32_t mmio_read32(const volatile void* address) {
    return *static_cast<const volatile uint32_t*>(address);
}
inline void mmio_write32(volatile void* address, uint32_t value) {
    *static_cast<volatile uint32_t*>(address) = value;
}

} // namespace arch
