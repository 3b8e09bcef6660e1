#pragma once
// System calls about files, by the file of this folder that has them. man 2 has the contracts.

#include "kernel/syscall/arguments.hpp"

namespace syscall {

// read_write.cpp
long sys_read(const arguments& args);
long sys_write(const arguments& args);
long sys_readv(const arguments& args);
long sys_writev(const arguments& args);
long sys_pread64(const arguments& args);
long sys_pwrite64(const arguments& args);
long sys_preadv(const arguments& args);
long sys_pwritev(const arguments& args);
long sys_lseek(const arguments& args);
long sys_sendfile(const arguments& args);
long sys_truncate(const arguments& args);
long sys_ftruncate(const arguments& args);
long sys_fallocate(const arguments& args);
long sys_fsync(const arguments& args);
long sys_fdatasync(const arguments& args);
long sys_sync(const arguments& args);
long sys_syncfs(const arguments& args);
long sys_fadvise64(const arguments& args);

// splice.cpp
long sys_splice(const arguments& args);

// open.cpp
long sys_open(const arguments& args);
long sys_openat(const arguments& args);
long sys_creat(const arguments& args);
long sys_close(const arguments& args);
long sys_close_range(const arguments& args);
long sys_pipe(const arguments& args);
long sys_pipe2(const arguments& args);
long sys_memfd_create(const arguments& args);
long sys_epoll_create(const arguments& args);
long sys_epoll_create1(const arguments& args);
long sys_eventfd(const arguments& args);
long sys_eventfd2(const arguments& args);

// descriptor.cpp
long sys_dup(const arguments& args);
long sys_dup2(const arguments& args);
long sys_dup3(const arguments& args);
long sys_fcntl(const arguments& args);
long sys_ioctl(const arguments& args);
long sys_flock(const arguments& args);

// stat.cpp
long sys_stat(const arguments& args);
long sys_fstat(const arguments& args);
long sys_lstat(const arguments& args);
long sys_newfstatat(const arguments& args);
long sys_access(const arguments& args);
long sys_faccessat(const arguments& args);
long sys_faccessat2(const arguments& args);
long sys_readlink(const arguments& args);
long sys_readlinkat(const arguments& args);
long sys_statfs(const arguments& args);
long sys_fstatfs(const arguments& args);

// attributes.cpp
long sys_chmod(const arguments& args);
long sys_fchmod(const arguments& args);
long sys_fchmodat(const arguments& args);
long sys_chown(const arguments& args);
long sys_fchown(const arguments& args);
long sys_lchown(const arguments& args);
long sys_fchownat(const arguments& args);
long sys_utimensat(const arguments& args);
long sys_futimesat(const arguments& args);
long sys_utimes(const arguments& args);
long sys_utime(const arguments& args);
long sys_umask(const arguments& args);

// directory.cpp
long sys_getdents64(const arguments& args);
long sys_getcwd(const arguments& args);
long sys_chdir(const arguments& args);
long sys_fchdir(const arguments& args);
long sys_chroot(const arguments& args);
long sys_mkdir(const arguments& args);
long sys_mkdirat(const arguments& args);
long sys_mknod(const arguments& args);
long sys_mknodat(const arguments& args);
long sys_rmdir(const arguments& args);
long sys_unlink(const arguments& args);
long sys_unlinkat(const arguments& args);
long sys_rename(const arguments& args);
long sys_renameat(const arguments& args);
long sys_renameat2(const arguments& args);
long sys_link(const arguments& args);
long sys_linkat(const arguments& args);
long sys_symlink(const arguments& args);
long sys_symlinkat(const arguments& args);
long sys_mount(const arguments& args);
long sys_umount2(const arguments& args);

// poll.cpp
long sys_poll(const arguments& args);
long sys_ppoll(const arguments& args);
long sys_select(const arguments& args);
long sys_pselect6(const arguments& args);

// epoll.cpp
long sys_epoll_ctl(const arguments& args);
long sys_epoll_wait(const arguments& args);
long sys_epoll_pwait(const arguments& args);

} // namespace syscall
