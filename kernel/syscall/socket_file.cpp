// A socket is a file with an inode: read, write, poll, ioctl and close on its descriptor end here and go on
// to the socket layer. The file owns the socket and releases it when the last descriptor is closed.
//
// O_NONBLOCK and O_ASYNC belong to the file, but families ask the socket: socket_in() copies them over at the
// start of each call and when fcntl changed them.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/netdevice.h"
#include "kernel/fs/fd_table.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/syscall/socket.hpp"
#include "kernel/syscall/socket_internal.hpp"
#include "kernel/task/process.hpp"

#include <utility>

namespace syscall {

namespace {

net::socket& socket_in(fs::file& f) {
    auto& sock = *static_cast<net::socket*>(f.private_data);
    const uint32_t flags = f.status_flags();
    sock.non_blocking = (flags & O_NONBLOCK) != 0;
    sock.asynchronous = (flags & O_ASYNC) != 0;
    return sock;
}

/// The pieces of an io_buffer as a vector, for the time of one call. One piece, as read and write have it,
/// needs no memory.
class piece_vector {
public:
    piece_vector() = default;
    piece_vector(const piece_vector&) = delete;
    piece_vector& operator=(const piece_vector&) = delete;
    ~piece_vector() {
        if (vector_ != &single_) {
            mm::kfree(vector_);
        }
    }

    /// ENOMEM.
    lib::result<net::iov_iter> collect(fs::io_buffer& buffer) {
        const size_t total = buffer.remaining();
        const fs::io_piece first = buffer.current();
        size_t count = 1;
        if (first.length >= total) {
            single_ = {reinterpret_cast<void*>(first.address), total};
        } else {
            count = count_pieces(buffer);
            auto* all = static_cast<iovec*>(mm::kmalloc(count * sizeof(iovec), mm::mem_tag::socket));
            if (all == nullptr) {
                return lib::error{ENOMEM};
            }
            vector_ = all;
            fill(buffer);
        }
        const bool user = buffer.memory() == fs::io_memory::user;
        return net::iov_iter(vector_, count,
                             user ? net::iov_iter::memory::user : net::iov_iter::memory::kernel);
    }

private:
    static size_t count_pieces(fs::io_buffer& buffer) {
        const size_t total = buffer.remaining();
        size_t count = 0;
        while (buffer.remaining() > 0) {
            buffer.advance(buffer.current().length);
            count++;
        }
        buffer.rewind(total);
        return count;
    }
    void fill(fs::io_buffer& buffer) {
        const size_t total = buffer.remaining();
        for (iovec* next = vector_; buffer.remaining() > 0; next++) {
            const fs::io_piece piece = buffer.current();
            *next = {reinterpret_cast<void*>(piece.address), piece.length};
            buffer.advance(piece.length);
        }
        buffer.rewind(total);
    }

