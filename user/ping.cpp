// ping: sends ICMP echo requests and times the replies. It uses a ping socket (SOCK_DGRAM, IPPROTO_ICMP), for
// which the kernel chooses the identifier, or a raw socket where there are none. What routers report arrives
// at a raw socket as ICMP messages and at a ping socket in its error queue (IP_RECVERR in ip(7)).

#include "user/connect.hpp"

#include <limits.h>
#include <linux/errqueue.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>

static const char usage[] =
    "usage: ping [-c COUNT] [-i SECONDS] [-s BYTES] [-W SECONDS] [-t TTL] [-q] HOST\n"
    "  -c  stop after COUNT requests   -i  time between them (1)   -s  payload (56)\n"
    "  -W  wait for a reply (1)        -t  time to live            -q  only the summary\n"
    "Status: 0 when any reply came, 1 when none did, 2 for other errors.\n";

constexpr size_t header_bytes = 8;

struct options {
    long count = LONG_MAX;
    double interval = 1;
    size_t payload = 56;
    double timeout = 1;
    int ttl = 0;
    bool quiet = false;
};

struct statistics {
    long sent = 0, received = 0, errors = 0;
    double lowest = 1e18, highest = 0, sum = 0, squares = 0;
};

static volatile sig_atomic_t stopped;

