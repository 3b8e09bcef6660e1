// One function per call: it takes the call's buffers out of "in", makes it with the tester's numbers
// unchanged, and puts what it stored into "out".

#include "user/sysagent/calls.hpp"

#include "user/sysagent/line.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

constexpr long data_limit = 16 << 20; // what a call may send or receive
constexpr int vector_limit = 1024;    // the kernel looks at no more (UIO_MAXIOV)
constexpr int poll_limit = 1024;      // nor at more descriptors than a process can have

/// Zeroed memory for the data of one call. A nonsensical count gets a buffer of the limit: the count itself
/// goes to the kernel unchanged.
class buffer {
public:
    explicit buffer(long count) {
        size_t size = count < 0 || count > data_limit ? data_limit : static_cast<size_t>(count);
        bytes_ = static_cast<uint8_t*>(calloc(1, size > 0 ? size : 1));
        size_ = bytes_ == nullptr ? 0 : size;
    }
    ~buffer() { free(bytes_); }
    buffer(const buffer&) = delete;
    buffer& operator=(const buffer&) = delete;

    uint8_t* get() const { return bytes_; }
    size_t size() const { return size_; }
    void fill(const uint8_t* from, size_t count) { memcpy(bytes_, from, count < size_ ? count : size_); }

private:
    uint8_t* bytes_;
    size_t size_;
};

/// "in" as it is taken apart from the front. What is missing reads as zero.
class input {
public:
    explicit input(const request& r) : at_(r.in), left_(r.in_length) {}

    void take(void* to, size_t count) {
        size_t there = count < left_ ? count : left_;
        memset(to, 0, count);
        memcpy(to, at_, there);
        at_ += there;
        left_ -= there;
    }
    const uint8_t* rest() const { return at_; }
    size_t rest_length() const { return left_; }

private:
    const uint8_t* at_;
    size_t left_;
};

template <class T>
T* or_null(const request& r, T* data) {
    return (r.flags & null_buffer) != 0 ? nullptr : data;
}

/// An iovec over one buffer, its lengths from "in". Pieces that do not fit behind the others lie over the
/// first ones: whatever the lengths are, the kernel never reaches beyond the buffer by one that it accepts.
/// All of them are null if the tester wants no buffer.
class vector {
public:
    vector(const request& r, input& in, long count)
        : count_(count < 0 || count > vector_limit ? vector_limit : count), data_(total(in)) {
        size_t at = 0;
        for (long i = 0; i < count_; i++) {
            const size_t length = bounded(pieces_[i].iov_len);
            at = at + length > data_.size() ? 0 : at;
            pieces_[i].iov_base = or_null(r, data_.get() + at);
            at += length;
        }
    }
    iovec* pieces() { return pieces_; }
    buffer& data() { return data_; }

private:
    static size_t bounded(size_t length) { return length < data_limit ? length : data_limit; }

    long total(input& in) {
        long sum = 0;
        for (long i = 0; i < count_; i++) {
            uint64_t length = 0;
            in.take(&length, sizeof length);
            pieces_[i].iov_len = length;
            sum += static_cast<long>(bounded(length));
        }
        return sum < data_limit ? sum : data_limit;
    }

    iovec pieces_[vector_limit] = {};
    long count_;
    buffer data_;
};

/// The bytes that a receiving call stored, when the tester wants to see them. With MSG_TRUNC it may tell of
/// more.
void append_data(const request& r, long received, const buffer& data, output& out) {
    if (received > 0 && (r.flags & want_data) != 0) {
        const auto told = static_cast<size_t>(received);
        out.append(data.get(), told < data.size() ? told : data.size());
    }
}

// Each returns what the call returned, -1 with errno set on failure.

long call_read(const request& r, output& out) {
    buffer data(r.a[1]);
    long got = read(static_cast<int>(r.a[0]), or_null(r, data.get()), static_cast<size_t>(r.a[1]));
    append_data(r, got, data, out);
    return got;
}

long call_write(const request& r, output&) {
    buffer data(r.a[1]);
    data.fill(r.in, r.in_length);
    return write(static_cast<int>(r.a[0]), or_null(r, data.get()), static_cast<size_t>(r.a[1]));
}

