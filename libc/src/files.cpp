// Calls about files that go straight to the kernel: <fcntl.h>, <sys/stat.h>, the file half of <unistd.h>,
// <sys/uio.h>, <sys/file.h>, <sys/sendfile.h>, <sys/statfs.h>, <sys/mount.h>.

#include "libc/src/internal/syscall.hpp"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utime.h>

using libc::checked;
using libc::checked_int;

namespace {

/// open()'s mode is there only when a file may be made.
bool takes_mode(int flags) {
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

void convert(const struct statfs& from, struct statvfs& to) {
    to = {};
    to.f_bsize = static_cast<unsigned long>(from.f_bsize);
    to.f_frsize = static_cast<unsigned long>(from.f_frsize != 0 ? from.f_frsize : from.f_bsize);
    to.f_blocks = from.f_blocks;
    to.f_bfree = from.f_bfree;
    to.f_bavail = from.f_bavail;
    to.f_files = from.f_files;
    to.f_ffree = to.f_favail = from.f_ffree;
    to.f_flag = static_cast<unsigned long>(from.f_flags);
    to.f_namemax = static_cast<unsigned long>(from.f_namelen);
}

} // namespace

extern "C" {

int open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = takes_mode(flags) ? va_arg(arguments, unsigned) : 0;
    va_end(arguments);
    return checked_int(SYS_open, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = takes_mode(flags) ? va_arg(arguments, unsigned) : 0;
    va_end(arguments);
    return checked_int(SYS_openat, folder, path, flags, mode);
}

int fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    auto argument = va_arg(arguments, unsigned long);
    va_end(arguments);
    return checked_int(SYS_fcntl, fd, command, argument);
}

int ioctl(int fd, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    return checked_int(SYS_ioctl, fd, request, argument);
}

int creat(const char* path, mode_t mode) {
    return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int close(int fd) {
    return checked_int(SYS_close, fd);
}
ssize_t read(int fd, void* buffer, size_t size) {
    return checked(SYS_read, fd, buffer, size);
}
ssize_t write(int fd, const void* buffer, size_t size) {
    return checked(SYS_write, fd, buffer, size);
}
ssize_t pread(int fd, void* buffer, size_t size, off_t offset) {
    return checked(SYS_pread64, fd, buffer, size, offset);
}
ssize_t pwrite(int fd, const void* buffer, size_t size, off_t offset) {
    return checked(SYS_pwrite64, fd, buffer, size, offset);
}
ssize_t readv(int fd, const struct iovec* pieces, int count) {
    return checked(SYS_readv, fd, pieces, count);
}
ssize_t writev(int fd, const struct iovec* pieces, int count) {
    return checked(SYS_writev, fd, pieces, count);
}
ssize_t preadv(int fd, const struct iovec* pieces, int count, off_t offset) {
    return checked(SYS_preadv, fd, pieces, count, offset, 0);
}
ssize_t pwritev(int fd, const struct iovec* pieces, int count, off_t offset) {
    return checked(SYS_pwritev, fd, pieces, count, offset, 0);
}
ssize_t sendfile(int to, int from, off_t* offset, size_t count) {
    return checked(SYS_sendfile, to, from, offset, count);
}
ssize_t splice(int from, off_t* from_offset, int to, off_t* to_offset, size_t length, unsigned flags) {
    return checked(SYS_splice, from, from_offset, to, to_offset, length, flags);
}
off_t lseek(int fd, off_t offset, int whence) {
    return checked(SYS_lseek, fd, offset, whence);
}
int dup(int fd) {
    return checked_int(SYS_dup, fd);
}
int dup2(int fd, int to) {
    return checked_int(SYS_dup2, fd, to);
}
int dup3(int fd, int to, int flags) {
    return checked_int(SYS_dup3, fd, to, flags);
}
int pipe(int ends[2]) {
    return checked_int(SYS_pipe, ends);
}
int pipe2(int ends[2], int flags) {
    return checked_int(SYS_pipe2, ends, flags);
}
int fsync(int fd) {
    return checked_int(SYS_fsync, fd);
}
int fdatasync(int fd) {
    return checked_int(SYS_fdatasync, fd);
}
void sync(void) {
    libc::call(SYS_sync);
}
int truncate(const char* path, off_t length) {
    return checked_int(SYS_truncate, path, length);
}
int ftruncate(int fd, off_t length) {
    return checked_int(SYS_ftruncate, fd, length);
}
int flock(int fd, int operation) {
    return checked_int(SYS_flock, fd, operation);
}
int fallocate(int fd, int mode, off_t offset, off_t length) {
    return checked_int(SYS_fallocate, fd, mode, offset, length);
}
int posix_fallocate(int fd, off_t offset, off_t length) {
    return static_cast<int>(-libc::call(SYS_fallocate, fd, 0, offset, length));
}
int posix_fadvise(int, off_t, off_t, int) {
    return 0;
}

int lockf(int fd, int command, off_t length) {
    struct flock section = {};
    section.l_type = command == F_ULOCK ? F_UNLCK : F_WRLCK;
    section.l_whence = SEEK_CUR;
    section.l_len = length;
    if (command == F_TEST) {
        if (fcntl(fd, F_GETLK, &section) < 0) {
            return -1;
        }
        return section.l_type == F_UNLCK || section.l_pid == getpid()
                   ? 0
                   : static_cast<int>(libc::check(-EACCES));
    }
    return fcntl(fd, command == F_LOCK ? F_SETLKW : F_SETLK, &section);
}

int access(const char* path, int mode) {
    return checked_int(SYS_access, path, mode);
}
int faccessat(int folder, const char* path, int mode, int flags) {
    return flags == 0 ? checked_int(SYS_faccessat, folder, path, mode)
                      : checked_int(SYS_faccessat2, folder, path, mode, flags);
}
int eaccess(const char* path, int mode) {
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}
int unlink(const char* path) {
    return checked_int(SYS_unlink, path);
}
int unlinkat(int folder, const char* path, int flags) {
    return checked_int(SYS_unlinkat, folder, path, flags);
}
int rmdir(const char* path) {
    return checked_int(SYS_rmdir, path);
}
int rename(const char* from, const char* to) {
    return checked_int(SYS_rename, from, to);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) {
    return checked_int(SYS_renameat, from_folder, from, to_folder, to);
}
int link(const char* from, const char* to) {
    return checked_int(SYS_link, from, to);
}
int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
    return checked_int(SYS_linkat, from_folder, from, to_folder, to, flags);
}
int symlink(const char* target, const char* path) {
    return checked_int(SYS_symlink, target, path);
}
int symlinkat(const char* target, int folder, const char* path) {
    return checked_int(SYS_symlinkat, target, folder, path);
}
ssize_t readlink(const char* path, char* buffer, size_t size) {
    return checked(SYS_readlink, path, buffer, size);
}
ssize_t readlinkat(int folder, const char* path, char* buffer, size_t size) {
    return checked(SYS_readlinkat, folder, path, buffer, size);
}
int chown(const char* path, uid_t user, gid_t group) {
    return checked_int(SYS_chown, path, user, group);
}
int fchown(int fd, uid_t user, gid_t group) {
    return checked_int(SYS_fchown, fd, user, group);
}
int lchown(const char* path, uid_t user, gid_t group) {
    return checked_int(SYS_lchown, path, user, group);
}
int fchownat(int folder, const char* path, uid_t user, gid_t group, int flags) {
    return checked_int(SYS_fchownat, folder, path, user, group, flags);
}

int stat(const char* path, struct stat* result) {
    return checked_int(SYS_stat, path, result);
}
int lstat(const char* path, struct stat* result) {
    return checked_int(SYS_lstat, path, result);
}
int fstat(int fd, struct stat* result) {
    return checked_int(SYS_fstat, fd, result);
}
int fstatat(int folder, const char* path, struct stat* result, int flags) {
    return checked_int(SYS_newfstatat, folder, path, result, flags);
}
int chmod(const char* path, mode_t mode) {
    return checked_int(SYS_chmod, path, mode);
}
int fchmod(int fd, mode_t mode) {
    return checked_int(SYS_fchmod, fd, mode);
}
int fchmodat(int folder, const char* path, mode_t mode, int) {
    return checked_int(SYS_fchmodat, folder, path, mode);
}
mode_t umask(mode_t mask) {
    return static_cast<mode_t>(libc::call(SYS_umask, mask));
}
int mkdir(const char* path, mode_t mode) {
    return checked_int(SYS_mkdir, path, mode);
}
int mkdirat(int folder, const char* path, mode_t mode) {
    return checked_int(SYS_mkdirat, folder, path, mode);
}
int mknod(const char* path, mode_t mode, dev_t device) {
    return checked_int(SYS_mknod, path, mode, device);
}
int mknodat(int folder, const char* path, mode_t mode, dev_t device) {
    return checked_int(SYS_mknodat, folder, path, mode, device);
}
int mkfifo(const char* path, mode_t mode) {
    return mknod(path, mode | S_IFIFO, 0);
}
int utimensat(int folder, const char* path, const struct timespec times[2], int flags) {
    return checked_int(SYS_utimensat, folder, path, times, flags);
}
int futimens(int fd, const struct timespec times[2]) {
    return checked_int(SYS_utimensat, fd, nullptr, times, 0);
}

int utimes(const char* path, const struct timeval times[2]) {
    if (times == nullptr) {
        return utimensat(AT_FDCWD, path, nullptr, 0);
    }
    struct timespec precise[2] = {{times[0].tv_sec, times[0].tv_usec * 1000},
                                  {times[1].tv_sec, times[1].tv_usec * 1000}};
    return utimensat(AT_FDCWD, path, precise, 0);
}

int utime(const char* path, const struct utimbuf* times) {
    if (times == nullptr) {
        return utimensat(AT_FDCWD, path, nullptr, 0);
    }
    struct timespec precise[2] = {{times->actime, 0}, {times->modtime, 0}};
    return utimensat(AT_FDCWD, path, precise, 0);
}

int statfs(const char* path, struct statfs* result) {
    return checked_int(SYS_statfs, path, result);
}
int fstatfs(int fd, struct statfs* result) {
    return checked_int(SYS_fstatfs, fd, result);
}

int statvfs(const char* path, struct statvfs* result) {
    struct statfs raw;
    if (statfs(path, &raw) < 0) {
        return -1;
    }
    convert(raw, *result);
    return 0;
}

int fstatvfs(int fd, struct statvfs* result) {
    struct statfs raw;
    if (fstatfs(fd, &raw) < 0) {
        return -1;
    }
    convert(raw, *result);
    return 0;
}

int mount(const char* source, const char* target, const char* type, unsigned long flags, const void* data) {
    return checked_int(SYS_mount, source, target, type, flags, data);
}
int umount(const char* target) {
    return umount2(target, 0);
}
int umount2(const char* target, int flags) {
    return checked_int(SYS_umount2, target, flags);
}

int chdir(const char* path) {
    return checked_int(SYS_chdir, path);
}
int fchdir(int fd) {
    return checked_int(SYS_fchdir, fd);
}
int chroot(const char* path) {
    return checked_int(SYS_chroot, path);
}

int remove(const char* path) {
    int result = unlink(path);
    return result < 0 && (errno == EISDIR || errno == EPERM) ? rmdir(path) : result;
}

} // extern "C"
