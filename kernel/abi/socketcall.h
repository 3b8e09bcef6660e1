#pragma once
/* Calls behind system call SYS_socketcall, numbered as Linux does on its 32-bit machines (<linux/net.h>).
 *
 * socketcall(int call, unsigned long *args): args points to as many words as the call has arguments, in the
 * order of the C function of the same name. Capitals tell these from the direct numbers of syscall.h:
 * SYS_SOCKET (1) is a socketcall, SYS_socket (41) a system call.
 */

#define SYS_SOCKET 1
#define SYS_BIND 2
#define SYS_CONNECT 3
#define SYS_LISTEN 4
#define SYS_ACCEPT 5
#define SYS_GETSOCKNAME 6
#define SYS_GETPEERNAME 7
#define SYS_SOCKETPAIR 8
#define SYS_SEND 9
#define SYS_RECV 10
#define SYS_SENDTO 11
#define SYS_RECVFROM 12
#define SYS_SHUTDOWN 13
#define SYS_SETSOCKOPT 14
#define SYS_GETSOCKOPT 15
#define SYS_SENDMSG 16
#define SYS_RECVMSG 17
#define SYS_ACCEPT4 18
#define SYS_RECVMMSG 19
#define SYS_SENDMMSG 20
