#pragma once
/* Sockets. Every call here enters the kernel through socketcall() (see <linux/net.h>). */

#include <kernel/abi/socket.h>
#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/uio.h>

struct timespec;

__BEGIN_DECLS

/// A new socket of a family, type and protocol (0: the usual one).
int socket(int family, int type, int protocol);
/// Two connected sockets.
int socketpair(int family, int type, int protocol, int sockets[2]);
/// Gives a socket its own address.
int bind(int fd, const struct sockaddr* address, socklen_t length);
/// Connects to a peer's address.
int connect(int fd, const struct sockaddr* address, socklen_t length);
/// Waits for connections, keeping up to `backlog` ready ones.
int listen(int fd, int backlog);
/// Takes a connection; a new socket. The peer's address is stored unless null.
int accept(int fd, struct sockaddr* address, socklen_t* length);
/// The same with SOCK_CLOEXEC and SOCK_NONBLOCK.
int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags);
/// The socket's own address.
int getsockname(int fd, struct sockaddr* address, socklen_t* length);
/// The peer's address.
int getpeername(int fd, struct sockaddr* address, socklen_t* length);
/// Sends; how many bytes.
ssize_t send(int fd, const void* data, size_t size, int flags);
/// Receives; how many bytes, 0 at the end of a stream.
ssize_t recv(int fd, void* buffer, size_t size, int flags);
/// Sends to an address.
ssize_t sendto(int fd, const void* data, size_t size, int flags, const struct sockaddr* address,
               socklen_t length);
/// Receives and tells from where.
ssize_t recvfrom(int fd, void* buffer, size_t size, int flags, struct sockaddr* address, socklen_t* length);
/// Sends pieces with address and control messages.
ssize_t sendmsg(int fd, const struct msghdr* message, int flags);
/// Receives into pieces with address and control messages.
ssize_t recvmsg(int fd, struct msghdr* message, int flags);
/// Sends several messages; how many.
int sendmmsg(int fd, struct mmsghdr* messages, unsigned int count, int flags);
/// Receives several messages; how many.
int recvmmsg(int fd, struct mmsghdr* messages, unsigned int count, int flags, struct timespec* timeout);
/// Ends sending, receiving or both.
int shutdown(int fd, int how);
/// Sets an option.
int setsockopt(int fd, int level, int name, const void* value, socklen_t length);
/// Reads an option.
int getsockopt(int fd, int level, int name, void* value, socklen_t* length);
/// Whether the next byte is the urgent one.
int sockatmark(int fd);

__END_DECLS
