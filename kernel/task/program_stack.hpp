#pragma once
// The first stack of a program: argument and environment strings, the pointers to them, and the auxiliary
// vector (System V ABI AMD64 3.4.1).

#include "kernel/lib/result.hpp"
#include "kernel/mm/address_space.hpp"
#include "kernel/task/elf.hpp"
#include "kernel/task/process.hpp"

#include <cstddef>
#include <cstdint>

namespace task {

/// argv and envp together, with their NULs.
inline constexpr size_t argument_bytes_limit = 128 * 1024;

/// The strings of argv, then those of envp, each with its NUL. Owned by one exec in progress.
class argument_block {
public:
    argument_block() = default;
    ~argument_block();
    argument_block(const argument_block&) = delete;
    argument_block& operator=(const argument_block&) = delete;

    /// Appends the strings of a user's array of pointers up to its null pointer. EFAULT, E2BIG, ENOMEM.
    lib::result<void> append_arguments(uint64_t user_array);
    lib::result<void> append_environment(uint64_t user_array);
    /// Appends or puts in front one argument of the kernel's. E2BIG, ENOMEM.
    lib::result<void> append_argument(const char* text);
    lib::result<void> prepend_argument(const char* text);
    /// Removes the first argument, if any: a script's interpreter gets another one.
    void drop_first_argument();

    const char* bytes() const { return bytes_; }
    size_t length() const { return length_; }
    unsigned argument_count() const { return argument_count_; }
    unsigned environment_count() const { return environment_count_; }

private:
    lib::result<void> reserve(size_t more);
    lib::result<unsigned> append_from_user(uint64_t user_array);

    char* bytes_ = nullptr;
    size_t length_ = 0;
    size_t capacity_ = 0;
    unsigned argument_count_ = 0;
    unsigned environment_count_ = 0;
};

/// Where things ended up.
struct program_stack {
    uint64_t stack_pointer = 0;
    uint64_t arguments_start = 0;
    uint64_t arguments_end = 0;
    uint64_t environment_end = 0;
};

/// Maps the stack area and fills its top. Process context. ENOMEM, E2BIG.
lib::result<program_stack> build_program_stack(mm::address_space& space, const argument_block& arguments,
                                               const loaded_program& program, const char* path,
                                               const credentials& who);

} // namespace task
