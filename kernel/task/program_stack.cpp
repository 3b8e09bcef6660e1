#include "kernel/task/program_stack.hpp"

//     high   path of the program (AT_EXECFN)
//            16 random bytes (AT_RANDOM), "x86_64" (AT_PLATFORM)
//            strings of envp, strings of argv (argv[0] lowest)
//            auxiliary vector, ends with AT_NULL
//            envp pointers, null
//            argv pointers, null
//     rsp -> argc                                     a multiple of 16
//
// The words from argc to AT_NULL are written in pieces through a small buffer: 128 KiB of empty strings
// would need a megabyte of pointers, more than a kernel stack or one allocation should hold.

#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/process.h"
#include "kernel/arch/cpu.hpp"
#include "kernel/arch/random.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/layout.hpp"
#include "kernel/mm/user_ptr.hpp"

namespace task {

namespace {

constexpr uint64_t stack_bytes = 8 * 1024 * 1024;
constexpr uint64_t guard_gap_bytes = 256 * mm::page_size; // CVE-2017-1000364
constexpr uint64_t random_offset_mask = 0x7fff;           // pages
constexpr uint64_t clock_ticks_per_second = 100;

// Writes words upwards into a space that is not loaded.
class word_writer {
public:
    word_writer(mm::address_space& space, uint64_t address) : space_(space), address_(address) {}

    lib::result<void> put(uint64_t word) {
        words_[count_++] = word;
        return count_ == capacity ? flush() : lib::result<void>{};
    }
    lib::result<void> flush() {
        TRY(space_.write(address_, words_, count_ * sizeof(uint64_t)));
        address_ += count_ * sizeof(uint64_t);
        count_ = 0;
        return {};
    }

private:
    static constexpr size_t capacity = 32;
    mm::address_space& space_;
    uint64_t address_;
    uint64_t words_[capacity];
    size_t count_ = 0;
};

struct auxiliary_entry {
    uint64_t key;
    uint64_t value;
};

// Puts bytes below `top` and returns their address.
lib::result<uint64_t> push(mm::address_space& space, uint64_t top, const void* bytes, size_t length) {
    const uint64_t at = top - length;
    TRY(space.write(at, bytes, length));
    return at;
}

lib::result<uint64_t> map_stack(mm::address_space& space) {
    const uint64_t top = mm::user_end - (arch::random_u64() & random_offset_mask) * mm::page_size;
    TRY(space.map(top - stack_bytes, stack_bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_STACK, nullptr, 0));
    TRY(space.map(top - stack_bytes - guard_gap_bytes, guard_gap_bytes, PROT_NONE,
                  MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE, nullptr, 0));
    return top;
}

// Pointers to `count` strings that stand one behind the other, and the null pointer.
lib::result<void> put_pointers(word_writer& writer, const char*& text, uint64_t& address, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        TRY(writer.put(address));
        const size_t length = strlen(text) + 1;
        text += length;
        address += length;
    }
    return writer.put(0);
}

} // namespace

argument_block::~argument_block() {
    mm::kfree(bytes_);
}

lib::result<void> argument_block::reserve(size_t more) {
    if (length_ + more > argument_bytes_limit) {
        return lib::error{E2BIG};
    }
    if (length_ + more <= capacity_) {
        return {};
    }
    size_t wanted = capacity_ == 0 ? 2048 : capacity_;
    while (wanted < length_ + more) {
        wanted *= 2;
    }
    auto* larger = static_cast<char*>(mm::kmalloc(wanted, mm::mem_tag::task));
    if (larger == nullptr) {
        return lib::error{ENOMEM};
    }
    if (length_ > 0) {
        memcpy(larger, bytes_, length_);
    }
    mm::kfree(bytes_);
    bytes_ = larger;
    capacity_ = wanted;
    return {};
}

