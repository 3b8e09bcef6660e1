#pragma once
/* What a file system holds. */

#include <kernel/abi/files.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Describes the file system of a path.
int statfs(const char* path, struct statfs* result);
/// Describes the file system of an open file.
int fstatfs(int fd, struct statfs* result);

__END_DECLS
