#pragma once
// The system calls of sockets, each under two numbers: our libc comes through socketcall, Linux programs
// through a number per call. Both end in the same function, which takes the arguments of the C function of
// its name. All run in process context and return -errno as Linux does.

#include "kernel/fs/file.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/syscall/arguments.hpp"

namespace net {
struct socket;
}

namespace syscall {

/// socketcall(int call, unsigned long* args): copies the words once and goes to one of the calls below.
/// EINVAL: no such call. EFAULT.
long sys_socketcall(const arguments& args);

long sys_socket(const arguments& args);
long sys_bind(const arguments& args);
long sys_connect(const arguments& args);
long sys_listen(const arguments& args);
long sys_accept(const arguments& args);
long sys_getsockname(const arguments& args);
long sys_getpeername(const arguments& args);
long sys_socketpair(const arguments& args);
long sys_sendto(const arguments& args);
long sys_recvfrom(const arguments& args);
long sys_shutdown(const arguments& args);
long sys_setsockopt(const arguments& args);
long sys_getsockopt(const arguments& args);
long sys_sendmsg(const arguments& args);
long sys_recvmsg(const arguments& args);
long sys_accept4(const arguments& args);
long sys_recvmmsg(const arguments& args);
long sys_sendmmsg(const arguments& args);

/// The socket behind a file: ENOTSOCK if it is none. The file keeps it alive.
lib::result<net::socket*> socket_of(fs::file& f);

/// write() on a socket's file, with MSG_ flags. Process context; the errors of send().
lib::result<size_t> send_buffer(fs::file& f, fs::io_buffer& buffer, int flags);

/// fcntl's part: who gets SIGIO and SIGURG of a socket (process above 0, group below), and that O_ASYNC may
/// have changed. Other files send no such signals: nothing is remembered for them. EINVAL, ESRCH.
lib::result<void> set_signal_owner(fs::file& f, int owner);
int signal_owner(fs::file& f);
void note_status_flags(fs::file& f);

} // namespace syscall
