// sysagent: makes socket calls for a tester at the other end of a serial line, so that a program outside can
// see both sides of the stack: packets on the wire, and what the calls return.
//
// Frames are delimited as in SLIP (RFC 1055). A request names a system call by its Linux number and carries
// its arguments; the reply carries the result, or minus the error number. All integers are little-endian.
//
//     request                                   reply
//     0  u8  'S'                                0  u8  'R', or 'A': begun
//     1  u8  flags                              1  u8  0
//     2  u16 id                                 2  u16 id
//     4  u16 op                                 4  s32 result
//     6  u8  n, number of arguments, 0..6       8  ... "out" bytes
//     7  u8  0
//     8  s32 a[n]
//     .. ... "in" bytes
//
// A request marked `blocking` is answered with 'A' and made by a second thread, which shares the descriptors;
// there is at most one. Everything else is made by the main thread between two frames.

#include "user/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>

namespace {

constexpr const char* default_line = "/dev/ttyS1";
constexpr size_t payload_limit = 4096; // of "in" and of "out"
constexpr size_t frame_limit = 8 + 6 * 4 + payload_limit;
constexpr long data_limit = 16 << 20; // what a call may send or receive
constexpr int protocol_version = 1;
constexpr int vector_limit = 512; // "in" holds no more lengths

enum request_flags : uint8_t { blocking = 1, want_data = 2, null_buffer = 4 };
enum private_op : uint16_t { op_reset = 1000, op_sysctl = 1001 };

struct request {
    uint8_t flags;
    uint16_t id;
    uint16_t op;
    long a[6]; // sign-extended; 0 where absent
    const uint8_t* in;
    size_t in_length;
    uint8_t frame[frame_limit]; // what `in` points into
};

/// The "out" bytes of a reply; what does not fit is cut.
struct output {
    uint8_t bytes[payload_limit] = {};
    size_t length = 0;

    void append(const void* from, size_t count) {
        size_t fits = count < payload_limit - length ? count : payload_limit - length;
        memcpy(bytes + length, from, fits);
        length += fits;
    }
    void append_u32(uint32_t value) { append(&value, sizeof value); }
};

// ---- the line ---------------------------------------------------------------------------------------------

constexpr uint8_t slip_end = 0xc0, slip_escape = 0xdb, escaped_end = 0xdc, escaped_escape = 0xdd;

constexpr int line_descriptor = 1000; // out of the way: the tester's first descriptor is 3
int line = -1;
pthread_mutex_t line_lock = PTHREAD_MUTEX_INITIALIZER; // replies of the two threads do not mix

void write_line(const uint8_t* bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(line, bytes, count);
        if (written < 0 && errno != EINTR) {
            err(1, "writing to the line");
        }
        if (written > 0) {
            bytes += written;
            count -= static_cast<size_t>(written);
        }
    }
}

void send_frame(char type, uint16_t id, long result, const output& out) {
    uint8_t plain[8 + payload_limit] = {static_cast<uint8_t>(type), 0, static_cast<uint8_t>(id),
                                        static_cast<uint8_t>(id >> 8)};
    auto number = static_cast<int32_t>(result);
    memcpy(plain + 4, &number, sizeof number);
    size_t length = 8;
    if (result >= 0) {
        memcpy(plain + 8, out.bytes, out.length);
        length += out.length;
    }
    uint8_t escaped[2 * sizeof plain + 2];
    size_t at = 0;
    escaped[at++] = slip_end;
    for (size_t i = 0; i < length; i++) {
        if (plain[i] == slip_end || plain[i] == slip_escape) {
            escaped[at++] = slip_escape;
            escaped[at++] = plain[i] == slip_end ? escaped_end : escaped_escape;
        } else {
            escaped[at++] = plain[i];
        }
    }
    escaped[at++] = slip_end;
    pthread_mutex_lock(&line_lock);
    write_line(escaped, at);
    pthread_mutex_unlock(&line_lock);
}

