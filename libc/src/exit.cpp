// The end of a program: exit() and what runs before it.
//
// Functions of atexit(), on_exit() and __cxa_atexit() (destructors of C++ objects) share one list and run in
// reverse order; then the destructors in .fini_array; then stdio writes what it still holds. stdio is asked
// through a weak name, so that a program without stdio does not link it.

#include "libc/src/internal/lock.hpp"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

extern "C" {

using destructor = void (*)();
extern destructor __fini_array_start[] __attribute__((visibility("hidden"), weak));
extern destructor __fini_array_end[] __attribute__((visibility("hidden"), weak));

__attribute__((weak)) void libc_flush_files();

void* __dso_handle = nullptr; // C++ hands it to __cxa_atexit(); only shared libraries need it.

} // extern "C"

namespace {

enum class calling { plain, with_argument, with_status };

struct exit_function {
    calling kind;
    void (*function)();
    void* argument;
};

struct exit_block {
    exit_block* older;
    int count;
    exit_function functions[32]; // What ISO C guarantees; further blocks come from malloc().
};

libc::lock list_lock;
exit_block first_block;
exit_block* newest = &first_block;
void (*quick_functions[32])();
int quick_count;

int add(exit_function added) {
    libc::guard hold(list_lock);
    if (newest->count == 32) {
        auto* block = static_cast<exit_block*>(malloc(sizeof(exit_block)));
        if (block == nullptr) {
            return -1;
        }
        block->older = newest;
        block->count = 0;
        newest = block;
    }
    newest->functions[newest->count++] = added;
    return 0;
}

/// Takes the youngest function off the list; false when there is none. Functions may add others meanwhile.
bool take(exit_function& taken) {
    libc::guard hold(list_lock);
    while (newest->count == 0) {
        if (newest->older == nullptr) {
            return false;
        }
        newest = newest->older;
    }
    taken = newest->functions[--newest->count];
    return true;
}

void run(const exit_function& chosen, int status) {
    switch (chosen.kind) {
    case calling::plain:
        chosen.function();
        break;
    case calling::with_argument:
        reinterpret_cast<void (*)(void*)>(chosen.function)(chosen.argument);
        break;
    case calling::with_status:
        reinterpret_cast<void (*)(int, void*)>(chosen.function)(status, chosen.argument);
        break;
    }
}

} // namespace

extern "C" {

int atexit(void (*function)(void)) {
    return add({calling::plain, function, nullptr});
}

int on_exit(void (*function)(int, void*), void* argument) {
    return add({calling::with_status, reinterpret_cast<void (*)()>(function), argument});
}

int __cxa_atexit(void (*function)(void*), void* argument, void*) {
    return add({calling::with_argument, reinterpret_cast<void (*)()>(function), argument});
}

int at_quick_exit(void (*function)(void)) {
    libc::guard hold(list_lock);
    if (quick_count == 32) {
        return -1;
    }
    quick_functions[quick_count++] = function;
    return 0;
}

void exit(int status) {
    exit_function next;
    while (take(next)) {
        run(next, status);
    }
    for (destructor* last = __fini_array_end; last != __fini_array_start;) {
        (*--last)();
    }
    if (libc_flush_files != nullptr) {
        libc_flush_files();
    }
    _exit(status);
}

void quick_exit(int status) {
    while (quick_count > 0) {
        quick_functions[--quick_count]();
    }
    _exit(status);
}

void _exit(int status) {
    for (;;) {
        libc::call(SYS_exit_group, status);
    }
}

void _Exit(int status) {
    _exit(status);
}

void abort() {
    // Even a program that blocks or catches SIGABRT ends: first its handler, then the default action.
    sigset_t only = 1ull << (SIGABRT - 1);
    libc::call(SYS_rt_sigprocmask, SIG_UNBLOCK, &only, nullptr, sizeof only);
    for (int attempt = 0; attempt < 2; attempt++) {
        long thread = libc::call(SYS_gettid);
        libc::call(SYS_tgkill, libc::call(SYS_getpid), thread, SIGABRT);
        kernel_sigaction by_default = {};
        libc::call(SYS_rt_sigaction, SIGABRT, &by_default, nullptr, sizeof(sigset_t));
    }
    _exit(127);
}

} // extern "C"
