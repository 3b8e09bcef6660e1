// The socket calls that move data. A user's msghdr, its vector and its control data are copied once, bounded
// (UIO_MAXIOV pieces, 20 KiB of control data as Linux's optmem_max), and what the family answers is copied
// back at the end: no family touches a user's structures, and none can change under us (CVE-2005-2490).
//
// Only the payload itself is copied by the families, through the iov_iter, between its home and user memory.

#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/arch/clock.hpp"
#include "kernel/fs/io_buffer.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/layout.hpp"
#include "kernel/syscall/socket.hpp"
#include "kernel/syscall/socket_internal.hpp"
#include "kernel/task/timer.hpp"

namespace syscall {

namespace {

constexpr size_t control_limit = 20480; // Linux: net.core.optmem_max
constexpr uint64_t second_ns = 1'000'000'000;
/// What recvmsg may tell in msg_flags.
constexpr int told_flags = MSG_OOB | MSG_TRUNC | MSG_CTRUNC | MSG_EOR | MSG_ERRQUEUE | MSG_CMSG_CLOEXEC;

/// One piece of user memory: EFAULT if it cannot be any; longer than a call can move: cut.
lib::result<iovec> check_piece(uint64_t address, uint64_t length) {
    const uint64_t bounded = length < fs::io_length_limit ? length : fs::io_length_limit;
    if (!mm::is_user_range(address, bounded)) {
        return lib::error{EFAULT};
    }
    return iovec{reinterpret_cast<void*>(address), bounded};
}

/// Memory of a call: small ones on the stack of the call, big ones from kmalloc.
template <class T, size_t inline_count>
class call_array {
public:
    call_array() = default;
    call_array(const call_array&) = delete;
    call_array& operator=(const call_array&) = delete;
    ~call_array() {
        if (elements_ != inline_) {
            mm::kfree(elements_);
        }
    }

    /// Room for count elements; at most once. False: no memory.
    bool reserve(size_t count) {
        if (count > inline_count) {
            void* memory = mm::kmalloc(count * sizeof(T), mm::mem_tag::socket);
            if (memory == nullptr) {
                return false;
            }
            elements_ = static_cast<T*>(memory);
        }
        return true;
    }
    T* data() { return elements_; }

private:
    alignas(8) T inline_[inline_count];
    T* elements_ = inline_;
};

/// A user's msghdr inside the kernel: everything copied, ready for the socket layer.
struct user_message {
    msghdr header;
    call_array<iovec, 8> pieces;
    call_array<uint8_t, 256> control;
    net::socket_address address;
    net::message msg;

