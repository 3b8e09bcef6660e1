// Making arguments. The lists below are small on purpose: two calls that mean the same object or the same
// name are where the interesting mistakes are.

#include "user/sysfuzz/arguments.hpp"

#include <fcntl.h>
#include <initializer_list>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr size_t page = 4096;
constexpr size_t area_pages = 6; // the fifth read-only, the sixth a hole
constexpr size_t good_bytes = 4 * page;

constexpr const char* paths[] = {
    "a",    "b",      "c", "d",  "d/a", "d/b", "link",     "d/up",
    "fifo", "socket", ".", "..", "",    "a/b", "./d/../a", "/no/such/path",
};
constexpr const char* absolute_paths[] = {
    "/proc/self/status", "/proc/self/maps", "/proc/self/fd/3", "/proc/meminfo", "/proc/net/tcp",
    "/dev/null",         "/dev/zero",       "/dev/urandom",    "/dev/ptmx",     "/bin/true",
};

constexpr uint64_t edges[] = {
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    16,
    64,
    255,
    4095,
    4096,
    65535,
    65536,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x7fffffffffffffff,
    0x8000000000000000,
    0xfffffffffffffffe,
    0xffffffffffffffff,
};
/// The ends of user space, the hole behind them, and the kernel's map, image and stacks.
constexpr uint64_t bad_addresses[] = {
    0,
    1,
    0x1000,
    0x7fffffffe000,
    0x7fffffffefff,
    0x7ffffffff000,
    0x800000000000,
    0xffff7fffffffffff,
    0xffff888000000000,
    0xffff888000400000,
    0xffffc90000004000,
    0xffffffff80100000,
    0xffffffffffffffff,
};

constexpr int socket_levels[] = {SOL_SOCKET,  IPPROTO_IP,  IPPROTO_TCP,
                                 IPPROTO_UDP, IPPROTO_RAW, 263 /* packet */};
constexpr unsigned ioctl_requests[] = {
    0x5401 /* TCGETS */,
    0x5402,
    0x5403,
    0x5404,
    0x5405,
    0x540b,
    0x540e,
    0x540f,
    0x5410,
    0x5411,
    0x5413,
    0x5414,
    0x541b /* FIONREAD */,
    0x5421 /* FIONBIO */,
    0x5429,
    0x5450,
    0x5451,
    0x8905,
    0x8906,
    0x8912,
    0x8913,
    0x8915,
    0x8919,
    0x891b,
    0x8921,
    0x8927,
    0x8954,
    0x80045430,
    0x40045431,
};
constexpr int prctl_options[] = {PR_SET_NAME,
                                 PR_GET_NAME,
                                 PR_SET_PDEATHSIG,
                                 PR_GET_PDEATHSIG,
                                 PR_GET_DUMPABLE,
                                 PR_SET_DUMPABLE,
                                 PR_SET_CHILD_SUBREAPER,
                                 PR_GET_CHILD_SUBREAPER,
                                 38,
                                 39};

} // namespace

