#pragma once
// What the files of the socket calls share: descriptor to socket and back, addresses, messages.

#include "kernel/abi/socket.h"
#include "kernel/fs/file.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "net/core/socket.hpp"

#include <cstdint>

namespace syscall {

// ---- socket_file.cpp -------------------------------------------------------------------------------------

/// A socket that a call works on; the file keeps it alive.
struct open_socket {
    lib::ref<fs::file> file;
    net::socket* sock;
};

/// The socket behind a descriptor of the calling process: EBADF, ENOTSOCK.
lib::result<open_socket> find_socket(int fd);

/// Gives a socket a file and a descriptor. type_flags: SOCK_NONBLOCK, SOCK_CLOEXEC. Takes the socket over,
/// also when it fails: ENFILE, EMFILE, ENOMEM.
lib::result<int> sock_map_fd(net::socket* sock, int type_flags);

// ---- socket.cpp ------------------------------------------------------------------------------------------

/// An address that the user passes: EINVAL (length), EFAULT.
lib::result<void> fetch_address(net::socket_address& to, uint64_t user_address, int length);
/// An address for the user, cut to *user_length, which is set to the whole length: EINVAL, EFAULT.
lib::result<void> store_address(const net::socket_address& from, uint64_t user_address,
                                mm::user_ptr<int> user_length);

} // namespace syscall
