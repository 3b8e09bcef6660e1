// Saying what was touched: what kind of mistake, how far from which object or variable, who allocated and
// freed it, and the shadow around it. This file is compiled without instrumentation.

#include "kernel/sanitizer/kasan_report.hpp"

#include "kernel/arch/panic.hpp"
#include "kernel/arch/panic_state.hpp"
#include "kernel/lib/format.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/mm/layout.hpp"

namespace kasan {
namespace {

constexpr uint64_t kernel_half = 0xffff800000000000;
constexpr uint64_t granule = 8;
constexpr unsigned most_files = 512;

struct file_globals {
    const global_variable* variables;
    size_t count;
};
file_globals files[most_files]; ///< Filled at boot.
size_t file_count = 0;

uint64_t number_of(const void* address) {
    return reinterpret_cast<uint64_t>(address);
}

uint8_t shadow_at(uint64_t address) {
    return *shadow_of(reinterpret_cast<const void*>(address));
}

/// Why the byte may not be touched: of a granule that may be touched in part, the next one tells.
poison reason_at(uint64_t address) {
    const uint8_t shadow = shadow_at(address);
    return static_cast<poison>(shadow < granule ? shadow_at(address + granule) : shadow);
}

const char* kind_of(uint64_t address) {
    if (address < mm::page_size) {
        return "null-dereference";
    }
    if (address < kernel_half) {
        return "wild-access";
    }
    switch (reason_at(address)) {
    case poison::stack_left:
    case poison::stack_middle:
    case poison::stack_right:
        return "stack-out-of-bounds";
    case poison::out_of_scope:
        return "use-after-scope";
    case poison::global:
        return "global-out-of-bounds";
    case poison::red_zone:
        return "heap-out-of-bounds";
    case poison::freed:
        return "use-after-free";
    case poison::guard:
        return "stack-guard";
    case poison::free_page:
        return "use-after-free-of-page";
    }
    return "out-of-bounds";
}

void log_callers(const char* what, const uint32_t (&callers)[most_callers]) {
    LOG_ERROR("%s by:", what);
    for (const uint32_t low : callers) {
        const uint64_t address = mm::image_base | low;
        uint64_t offset = 0;
        const char* const name = low == 0 ? nullptr : arch::find_symbol(address - 1, offset);
        if (name != nullptr) {
            LOG_ERROR("  %016lx %s+%#lx", address - 1, name, offset);
        }
    }
}

void log_object(const heap_object& object, uint64_t address) {
    const object_record& record = record_of(object);
    const uint64_t offset = address - number_of(object.start);
    const bool inside = offset < record.size_bytes;
    LOG_ERROR("%lu bytes %s the %lu bytes of the %s object at %lx (%s)",
              inside ? offset : offset - record.size_bytes, inside ? "into" : "behind", record.size_bytes,
              object.tag == nullptr ? "freed" : "allocated", number_of(object.start),
              object.tag == nullptr ? "-" : object.tag);
    log_callers("allocated", record.allocated_by);
    if (object.tag == nullptr) {
        log_callers("freed", record.freed_by);
    }
}

void log_global(uint64_t address) {
    for (size_t file = 0; file < file_count; ++file) {
        for (size_t index = 0; index < files[file].count; ++index) {
            const global_variable& each = files[file].variables[index];
            const uint64_t offset = address - number_of(each.start);
            if (offset < each.padded_bytes) {
                LOG_ERROR("%lu bytes behind the %lu bytes of the variable %s of %s", offset - each.size_bytes,
                          each.size_bytes, each.name, each.source_file);
            }
        }
    }
}

/// Nothing is known of a slab's memory that was never handed out: then there is no record either.
void log_owner(uint64_t address) {
    const poison reason = reason_at(address);
    heap_object object;
    if (reason == poison::global) {
        log_global(address);
    } else if ((reason == poison::red_zone || reason == poison::freed) &&
               find_object(reinterpret_cast<const void*>(address), object)) {
        log_object(object, address);
    }
}

void log_shadow(uint64_t address) {
    constexpr uint64_t row_bytes = 16 * granule;
    const uint64_t row_of_address = address & ~(row_bytes - 1);
    LOG_ERROR("shadow (a byte for 8 bytes):");
    for (int row = -2; row <= 2; ++row) {
        const uint64_t start = row_of_address + static_cast<uint64_t>(row) * row_bytes;
        char text[3 * 16 + 1];
        for (uint64_t column = 0; column < 16; ++column) {
            const uint64_t at = start + column * granule;
            const bool here = at == (address & ~(granule - 1));
            lib::format(text + 3 * column, 4, "%c%02x", here ? '>' : ' ', shadow_at(at));
        }
        LOG_ERROR("  %016lx:%s", start, text);
    }
}

/// A report about the making of a report, or about what a panic touches, would find no end.
void begin_report() {
    static bool reporting = false;
    if (reporting || arch::panicking()) {
        arch::panic("KASAN: once more while the machine stops");
    }
    reporting = true;
}

} // namespace

void remember_globals(const global_variable* variables, size_t count) {
    if (file_count < most_files) {
        files[file_count++] = {variables, count};
    }
}

void report(uint64_t bad, uint64_t start, size_t size_bytes, access how, const void* caller) {
    begin_report();
    if (bad >= kernel_half) {
        log_owner(bad);
        log_shadow(bad);
    }
    uint64_t offset = 0;
    const char* const name = arch::find_symbol(number_of(caller), offset);
    arch::panic("KASAN: %s: %s of %lu bytes at %lx by %s+%#lx", kind_of(bad),
                how == access::read ? "read" : "write", size_bytes, start, name == nullptr ? "?" : name,
                offset);
}

void report_access(uint64_t start, size_t size_bytes, access how, const void* caller) {
    uint64_t bad = start;
    while (bad >= kernel_half && bad < start + size_bytes - 1 &&
           (shadow_at(bad) == 0 || (shadow_at(bad) < granule && bad % granule < shadow_at(bad)))) {
        ++bad;
    }
    report(bad, start, size_bytes, how, caller);
}

void report_free(const void* object, const char* what, const void* caller) {
    begin_report();
    const uint64_t address = number_of(object);
    heap_object found;
    if (find_object(object, found)) {
        log_object(found, address);
    }
    log_shadow(address);
    uint64_t offset = 0;
    const char* const name = arch::find_symbol(number_of(caller), offset);
    arch::panic("KASAN: invalid free: %s: %lx by %s+%#lx", what, address, name == nullptr ? "?" : name,
                offset);
}

} // namespace kasan