/// The next byte of the line; waits for it.
uint8_t read_byte() {
    static uint8_t buffer[4096];
    static ssize_t filled = 0, next = 0;
    while (next == filled) {
        next = 0;
        filled = read(line, buffer, sizeof buffer);
        if (filled < 0 && errno != EINTR) {
            err(1, "reading from the line");
        }
        filled = filled < 0 ? 0 : filled;
    }
    return buffer[next++];
}

/// Reads one frame without its escapes; 0 for one that is empty, too long or wrongly escaped.
size_t read_frame(uint8_t* frame) {
    size_t length = 0;
    bool fine = true;
    for (;;) {
        uint8_t byte = read_byte();
        if (byte == slip_end) {
            return fine ? length : 0;
        }
        if (byte == slip_escape) {
            byte = read_byte();
            if (byte == slip_end) {
                return 0;
            }
            fine = fine && (byte == escaped_end || byte == escaped_escape);
            byte = byte == escaped_end ? slip_end : slip_escape;
        }
        if (length < frame_limit) {
            frame[length++] = byte;
        } else {
            fine = false;
        }
    }
}

/// Waits for the next well-formed request; all others are dropped silently.
void read_request(request& r) {
    for (;;) {
        size_t length = read_frame(r.frame);
        if (length < 8 || r.frame[0] != 'S' || r.frame[6] > 6 || length < 8u + r.frame[6] * 4u) {
            continue;
        }
        r.flags = r.frame[1];
        memcpy(&r.id, r.frame + 2, 2);
        memcpy(&r.op, r.frame + 4, 2);
        for (unsigned i = 0; i < 6; i++) {
            int32_t value = 0;
            if (i < r.frame[6]) {
                memcpy(&value, r.frame + 8 + 4 * i, 4);
            }
            r.a[i] = value;
        }
        r.in = r.frame + 8 + 4 * r.frame[6];
        r.in_length = length - 8 - 4 * r.frame[6];
        return;
    }
}

// ---- buffers of a call ------------------------------------------------------------------------------------

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

/// An iovec over one buffer, its lengths from "in".
class vector {
public:
    vector(input& in, long count)
        : count_(count < 0 || count > vector_limit ? vector_limit : count), data_(total(in)) {
        uint8_t* at = data_.get();
        for (long i = 0; i < count_; i++) {
            pieces_[i].iov_base = at;
            at += pieces_[i].iov_len < data_limit ? pieces_[i].iov_len : 0;
        }
    }
    iovec* pieces() { return pieces_; }
    buffer& data() { return data_; }

private:
    long total(input& in) {
        long sum = 0;
        for (long i = 0; i < count_; i++) {
            uint64_t length = 0;
            in.take(&length, sizeof length);
            pieces_[i].iov_len = length;
            sum += length < data_limit ? static_cast<long>(length) : 0;
        }
        return sum < data_limit ? sum : data_limit;
    }

    iovec pieces_[vector_limit] = {};
    long count_;
    buffer data_;
};

/// The bytes that a receiving call stored, when the tester wants to see them.
void append_data(const request& r, long received, const uint8_t* data, output& out) {
    if (received > 0 && (r.flags & want_data) != 0 && data != nullptr) {
        out.append(data, static_cast<size_t>(received));
    }
}

uint8_t* or_null(const request& r, uint8_t* data) {
    return (r.flags & null_buffer) != 0 ? nullptr : data;
}

// ---- the calls --------------------------------------------------------------------------------------------
// Each returns what the call returned, -1 with errno set on failure.

long call_read(const request& r, output& out) {
    buffer data(r.a[1]);
    long got = read(static_cast<int>(r.a[0]), or_null(r, data.get()), static_cast<size_t>(r.a[1]));
    append_data(r, got, data.get(), out);
    return got;
}

long call_write(const request& r, output&) {
    buffer data(r.a[1]);
    data.fill(r.in, r.in_length);
    return write(static_cast<int>(r.a[0]), or_null(r, data.get()), static_cast<size_t>(r.a[1]));
}