    iovec single_{};
    iovec* vector_ = &single_;
};

lib::result<size_t> socket_read(fs::file& f, fs::io_buffer& buffer, uint64_t&) {
    if (buffer.remaining() == 0) {
        return size_t{0};
    }
    piece_vector pieces;
    net::message msg;
    msg.payload = TRY(pieces.collect(buffer));
    const size_t received = TRY(net::sock_recvmsg(socket_in(f), msg));
    buffer.advance(received);
    return received;
}

lib::result<size_t> socket_write(fs::file& f, fs::io_buffer& buffer, uint64_t&) {
    return send_buffer(f, buffer, 0);
}

short socket_poll(fs::file& f, fs::poll_table* table) {
    return net::sock_poll(socket_in(f), reinterpret_cast<net::port::poll_table*>(table));
}

lib::result<long> set_signal_owner_from(fs::file& f, mm::user_ptr<int> value) {
    const int owner = TRY(mm::fetch(value));
    TRY(set_signal_owner(f, owner));
    return 0L;
}

lib::result<long> socket_ioctl(fs::file& f, uint32_t request, uint64_t argument) {
    net::socket& sock = socket_in(f);
    const mm::user_ptr<int> value(argument);
    switch (request) {
    case FIOSETOWN:
    case SIOCSPGRP:
        return set_signal_owner_from(f, value);
    case FIOGETOWN:
    case SIOCGPGRP:
        TRY(mm::store(value, sock.owner.id));
        return 0L;
    default:
        return net::sock_ioctl(sock, request, argument);
    }
}

void socket_release(fs::file& f) {
    if (f.private_data != nullptr) {
        net::sock_release(static_cast<net::socket*>(f.private_data));
    }
}

constexpr fs::file_ops socket_file_ops = {
    .name = "socket",
    .read = socket_read,
    .write = socket_write,
    .poll = socket_poll,
    .ioctl = socket_ioctl,
    .seek = nullptr,
    .read_directory = nullptr,
    .map = nullptr,
    .release = socket_release,
    .seekable = false,
};

} // namespace

lib::result<net::socket*> socket_of(fs::file& f) {
    if (f.ops != &socket_file_ops) {
        return lib::error{ENOTSOCK};
    }
    return &socket_in(f);
}

lib::result<size_t> send_buffer(fs::file& f, fs::io_buffer& buffer, int flags) {
    piece_vector pieces;
    net::message msg;
    msg.payload = TRY(pieces.collect(buffer));
    net::socket& sock = socket_in(f);
    msg.flags = flags | (sock.type == SOCK_SEQPACKET ? MSG_EOR : 0);
    const size_t sent = TRY(net::sock_sendmsg(sock, msg));
    buffer.advance(sent);
    return sent;
}

lib::result<void> set_signal_owner(fs::file& f, int owner) {
    if (owner == -2147483647 - 1) { // no group has this number
        return lib::error{EINVAL};
    }
    if (owner != 0 && !task::id_in_use(owner < 0 ? -owner : owner)) {
        return lib::error{ESRCH};
    }
    if (f.ops == &socket_file_ops) {
        net::sock_set_owner(socket_in(f), owner);
    }
    return {};
}

int signal_owner(fs::file& f) {
    return f.ops == &socket_file_ops ? socket_in(f).owner.id : 0;
}

void note_status_flags(fs::file& f) {
    if (f.ops == &socket_file_ops) {
        socket_in(f);
    }
}

lib::result<open_socket> find_socket(int fd) {
    lib::ref<fs::file> f = TRY(task::current_process().files->get(fd));
    net::socket* sock = TRY(socket_of(*f));
    return open_socket{std::move(f), sock};
}

lib::result<socket_place> socket_place::reserve(int type_flags) {
    const auto flags = (type_flags & SOCK_CLOEXEC) != 0 ? fs::fd_flags::close_on_exec : fs::fd_flags::none;
    auto table = lib::ref<fs::fd_table>::share(task::current_process().files);
    fs::reserved_fd descriptor = TRY(fs::reserved_fd::take(std::move(table), flags));
    lib::ref<fs::inode> node = TRY(fs::new_anonymous_inode(S_IFSOCK | 0777));
    const uint32_t open_flags = O_RDWR | ((type_flags & SOCK_NONBLOCK) != 0 ? O_NONBLOCK : 0);
    lib::ref<fs::file> f = TRY(fs::new_file(socket_file_ops, std::move(node), open_flags));
    return socket_place(std::move(descriptor), std::move(f));
}

void socket_place::fill(net::socket* sock) {
    sock->inode = file_->node->number;
    file_->private_data = sock;
}

} // namespace syscall

/// Here and not with the rest of the port: only this file knows which files are sockets.
net::socket* net::port::socket_of_file(passed_file* file) {
    const auto found = syscall::socket_of(*reinterpret_cast<fs::file*>(file));
    return found.ok() ? found.value() : nullptr;
}
