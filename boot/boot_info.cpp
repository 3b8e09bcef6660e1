// Parsing what the loader left: multiboot2 tags (Multiboot2 specification 3.6) or PVH's start_info (Xen,
// public/arch-x86/hvm/start_info.h). Both end in the same boot_info. The structures are read through the
// loader's page tables, which map the first 4 GiB at the direct map's address.
//
// The loader's word is taken for where the tags are and how many bytes they have together; within them no tag
// reaches beyond the end, and one of a wrong size ends the list or is left out.

#include "boot/boot_info.hpp"

#include "kernel/arch/panic.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/layout.hpp"

namespace boot {
namespace {

boot_info machine;

constexpr uint32_t multiboot2_magic = 0x36d76289;
constexpr uint32_t pvh_magic = 0x336ec578;

// ---- multiboot2 ------------------------------------------------------------------------------------------

enum class tag_type : uint32_t {
    end = 0,
    command_line = 1,
    loader_name = 2,
    module = 3,
    memory_map = 6,
    framebuffer = 8,
    rsdp_v1 = 14,
    rsdp_v2 = 15,
};

struct tag_header {
    tag_type type;
    uint32_t size; ///< Of the tag, without the padding to 8 bytes.
};

struct module_tag {
    tag_header header;
    uint32_t start;
    uint32_t end;
};

struct memory_map_tag {
    tag_header header;
    uint32_t entry_size;
    uint32_t entry_version;
};

struct memory_map_entry {
    uint64_t address;
    uint64_t length;
    uint32_t type;
    uint32_t reserved;
};

struct [[gnu::packed]] framebuffer_tag {
    tag_header header;
    uint64_t address;
    uint32_t pitch;
    uint32_t width;
    uint32_t height;
    uint8_t bits_per_pixel;
    uint8_t type; ///< 1: direct colour, 2: text.
    uint16_t reserved;
    uint8_t red_position, red_size, green_position, green_size, blue_position, blue_size;
};

// ---- PVH -------------------------------------------------------------------------------------------------

struct pvh_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t command_line;
    uint64_t rsdp;
    uint64_t memory_map; ///< From version 1 on.
    uint32_t memory_map_entries;
    uint32_t reserved;
};

struct pvh_module {
    uint64_t address;
    uint64_t size;
    uint64_t command_line;
    uint64_t reserved;
};

// ---- both ------------------------------------------------------------------------------------------------

template <class T>
const T* at(uint64_t physical) {
    return mm::physical_to_virtual<const T>(physical);
}

template <class T>
const T& tag_as(const tag_header& tag) {
    return *reinterpret_cast<const T*>(&tag);
}

/// Copies a text that ends with a zero or after `most` bytes, cut to what fits.
void copy_text(char* to, size_t size_bytes, const char* from, size_t most) {
    size_t length = 0;
    while (length < most && length < size_bytes - 1 && from[length] != '\0') {
        to[length] = from[length];
        length++;
    }
    to[length] = '\0';
}

/// Memory types of the BIOS's and Xen's maps are the same (ACPI 6.4, table 15-374).
memory_kind kind_of(uint32_t type) {
    return type == 1 ? memory_kind::usable : type == 3 ? memory_kind::acpi : memory_kind::reserved;
}

void add_region(const memory_map_entry& entry) {
    constexpr size_t room = sizeof machine.regions / sizeof machine.regions[0];
    if (machine.region_count < room) {
        machine.regions[machine.region_count++] = {entry.address, entry.length, kind_of(entry.type)};
    }
}

void add_module(uint64_t physical, uint64_t length) {
    constexpr size_t room = sizeof machine.modules / sizeof machine.modules[0];
    if (machine.module_count < room) {
        machine.modules[machine.module_count++] = {physical, length};
    }
}

/// Splits the command line at blanks; quotes are not special.
void cut_words() {
    memcpy(machine.words, machine.command_line, sizeof machine.words);
    machine.words_length = strlen(machine.command_line);
    for (size_t index = 0; index < machine.words_length; ++index) {
        if (machine.words[index] == ' ') {
            machine.words[index] = '\0';
        }
    }
}

void take_memory_map(const tag_header& tag) {
    const auto& map = tag_as<memory_map_tag>(tag);
    if (map.entry_size < sizeof(memory_map_entry) || map.entry_size % 8 != 0) {
        return;
    }
    const auto* entry = reinterpret_cast<const char*>(&map + 1);
    for (size_t left = tag.size - sizeof map; left >= map.entry_size; left -= map.entry_size) {
        add_region(*reinterpret_cast<const memory_map_entry*>(entry));
        entry += map.entry_size;
    }
}

void take_framebuffer(const tag_header& tag) {
    const auto& buffer = tag_as<framebuffer_tag>(tag);
    screen& display = machine.display;
    display.kind = buffer.type == 2 ? screen_kind::text
                   : buffer.type == 1 && buffer.bits_per_pixel == 32 && tag.size >= sizeof buffer
                       ? screen_kind::pixels
                       : screen_kind::none;
    display.physical = buffer.address;
    display.pitch_bytes = buffer.pitch;
    display.width = buffer.width;
    display.height = buffer.height;
    display.bits_per_pixel = buffer.bits_per_pixel;
    if (display.kind == screen_kind::pixels) {
        display.red_shift = buffer.red_position;
        display.green_shift = buffer.green_position;
        display.blue_shift = buffer.blue_position;
    }
}

/// The least that a tag must hold to be looked at.
size_t least_size(tag_type type) {
    constexpr size_t rsdp_bytes = 20; // of version 1; ACPI 6.4, 5.2.5.3
    switch (type) {
    case tag_type::module:
        return sizeof(module_tag);
    case tag_type::memory_map:
        return sizeof(memory_map_tag);
    case tag_type::framebuffer:
        return offsetof(framebuffer_tag, red_position);
    case tag_type::rsdp_v1:
    case tag_type::rsdp_v2:
        return sizeof(tag_header) + rsdp_bytes;
    default:
        return sizeof(tag_header);
    }
}

void take_tag(const tag_header& tag) {
    const char* const content = reinterpret_cast<const char*>(&tag + 1);
    const size_t content_bytes = tag.size - sizeof(tag_header);
    switch (tag.type) {
    case tag_type::command_line:
        copy_text(machine.command_line, sizeof machine.command_line, content, content_bytes);
        break;
    case tag_type::loader_name:
        copy_text(machine.loader, sizeof machine.loader, content, content_bytes);
        break;
    case tag_type::module: {
        const auto& module = tag_as<module_tag>(tag);
        if (module.start <= module.end) {
            add_module(module.start, module.end - module.start);
        }
        break;
    }
    case tag_type::memory_map:
        take_memory_map(tag);
        break;
    case tag_type::framebuffer:
        take_framebuffer(tag);
        break;
    case tag_type::rsdp_v1:
        if (machine.rsdp_physical != 0) {
            break; // the newer one is better
        }
        [[fallthrough]];
    case tag_type::rsdp_v2:
        machine.rsdp_physical = mm::virtual_to_physical(content);
        break;
    default:
        break;
    }
}

void parse_multiboot2(uint64_t physical) {
    constexpr uint64_t header_bytes = 8; // total size, reserved
    const uint64_t end = physical + *at<uint32_t>(physical);
    for (uint64_t place = physical + header_bytes; place < end && end - place >= sizeof(tag_header);) {
        const auto& tag = *at<tag_header>(place);
        if (tag.type == tag_type::end || tag.size < sizeof(tag_header) || tag.size > end - place) {
            break;
        }
        if (tag.size >= least_size(tag.type)) {
            take_tag(tag);
        }
        place += (uint64_t{tag.size} + 7) & ~uint64_t{7};
    }
}

void parse_pvh(uint64_t physical) {
    const auto& start = *at<pvh_start_info>(physical);
    copy_text(machine.loader, sizeof machine.loader, "PVH", sizeof machine.loader);
    if (start.command_line != 0) {
        copy_text(machine.command_line, sizeof machine.command_line, at<char>(start.command_line),
                  sizeof machine.command_line);
    }
    const auto* const modules = at<pvh_module>(start.modules);
    for (uint32_t index = 0; index < start.module_count; ++index) {
        add_module(modules[index].address, modules[index].size);
    }
    const auto* const map = at<memory_map_entry>(start.memory_map);
    for (uint32_t index = 0; start.version >= 1 && index < start.memory_map_entries; ++index) {
        add_region(map[index]);
    }
    machine.rsdp_physical = start.rsdp;
    // QEMU leaves the screen in VGA text mode.
    machine.display = {.kind = screen_kind::text,
                       .physical = 0xb8000,
                       .pitch_bytes = 160,
                       .width = 80,
                       .height = 25,
                       .bits_per_pixel = 16};
}

} // namespace

const boot_info& info() {
    return machine;
}

void parse_boot_info(uint32_t magic, uint64_t physical) {
    if (magic == multiboot2_magic) {
        parse_multiboot2(physical);
    } else if (magic == pvh_magic && *at<uint32_t>(physical) == pvh_magic) {
        parse_pvh(physical);
    } else {
        arch::panic("started by no known loader (magic %#x)", magic);
    }
    cut_words();
}

const char* boot_info::option(const char* key) const {
    const size_t key_length = strlen(key);
    const char* value = nullptr;
    for (const char* word = words; word < words + words_length; word += strlen(word) + 1) {
        if (strncmp(word, key, key_length) != 0) {
            continue;
        }
        if (word[key_length] == '=') {
            value = word + key_length + 1;
        } else if (word[key_length] == '\0') {
            value = "";
        }
    }
    return value;
}

} // namespace boot
