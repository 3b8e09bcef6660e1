#pragma once
/* What kind of file, whose, how large, how old. */

#include <kernel/abi/files.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define st_atime st_atim.tv_sec
#define st_mtime st_mtim.tv_sec
#define st_ctime st_ctim.tv_sec

__BEGIN_DECLS

/// What a path leads to.
int stat(const char* path, struct stat* result);
/// What a path is, not following a symbolic link at its end.
int lstat(const char* path, struct stat* result);
/// What is open.
int fstat(int fd, struct stat* result);
/// stat() or lstat() relative to a folder.
int fstatat(int folder, const char* path, struct stat* result, int flags);
/// Changes the permission bits.
int chmod(const char* path, mode_t mode);
/// The same through a descriptor.
int fchmod(int fd, mode_t mode);
/// The same relative to a folder.
int fchmodat(int folder, const char* path, mode_t mode, int flags);
/// Sets the bits new files do not get; the old ones.
mode_t umask(mode_t mask);
/// Makes a folder.
int mkdir(const char* path, mode_t mode);
/// The same relative to a folder.
int mkdirat(int folder, const char* path, mode_t mode);
/// Makes a device, pipe or socket name.
int mknod(const char* path, mode_t mode, dev_t device);
/// The same relative to a folder.
int mknodat(int folder, const char* path, mode_t mode, dev_t device);
/// Makes a named pipe.
int mkfifo(const char* path, mode_t mode);
/// Sets access and modification time.
int utimensat(int folder, const char* path, const struct timespec times[2], int flags);
/// The same through a descriptor.
int futimens(int fd, const struct timespec times[2]);

__END_DECLS
