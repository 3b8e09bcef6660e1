#pragma once
// ELF64 programs (System V ABI, chapters 4 and 5; AMD64 supplement 3.4): checking them completely before
// anything is changed, and putting them into an address space that nobody runs on yet.
//
// Accepted: static programs at fixed addresses (ET_EXEC) and static position-independent ones (ET_DYN
// without PT_INTERP), which are moved to a random place and relocate themselves.

#include "kernel/abi/elf.h"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/mm/address_space.hpp"
#include "kernel/mm/backing.hpp"

#include <cstddef>
#include <cstdint>

namespace task {

inline constexpr unsigned segment_limit = 16; ///< loadable segments
inline constexpr unsigned program_header_limit = 64;

/// One loadable segment. The file's part is page-aligned together with its address.
struct elf_segment {
    uint64_t address; ///< before the bias
    uint64_t memory_bytes;
    uint64_t file_offset;
    uint64_t file_bytes;
    int prot; ///< PROT_...
};

/// A program that passed all checks.
struct elf_program {
    elf_segment segments[segment_limit];
    unsigned segment_count = 0;
    bool position_independent = false;
    uint64_t entry = 0;           ///< before the bias, as all addresses here
    uint64_t program_headers = 0; ///< where the program finds its own headers; 0 if nowhere
    unsigned program_header_count = 0;
};

/// How many bytes of program headers follow a file header, and where. ENOEXEC.
struct elf_table_place {
    uint64_t offset;
    size_t length_bytes;
};
lib::result<elf_table_place> check_file_header(const Elf64_Ehdr& header, uint64_t file_bytes);

/// Checks headers that were read from a file of this size and fills `program`, a fresh one. Pure. ENOEXEC.
lib::result<void> check_program(const Elf64_Ehdr& header, const Elf64_Phdr* table, uint64_t file_bytes,
                                elf_program& program);

/// What a loaded program needs to start.
struct loaded_program {
    uint64_t entry = 0;
    uint64_t program_headers = 0;
    unsigned program_header_count = 0;
};

/// Maps the segments into a fresh space and sets where its heap begins. Process context. ENOMEM, ENOEXEC.
lib::result<loaded_program> load_program(const elf_program& program, mm::address_space& space,
                                         const lib::ref<mm::backing>& file);

} // namespace task
