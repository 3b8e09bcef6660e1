#pragma once
// The user's verbs, as tcp_prot lists them, by the file that has them. Process context, take the locks they
// need, may sleep.

#include "net/ipv4/tcp.hpp"

namespace net {

// tcp_send.cpp
lib::result<size_t> tcp_sendmsg(sock& sk, message& msg);
/// Whether a writer may write: a third of the buffer is free (poll's POLLOUT). sock_lock held.
bool tcp_is_writable(const tcp_sock& sk);

// tcp_recv.cpp
lib::result<size_t> tcp_recvmsg(sock& sk, message& msg);
/// Bytes that a read would get now, up to the urgent mark. sock_lock held.
uint32_t tcp_readable_bytes(const tcp_sock& sk);
bool tcp_is_readable(const tcp_sock& sk, uint32_t at_least);

// tcp_close.cpp
void tcp_close(sock& sk);
lib::result<void> tcp_shutdown(sock& sk, int how);
lib::result<void> tcp_disconnect(sock& sk);

// tcp_sockopt.cpp
lib::result<void> tcp_setsockopt(sock& sk, int level, int option, const void* value, uint32_t length);
lib::result<void> tcp_getsockopt(sock& sk, int level, int option, void* value, uint32_t* length);
lib::result<long> tcp_ioctl(sock& sk, unsigned command, uintptr_t argument);

// tcp_info.cpp
void tcp_fill_info(tcp_sock& sk, ::tcp_info& info);

} // namespace net