lib::result<unsigned> argument_block::append_from_user(uint64_t user_array) {
    unsigned count = 0;
    if (user_array == 0) {
        return count; // Linux takes a null array for an empty one
    }
    for (;; count++) {
        const auto pointer = TRY(mm::fetch(mm::user_ptr<const uint64_t>(user_array) + count));
        if (pointer == 0) {
            return count;
        }
        for (;;) {
            TRY(reserve(1));
            const auto copied = mm::copy_string_from_user(bytes_ + length_, mm::user_ptr<const char>(pointer),
                                                          capacity_ - length_);
            if (copied.ok()) {
                length_ += copied.value() + 1;
                break;
            }
            if (copied.error().number != ENAMETOOLONG) {
                return copied.error();
            }
            TRY(reserve(capacity_ - length_ + 1)); // doubles, or says E2BIG
        }
    }
}

lib::result<void> argument_block::append_arguments(uint64_t user_array) {
    argument_count_ += TRY(append_from_user(user_array));
    return {};
}

lib::result<void> argument_block::append_environment(uint64_t user_array) {
    environment_count_ += TRY(append_from_user(user_array));
    return {};
}

lib::result<void> argument_block::append_argument(const char* text) {
    const size_t size = strlen(text) + 1;
    TRY(reserve(size));
    memcpy(bytes_ + length_, text, size);
    length_ += size;
    argument_count_++;
    return {};
}

lib::result<void> argument_block::prepend_argument(const char* text) {
    const size_t size = strlen(text) + 1;
    TRY(reserve(size));
    memmove(bytes_ + size, bytes_, length_);
    memcpy(bytes_, text, size);
    length_ += size;
    argument_count_++;
    return {};
}

void argument_block::drop_first_argument() {
    if (argument_count_ == 0) {
        return;
    }
    const size_t size = strlen(bytes_) + 1;
    memmove(bytes_, bytes_ + size, length_ - size);
    length_ -= size;
    argument_count_--;
}

lib::result<program_stack> build_program_stack(mm::address_space& space, const argument_block& arguments,
                                               const loaded_program& program, const char* path,
                                               const credentials& who) {
    uint64_t top = TRY(map_stack(space)) - sizeof(uint64_t);
    unsigned char random[16];
    arch::random_bytes(random, sizeof random);
    const uint64_t path_address = top = TRY(push(space, top, path, strlen(path) + 1));
    const uint64_t random_address = top = TRY(push(space, top & ~uint64_t{15}, random, sizeof random));
    const uint64_t platform_address = top = TRY(push(space, top, "x86_64", sizeof "x86_64"));
    const uint64_t strings = TRY(push(space, top, arguments.bytes(), arguments.length()));
    const auxiliary_entry auxiliary[] = {
        {AT_PHDR, program.program_headers},
        {AT_PHENT, sizeof(Elf64_Phdr)},
        {AT_PHNUM, program.program_header_count},
        {AT_PAGESZ, mm::page_size},
        {AT_BASE, 0},
        {AT_FLAGS, 0},
        {AT_ENTRY, program.entry},
        {AT_UID, who.uid},
        {AT_EUID, who.effective_uid},
        {AT_GID, who.gid},
        {AT_EGID, who.effective_gid},
        {AT_SECURE, who.uid != who.effective_uid || who.gid != who.effective_gid ? 1ul : 0ul},
        {AT_CLKTCK, clock_ticks_per_second},
        {AT_HWCAP, arch::cpuid(1).edx},
        {AT_PLATFORM, platform_address},
        {AT_RANDOM, random_address},
        {AT_EXECFN, path_address},
        {AT_NULL, 0},
    };
    constexpr size_t auxiliary_count = sizeof auxiliary / sizeof auxiliary[0];
    const size_t words =
        1 + arguments.argument_count() + 1 + arguments.environment_count() + 1 + 2 * auxiliary_count;
    program_stack built;
    built.stack_pointer = (strings - words * sizeof(uint64_t)) & ~uint64_t{15};
    built.arguments_start = strings;
    word_writer writer(space, built.stack_pointer);
    const char* text = arguments.bytes();
    uint64_t address = strings;
    TRY(writer.put(arguments.argument_count()));
    TRY(put_pointers(writer, text, address, arguments.argument_count()));
    built.arguments_end = address;
    TRY(put_pointers(writer, text, address, arguments.environment_count()));
    built.environment_end = address;
    for (const auxiliary_entry& entry : auxiliary) {
        TRY(writer.put(entry.key));
        TRY(writer.put(entry.value));
    }
    TRY(writer.flush());
    return built;
}

} // namespace task
