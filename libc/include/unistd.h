#pragma once
/* Processes, descriptors, names: the calls closest to the kernel. -1 with errno is failure everywhere. */

#include <stddef.h>
#include <stdint.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define STDIN_FILENO 0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

#ifndef SEEK_SET
#    define SEEK_SET 0
#    define SEEK_CUR 1
#    define SEEK_END 2
#endif

#define F_OK 0
#define X_OK 1
#define W_OK 2
#define R_OK 4

/* lockf() */
#define F_ULOCK 0
#define F_LOCK 1
#define F_TLOCK 2
#define F_TEST 3

/* sysconf() */
#define _SC_ARG_MAX 0
#define _SC_CHILD_MAX 1
#define _SC_CLK_TCK 2
#define _SC_NGROUPS_MAX 3
#define _SC_OPEN_MAX 4
#define _SC_PAGESIZE 30
#define _SC_PAGE_SIZE _SC_PAGESIZE
#define _SC_IOV_MAX 60
#define _SC_GETGR_R_SIZE_MAX 69
#define _SC_GETPW_R_SIZE_MAX 70
#define _SC_LOGIN_NAME_MAX 71
#define _SC_NPROCESSORS_CONF 83
#define _SC_NPROCESSORS_ONLN 84
#define _SC_PHYS_PAGES 85
#define _SC_AVPHYS_PAGES 86
#define _SC_MONOTONIC_CLOCK 149
#define _SC_HOST_NAME_MAX 180
#define _SC_LINE_MAX 43
#define _SC_VERSION 29

/* pathconf() */
#define _PC_LINK_MAX 0
#define _PC_NAME_MAX 3
#define _PC_PATH_MAX 4
#define _PC_PIPE_BUF 5

#define _POSIX_VERSION 200809L
#define _POSIX_THREADS 200809L
#define _POSIX_MONOTONIC_CLOCK 200809L
#define _POSIX_TIMERS 200809L

__BEGIN_DECLS

extern char** environ;

/// Reads up to `size` bytes; 0 at the end.
ssize_t read(int fd, void* buffer, size_t size);
/// Writes up to `size` bytes; how many.
ssize_t write(int fd, const void* buffer, size_t size);
/// read() at an offset, the file's own offset unchanged.
ssize_t pread(int fd, void* buffer, size_t size, off_t offset);
/// write() at an offset, the file's own offset unchanged.
ssize_t pwrite(int fd, const void* buffer, size_t size, off_t offset);
/// Closes a descriptor.
int close(int fd);
/// Moves the offset; the new one.
off_t lseek(int fd, off_t offset, int whence);
/// A second descriptor for the same open file.
int dup(int fd);
/// The same, as number `to`, closing what was there.
int dup2(int fd, int to);
/// The same with O_CLOEXEC.
int dup3(int fd, int to, int flags);
/// A pipe: ends[0] is read, ends[1] written.
int pipe(int ends[2]);
/// The same with O_CLOEXEC and O_NONBLOCK.
int pipe2(int ends[2], int flags);
/// Writes a file's data to its medium.
int fsync(int fd);
/// The same without the times.
int fdatasync(int fd);
/// The same for everything.
void sync(void);
/// Sets a file's length.
int truncate(const char* path, off_t length);
/// The same through a descriptor.
int ftruncate(int fd, off_t length);
/// Whether a descriptor is a terminal.
int isatty(int fd);
/// Name of the terminal, in a static buffer.
char* ttyname(int fd);
/// Name of the terminal; 0 or an errno value.
int ttyname_r(int fd, char* name, size_t size);
/// Locks a section of a file.
int lockf(int fd, int command, off_t length);

/// Whether the user may use a path so.
int access(const char* path, int mode);
/// The same relative to a folder.
int faccessat(int folder, const char* path, int mode, int flags);
/// The same with the effective user.
int eaccess(const char* path, int mode);
/// Removes a name.
int unlink(const char* path);
/// The same relative to a folder.
int unlinkat(int folder, const char* path, int flags);
/// Removes an empty folder.
int rmdir(const char* path);
/// A second name for a file.
int link(const char* from, const char* to);
/// The same relative to folders.
int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags);
/// A symbolic link at `path` that says `target`.
int symlink(const char* target, const char* path);
/// The same relative to a folder.
int symlinkat(const char* target, int folder, const char* path);
/// What a symbolic link says, without a terminating zero.
ssize_t readlink(const char* path, char* buffer, size_t size);
/// The same relative to a folder.
ssize_t readlinkat(int folder, const char* path, char* buffer, size_t size);
/// Changes owner and group; -1 leaves one.
int chown(const char* path, uid_t user, gid_t group);
/// The same through a descriptor.
int fchown(int fd, uid_t user, gid_t group);
/// The same of a symbolic link itself.
int lchown(const char* path, uid_t user, gid_t group);
/// The same relative to a folder.
int fchownat(int folder, const char* path, uid_t user, gid_t group, int flags);
/// Changes the working folder.
int chdir(const char* path);
/// The same through a descriptor.
int fchdir(int fd);
/// Changes the root folder.
int chroot(const char* path);
/// Path of the working folder; memory from malloc() when `buffer` is null.
char* getcwd(char* buffer, size_t size);

