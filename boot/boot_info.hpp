#pragma once
// What the loader told, as one plain struct: parsed once from GRUB's multiboot2 tags or from the PVH
// start_info of `qemu -kernel`. Constant after kernel_main's first line.

#include <cstddef>
#include <cstdint>

namespace boot {

enum class memory_kind : uint8_t { usable, reserved, acpi };

struct memory_region {
    uint64_t physical;
    uint64_t length;
    memory_kind kind;
};

struct module {
    uint64_t physical;
    uint64_t length;
};

/// A linear frame buffer of 32 bits a pixel, or text mode (80x25 at 0xb8000), or nothing.
enum class screen_kind : uint8_t { none, text, pixels };

struct screen {
    screen_kind kind = screen_kind::none;
    uint64_t physical = 0;
    uint32_t pitch_bytes = 0;
    uint32_t width = 0;
    uint32_t height = 0;
    uint8_t bits_per_pixel = 0;
    uint8_t red_shift = 16, green_shift = 8, blue_shift = 0;
};

struct boot_info {
    memory_region regions[64];
    size_t region_count = 0;
    module modules[4]; ///< The first one is the initramfs.
    size_t module_count = 0;
    screen display;
    uint64_t rsdp_physical = 0; ///< 0 if the loader gave none.
    char command_line[512] = {};
    char loader[32] = {};

    /// The value of the word key=value of the command line, "" for a word without '=', nullptr if the
    /// word is not there. The last one of several counts.
    const char* option(const char* key) const;

    char words[512] = {}; ///< The command line cut into words by NULs; option() looks here.
    size_t words_length = 0;
};

/// The machine's; valid once parse_boot_info() ran.
const boot_info& info();

/// Reads the loader's structures through the boot page tables. magic and address are the registers at
/// entry. Panics if they are of no known loader.
void parse_boot_info(uint32_t magic, uint64_t physical);

} // namespace boot
