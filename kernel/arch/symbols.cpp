// Names of kernel functions for backtraces. tools/mksymbols.awk makes the table from a first link:
// addresses as offsets from the start of the text, sorted, each with the place of its name.

#include "kernel/arch/panic.hpp"

#include <cstddef>

extern "C" {
extern const char text_start[], text_end[];

struct symbol_entry {
    uint32_t address; ///< From text_start.
    uint32_t name;    ///< From symbol_names.
};
extern const uint32_t symbol_count;
extern const symbol_entry symbol_table[];
extern const char symbol_names[];
}

namespace arch {

const char* find_symbol(uint64_t address, uint64_t& offset) {
    const auto start = reinterpret_cast<uint64_t>(text_start);
    if (address < start || address >= reinterpret_cast<uint64_t>(text_end)) {
        return nullptr;
    }
    const uint64_t wanted = address - start;
    // The last entry at or below the address.
    size_t low = 0, high = symbol_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (symbol_table[middle].address <= wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return nullptr;
    }
    offset = wanted - symbol_table[low - 1].address;
    return symbol_names + symbol_table[low - 1].name;
}

} // namespace arch
