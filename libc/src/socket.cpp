// The socket functions, all through one door: socketcall().
//
// Linux once entered the kernel for sockets through a single system call on 32-bit machines, and Lumos keeps
// that shape because it is where the journey of a packet begins to be readable: each function below packs its
// arguments into an array and names itself by a number; sys_socketcall unpacks them on the other side.

#include "libc/src/internal/syscall.hpp"

#include <linux/net.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace {

using libc::argument;

/// Packs the arguments and calls; -1 with errno on failure.
template <typename... T>
long through_socketcall(int call, T... arguments) {
    unsigned long packed[] = {static_cast<unsigned long>(argument(arguments))...};
    return socketcall(call, packed);
}

template <typename... T>
int through_socketcall_int(int call, T... arguments) {
    return static_cast<int>(through_socketcall(call, arguments...));
}

} // namespace

extern "C" {

long socketcall(int call, unsigned long* arguments) {
    return libc::checked(SYS_socketcall, call, arguments);
}

int socket(int family, int type, int protocol) {
    return through_socketcall_int(SYS_SOCKET, family, type, protocol);
}

int socketpair(int family, int type, int protocol, int sockets[2]) {
    return through_socketcall_int(SYS_SOCKETPAIR, family, type, protocol, sockets);
}

int bind(int fd, const struct sockaddr* address, socklen_t length) {
    return through_socketcall_int(SYS_BIND, fd, address, length);
}

int connect(int fd, const struct sockaddr* address, socklen_t length) {
    return through_socketcall_int(SYS_CONNECT, fd, address, length);
}

int listen(int fd, int backlog) {
    return through_socketcall_int(SYS_LISTEN, fd, backlog);
}

int accept(int fd, struct sockaddr* address, socklen_t* length) {
    return through_socketcall_int(SYS_ACCEPT, fd, address, length);
}

int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags) {
    return through_socketcall_int(SYS_ACCEPT4, fd, address, length, flags);
}

int getsockname(int fd, struct sockaddr* address, socklen_t* length) {
    return through_socketcall_int(SYS_GETSOCKNAME, fd, address, length);
}

int getpeername(int fd, struct sockaddr* address, socklen_t* length) {
    return through_socketcall_int(SYS_GETPEERNAME, fd, address, length);
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
    return through_socketcall(SYS_SEND, fd, data, size, flags);
}

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
    return through_socketcall(SYS_RECV, fd, buffer, size, flags);
}

ssize_t sendto(int fd, const void* data, size_t size, int flags, const struct sockaddr* address,
               socklen_t length) {
    return through_socketcall(SYS_SENDTO, fd, data, size, flags, address, length);
}

ssize_t recvfrom(int fd, void* buffer, size_t size, int flags, struct sockaddr* address, socklen_t* length) {
    return through_socketcall(SYS_RECVFROM, fd, buffer, size, flags, address, length);
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
    return through_socketcall(SYS_SENDMSG, fd, message, flags);
}

ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
    return through_socketcall(SYS_RECVMSG, fd, message, flags);
}

int sendmmsg(int fd, struct mmsghdr* messages, unsigned int count, int flags) {
    return through_socketcall_int(SYS_SENDMMSG, fd, messages, count, flags);
}

int recvmmsg(int fd, struct mmsghdr* messages, unsigned int count, int flags, struct timespec* timeout) {
    return through_socketcall_int(SYS_RECVMMSG, fd, messages, count, flags, timeout);
}

int shutdown(int fd, int how) {
    return through_socketcall_int(SYS_SHUTDOWN, fd, how);
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t length) {
    return through_socketcall_int(SYS_SETSOCKOPT, fd, level, name, value, length);
}

int getsockopt(int fd, int level, int name, void* value, socklen_t* length) {
    return through_socketcall_int(SYS_GETSOCKOPT, fd, level, name, value, length);
}

int sockatmark(int fd) {
    int at_mark;
    return ioctl(fd, SIOCATMARK, &at_mark) < 0 ? -1 : at_mark;
}

} // extern "C"
