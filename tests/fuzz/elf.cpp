// Programs for the loader: a file of any bytes. What passes the checks must be loadable without a surprise,
// so the loader runs against an address space that only looks: whole pages of user space, nothing twice,
// nothing writable and executable at once, writes only where something was mapped.

#include "kernel/task/elf.cpp"

#include "fuzz/support/expect.hpp"

namespace {

using fuzz::expect;

struct mapping {
    uint64_t start;
    uint64_t end;
};
mapping mappings[2 * task::segment_limit];
unsigned mapping_count = 0;
uint64_t heap_start = 0;

} // namespace

namespace lib {
void assert_failed(const char* condition, const char*, int) {
    expect(false, condition);
    __builtin_unreachable();
}
} // namespace lib

uint64_t arch::random_u64() {
    return ~uint64_t{0}; // as far up as it goes
}

namespace mm {

lib::result<uint64_t> address_space::map(uint64_t hint, uint64_t length, int prot, int flags,
                                         lib::ref<backing>, uint64_t offset, int) {
    expect(hint % page_size == 0 && length % page_size == 0 && length != 0 && offset % page_size == 0,
           "no whole pages");
    expect(is_user_range(hint, length), "a segment outside of user space");
    expect((prot & PROT_WRITE) == 0 || (prot & PROT_EXEC) == 0, "writable code");
    expect((flags & MAP_FIXED) != 0, "a segment anywhere");
    for (unsigned i = 0; i < mapping_count; i++) {
        expect(hint >= mappings[i].end || hint + length <= mappings[i].start, "two segments in one place");
    }
    expect(mapping_count < sizeof mappings / sizeof mappings[0], "more mappings than two a segment");
    mappings[mapping_count++] = {hint, hint + length};
    return hint;
}

lib::result<void> address_space::write(uint64_t address, const void* from, size_t length) {
    bool inside = false;
    for (unsigned i = 0; i < mapping_count; i++) {
        inside = inside || (address >= mappings[i].start && address + length <= mappings[i].end);
    }
    expect(inside, "a write where nothing is mapped");
    expect(static_cast<const char*>(from)[length - 1] == 0, "something else than zeros is written");
    return {};
}

void address_space::set_heap_start(uint64_t address) {
    heap_start = address;
}

} // namespace mm

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    Elf64_Ehdr header;
    if (length < sizeof header) {
        return 0;
    }
    memcpy(&header, bytes, sizeof header);
    // The file may be larger than what the fuzzer has to say of it.
    const uint64_t file_bytes = length + (header.e_flags & 0xffffff);
    const auto place = task::check_file_header(header, file_bytes);
    if (!place.ok()) {
        return 0;
    }
    const size_t table_bytes = place.value().length_bytes;
    expect(place.value().offset <= file_bytes && table_bytes <= file_bytes - place.value().offset,
           "a table outside of its file");
    expect(table_bytes <= task::program_header_limit * sizeof(Elf64_Phdr), "a table without bounds");
    static Elf64_Phdr table[task::program_header_limit];
    const uint64_t offset = place.value().offset;
    for (size_t i = 0; i < table_bytes; i++) {
        reinterpret_cast<uint8_t*>(table)[i] = offset + i < length ? bytes[offset + i] : 0;
    }
    const fuzz::exact_copy exact(table, table_bytes);
    task::elf_program program;
    const auto* headers = reinterpret_cast<const Elf64_Phdr*>(exact.get());
    if (!task::check_program(header, headers, file_bytes, program).ok()) {
        return 0;
    }
    mapping_count = 0;
    alignas(64) static uint8_t nothing[sizeof(mm::address_space)];
    auto& space =
        *reinterpret_cast<mm::address_space*>(nothing); // never looked into: its functions are above
    const auto loaded = task::load_program(program, space, nullptr);
    expect(loaded.ok(), "a checked program cannot be loaded");
    bool entry_mapped = false;
    for (unsigned i = 0; i < mapping_count; i++) {
        entry_mapped = entry_mapped ||
                       (loaded.value().entry >= mappings[i].start && loaded.value().entry < mappings[i].end);
        expect(heap_start >= mappings[i].end, "the heap begins inside of a segment");
    }
    expect(entry_mapped, "an entry point where nothing is mapped");
    return 0;
}