/// A copy of this process; 0 in the child.
pid_t fork(void);
/// fork() whose parent waits until the child has called execve() or _exit().
pid_t vfork(void) __attribute__((__returns_twice__));
/// Becomes another program.
int execve(const char* path, char* const* arguments, char* const* environment);
/// The same with this environment.
int execv(const char* path, char* const* arguments);
/// The same, looking for `file` in PATH.
int execvp(const char* file, char* const* arguments);
/// The same with an environment.
int execvpe(const char* file, char* const* arguments, char* const* environment);
/// execv() with the arguments listed, null last.
int execl(const char* path, const char* argument, ...);
/// execvp() with the arguments listed, null last.
int execlp(const char* file, const char* argument, ...);
/// execve() with the arguments listed, null and the environment last.
int execle(const char* path, const char* argument, ...);
/// execve() of an open file.
int fexecve(int fd, char* const* arguments, char* const* environment);
/// Ends the process at once.
void _exit(int status) __no_return;

/// This process.
pid_t getpid(void);
/// Its parent.
pid_t getppid(void);
/// This thread.
pid_t gettid(void);
/// Its process group.
pid_t getpgrp(void);
/// A process's group.
pid_t getpgid(pid_t pid);
/// Moves a process to a group.
int setpgid(pid_t pid, pid_t group);
/// Moves this process to a group of its own.
int setpgrp(void);
/// A process's session.
pid_t getsid(pid_t pid);
/// Starts a session.
pid_t setsid(void);
/// The terminal's foreground group.
pid_t tcgetpgrp(int fd);
/// Sets the terminal's foreground group.
int tcsetpgrp(int fd, pid_t group);
/// User of this process.
uid_t getuid(void);
/// Effective user.
uid_t geteuid(void);
/// Group of this process.
gid_t getgid(void);
/// Effective group.
gid_t getegid(void);
/// Sets the user.
int setuid(uid_t user);
/// Sets the effective user.
int seteuid(uid_t user);
/// Sets real and effective user.
int setreuid(uid_t real, uid_t effective);
/// Sets real, effective and saved user.
int setresuid(uid_t real, uid_t effective, uid_t saved);
/// Sets the group.
int setgid(gid_t group);
/// Sets the effective group.
int setegid(gid_t group);
/// Sets real and effective group.
int setregid(gid_t real, gid_t effective);
/// Sets real, effective and saved group.
int setresgid(gid_t real, gid_t effective, gid_t saved);
/// Further groups of this process; how many.
int getgroups(int count, gid_t* groups);
/// Name of the user at the terminal.
char* getlogin(void);
/// The same; 0 or an errno value.
int getlogin_r(char* name, size_t size);

/// Sleeps; seconds left when a signal came.
unsigned int sleep(unsigned int seconds);
/// Sleeps for microseconds.
int usleep(useconds_t microseconds);
/// SIGALRM in some seconds; 0 cancels. Seconds the earlier alarm had left.
unsigned int alarm(unsigned int seconds);
/// The same in microseconds.
useconds_t ualarm(useconds_t first, useconds_t interval);
/// Waits for a signal; always -1 with EINTR.
int pause(void);
/// Changes this process's priority.
int nice(int increment);

/// This machine's name.
int gethostname(char* name, size_t size);
/// Sets this machine's name.
int sethostname(const char* name, size_t size);
/// This machine's NIS domain.
int getdomainname(char* name, size_t size);
/// A number of this machine.
long gethostid(void);
/// A limit of the system, by _SC_ number.
long sysconf(int name);
/// A limit of a path, by _PC_ number.
long pathconf(const char* path, int name);
/// A limit of an open file, by _PC_ number.
long fpathconf(int fd, int name);
/// A configuration string; 0 with EINVAL for unknown ones.
size_t confstr(int name, char* buffer, size_t size);
/// Bytes in a page.
int getpagesize(void);
/// Most descriptors.
int getdtablesize(void);
/// Goes on without a terminal, in a session of its own.
int daemon(int keep_folder, int keep_descriptors);
/// Sets the end of the heap.
int brk(void* end);
/// Moves the end of the heap; the old one.
void* sbrk(intptr_t increment);
/// Any system call by number.
long syscall(long number, ...);
/// Reads a password from the terminal without echo.
char* getpass(const char* prompt);
/// Reads bytes from the kernel's random generator, at most 256.
int getentropy(void* buffer, size_t size);
/// Encrypts a password; null with ENOSYS here.
char* crypt(const char* password, const char* salt);
/// Swaps pairs of bytes.
void swab(const void* from, void* to, ssize_t size);

extern char* optarg;
extern int optind, opterr, optopt;
/// Next option of a command line; -1 at the end. See <getopt.h>.
int getopt(int count, char* const* arguments, const char* options);

__END_DECLS
