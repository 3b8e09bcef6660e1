#pragma once
/* Mounting file systems. */

#include <kernel/abi/files.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Mounts a file system.
int mount(const char* source, const char* target, const char* type, unsigned long flags, const void* data);
/// Unmounts.
int umount(const char* target);
/// Unmounts with flags.
int umount2(const char* target, int flags);

__END_DECLS
