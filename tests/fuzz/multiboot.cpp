// What the loader left: multiboot2 tags of any bytes (Multiboot2 specification 3.6), and the command line
// that comes with them.

#include "boot/boot_info.cpp"

#include "fuzz/support/expect.hpp"

namespace {

using fuzz::expect;

} // namespace

void arch::panic(const char*, ...) {
    abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    // The total size is the loader's to get right; the tags are not.
    const size_t total = 8 + length;
    const fuzz::exact_array<uint64_t> words((total + 7) / 8);
    auto* exact = reinterpret_cast<uint8_t*>(words.get());
    const auto size = static_cast<uint32_t>(total);
    memset(exact, 0, 8);
    memcpy(exact, &size, sizeof size);
    if (length != 0) {
        memcpy(exact + 8, bytes, length);
    }
    boot::machine = boot::boot_info();
    boot::parse_boot_info(boot::multiboot2_magic, mm::virtual_to_physical(exact));
    const boot::boot_info& found = boot::info();
    expect(found.region_count <= sizeof found.regions / sizeof found.regions[0], "more regions than room");
    expect(found.module_count <= sizeof found.modules / sizeof found.modules[0], "more modules than room");
    expect(strnlen(found.command_line, sizeof found.command_line) < sizeof found.command_line,
           "a line without end");
    static constexpr const char* keys[] = {"ip", "trace", "test", ""};
    for (const char* key : keys) {
        const char* value = found.option(key);
        expect(value == nullptr || (value >= found.words && value <= found.words + sizeof found.words) ||
                   *value == '\0',
               "an option from elsewhere");
    }
    return 0;
}