long call_close(const request& r, output&) {
    return close(static_cast<int>(r.a[0]));
}

long call_poll(const request& r, output& out) {
    pollfd polled[payload_limit / sizeof(pollfd)];
    input in(r);
    in.take(polled, sizeof polled);
    long ready = poll(or_null(r, reinterpret_cast<uint8_t*>(polled)) ? polled : nullptr,
                      static_cast<nfds_t>(r.a[0]), static_cast<int>(r.a[1]));
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
    vector parts(in, r.a[1]);
    long got = readv(static_cast<int>(r.a[0]), parts.pieces(), static_cast<int>(r.a[1]));
    append_data(r, got, parts.data().get(), out);
    return got;
}

long call_writev(const request& r, output&) {
    input in(r);
    vector parts(in, r.a[1]);
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
    append_data(r, got, data.get(), out);
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
    vector parts(in, r.a[4]);
    parts.data().fill(in.rest(), in.rest_length());
    msg.header.msg_iov = parts.pieces();
    msg.header.msg_iovlen = static_cast<size_t>(r.a[4]);
    return sendmsg(static_cast<int>(r.a[0]), &msg.header, static_cast<int>(r.a[1]));
}

long call_recvmsg(const request& r, output& out) {
    message msg(r);
    input in(r);
    vector parts(in, r.a[4]);
    msg.header.msg_iov = parts.pieces();
    msg.header.msg_iovlen = static_cast<size_t>(r.a[4]);
    long got = recvmsg(static_cast<int>(r.a[0]), &msg.header, static_cast<int>(r.a[1]));
    out.append_u32(msg.header.msg_namelen);
    out.append_u32(static_cast<uint32_t>(msg.header.msg_controllen));
    out.append_u32(static_cast<uint32_t>(msg.header.msg_flags));
    out.append(msg.name, message::bounded(static_cast<long>(msg.header.msg_namelen)));
    out.append(msg.control, message::bounded(static_cast<long>(msg.header.msg_controllen)));
    append_data(r, got, parts.data().get(), out);
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
    epoll_event events[payload_limit / sizeof(epoll_event)];
    constexpr long most = sizeof events / sizeof events[0];
    long ready = epoll_wait(static_cast<int>(r.a[0]), events, static_cast<int>(r.a[1] < most ? r.a[1] : most),
                            static_cast<int>(r.a[2]));
    if (ready > 0) {
        out.append(events, static_cast<size_t>(ready) * sizeof(epoll_event));
    }
    return ready;
}

long call_epoll_ctl(const request& r, output&) {
    epoll_event event;
    input(r).take(&event, sizeof event);
    return epoll_ctl(static_cast<int>(r.a[0]), static_cast<int>(r.a[1]), static_cast<int>(r.a[2]), &event);
}

long call_splice(const request& r, output&) {
    long in_offset = r.a[1], out_offset = r.a[3];
    return syscall(SYS_splice, static_cast<int>(r.a[0]), in_offset == -1 ? nullptr : &in_offset,
                   static_cast<int>(r.a[2]), out_offset == -1 ? nullptr : &out_offset,
                   static_cast<size_t>(r.a[4]), static_cast<unsigned>(r.a[5]));
}

// ---- parameters and reset ---------------------------------------------------------------------------------

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

struct blocking_call {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    pthread_t thread;
    // Guarded by lock.
    bool busy = false;
    bool cancelled = false; ///< a reset ended it: no reply is due
    request what;
} second;

/// Ends the sleeping call of the second thread. A signal may come just before the call goes to sleep and be
/// lost, so it is sent until the call has returned.
void cancel_blocking_call() {
    pthread_mutex_lock(&second.lock);
    second.cancelled = true;
    while (second.busy) {
        pthread_kill(second.thread, SIGUSR1);
        timespec soon;
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += 1'000'000;
        if (soon.tv_nsec >= 1'000'000'000) {
            soon.tv_sec++;
            soon.tv_nsec -= 1'000'000'000;
        }
        pthread_cond_timedwait(&second.changed, &second.lock, &soon);
    }
    pthread_mutex_unlock(&second.lock);
}

