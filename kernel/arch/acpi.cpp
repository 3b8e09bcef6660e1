// Finds the MADT: RSDP -> RSDT or XSDT -> table with signature "APIC". The tables are firmware's and may
// lie anywhere, so they are copied out piece by piece; their lengths are not trusted beyond a page.

#include "kernel/arch/acpi.hpp"

#include "kernel/arch/device_memory.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/lib/string.hpp"

namespace arch {
namespace {

struct [[gnu::packed]] root_pointer { // 5.2.5.3
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum;
    uint8_t reserved[3];
};
static_assert(sizeof(root_pointer) == 36);
constexpr size_t root_pointer_v1_bytes = 20;

struct [[gnu::packed]] table_header { // 5.2.6
    char signature[4];
    uint32_t length;
    uint8_t revision;
    uint8_t checksum;
    char oem[6];
    char oem_table[8];
    uint32_t oem_revision;
    uint32_t creator;
    uint32_t creator_revision;
};
static_assert(sizeof(table_header) == 36);

constexpr size_t largest_table = 4096;
alignas(8) uint8_t table[largest_table]; // used at boot only, one table at a time

uint8_t sum(const void* bytes, size_t length) {
    uint8_t total = 0;
    for (size_t index = 0; index < length; ++index) {
        total = static_cast<uint8_t>(total + static_cast<const uint8_t*>(bytes)[index]);
    }
    return total;
}

bool read_root_pointer(uint64_t physical, root_pointer& root) {
    return read_physical(physical, &root, sizeof root) && memcmp(root.signature, "RSD PTR ", 8) == 0 &&
           sum(&root, root_pointer_v1_bytes) == 0;
}

/// The BIOS keeps it on a 16-byte boundary between 0xe0000 and 0xfffff.
uint64_t search_root_pointer() {
    for (uint64_t base = 0xe0000; base < 0x100000; base += sizeof table) {
        if (!read_physical(base, table, sizeof table)) {
            return 0;
        }
        for (size_t offset = 0; offset < sizeof table; offset += 16) {
            if (memcmp(table + offset, "RSD PTR ", 8) == 0 &&
                sum(table + offset, root_pointer_v1_bytes) == 0) {
                return base + offset;
            }
        }
    }
    return 0;
}

/// Copies a table with a right checksum to `table`; nullptr if it is broken or too long.
const table_header* read_table(uint64_t physical) {
    const auto* header = reinterpret_cast<const table_header*>(table);
    if (!read_physical(physical, table, sizeof(table_header)) || header->length < sizeof(table_header) ||
        header->length > largest_table) {
        return nullptr;
    }
    if (!read_physical(physical, table, header->length) || sum(table, header->length) != 0) {
        return nullptr;
    }
    return header;
}

/// Reads the table with this signature; the root table's entries have 4 or 8 bytes.
const table_header* find_table(const root_pointer& root, const char* signature) {
    const bool wide = root.revision >= 2 && root.xsdt != 0;
    const size_t entry_bytes = wide ? 8 : 4;
    const table_header* const list = read_table(wide ? root.xsdt : root.rsdt);
    if (list == nullptr) {
        return nullptr;
    }
    const size_t count = (list->length - sizeof *list) / entry_bytes;
    uint64_t addresses[64];
    const size_t taken = count < 64 ? count : 64;
    for (size_t index = 0; index < taken; ++index) {
        addresses[index] = 0;
        memcpy(&addresses[index], table + sizeof *list + index * entry_bytes, entry_bytes);
    }
    for (size_t index = 0; index < taken; ++index) {
        table_header header;
        if (read_physical(addresses[index], &header, sizeof header) &&
            memcmp(header.signature, signature, 4) == 0) {
            return read_table(addresses[index]);
        }
    }
    return nullptr;
}

uint32_t read32(const uint8_t* at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/// One interrupt controller structure of the MADT, 5.2.12.2 and following.
void take_entry(const uint8_t* entry, size_t length, interrupt_topology& topology) {
    constexpr uint8_t local_apic = 0, io_apic = 1, override = 2, local_apic_address = 5;
    if (entry[0] == local_apic && length >= 8 && (entry[4] & 1) != 0) {
        ++topology.cpu_count;
    } else if (entry[0] == io_apic && length >= 12 && read32(entry + 8) == 0) {
        topology.io_apic_physical = read32(entry + 4);
    } else if (entry[0] == override && length >= 10 && entry[3] < 16 && entry[4] < 24) {
        // Flags: polarity in bits 0-1 (3 is active low), trigger in bits 2-3 (3 is level).
        topology.isa[entry[3]] = {
            .line = entry[4], .level = (entry[8] >> 2 & 3) == 3, .active_low = (entry[8] & 3) == 3};
    } else if (entry[0] == local_apic_address && length >= 12) {
        memcpy(&topology.local_apic_physical, entry + 4, 8);
    }
}

} // namespace

bool read_interrupt_topology(uint64_t rsdp_physical, interrupt_topology& topology) {
    root_pointer root;
    if (rsdp_physical == 0) {
        rsdp_physical = search_root_pointer();
    }
    if (rsdp_physical == 0 || !read_root_pointer(rsdp_physical, root)) {
        return false;
    }
    const table_header* const madt = find_table(root, "APIC");
    if (madt == nullptr || madt->length < sizeof *madt + 8) {
        return false;
    }
    topology = {};
    for (uint8_t line = 0; line < 16; ++line) {
        topology.isa[line].line = line;
    }
    topology.local_apic_physical = read32(table + sizeof *madt);
    for (size_t at = sizeof *madt + 8; at + 2 <= madt->length;) {
        const size_t length = table[at + 1];
        if (length < 2 || at + length > madt->length) {
            break;
        }
        take_entry(table + at, length, topology);
        at += length;
    }
    return topology.local_apic_physical != 0 && topology.io_apic_physical != 0;
}

} // namespace arch