    lib::result<void> fetch_header(mm::user_ptr<const msghdr> from);
    lib::result<void> fetch_pieces();
    /// The parts that differ by direction.
    lib::result<void> prepare_send(int flags);
    lib::result<void> prepare_receive(int flags);
    lib::result<void> store_answer(mm::user_ptr<msghdr> to, size_t received, size_t room, int flags);
};

lib::result<void> user_message::fetch_header(mm::user_ptr<const msghdr> from) {
    header = TRY(mm::fetch(from));
    if (header.msg_name == nullptr) {
        header.msg_namelen = 0;
    }
    if (static_cast<int>(header.msg_namelen) < 0) {
        return lib::error{EINVAL};
    }
    if (header.msg_namelen > sizeof address.storage) {
        header.msg_namelen = sizeof address.storage;
    }
    if (header.msg_iovlen > UIO_MAXIOV) {
        return lib::error{EMSGSIZE};
    }
    return {};
}

/// EINVAL: a length below 0; the sum is cut to what one call may move. EFAULT.
lib::result<void> user_message::fetch_pieces() {
    const size_t count = header.msg_iovlen;
    if (!pieces.reserve(count)) {
        return lib::error{ENOMEM};
    }
    iovec* vector = pieces.data();
    const mm::user_ptr<const void> from(reinterpret_cast<uint64_t>(header.msg_iov));
    TRY(mm::copy_from_user(vector, from, count * sizeof(iovec)));
    uint64_t total = 0;
    for (size_t index = 0; index < count; index++) {
        if (static_cast<int64_t>(vector[index].iov_len) < 0) {
            return lib::error{EINVAL};
        }
        const auto address_of_piece = reinterpret_cast<uint64_t>(vector[index].iov_base);
        vector[index] = TRY(check_piece(address_of_piece, vector[index].iov_len));
        const uint64_t room = fs::io_length_limit - total;
        if (vector[index].iov_len > room) {
            vector[index].iov_len = room;
        }
        total += vector[index].iov_len;
    }
    msg.payload = net::iov_iter(vector, count, net::iov_iter::memory::user);
    return {};
}

lib::result<void> user_message::prepare_send(int flags) {
    msg.flags = flags;
    if (header.msg_namelen != 0) {
        const auto from = reinterpret_cast<uint64_t>(header.msg_name);
        TRY(fetch_address(address, from, static_cast<int>(header.msg_namelen)));
        msg.address = &address;
    }
    TRY(fetch_pieces());
    const size_t length = header.msg_controllen;
    if (length == 0) {
        return {};
    }
    if (length > control_limit || !control.reserve(length)) {
        return lib::error{ENOBUFS};
    }
    const mm::user_ptr<const void> from(reinterpret_cast<uint64_t>(header.msg_control));
    TRY(mm::copy_from_user(control.data(), from, length));
    msg.control = {.bytes = control.data(), .capacity = length, .length = length};
    return {};
}

lib::result<void> user_message::prepare_receive(int flags) {
    msg.flags = flags;
    msg.address = header.msg_name == nullptr ? nullptr : &address;
    TRY(fetch_pieces());
    // Nobody has more to tell than the limit: a bigger buffer just stays empty at its end.
    const size_t capacity = header.msg_controllen < control_limit ? header.msg_controllen : control_limit;
    if (header.msg_control == nullptr || capacity == 0) {
        return {};
    }
    if (!control.reserve(capacity)) {
        return lib::error{ENOBUFS};
    }
    msg.control = {.bytes = control.data(), .capacity = capacity, .length = 0};
    return {};
}

/// Tells the user what came with the data: source, control data, flags.
lib::result<void> user_message::store_answer(mm::user_ptr<msghdr> to, size_t received, size_t room,
                                             int flags) {
    const uint64_t base = to.address();
    if (header.msg_name != nullptr) {
        const uint32_t told = address.length < header.msg_namelen ? address.length : header.msg_namelen;
        const mm::user_ptr<void> name(reinterpret_cast<uint64_t>(header.msg_name));
        TRY(mm::copy_to_user(name, &address.storage, told));
        TRY(mm::store(mm::user_ptr<socklen_t>(base + offsetof(msghdr, msg_namelen)), address.length));
    }
    if (msg.control.length > 0) {
        const mm::user_ptr<void> out(reinterpret_cast<uint64_t>(header.msg_control));
        TRY(mm::copy_to_user(out, msg.control.bytes, msg.control.length));
    }
    // A caller who asked with MSG_TRUNC for the whole length did not thereby learn that it was cut.
    int told = msg.flags & told_flags;
    if ((flags & MSG_TRUNC) != 0 && received <= room) {
        told &= ~MSG_TRUNC;
    }
    TRY(mm::store(mm::user_ptr<int>(base + offsetof(msghdr, msg_flags)), told));
    return mm::store(mm::user_ptr<size_t>(base + offsetof(msghdr, msg_controllen)), msg.control.length);
}

lib::result<size_t> send_message(net::socket& sock, mm::user_ptr<const msghdr> from, int flags) {
    user_message message;
    TRY(message.fetch_header(from));
    TRY(message.prepare_send(flags));
    return net::sock_sendmsg(sock, message.msg);
}

lib::result<size_t> receive_message(net::socket& sock, mm::user_ptr<msghdr> to, int flags) {
    user_message message;
    TRY(message.fetch_header(to));
    TRY(message.prepare_receive(flags));
    const size_t room = message.msg.payload.remaining();
    const size_t received = TRY(net::sock_recvmsg(sock, message.msg));
    TRY(message.store_answer(to, received, room, flags));
    return received;
}

lib::result<size_t> do_sendto(const arguments& args) {
    const iovec piece = TRY(check_piece(args[1], args[2]));
    const open_socket target = TRY(find_socket(args.as_int(0)));
    net::message msg;
    net::socket_address address;
    if (args[4] != 0) {
        TRY(fetch_address(address, args[4], args.as_int(5)));
        msg.address = &address;
    }
    msg.payload = net::iov_iter(&piece, 1, net::iov_iter::memory::user);
    msg.flags = args.as_int(3);
    return net::sock_sendmsg(*target.sock, msg);
}

lib::result<size_t> do_recvfrom(const arguments& args) {
    const iovec piece = TRY(check_piece(args[1], args[2]));
    const open_socket target = TRY(find_socket(args.as_int(0)));
    net::message msg;
    net::socket_address address;
    msg.address = args[4] == 0 ? nullptr : &address;
    msg.payload = net::iov_iter(&piece, 1, net::iov_iter::memory::user);
    msg.flags = args.as_int(3);
    const size_t received = TRY(net::sock_recvmsg(*target.sock, msg));
    if (args[4] != 0) {
        TRY(store_address(address, args[4], mm::user_ptr<int>(args[5])));
    }
    return received;
}

/// The outcome of a call over several messages: how many went well, or the error if not even the first did.
lib::result<size_t> count_or_error(size_t done, const lib::result<size_t>& failure) {
    return done > 0 ? lib::result<size_t>(done) : lib::result<size_t>(failure.error());
}

mm::user_ptr<unsigned> length_field(mm::user_ptr<mmsghdr> entry) {
    return mm::user_ptr<unsigned>(entry.address() + offsetof(mmsghdr, msg_len));
}

lib::result<size_t> do_sendmmsg(const arguments& args) {
    const open_socket target = TRY(find_socket(args.as_int(0)));
    const mm::user_ptr<mmsghdr> entries(args[1]);
    const unsigned count = args.as_u32(2) < UIO_MAXIOV ? args.as_u32(2) : UIO_MAXIOV;
    for (unsigned index = 0; index < count; index++) {
        const mm::user_ptr<mmsghdr> entry = entries + index;
        const auto sent = send_message(*target.sock, entry.as<const msghdr>(), args.as_int(3));
        if (!sent.ok()) {
            return count_or_error(index, sent);
        }
        const auto told = mm::store(length_field(entry), static_cast<unsigned>(sent.value()));
        if (!told.ok()) {
            return count_or_error(index, told.error());
        }
    }
    return size_t{count};
}

/// The time at which recvmmsg stops to wait for more; the user's timeout is relative. EINVAL, EFAULT.
lib::result<uint64_t> receive_deadline(uint64_t user_timeout) {
    if (user_timeout == 0) {
        return task::never;
    }
    const timespec given = TRY(mm::fetch(mm::user_ptr<const timespec>(user_timeout)));
    if (given.tv_sec < 0 || given.tv_nsec < 0 || static_cast<uint64_t>(given.tv_nsec) >= second_ns) {
        return lib::error{EINVAL};
    }
    constexpr uint64_t longest_seconds = 1'000'000'000; // 31 years: no overflow below
    const auto seconds = static_cast<uint64_t>(given.tv_sec);
    return arch::clock_now_ns() + (seconds < longest_seconds ? seconds : longest_seconds) * second_ns +
           static_cast<uint64_t>(given.tv_nsec);
}

/// Gives the rest of the time back to the user, as Linux does.
lib::result<void> store_remaining_time(uint64_t user_timeout, uint64_t deadline) {
    if (user_timeout == 0) {
        return {};
    }
    const uint64_t now = arch::clock_now_ns();
    const uint64_t left = deadline > now ? deadline - now : 0;
    timespec rest{};
    rest.tv_sec = static_cast<int64_t>(left / second_ns);
    rest.tv_nsec = static_cast<int64_t>(left % second_ns);
    return mm::store(mm::user_ptr<timespec>(user_timeout), rest);
}

/// As on Linux the timeout is looked at between messages only.
lib::result<size_t> receive_messages(net::socket& sock, const arguments& args, uint64_t deadline) {
    const mm::user_ptr<mmsghdr> entries(args[1]);
    const unsigned count = args.as_u32(2) < UIO_MAXIOV ? args.as_u32(2) : UIO_MAXIOV;
    int flags = args.as_int(3);
    for (unsigned index = 0; index < count; index++) {
        const mm::user_ptr<mmsghdr> entry = entries + index;
        const auto received = receive_message(sock, entry.as<msghdr>(), flags & ~MSG_WAITFORONE);
        if (!received.ok()) {
            return count_or_error(index, received);
        }
        const auto told = mm::store(length_field(entry), static_cast<unsigned>(received.value()));
        if (!told.ok()) {
            return count_or_error(index, told.error());
        }
        if ((flags & MSG_WAITFORONE) != 0) {
            flags |= MSG_DONTWAIT;
        }
        if (arch::clock_now_ns() >= deadline) {
            return size_t{index} + 1;
        }
    }
    return size_t{count};
}

lib::result<size_t> do_recvmmsg(const arguments& args) {
    const uint64_t deadline = TRY(receive_deadline(args[4]));
    const open_socket target = TRY(find_socket(args.as_int(0)));
    const size_t received = TRY(receive_messages(*target.sock, args, deadline));
    TRY(store_remaining_time(args[4], deadline));
    return received;
}

lib::result<size_t> do_sendmsg(const arguments& args) {
    const open_socket target = TRY(find_socket(args.as_int(0)));
    return send_message(*target.sock, mm::user_ptr<const msghdr>(args[1]), args.as_int(2));
}

lib::result<size_t> do_recvmsg(const arguments& args) {
    const open_socket target = TRY(find_socket(args.as_int(0)));
    return receive_message(*target.sock, mm::user_ptr<msghdr>(args[1]), args.as_int(2));
}

} // namespace

long sys_sendto(const arguments& args) {
    return lib::as_syscall(do_sendto(args));
}

long sys_recvfrom(const arguments& args) {
    return lib::as_syscall(do_recvfrom(args));
}

long sys_sendmsg(const arguments& args) {
    return lib::as_syscall(do_sendmsg(args));
}

long sys_recvmsg(const arguments& args) {
    return lib::as_syscall(do_recvmsg(args));
}

long sys_sendmmsg(const arguments& args) {
    return lib::as_syscall(do_sendmmsg(args));
}

long sys_recvmmsg(const arguments& args) {
    return lib::as_syscall(do_recvmmsg(args));
}

} // namespace syscall
