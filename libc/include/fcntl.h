#pragma once
/* Opening files and changing open ones. */

#include <kernel/abi/files.h>
#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS

/// Opens a file; O_CREAT takes a mode as third argument.
int open(const char* path, int flags, ...);
/// The same relative to a folder.
int openat(int folder, const char* path, int flags, ...);
/// open() with O_CREAT | O_WRONLY | O_TRUNC.
int creat(const char* path, mode_t mode);
/// Asks or changes an open file, by F_ number.
int fcntl(int fd, int command, ...);
/// Makes room for a file's content; 0 or an errno value.
int posix_fallocate(int fd, off_t offset, off_t length);
/// Makes room for a file's content.
int fallocate(int fd, int mode, off_t offset, off_t length);
/// Tells how a file will be read; always 0.
int posix_fadvise(int fd, off_t offset, off_t length, int advice);

/// Moves bytes between a pipe and another file without copying them through the program; how many. Either of
/// the two may be the pipe, or both. A null offset is the file's own.
ssize_t splice(int from, off_t* from_offset, int to, off_t* to_offset, size_t length, unsigned flags);

#define POSIX_FADV_NORMAL 0
#define POSIX_FADV_RANDOM 1
#define POSIX_FADV_SEQUENTIAL 2
#define POSIX_FADV_WILLNEED 3
#define POSIX_FADV_DONTNEED 4
#define POSIX_FADV_NOREUSE 5

__END_DECLS