/// The line is not the tester's to close: for him it is a number that is not in use.
long call_close(const request& r, output&) {
    const int fd = static_cast<int>(r.a[0]);
    if (fd == line_fd()) {
        errno = EBADF;
        return -1;
    }
    return close(fd);
}

long call_poll(const request& r, output& out) {
    pollfd polled[poll_limit];
    input in(r);
    in.take(polled, sizeof polled);
    long ready = poll(or_null(r, polled), static_cast<nfds_t>(r.a[0]), static_cast<int>(r.a[1]));
    size_t count = r.a[0] < 0 ? 0 : static_cast<size_t>(r.a[0]);
    out.append(polled, count * sizeof(pollfd) < sizeof polled ? count * sizeof(pollfd) : sizeof polled);
    return ready;
}

long call_ioctl(const request& r, output& out) {
    uint8_t argument[payload_limit] = {};
    input in(r);
    in.take(argument, sizeof argument);
    long result = ioctl(static_cast<int>(r.a[0]), static_cast<uint32_t>(r.a[1]), or_null(r, argument));
    size_t size = r.a[2] < 0 ? 0 : static_cast<size_t>(r.a[2]);
    out.append(argument, size < sizeof argument ? size : sizeof argument);
    return result;
}

long call_readv(const request& r, output& out) {
    input in(r);
    vector parts(r, in, r.a[1]);
    long got = readv(static_cast<int>(r.a[0]), parts.pieces(), static_cast<int>(r.a[1]));
    append_data(r, got, parts.data(), out);
    return got;
}

long call_writev(const request& r, output&) {
    input in(r);
    vector parts(r, in, r.a[1]);
    parts.data().fill(in.rest(), in.rest_length());
    return writev(static_cast<int>(r.a[0]), parts.pieces(), static_cast<int>(r.a[1]));
}

long call_pipe(const request&, output& out) {
    int ends[2];
    long result = pipe(ends);
    out.append(ends, sizeof ends);
    return result;
}

long call_socket(const request& r, output&) {
    return socket(static_cast<int>(r.a[0]), static_cast<int>(r.a[1]), static_cast<int>(r.a[2]));
}

long call_connect(const request& r, output&) {
    sockaddr_storage address;
    input(r).take(&address, sizeof address);
    return connect(static_cast<int>(r.a[0]), reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(r.a[1]));
}

long call_bind(const request& r, output&) {
    sockaddr_storage address;
    input(r).take(&address, sizeof address);
    return bind(static_cast<int>(r.a[0]), reinterpret_cast<sockaddr*>(&address),
                static_cast<socklen_t>(r.a[1]));
}

long call_listen(const request& r, output&) {
    return listen(static_cast<int>(r.a[0]), static_cast<int>(r.a[1]));
}

long call_shutdown(const request& r, output&) {
    return shutdown(static_cast<int>(r.a[0]), static_cast<int>(r.a[1]));
}

/// An address as a value-result argument: its length, then as much of it as was stored.
void append_address(const sockaddr_storage& address, socklen_t length, output& out) {
    out.append_u32(length);
    out.append(&address, length < sizeof address ? length : sizeof address);
}

/// accept, getsockname and getpeername: (fd, addrlen) → addrlen, sockaddr.
long call_with_address(const request& r, output& out, int (*call)(int, sockaddr*, socklen_t*)) {
    sockaddr_storage address = {};
    auto length = static_cast<socklen_t>(r.a[1]);
    long result = call(static_cast<int>(r.a[0]), reinterpret_cast<sockaddr*>(&address), &length);
    append_address(address, length, out);
    return result;
}

long call_accept(const request& r, output& out) {
    return call_with_address(r, out, accept);
}
long call_getsockname(const request& r, output& out) {
    return call_with_address(r, out, getsockname);
}
long call_getpeername(const request& r, output& out) {
    return call_with_address(r, out, getpeername);
}

