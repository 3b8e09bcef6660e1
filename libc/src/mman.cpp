// Memory mappings and the end of the heap.

#include "libc/src/internal/syscall.hpp"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

using libc::checked_int;

extern "C" {

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
    return reinterpret_cast<void*>(libc::checked(SYS_mmap, address, size, protection, flags, fd, offset));
}
int munmap(void* address, size_t size) {
    return checked_int(SYS_munmap, address, size);
}
int mprotect(void* address, size_t size, int protection) {
    return checked_int(SYS_mprotect, address, size, protection);
}
void* mremap(void* address, size_t old_size, size_t new_size, int flags, ...) {
    va_list list;
    va_start(list, flags);
    void* wanted = (flags & MREMAP_FIXED) != 0 ? va_arg(list, void*) : nullptr;
    va_end(list);
    return reinterpret_cast<void*>(libc::checked(SYS_mremap, address, old_size, new_size, flags, wanted));
}
int msync(void* address, size_t size, int flags) {
    return checked_int(SYS_msync, address, size, flags);
}
int madvise(void* address, size_t size, int advice) {
    return checked_int(SYS_madvise, address, size, advice);
}
int mlock(const void* address, size_t size) {
    return checked_int(SYS_mlock, address, size);
}
int munlock(const void* address, size_t size) {
    return checked_int(SYS_munlock, address, size);
}
int mlockall(int flags) {
    return checked_int(SYS_mlockall, flags);
}
int munlockall(void) {
    return checked_int(SYS_munlockall);
}

int shm_open(const char* name, int flags, mode_t mode) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/dev/shm/%s", *name == '/' ? name + 1 : name);
    return open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
}
int shm_unlink(const char* name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/dev/shm/%s", *name == '/' ? name + 1 : name);
    return unlink(path);
}

int brk(void* end) {
    long now = libc::call(SYS_brk, end);
    return now < reinterpret_cast<long>(end) ? static_cast<int>(libc::check(-ENOMEM)) : 0;
}
void* sbrk(intptr_t increment) {
    long now = libc::call(SYS_brk, nullptr);
    if (increment != 0 && libc::call(SYS_brk, now + increment) != now + increment) {
        errno = ENOMEM;
        return reinterpret_cast<void*>(-1);
    }
    return reinterpret_cast<void*>(now);
}

} // extern "C"
