#include "kernel/task/elf.hpp"

// The checks make loading simple: after check_program every segment lies in user space, its pages overlap
// no other segment's, nothing is writable and executable at once, the file has all bytes it promises, and
// the entry point is executable. What load_program can still run into is a lack of memory.

#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/arch/random.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/layout.hpp"

namespace task {

namespace {

// Where position-independent programs are put, plus 28 random bits of pages.
constexpr uint64_t load_base = 0x555555554000;
constexpr uint64_t random_page_mask = (uint64_t{1} << 28) - 1;
constexpr uint64_t position_independent_limit = uint64_t{1} << 40;

lib::error not_executable() {
    return lib::error{ENOEXEC};
}

int prot_of(uint32_t flags) {
    return ((flags & PF_R) != 0 ? PROT_READ : 0) | ((flags & PF_W) != 0 ? PROT_WRITE : 0) |
           ((flags & PF_X) != 0 ? PROT_EXEC : 0);
}

bool is_power_of_two(uint64_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

// A range that neither wraps nor leaves its container.
bool lies_within(uint64_t start, uint64_t length, uint64_t limit) {
    return start <= limit && length <= limit - start;
}

lib::result<elf_segment> check_segment(const Elf64_Phdr& header, uint64_t file_bytes, uint64_t lowest,
                                       uint64_t highest) {
    const bool sizes_fit =
        header.p_filesz <= header.p_memsz && lies_within(header.p_offset, header.p_filesz, file_bytes);
    const bool place_fits = header.p_vaddr >= lowest && lies_within(header.p_vaddr, header.p_memsz, highest);
    const bool aligned = (header.p_align <= 1 || is_power_of_two(header.p_align)) &&
                         (header.p_vaddr - header.p_offset) % mm::page_size == 0;
    const int prot = prot_of(header.p_flags);
    const bool writable_code = (prot & PROT_WRITE) != 0 && (prot & PROT_EXEC) != 0;
    if (!sizes_fit || !place_fits || !aligned || writable_code) {
        return not_executable();
    }
    return elf_segment{header.p_vaddr, header.p_memsz, header.p_offset, header.p_filesz, prot};
}

lib::result<void> add_segment(elf_program& program, const elf_segment& segment) {
    if (program.segment_count == segment_limit) {
        return not_executable();
    }
    if (program.segment_count > 0) {
        const elf_segment& before = program.segments[program.segment_count - 1];
        if (mm::page_align_up(before.address + before.memory_bytes) > mm::page_align_down(segment.address)) {
            return not_executable();
        }
    }
    program.segments[program.segment_count++] = segment;
    return {};
}

bool entry_is_code(const elf_program& program) {
    for (unsigned i = 0; i < program.segment_count; i++) {
        const elf_segment& segment = program.segments[i];
        if ((segment.prot & PROT_EXEC) != 0 && program.entry >= segment.address &&
            program.entry - segment.address < segment.memory_bytes) {
            return true;
        }
    }
    return false;
}

// The address at which the file's program header table appears in memory.
uint64_t find_own_headers(const elf_program& program, uint64_t table_offset, size_t table_bytes) {
    for (unsigned i = 0; i < program.segment_count; i++) {
        const elf_segment& segment = program.segments[i];
        if (table_offset >= segment.file_offset &&
            lies_within(table_offset - segment.file_offset, table_bytes, segment.file_bytes)) {
            return segment.address + (table_offset - segment.file_offset);
        }
    }
    return 0;
}

// Writes zeroes from the end of the file's bytes to the end of their last page.
lib::result<void> clear_tail(mm::address_space& space, uint64_t file_end) {
    static constexpr char zeroes[256] = {};
    const uint64_t end = mm::page_align_up(file_end);
    for (uint64_t at = file_end; at < end;) {
        const uint64_t piece = end - at < sizeof zeroes ? end - at : sizeof zeroes;
        TRY(space.write(at, zeroes, piece));
        at += piece;
    }
    return {};
}

lib::result<void> map_segment(mm::address_space& space, const elf_segment& segment, uint64_t bias,
                              const lib::ref<mm::backing>& file) {
    const uint64_t start = mm::page_align_down(segment.address + bias);
    const uint64_t file_end = segment.address + bias + segment.file_bytes;
    const uint64_t memory_end = segment.address + bias + segment.memory_bytes;
    uint64_t mapped_end = start;
    if (segment.file_bytes > 0) {
        mapped_end = mm::page_align_up(file_end);
        const uint64_t offset = mm::page_align_down(segment.file_offset);
        TRY(space.map(start, mapped_end - start, segment.prot, MAP_PRIVATE | MAP_FIXED, file, offset));
    }
    if (mm::page_align_up(memory_end) > mapped_end) {
        TRY(space.map(mapped_end, mm::page_align_up(memory_end) - mapped_end, segment.prot,
                      MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, nullptr, 0));
    }
    if (segment.file_bytes > 0 && memory_end > file_end) {
        TRY(clear_tail(space, file_end));
    }
    return {};
}

} // namespace

lib::result<elf_table_place> check_file_header(const Elf64_Ehdr& header, uint64_t file_bytes) {
    const bool is_elf64 = memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                          header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
                          header.e_ident[EI_VERSION] == EV_CURRENT && header.e_version == EV_CURRENT;
    const bool is_program =
        (header.e_type == ET_EXEC || header.e_type == ET_DYN) && header.e_machine == EM_X86_64;
    const bool has_table = header.e_phentsize == sizeof(Elf64_Phdr) && header.e_phnum > 0 &&
                           header.e_phnum <= program_header_limit;
    const size_t table_bytes = header.e_phnum * sizeof(Elf64_Phdr);
    if (!is_elf64 || !is_program || !has_table || !lies_within(header.e_phoff, table_bytes, file_bytes)) {
        return not_executable();
    }
    return elf_table_place{header.e_phoff, table_bytes};
}

lib::result<void> check_program(const Elf64_Ehdr& header, const Elf64_Phdr* table, uint64_t file_bytes,
                                elf_program& program) {
    program.position_independent = header.e_type == ET_DYN;
    program.entry = header.e_entry;
    program.program_header_count = header.e_phnum;
    const uint64_t lowest = program.position_independent ? 0 : mm::user_start;
    const uint64_t highest = program.position_independent ? position_independent_limit : mm::user_end;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        if (table[i].p_type == PT_INTERP) {
            return not_executable(); // a dynamic program: there is no linker here
        }
        if (table[i].p_type == PT_LOAD && table[i].p_memsz > 0) {
            const elf_segment segment = TRY(check_segment(table[i], file_bytes, lowest, highest));
            TRY(add_segment(program, segment));
        }
    }
    if (!entry_is_code(program)) {
        return not_executable();
    }
    program.program_headers = find_own_headers(program, header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr));
    return {};
}

lib::result<loaded_program> load_program(const elf_program& program, mm::address_space& space,
                                         const lib::ref<mm::backing>& file) {
    uint64_t bias = 0;
    if (program.position_independent) {
        bias = load_base + (arch::random_u64() & random_page_mask) * mm::page_size;
    }
    uint64_t end = 0;
    for (unsigned i = 0; i < program.segment_count; i++) {
        TRY(map_segment(space, program.segments[i], bias, file));
        end = program.segments[i].address + bias + program.segments[i].memory_bytes;
    }
    space.set_heap_start(mm::page_align_up(end));
    return loaded_program{
        .entry = program.entry + bias,
        .program_headers = program.program_headers != 0 ? program.program_headers + bias : 0,
        .program_header_count = program.program_header_count,
    };
}

} // namespace task
