// The start of a program: from the stack the kernel prepared to main().
//
// libc_start (called by crt0.asm) reads argc, argv, the environment and the auxiliary vector, gives the first
// thread its thread-local variables and control block, runs the constructors of static C++ objects, and
// leaves main's result to exit(). The control block of a program with few thread-local variables lies in
// `.bss`, so a small program makes no system call but ARCH_SET_FS and set_tid_address before main().

#include "libc/src/internal/syscall.hpp"
#include "libc/src/internal/thread.hpp"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

extern "C" {

char** environ;
char* program_invocation_name;
char* program_invocation_short_name;

int main(int argc, char** argv, char** environment);

using constructor = void (*)(int, char**, char**);
extern constructor __preinit_array_start[] __attribute__((visibility("hidden"), weak));
extern constructor __preinit_array_end[] __attribute__((visibility("hidden"), weak));
extern constructor __init_array_start[] __attribute__((visibility("hidden"), weak));
extern constructor __init_array_end[] __attribute__((visibility("hidden"), weak));

int* __errno_location() {
    return &libc::this_thread()->error;
}

} // extern "C"

namespace libc {

namespace {

struct tls_image {
    const char* start;
    size_t file_bytes;
    size_t block_bytes; // the variables, rounded up to their segment's alignment
    size_t alignment;   // of the control block's address, at least the segment's
};

const unsigned long* auxiliary_vector;
tls_image thread_locals;

constexpr size_t first_block_bytes = 1024;
alignas(64) char first_block[first_block_bytes];

size_t round_up(size_t value, size_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

/// Finds the initial content of thread-local variables in the program's own headers.
void find_thread_locals() {
    thread_locals.alignment = alignof(thread_control);
    auto* header = reinterpret_cast<const Elf64_Phdr*>(getauxval(AT_PHDR));
    if (header == nullptr) {
        return;
    }
    for (unsigned long left = getauxval(AT_PHNUM); left > 0; left--, header++) {
        if (header->p_type == PT_TLS) {
            thread_locals.start = reinterpret_cast<const char*>(header->p_vaddr);
            thread_locals.file_bytes = header->p_filesz;
            thread_locals.block_bytes = round_up(header->p_memsz, header->p_align);
            if (header->p_align > thread_locals.alignment) {
                thread_locals.alignment = header->p_align;
            }
        }
    }
}

void* first_thread_memory() {
    size_t needed = thread_block_bytes();
    if (needed <= first_block_bytes) {
        return first_block;
    }
    long memory =
        call(SYS_mmap, nullptr, needed, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0l);
    if (memory < 0 && memory >= -max_errno) {
        call(SYS_exit_group, 127);
    }
    return reinterpret_cast<void*>(memory);
}

void start_first_thread() {
    thread_control* thread = initialise_thread_block(first_thread_memory());
    if (auto* random = reinterpret_cast<const uintptr_t*>(getauxval(AT_RANDOM))) {
        thread->canary = random[1] & ~0xfful; // A zero byte stops string functions from reading past it.
    }
    call(SYS_arch_prctl, ARCH_SET_FS, thread);
    thread->id = static_cast<int>(call(SYS_set_tid_address, &thread->id));
}

void name_program(char* path) {
    program_invocation_name = path != nullptr ? path : const_cast<char*>("");
    program_invocation_short_name = program_invocation_name;
    for (char* place = program_invocation_name; *place != '\0'; place++) {
        if (*place == '/') {
            program_invocation_short_name = place + 1;
        }
    }
}

void construct(int argc, char** argv) {
    for (constructor* next = __preinit_array_start; next != __preinit_array_end; next++) {
        (*next)(argc, argv, environ);
    }
    for (constructor* next = __init_array_start; next != __init_array_end; next++) {
        (*next)(argc, argv, environ);
    }
}

} // namespace

size_t thread_block_bytes() {
    return thread_locals.block_bytes + thread_locals.alignment + sizeof(thread_control);
}

thread_control* initialise_thread_block(void* memory) {
    auto start = reinterpret_cast<uintptr_t>(memory);
    uintptr_t end = round_up(start + thread_locals.block_bytes, thread_locals.alignment);
    if (thread_locals.file_bytes > 0) {
        // The linker counts back from the control block in the segment's own alignment.
        memcpy(reinterpret_cast<char*>(end - thread_locals.block_bytes), thread_locals.start,
               thread_locals.file_bytes);
    }
    auto* thread = reinterpret_cast<thread_control*>(end);
    thread->self = thread;
    return thread;
}

} // namespace libc

extern "C" {

unsigned long getauxval(unsigned long key) {
    for (const unsigned long* entry = libc::auxiliary_vector; entry[0] != AT_NULL; entry += 2) {
        if (entry[0] == key) {
            return entry[1];
        }
    }
    return 0;
}

[[noreturn]] void libc_start(long* stack) {
    int argc = static_cast<int>(stack[0]);
    auto** argv = reinterpret_cast<char**>(stack + 1);
    environ = argv + argc + 1;
    char** end = environ;
    while (*end != nullptr) {
        end++;
    }
    libc::auxiliary_vector = reinterpret_cast<const unsigned long*>(end + 1);
    libc::find_thread_locals();
    libc::start_first_thread();
    libc::name_program(argc > 0 ? argv[0] : nullptr);
    libc::construct(argc, argv);
    exit(main(argc, argv, environ));
}

} // extern "C"