static double now_ms() {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

/// Newton's method, from above; each step halves the distance at least.
static double square_root(double value) {
    double root = value > 1 ? value : 1;
    for (int i = 0; i < 60; i++) {
        root = (root + value / root) / 2;
    }
    return value > 0 ? root : 0;
}

/// The Internet checksum (RFC 1071) of a message with its checksum field zero.
static uint16_t checksum(const unsigned char* data, size_t size) {
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += i % 2 == 0 ? static_cast<uint32_t>(data[i]) << 8 : data[i];
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(~sum);
}

class pinger {
public:
    pinger(const char* host, const options& wanted) : host_(host), options_(wanted) {}
    int run();

private:
    void open();
    bool send_request(uint16_t sequence);
    void wait_until(double deadline, uint16_t sequence, double sent_at, bool& answered);
    bool receive(uint16_t sequence, double sent_at);
    bool accept_message(unsigned char* message, size_t size, int ttl, uint16_t sequence, double sent_at);
    void report_error(const unsigned char* message, size_t size, uint16_t sequence);
    void read_error_queue();
    void print_summary(double elapsed_ms);

    const char* host_;
    options options_;
    statistics statistics_;
    int fd_ = -1;
    bool raw_ = false;
    uint16_t identifier_ = 0;
    struct sockaddr_in target_ = {};
    char target_text_[INET_ADDRSTRLEN] = "";
    unsigned char buffer_[65536];
};

void pinger::open() {
    struct addrinfo* found = resolve(host_, nullptr, SOCK_DGRAM);
    if (found == nullptr) {
        exit(2);
    }
    memcpy(&target_, found->ai_addr, sizeof target_);
    freeaddrinfo(found);
    inet_ntop(AF_INET, &target_.sin_addr, target_text_, sizeof target_text_);
    fd_ = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    if (fd_ < 0) {
        fd_ = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
        raw_ = true;
    }
    if (fd_ < 0) {
        err(2, "socket");
    }
    identifier_ = static_cast<uint16_t>(getpid());
    int on = 1;
    setsockopt(fd_, IPPROTO_IP, IP_RECVTTL, &on, sizeof on);
    if (!raw_) {
        setsockopt(fd_, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    }
    setsockopt(fd_, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    if (options_.ttl > 0 && setsockopt(fd_, IPPROTO_IP, IP_TTL, &options_.ttl, sizeof options_.ttl) != 0) {
        err(2, "time to live");
    }
}

/// Type 8, code 0, checksum, identifier, sequence, payload (RFC 792).
bool pinger::send_request(uint16_t sequence) {
    size_t size = header_bytes + options_.payload;
    memset(buffer_, 0, header_bytes);
    buffer_[0] = ICMP_ECHO;
    buffer_[4] = static_cast<unsigned char>(identifier_ >> 8);
    buffer_[5] = static_cast<unsigned char>(identifier_);
    buffer_[6] = static_cast<unsigned char>(sequence >> 8);
    buffer_[7] = static_cast<unsigned char>(sequence);
    for (size_t i = 0; i < options_.payload; i++) {
        buffer_[header_bytes + i] = static_cast<unsigned char>(i);
    }
    uint16_t sum = checksum(buffer_, size);
    buffer_[2] = static_cast<unsigned char>(sum >> 8);
    buffer_[3] = static_cast<unsigned char>(sum);
    statistics_.sent++;
    if (sendto(fd_, buffer_, size, 0, reinterpret_cast<struct sockaddr*>(&target_), sizeof target_) < 0) {
        warn("%s", target_text_);
        statistics_.errors++;
        return false;
    }
    return true;
}

/// The name of an ICMP error (RFC 792).
static const char* describe(unsigned type, unsigned code) {
    static const char* const unreachable[] = {"network unreachable",  "host unreachable",
                                              "protocol unreachable", "port unreachable",
                                              "fragmentation needed", "source route failed"};
    if (type == ICMP_TIME_EXCEEDED) {
        return "time to live exceeded";
    }
    return type == ICMP_DEST_UNREACH && code <= 5 ? unreachable[code] : "destination unreachable";
}

/// Reports the ICMP error that answers our request of this sequence number, as a raw socket gets it.
void pinger::report_error(const unsigned char* message, size_t size, uint16_t sequence) {
    constexpr size_t inner_ip = header_bytes;
    if (size < inner_ip + 20) {
        return;
    }
    size_t inner_icmp = inner_ip + static_cast<size_t>(message[inner_ip] & 15) * 4;
    if (size < inner_icmp + header_bytes ||
        (message[inner_icmp + 4] << 8 | message[inner_icmp + 5]) != identifier_ ||
        (message[inner_icmp + 6] << 8 | message[inner_icmp + 7]) != sequence) {
        return;
    }
    printf("%s: icmp_seq=%u %s\n", target_text_, sequence, describe(message[0], message[1]));
    statistics_.errors++;
}

/// Reports what is in the error queue of a ping socket; the data is our own request.
void pinger::read_error_queue() {
    struct iovec piece = {buffer_, sizeof buffer_};
    alignas(struct cmsghdr) char control[256];
    struct msghdr message = {};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t size = recvmsg(fd_, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    for (struct cmsghdr* one = CMSG_FIRSTHDR(&message); size >= 0 && one != nullptr;
         one = CMSG_NXTHDR(&message, one)) {
        struct sock_extended_err error;
        if (one->cmsg_level != IPPROTO_IP || one->cmsg_type != IP_RECVERR) {
            continue;
        }
        memcpy(&error, CMSG_DATA(one), sizeof error);
        bool by_icmp = error.ee_origin == SO_EE_ORIGIN_ICMP;
        unsigned sequence = size >= static_cast<ssize_t>(header_bytes) ? buffer_[6] << 8 | buffer_[7] : 0;
        printf("%s: icmp_seq=%u %s\n", target_text_, sequence,
               by_icmp ? describe(error.ee_type, error.ee_code) : strerror(static_cast<int>(error.ee_errno)));
        statistics_.errors++;
    }
}

/// True when the message is the reply to this request.
bool pinger::accept_message(unsigned char* message, size_t size, int ttl, uint16_t sequence, double sent_at) {
    if (size < header_bytes) {
        return false;
    }
    if (message[0] == ICMP_DEST_UNREACH || message[0] == ICMP_TIME_EXCEEDED) {
        report_error(message, size, sequence);
        return false;
    }
    bool ours = !raw_ || (message[4] << 8 | message[5]) == identifier_;
    if (message[0] != ICMP_ECHOREPLY || !ours || (message[6] << 8 | message[7]) != sequence) {
        return false;
    }
    double elapsed = now_ms() - sent_at;
    statistics_.received++;
    statistics_.sum += elapsed;
    statistics_.squares += elapsed * elapsed;
    statistics_.lowest = elapsed < statistics_.lowest ? elapsed : statistics_.lowest;
    statistics_.highest = elapsed > statistics_.highest ? elapsed : statistics_.highest;
    if (!options_.quiet) {
        printf("%zu bytes from %s: icmp_seq=%u ttl=%d time=%.3f ms\n", size, target_text_, sequence, ttl,
               elapsed);
        fflush(stdout);
    }
    return true;
}

/// Takes one message from the socket; true when it was the reply.
bool pinger::receive(uint16_t sequence, double sent_at) {
    struct iovec piece = {buffer_, sizeof buffer_};
    alignas(struct cmsghdr) char control[128];
    struct msghdr message = {};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t length = recvmsg(fd_, &message, MSG_DONTWAIT);
    if (length < 0) {
        return false; // the reason, if any, is in the error queue
    }
    unsigned char* start = buffer_;
    size_t size = static_cast<size_t>(length);
    int ttl = 0;
    for (struct cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
        if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_TTL) {
            memcpy(&ttl, CMSG_DATA(one), sizeof ttl);
        }
    }
    if (raw_) { // a raw socket delivers the IP header too
        size_t header = size >= 20 ? static_cast<size_t>(start[0] & 15) * 4 : size + 1;
        if (header > size) {
            return false;
        }
        ttl = start[8];
        start += header;
        size -= header;
    }
    return accept_message(start, size, ttl, sequence, sent_at);
}

void pinger::wait_until(double deadline, uint16_t sequence, double sent_at, bool& answered) {
    for (double left; !stopped && !answered && (left = deadline - now_ms()) > 0;) {
        struct pollfd wanted = {fd_, POLLIN, 0};
        if (poll(&wanted, 1, static_cast<int>(left) + 1) <= 0) {
            continue;
        }
        if (wanted.revents & POLLERR) {
            read_error_queue();
        }
        answered = receive(sequence, sent_at);
    }
}

static void sleep_until(double deadline) {
    double left = deadline - now_ms();
    if (left > 0 && !stopped) {
        struct timespec time;
        time.tv_sec = static_cast<time_t>(left / 1e3);
        time.tv_nsec = static_cast<long>((left - static_cast<double>(time.tv_sec) * 1e3) * 1e6);
        nanosleep(&time, nullptr);
    }
}

void pinger::print_summary(double elapsed_ms) {
    const statistics& all = statistics_;
    double lost = all.sent > 0
                      ? 100.0 * static_cast<double>(all.sent - all.received) / static_cast<double>(all.sent)
                      : 0;
    printf("\n--- %s ping statistics ---\n%ld packets transmitted, %ld received", host_, all.sent,
           all.received);
    if (all.errors > 0) {
        printf(", +%ld errors", all.errors);
    }
    printf(", %.0f%% packet loss, time %.0fms\n", lost, elapsed_ms);
    if (all.received > 0) {
        double mean = all.sum / static_cast<double>(all.received);
        double variance = all.squares / static_cast<double>(all.received) - mean * mean;
        printf("rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", all.lowest, mean, all.highest,
               square_root(variance));
    }
}

int pinger::run() {
    open();
    printf("PING %s (%s) %zu(%zu) bytes of data.\n", host_, target_text_, options_.payload,
           options_.payload + 28);
    double start = now_ms();
    for (long i = 0; i < options_.count && !stopped; i++) {
        uint16_t sequence = static_cast<uint16_t>(i + 1);
        double sent_at = now_ms();
        bool last = i + 1 == options_.count;
        bool answered = false;
        if (send_request(sequence)) {
            wait_until(sent_at + options_.timeout * 1e3, sequence, sent_at, answered);
        }
        if (!last) {
            sleep_until(sent_at + options_.interval * 1e3);
        }
    }
    print_summary(now_ms() - start);
    return finish(statistics_.received > 0 ? 0 : 1);
}

static double parse_seconds(const char* text, const char* what) {
    char* end = nullptr;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 0) || value > 1e6) {
        errx(exit_usage, "%s: not a time: '%s'", what, text);
    }
    return value;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    options wanted;
    for (int option; (option = getopt(argc, argv, "c:i:s:W:t:qn")) != -1;) {
        switch (option) {
        case 'c':
            wanted.count = parse_number(optarg, 1, 1000000000, "count");
            break;
        case 'i':
            wanted.interval = parse_seconds(optarg, "interval");
            break;
        case 's':
            wanted.payload = static_cast<size_t>(parse_number(optarg, 0, 65507, "size"));
            break;
        case 'W':
            wanted.timeout = parse_seconds(optarg, "wait");
            break;
        case 't':
            wanted.ttl = static_cast<int>(parse_number(optarg, 1, 255, "time to live"));
            break;
        case 'q':
            wanted.quiet = true;
            break;
        case 'n':
            break; // addresses are never turned into names
        default:
            usage_error(usage);
        }
    }
    if (optind + 1 != argc) {
        usage_error(usage);
    }
    struct sigaction action = {};
    action.sa_handler = [](int) { stopped = 1; };
    sigaction(SIGINT, &action, nullptr);
    static pinger one(argv[optind], wanted);
    return one.run();
}