long call_sendto(const request& r, output&) {
    sockaddr_storage address;
    auto length = static_cast<socklen_t>(r.a[3]);
    input in(r);
    in.take(&address, length < sizeof address ? length : sizeof address);
    buffer data(r.a[1]);
    data.fill(in.rest(), in.rest_length());
    return sendto(static_cast<int>(r.a[0]), or_null(r, data.get()), static_cast<size_t>(r.a[1]),
                  static_cast<int>(r.a[2]), length == 0 ? nullptr : reinterpret_cast<sockaddr*>(&address),
                  length);
}

long call_recvfrom(const request& r, output& out) {
    sockaddr_storage address = {};
    auto length = static_cast<socklen_t>(r.a[3]);
    bool wanted = length != 0;
    buffer data(r.a[1]);
    long got = recvfrom(static_cast<int>(r.a[0]), or_null(r, data.get()), static_cast<size_t>(r.a[1]),
                        static_cast<int>(r.a[2]), wanted ? reinterpret_cast<sockaddr*>(&address) : nullptr,
                        wanted ? &length : nullptr);
    append_address(address, wanted ? length : 0, out);
    append_data(r, got, data, out);
    return got;
}

/// The parts of a msghdr that sendmsg and recvmsg share. A length of 0 means a null pointer.
struct message {
    uint8_t name[payload_limit] = {};
    alignas(cmsghdr) uint8_t control[payload_limit] = {};
    msghdr header = {};

    explicit message(const request& r) {
        header.msg_namelen = static_cast<socklen_t>(r.a[2]);
        header.msg_name = r.a[2] == 0 ? nullptr : name;
        header.msg_controllen = static_cast<size_t>(r.a[3]);
        header.msg_control = r.a[3] == 0 ? nullptr : control;
    }
    static size_t bounded(long length) {
        return length < 0 ? 0 : length < long{payload_limit} ? length : payload_limit;
    }
};

long call_sendmsg(const request& r, output&) {
    message msg(r);
    input in(r);
    in.take(msg.name, message::bounded(r.a[2]));
    in.take(msg.control, message::bounded(r.a[3]));
    vector parts(r, in, r.a[4]);
    parts.data().fill(in.rest(), in.rest_length());
    msg.header.msg_iov = parts.pieces();
    msg.header.msg_iovlen = static_cast<size_t>(r.a[4]);
    return sendmsg(static_cast<int>(r.a[0]), &msg.header, static_cast<int>(r.a[1]));
}

long call_recvmsg(const request& r, output& out) {
    message msg(r);
    input in(r);
    vector parts(r, in, r.a[4]);
    msg.header.msg_iov = parts.pieces();
    msg.header.msg_iovlen = static_cast<size_t>(r.a[4]);
    long got = recvmsg(static_cast<int>(r.a[0]), &msg.header, static_cast<int>(r.a[1]));
    out.append_u32(msg.header.msg_namelen);
    out.append_u32(static_cast<uint32_t>(msg.header.msg_controllen));
    out.append_u32(static_cast<uint32_t>(msg.header.msg_flags));
    out.append(msg.name, message::bounded(static_cast<long>(msg.header.msg_namelen)));
    out.append(msg.control, message::bounded(static_cast<long>(msg.header.msg_controllen)));
    append_data(r, got, parts.data(), out);
    return got;
}

long call_setsockopt(const request& r, output&) {
    uint8_t value[payload_limit];
    input(r).take(value, sizeof value);
    return setsockopt(static_cast<int>(r.a[0]), static_cast<int>(r.a[1]), static_cast<int>(r.a[2]),
                      or_null(r, value), static_cast<socklen_t>(r.a[3]));
}

long call_getsockopt(const request& r, output& out) {
    uint8_t value[payload_limit] = {};
    auto length = static_cast<socklen_t>(r.a[3]);
    long result = getsockopt(static_cast<int>(r.a[0]), static_cast<int>(r.a[1]), static_cast<int>(r.a[2]),
                             or_null(r, value), &length);
    out.append_u32(length);
    out.append(value, length < sizeof value ? length : sizeof value);
    return result;
}

long call_fcntl(const request& r, output&) {
    return fcntl(static_cast<int>(r.a[0]), static_cast<int>(r.a[1]), r.a[2]);
}

