#pragma once
// The map of the address space (all of it is one page here):
//
//   0x0000000000010000 .. 0x00007ffffffff000   user space; its ends are never mapped
//   0xffff888000000000 .. +64 TiB              direct map: all RAM at direct_map + physical address, NX
//   0xffffc90000000000 .. +32 TiB              vmap: kernel stacks with guard pages, device registers
//   0xffffffff80000000 .. +1 GiB               the kernel image at image_base + physical address
//
// The last user page below the canonical hole stays empty so that no SYSCALL instruction can end at
// 0x800000000000, which SYSRET would fault on in ring 0 (CVE-2012-0217).

#include <cstddef>
#include <cstdint>

namespace mm {

constexpr uint64_t page_size = 4096;
constexpr uint64_t large_page_size = 2 * 1024 * 1024;

constexpr uint64_t user_start = 0x10000;
constexpr uint64_t user_end = 0x7ffffffff000;
constexpr uint64_t direct_map = 0xffff888000000000;
constexpr uint64_t vmap_base = 0xffffc90000000000;
constexpr uint64_t image_base = 0xffffffff80000000;

constexpr uint64_t page_align_down(uint64_t value) {
    return value & ~(page_size - 1);
}
constexpr uint64_t page_align_up(uint64_t value) {
    return (value + page_size - 1) & ~(page_size - 1);
}

/// True if all length bytes at address may be user memory. An empty range is fine anywhere in user space.
constexpr bool is_user_range(uint64_t address, uint64_t length) {
    return address <= user_end && length <= user_end - address;
}
constexpr bool is_user_address(uint64_t address) {
    return address < user_end;
}

/// The kernel's view of a physical address of RAM.
template <class T = void>
T* physical_to_virtual(uint64_t physical) {
    return reinterpret_cast<T*>(direct_map + physical);
}

/// The physical address behind a pointer into the direct map or into the kernel image.
inline uint64_t virtual_to_physical(const void* pointer) {
    const auto address = reinterpret_cast<uint64_t>(pointer);
    return address >= image_base ? address - image_base : address - direct_map;
}

} // namespace mm
