#pragma once
/* Memory mappings. */

#include <kernel/abi/mman.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define MAP_FAILED ((void*)-1)
#define POSIX_MADV_NORMAL MADV_NORMAL
#define POSIX_MADV_SEQUENTIAL MADV_SEQUENTIAL
#define POSIX_MADV_WILLNEED MADV_WILLNEED

__BEGIN_DECLS

/// Maps a file or fresh memory; MAP_FAILED with errno.
void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset);
/// Unmaps.
int munmap(void* address, size_t size);
/// Changes what may be done with mapped memory.
int mprotect(void* address, size_t size, int protection);
/// Resizes or moves a mapping.
void* mremap(void* address, size_t old_size, size_t new_size, int flags, ...);
/// Writes a shared mapping back.
int msync(void* address, size_t size, int flags);
/// Tells how memory will be used.
int madvise(void* address, size_t size, int advice);
/// Keeps memory resident.
int mlock(const void* address, size_t size);
/// Undoes mlock().
int munlock(const void* address, size_t size);
/// Keeps all memory resident.
int mlockall(int flags);
/// Undoes mlockall().
int munlockall(void);
/// Opens shared memory by name, below /dev/shm.
int shm_open(const char* name, int flags, mode_t mode);
/// Removes shared memory's name.
int shm_unlink(const char* name);

__END_DECLS
