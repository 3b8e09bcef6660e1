#pragma once
// What the files of the socket calls share: descriptor to socket and back, addresses, messages.

#include "kernel/abi/socket.h"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/file.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "net/core/socket.hpp"

#include <cstdint>
#include <utility>

namespace syscall {

// ---- socket_file.cpp -------------------------------------------------------------------------------------

/// A socket that a call works on; the file keeps it alive.
struct open_socket {
    lib::ref<fs::file> file;
    net::socket* sock;
};

/// The socket behind a descriptor of the calling process: EBADF, ENOTSOCK.
lib::result<open_socket> find_socket(int fd);

/// All that a new socket needs to become a descriptor, got before there is a socket: a call that then makes
/// or takes one cannot fail any more for want of room. What is not used is given back.
class socket_place {
public:
    /// type_flags: SOCK_NONBLOCK, SOCK_CLOEXEC. EMFILE, ENFILE, ENOMEM.
    static lib::result<socket_place> reserve(int type_flags);

    int number() const { return descriptor_.number(); }
    /// Takes the socket over; a socket_place is filled once and then installed, or closes the socket.
    void fill(net::socket* sock);
    /// The descriptor, which now names the socket.
    int install() { return descriptor_.install(std::move(file_)); }

private:
    socket_place(fs::reserved_fd descriptor, lib::ref<fs::file> file)
        : descriptor_(std::move(descriptor)), file_(std::move(file)) {}

    fs::reserved_fd descriptor_;
    lib::ref<fs::file> file_;
};

// ---- socket.cpp ------------------------------------------------------------------------------------------

/// An address that the user passes: EINVAL (length), EFAULT.
lib::result<void> fetch_address(net::socket_address& to, uint64_t user_address, int length);
/// An address for the user, cut to *user_length, which is set to the whole length: EINVAL, EFAULT.
lib::result<void> store_address(const net::socket_address& from, uint64_t user_address,
                                mm::user_ptr<int> user_length);

} // namespace syscall