arguments::arguments(random_source& numbers)
    : random_(numbers), area_(static_cast<char*>(mmap(nullptr, area_pages * page, PROT_READ | PROT_WRITE,
                                                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    if (area_ == MAP_FAILED) {
        _exit(3);
    }
    mprotect(area_ + good_bytes, page, PROT_READ);
    munmap(area_ + good_bytes + page, page);
}

arguments::~arguments() {
    munmap(area_, good_bytes + page);
}

/// Somewhere in the good pages; now and then at their very end, so that one byte more is read-only.
char* arguments::room(size_t size_bytes) {
    if (random_.one_in(8)) {
        return area_ + good_bytes - size_bytes;
    }
    return area_ + random_.below((good_bytes - size_bytes) / 8) * 8;
}

uint64_t arguments::anything() {
    switch (random_.below(6)) {
    case 0:
        return random_.one_of(edges);
    case 1:
        return random_.one_of(bad_addresses);
    case 2: // around the end of what is readable
        return reinterpret_cast<uint64_t>(area_) + good_bytes + page - random_.below(64);
    case 3: // around the end of what is writable
        return reinterpret_cast<uint64_t>(area_) + good_bytes - random_.below(64);
    case 4:
        return random_.one_of(edges) + random_.below(5) - 2;
    default:
        return random_.next() >> random_.below(64);
    }
}

uint64_t arguments::make(kind what) {
    return random_.one_in(12) ? anything() : make_sensible(what);
}

uint64_t arguments::place(const uint64_t (&values)[6]) {
    char* const at = room(sizeof values);
    memcpy(at, values, sizeof values);
    return reinterpret_cast<uint64_t>(at);
}

/// Ours are 0 to 31; what calls made comes behind.
uint64_t arguments::make_descriptor() {
    return random_.below(random_.one_in(8) ? 1100 : 44);
}

uint64_t arguments::make_socket_address() {
    char* const at = room(sizeof(sockaddr_un));
    memset(at, 0, sizeof(sockaddr_un));
    if (random_.one_in(3)) {
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        const bool abstract = random_.one_in(2);
        snprintf(name.sun_path + abstract, sizeof name.sun_path - 1, "%s", abstract ? "fuzz" : "socket");
        memcpy(at, &name, sizeof name);
        last_length_ = random_.one_in(4) ? random_.below(sizeof name + 1) : sizeof name;
    } else {
        sockaddr_in name{};
        name.sin_family = random_.one_in(16) ? static_cast<sa_family_t>(random_.below(20)) : AF_INET;
        name.sin_port =
            htons(static_cast<uint16_t>(random_.one_in(8) ? random_.next() : 7000 + random_.below(6)));
        name.sin_addr.s_addr = htonl(random_.one_in(6)   ? static_cast<uint32_t>(random_.next())
                                     : random_.one_in(6) ? INADDR_ANY
                                                         : INADDR_LOOPBACK);
        memcpy(at, &name, sizeof name);
        last_length_ = sizeof name;
    }
    return reinterpret_cast<uint64_t>(at);
}

uint64_t arguments::make_vector() {
    auto* const pieces = reinterpret_cast<iovec*>(room(4 * sizeof(iovec)));
    for (int index = 0; index < 4; index++) {
        const size_t length = random_.one_in(16) ? random_.one_of(edges) : random_.below(2000);
        pieces[index].iov_base = random_.one_in(16) ? reinterpret_cast<void*>(anything()) : room(2048);
        pieces[index].iov_len = length;
    }
    last_length_ = 1 + random_.below(4);
    return reinterpret_cast<uint64_t>(pieces);
}

/// With a name and, half the time, descriptors to pass.
void arguments::fill_message(void* place_of_message) {
    msghdr message{};
    message.msg_name = random_.one_in(2) ? nullptr : reinterpret_cast<void*>(make_socket_address());
    message.msg_namelen = message.msg_name == nullptr ? 0 : static_cast<socklen_t>(last_length_);
    message.msg_iov = reinterpret_cast<iovec*>(make_vector());
    message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(last_length_);
    if (random_.one_in(2)) {
        constexpr size_t most = 3;
        auto* const control = reinterpret_cast<cmsghdr*>(room(CMSG_SPACE(most * sizeof(int))));
        const size_t count = 1 + random_.below(most);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = random_.one_in(8)
                                ? static_cast<decltype(control->cmsg_len)>(random_.next() % 100)
                                : static_cast<decltype(control->cmsg_len)>(CMSG_LEN(count * sizeof(int)));
        for (size_t index = 0; index < most; index++) {
            const int passed = static_cast<int>(make_descriptor());
            memcpy(CMSG_DATA(control) + index * sizeof(int), &passed, sizeof passed);
        }
        message.msg_control = control;
        message.msg_controllen =
            static_cast<decltype(message.msg_controllen)>(CMSG_SPACE(count * sizeof(int)));
    }
    memcpy(place_of_message, &message, sizeof message);
}

/// At most 4 ms, since a sleep is no work; now and then nonsense.
uint64_t arguments::make_time() {
    auto* const at = reinterpret_cast<timespec*>(room(2 * sizeof(timespec)));
    for (int index = 0; index < 2; index++) {
        at[index].tv_sec = random_.one_in(16) ? static_cast<time_t>(random_.one_of(edges)) : 0;
        at[index].tv_nsec =
            static_cast<long>(random_.one_in(16) ? random_.one_of(edges) : random_.below(4000));
    }
    return reinterpret_cast<uint64_t>(at);
}

uint64_t arguments::make_signal_set() {
    auto* const set = reinterpret_cast<uint64_t*>(room(sizeof(uint64_t)));
    *set = (random_.next() & random_.next()) & ~(1ull << (watchdog_signal - 1));
    return reinterpret_cast<uint64_t>(set);
}

uint64_t arguments::make_sensible(kind what) {
    switch (what) {
    case kind::none:
        return random_.one_in(4) ? random_.next() : 0;
    case kind::number:
        return random_.one_in(3) ? random_.one_of(edges) : random_.below(20);
    case kind::flags:
        return random_.one_in(3)
                   ? 0
                   : 1ull << random_.below(20) | (random_.one_in(2) ? 1ull << random_.below(20) : 0);
    case kind::fd:
        return make_descriptor();
    case kind::dir_fd:
        return random_.one_in(3) ? make_descriptor() : static_cast<uint64_t>(AT_FDCWD);
    case kind::path: {
        // Who may do everything gets no names that others live by.
        const bool anywhere = geteuid() != 0 && random_.one_in(3);
        const char* const name = anywhere ? random_.one_of(absolute_paths) : random_.one_of(paths);
        char* const at = room(strlen(name) + 1);
        strcpy(at, name);
        if (random_.one_in(64)) { // a name that does not end
            memset(area_, 'n', good_bytes);
            return reinterpret_cast<uint64_t>(area_);
        }
        return reinterpret_cast<uint64_t>(at);
    }
    case kind::program:
        return reinterpret_cast<uint64_t>(random_.one_in(2) ? "/bin/true" : random_.one_of(paths));
    case kind::in:
    case kind::out:
    case kind::address_length: {
        last_length_ =
            random_.one_in(16) ? random_.one_of(edges) : random_.below(random_.one_in(4) ? 9000 : 200);
        char* const at = room(16);
        if (what == kind::address_length) {
            const int length =
                random_.one_in(4) ? static_cast<int>(random_.one_of(edges)) : 16 << random_.below(4);
            memcpy(at, &length, sizeof length);
        } else if (what == kind::in) {
            const uint64_t word = random_.one_in(2) ? random_.one_of(edges) : random_.next();
            memcpy(at, &word, sizeof word);
        }
        return reinterpret_cast<uint64_t>(at);
    }
    case kind::length:
    case kind::vector_count:
        return random_.one_in(16) ? random_.one_of(edges) : last_length_;
    case kind::offset:
        return random_.one_in(8) ? random_.one_of(edges) : random_.below(20000);
    case kind::mode:
        return random_.one_in(8) ? random_.next() & 0177777 : 0700 | random_.below(0100);
    case kind::address: {
        static constexpr uint64_t base = 0x20000000;
        return random_.one_in(3)   ? 0
               : random_.one_in(8) ? reinterpret_cast<uint64_t>(room(1))
                                   : base + random_.below(64) * page;
    }
    case kind::protection:
        return random_.below(random_.one_in(8) ? 64 : 4);
    case kind::process:
        return random_.one_in(3) ? 30000 + random_.below(2800) : static_cast<uint64_t>(getpid());
    case kind::signal: // the watchdog would take a fuzzer that kills itself at once for an end
        return random_.one_in(16) ? random_.below(70)
                                  : random_.one_of({0, 1 + 16 /* CHLD */, 28 /* WINCH */, 23, 35, 40});
    case kind::user:
        return random_.one_in(2) ? getuid() : random_.one_of(edges);
    case kind::clock:
        return random_.below(14);
    case kind::time:
        return make_time();
    case kind::interval: {
        const uint64_t at = make_time();
        return at;
    }
    case kind::signal_set:
        return make_signal_set();
    case kind::signal_action: {
        auto* const action = reinterpret_cast<uint64_t*>(room(4 * sizeof(uint64_t)));
        action[0] = random_.one_in(8) ? anything() : random_.below(2); // SIG_DFL, SIG_IGN
        action[1] = random_.next() & 0xdc000007;
        action[2] = 0;
        action[3] = 0;
        return reinterpret_cast<uint64_t>(action);
    }
    case kind::socket_address:
        return make_socket_address();
    case kind::vector:
        return make_vector();
    case kind::message: {
        char* const at = room(sizeof(msghdr));
        fill_message(at);
        return reinterpret_cast<uint64_t>(at);
    }
    case kind::messages: {
        constexpr size_t stride = sizeof(msghdr) + 8;
        char* const at = room(2 * stride);
        fill_message(at);
        fill_message(at + stride);
        last_length_ = 1 + random_.below(2);
        return reinterpret_cast<uint64_t>(at);
    }
    case kind::poll_list: {
        auto* const list = reinterpret_cast<pollfd*>(room(4 * sizeof(pollfd)));
        for (int index = 0; index < 4; index++) {
            list[index] = {.fd = static_cast<int>(make_descriptor()),
                           .events = static_cast<short>(random_.next()),
                           .revents = 0};
        }
        last_length_ = 1 + random_.below(4);
        return reinterpret_cast<uint64_t>(list);
    }
    case kind::epoll_event: {
        auto* const event = reinterpret_cast<struct epoll_event*>(room(sizeof(struct epoll_event)));
        event->events = static_cast<uint32_t>(random_.next());
        return reinterpret_cast<uint64_t>(event);
    }
    case kind::fd_set: {
        auto* const set = reinterpret_cast<uint64_t*>(room(128));
        *set = random_.next() & random_.next() & 0xfffffffffff;
        return random_.one_in(3) ? 0 : reinterpret_cast<uint64_t>(set);
    }
    case kind::futex_word: {
        auto* const word = reinterpret_cast<uint32_t*>(area_ + random_.below(4) * 4);
        *word = static_cast<uint32_t>(random_.below(3));
        return reinterpret_cast<uint64_t>(word);
    }
    case kind::strings: {
        auto* const list = reinterpret_cast<const char**>(room(4 * sizeof(char*)));
        list[0] = "true";
        list[1] = random_.one_in(8) ? reinterpret_cast<const char*>(anything()) : "argument";
        list[2] = nullptr;
        return reinterpret_cast<uint64_t>(list);
    }
    case kind::family:
        return random_.one_in(8) ? random_.below(45)
                                 : random_.one_of({AF_INET, AF_INET, AF_UNIX, 17 /* packet */});
    case kind::socket_type:
        return (1 + random_.below(random_.one_in(8) ? 12 : 3)) | (random_.one_in(2) ? SOCK_NONBLOCK : 0) |
               (random_.one_in(4) ? SOCK_CLOEXEC : 0);
    case kind::socket_level:
        return static_cast<uint64_t>(random_.one_of(socket_levels));
    case kind::socket_option:
        return random_.below(random_.one_in(8) ? 256 : 64);
    case kind::ioctl_request:
        return random_.one_of(ioctl_requests);
    case kind::fcntl_command:
        return random_.one_in(8) ? 1024 + random_.below(16) : random_.below(17);
    case kind::futex_operation:
        return random_.below(14) | (random_.one_in(2) ? FUTEX_PRIVATE_FLAG : 0) |
               (random_.one_in(8) ? 256 : 0);
    case kind::open_flags:
        return random_.below(4) | (random_.one_in(2) ? O_CREAT : 0) | (random_.one_in(4) ? O_NONBLOCK : 0) |
               (random_.one_in(6) ? 1ull << random_.below(24) : 0);
    case kind::prctl_option:
        return static_cast<uint64_t>(random_.one_of(prctl_options));
    case kind::arch_prctl_code: // FS belongs to the C library
        return random_.one_of({0x1001, 0x1003, 0x1004, 0x1011, 0x3001});
    }
    return 0;
}

void open_everything(random_source& numbers) {
    const int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) {
        dup2(null, fd);
    }
    mkdir("d", 0755);
    (void)symlink("a", "link");
    (void)symlink("../d", "d/up");
    (void)mkfifo("fifo", 0666);
    (void)open("a", O_RDWR | O_CREAT, 0644);
    (void)open("b", O_RDWR | O_CREAT | O_APPEND, 0644);
    (void)open("d", O_RDONLY | O_DIRECTORY);
    (void)open("fifo", O_RDWR | O_NONBLOCK);
    (void)open("/dev/zero", O_RDWR);
    (void)open("/dev/urandom", O_RDONLY);
    (void)open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
    (void)open("/proc/self/status", O_RDONLY);
    (void)open("/proc/net/tcp", O_RDONLY);
    int pair[2];
    (void)pipe(pair);
    (void)pipe2(pair, O_NONBLOCK);
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    (void)socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
    for (const int type :
         {SOCK_STREAM, SOCK_STREAM | SOCK_NONBLOCK, SOCK_DGRAM, SOCK_DGRAM | SOCK_NONBLOCK}) {
        (void)socket(AF_INET, type, 0);
        (void)socket(AF_UNIX, type, 0);
    }
    (void)socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
    (void)socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(3));
    (void)epoll_create1(0);
    (void)eventfd(static_cast<unsigned>(numbers.below(3)), EFD_NONBLOCK);
    (void)syscall(SYS_memfd_create, "memory", 0);
}