long call_epoll_create(const request& r, output&) {
    return epoll_create(static_cast<int>(r.a[0]));
}

long call_epoll_wait(const request& r, output& out) {
    epoll_event events[poll_limit]; // no more can be ready, whatever the tester's number is
    long ready = epoll_wait(static_cast<int>(r.a[0]), or_null(r, events), static_cast<int>(r.a[1]),
                            static_cast<int>(r.a[2]));
    if (ready > 0) {
        out.append(events, static_cast<size_t>(ready) * sizeof(epoll_event));
    }
    return ready;
}

long call_epoll_ctl(const request& r, output&) {
    epoll_event event;
    input(r).take(&event, sizeof event);
    return epoll_ctl(static_cast<int>(r.a[0]), static_cast<int>(r.a[1]), static_cast<int>(r.a[2]),
                     or_null(r, &event));
}

long call_splice(const request& r, output&) {
    off_t in_offset = r.a[1], out_offset = r.a[3];
    return splice(static_cast<int>(r.a[0]), in_offset == -1 ? nullptr : &in_offset, static_cast<int>(r.a[2]),
                  out_offset == -1 ? nullptr : &out_offset, static_cast<size_t>(r.a[4]),
                  static_cast<unsigned>(r.a[5]));
}

/// "net.ipv4.tcp_sack=0": the parameter is the file /proc/sys/net/ipv4/tcp_sack.
long call_sysctl(const request& r, output& out) {
    char text[payload_limit + 1] = {};
    memcpy(text, r.in, r.in_length);
    char* value = strchr(text, '=');
    if (value == nullptr) {
        errno = EINVAL;
        return -1;
    }
    *value++ = '\0';
    for (char* dot = strchr(text, '.'); dot != nullptr; dot = strchr(dot, '.')) {
        *dot = '/';
    }
    char path[sizeof text + 16];
    snprintf(path, sizeof path, "/proc/sys/%s", text);
    int file = open(path, O_RDWR);
    if (file < 0) {
        errno = errno == EISDIR || errno == ENOTDIR || errno == ENAMETOOLONG ? ENOENT : errno;
        return -1;
    }
    char old[256];
    ssize_t length = pread(file, old, sizeof old, 0);
    if (length > 0) {
        out.append(old, static_cast<size_t>(old[length - 1] == '\n' ? length - 1 : length));
    }
    long written = length < 0 ? -1 : write(file, value, strlen(value));
    close(file);
    return written < 0 ? -1 : 0;
}

struct operation {
    uint16_t op;
    long (*call)(const request&, output&);
};

constexpr operation operations[] = {
    {SYS_read, call_read},
    {SYS_write, call_write},
    {SYS_close, call_close},
    {SYS_poll, call_poll},
    {SYS_ioctl, call_ioctl},
    {SYS_readv, call_readv},
    {SYS_writev, call_writev},
    {SYS_pipe, call_pipe},
    {SYS_socket, call_socket},
    {SYS_connect, call_connect},
    {SYS_accept, call_accept},
    {SYS_sendto, call_sendto},
    {SYS_recvfrom, call_recvfrom},
    {SYS_sendmsg, call_sendmsg},
    {SYS_recvmsg, call_recvmsg},
    {SYS_shutdown, call_shutdown},
    {SYS_bind, call_bind},
    {SYS_listen, call_listen},
    {SYS_getsockname, call_getsockname},
    {SYS_getpeername, call_getpeername},
    {SYS_setsockopt, call_setsockopt},
    {SYS_getsockopt, call_getsockopt},
    {SYS_fcntl, call_fcntl},
    {SYS_epoll_create, call_epoll_create},
    {SYS_epoll_wait, call_epoll_wait},
    {SYS_epoll_ctl, call_epoll_ctl},
    {SYS_splice, call_splice},
    {op_sysctl, call_sysctl},
};

} // namespace

long perform(const request& r, output& out) {
    for (const operation& known : operations) {
        if (known.op == r.op) {
            long result = known.call(r, out);
            return result < 0 ? -errno : result;
        }
    }
    return -ENOSYS;
}
