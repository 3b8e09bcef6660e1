#pragma once
/* What a file system holds, in POSIX's words. */

#include <sys/cdefs.h>
#include <sys/types.h>

struct statvfs {
    unsigned long f_bsize;
    unsigned long f_frsize;
    fsblkcnt_t f_blocks;
    fsblkcnt_t f_bfree;
    fsblkcnt_t f_bavail;
    fsfilcnt_t f_files;
    fsfilcnt_t f_ffree;
    fsfilcnt_t f_favail;
    unsigned long f_fsid;
    unsigned long f_flag;
    unsigned long f_namemax;
};

#define ST_RDONLY 1
#define ST_NOSUID 2

__BEGIN_DECLS

/// Describes the file system of a path.
int statvfs(const char* path, struct statvfs* result);
/// Describes the file system of an open file.
int fstatvfs(int fd, struct statvfs* result);

__END_DECLS