long call_reset(const request&, output& out) {
    cancel_blocking_call();
    const linger abort = {1, 0};
    for (int fd = 3; fd < sysconf(_SC_OPEN_MAX); fd++) {
        if (fd != line) {
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort); // fails on what is no socket
            close(fd);
        }
    }
    utsname names = {};
    uname(&names);
    char text[2 * sizeof names.sysname];
    out.append(text, static_cast<size_t>(snprintf(text, sizeof text, "%s %s", names.sysname, names.release)));
    return protocol_version;
}

// ---- dispatch ---------------------------------------------------------------------------------------------

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
    {op_reset, call_reset},
    {op_sysctl, call_sysctl},
};

/// The result, or minus the error number.
long perform(const request& r, output& out) {
    for (const operation& known : operations) {
        if (known.op == r.op) {
            long result = known.call(r, out);
            return result < 0 ? -errno : result;
        }
    }
    return -ENOSYS;
}

void* serve_blocking_calls(void*) {
    static output out;
    for (;;) {
        pthread_mutex_lock(&second.lock);
        while (!second.busy) {
            pthread_cond_wait(&second.changed, &second.lock);
        }
        pthread_mutex_unlock(&second.lock);
        out.length = 0;
        long result = perform(second.what, out);
        pthread_mutex_lock(&second.lock);
        if (!second.cancelled) {
            send_frame('R', second.what.id, result, out);
        }
        second.busy = false;
        pthread_cond_signal(&second.changed);
        pthread_mutex_unlock(&second.lock);
    }
}

/// Hands a request to the second thread; EBUSY when that one sleeps in an earlier one.
void begin_blocking_call(const request& r) {
    static constexpr output nothing{};
    pthread_mutex_lock(&second.lock);
    if (second.busy) {
        send_frame('R', r.id, -EBUSY, nothing);
    } else {
        second.what = r;
        second.what.in = second.what.frame + (r.in - r.frame);
        second.cancelled = false;
        second.busy = true;
        send_frame('A', r.id, 0, nothing);
        pthread_cond_signal(&second.changed);
    }
    pthread_mutex_unlock(&second.lock);
}

void open_line(const char* path) {
    int opened = open(path, O_RDWR | O_NOCTTY);
    if (opened < 0) {
        err(1, "%s", path);
    }
    line = fcntl(opened, F_DUPFD, line_descriptor);
    if (line < 0) {
        err(1, "moving the line to descriptor %d", line_descriptor);
    }
    close(opened);
    termios settings;
    if (tcgetattr(line, &settings) == 0) {
        cfmakeraw(&settings);
        if (tcsetattr(line, TCSANOW, &settings) != 0) {
            err(1, "%s: raw mode", path);
        }
    }
}

void interrupt_call(int) {}

} // namespace

int main(int argc, char** argv) {
    answer_help(argc, argv,
                "usage: sysagent [LINE]\nMakes socket calls for a tester at the other end of a serial line "
                "(/dev/ttyS1).\n");
    open_line(argc > 1 ? argv[1] : default_line);
    signal(SIGPIPE, SIG_IGN);
    struct sigaction ending = {}; // without SA_RESTART: it ends a sleeping call
    ending.sa_handler = interrupt_call;
    sigaction(SIGUSR1, &ending, nullptr);
    if (int why = pthread_create(&second.thread, nullptr, serve_blocking_calls, nullptr); why != 0) {
        errx(1, "second thread: %s", strerror(why));
    }
    static request r;
    static output out;
    for (;;) {
        read_request(r);
        if ((r.flags & blocking) != 0) {
            begin_blocking_call(r);
        } else {
            out.length = 0;
            send_frame('R', r.id, perform(r, out), out);
        }
    }
}
