// dhclient: gets an address by DHCP (RFC 2131), sets address, mask, default route and /etc/resolv.conf, and
// stays in the background to renew the lease.
//
// The states are those of RFC 2131 4.4, figure 5:
//   discover: DISCOVER by broadcast -> OFFER -> REQUEST by broadcast -> ACK          (INIT, SELECTING,
//   REQUESTING) renew:    at T1 REQUEST to the server, at T2 by broadcast, at the end start over (BOUND,
//   RENEWING, REBINDING)
//
// A reply comes from the network before anything can be trusted: every length in it is checked before use,
// and it must answer our transaction and our hardware address.

#include "user/dhclient/message.hpp"
#include "user/interface.hpp"

#include <poll.h>
#include <sys/random.h>
#include <time.h>

static const char usage[] = "usage: dhclient [-1] [-q] [-v] [INTERFACE]\n"
                            "  -1  give up when no server answers   -q  no messages   -v  every message\n"
                            "Without INTERFACE the first one that is not the loopback.\n";

enum class where_to { broadcast, server };
enum class loudness { silent, normal, chatty };

static time_t now() {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static const char* text_of(struct in_addr address) {
    static char buffers[4][INET_ADDRSTRLEN];
    static int next = 0;
    next = (next + 1) % 4;
    return inet_ntop(AF_INET, &address, buffers[next], INET_ADDRSTRLEN);
}

class client {
public:
    client(const char* interface, loudness how) : interface_(interface), loudness_(how) {}

    void open();
    /// One round of DISCOVER to ACK, at most `attempts` times; true with a lease applied.
    bool acquire(int attempts);
    /// Keeps the lease until it is lost.
    void keep();

private:
    void build(message_type type, const lease* known, where_to where);
    bool send(where_to where, struct in_addr server);
    bool receive(int timeout_ms, message_type& type, lease& result);
    bool exchange(message_type type, const lease* known, where_to where, int timeout_ms, message_type& answer,
                  lease& result);
    void apply(const lease& fresh);
    void write_resolver(const lease& fresh);
    void say(const char* what) {
        if (loudness_ == loudness::chatty) {
            printf("%s: %s\n", interface_, what);
            fflush(stdout);
        }
    }

    const char* interface_;
    loudness loudness_;
    int control_ = -1;
    int fd_ = -1;
    transaction ours_ = {};
    time_t started_ = 0;
    dhcp_message message_ = {};
    size_t message_bytes_ = 0;
    lease lease_ = {};
    time_t bound_at_ = 0;
};

void client::open() {
    control_ = open_control_socket();
    struct ifreq query;
    if (!query_interface(control_, interface_, SIOCGIFHWADDR, query)) {
        err(1, "%s", interface_);
    }
    memcpy(ours_.hardware, query.ifr_hwaddr.sa_data, sizeof ours_.hardware);
    if (!change_interface_flags(control_, interface_, IFF_UP, 0)) {
        err(1, "%s: up", interface_);
    }
    fd_ = socket(AF_INET, SOCK_DGRAM, 0);
    int on = 1;
    struct sockaddr_in local = {};
    local.sin_family = AF_INET;
    local.sin_port = htons(client_port);
    // Without an address there is no route yet: the device is what tells the kernel where a broadcast goes.
    if (fd_ < 0 || setsockopt(fd_, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) != 0 ||
        setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd_, SOL_SOCKET, SO_BINDTODEVICE, interface_,
                   static_cast<socklen_t>(strlen(interface_)) + 1) != 0 ||
        bind(fd_, reinterpret_cast<struct sockaddr*>(&local), sizeof local) != 0) {
        err(1, "port %u", client_port);
    }
}

/// RFC 2131 4.3.2 and table 5: which fields a request carries depends on the state it is sent in.
void client::build(message_type type, const lease* known, where_to where) {
    memset(&message_, 0, sizeof message_);
    option_writer options(message_);
    message_.op = 1; // BOOTREQUEST
    message_.htype = 1;
    message_.hlen = sizeof ours_.hardware;
    message_.xid = ours_.number;
    message_.secs = htons(static_cast<uint16_t>(now() - started_));
    bool bound = bound_at_ != 0;
    if (bound) {
        message_.ciaddr = lease_.address;
    } else {
        message_.flags = htons(0x8000); // answer by broadcast: we cannot receive unicast yet
    }
    memcpy(message_.chaddr, ours_.hardware, sizeof ours_.hardware);
    memcpy(message_.magic, cookie, sizeof cookie);
    options.add(option_message_type, &type, 1);
    if (type == request && !bound && known != nullptr) {
        options.add(option_requested_address, &known->address, 4);
        options.add(option_server, &known->server, 4);
    }
    static const uint8_t wanted[] = {option_mask, option_router, option_name_server, option_lease_time};
    options.add(option_parameters, wanted, sizeof wanted);
    message_bytes_ = options.finish();
    say(type == discover ? "DISCOVER" : where == where_to::broadcast ? "REQUEST" : "REQUEST to the server");
}

bool client::send(where_to where, struct in_addr server) {
    struct sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(server_port);
    to.sin_addr.s_addr = where == where_to::broadcast ? htonl(INADDR_BROADCAST) : server.s_addr;
    return sendto(fd_, &message_, message_bytes_, 0, reinterpret_cast<struct sockaddr*>(&to), sizeof to) ==
           static_cast<ssize_t>(message_bytes_);
}

/// Waits for an answer to our transaction.
bool client::receive(int timeout_ms, message_type& type, lease& result) {
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (;;) {
        struct timespec time;
        clock_gettime(CLOCK_MONOTONIC, &time);
        long elapsed = (time.tv_sec - start.tv_sec) * 1000 + (time.tv_nsec - start.tv_nsec) / 1000000;
        struct pollfd wanted = {fd_, POLLIN, 0};
        if (elapsed >= timeout_ms || poll(&wanted, 1, timeout_ms - static_cast<int>(elapsed)) == 0) {
            return false;
        }
        ssize_t size = recv(fd_, &message_, sizeof message_, MSG_DONTWAIT);
        if (size > 0 && parse_reply(message_, static_cast<size_t>(size), ours_, type, result)) {
            return true;
        }
    }
}

bool client::exchange(message_type type, const lease* known, where_to where, int timeout_ms,
                      message_type& answer, lease& result) {
    build(type, known, where);
    if (!send(where, known != nullptr ? known->server : lease_.server)) {
        if (loudness_ != loudness::silent) {
            warn("%s: sending", interface_);
        }
        poll(nullptr, 0, timeout_ms);
        return false;
    }
    return receive(timeout_ms, answer, result);
}

bool client::acquire(int attempts) {
    started_ = now();
    bound_at_ = 0;
    for (int i = 0; i < attempts; i++) {
        if (getrandom(&ours_.number, sizeof ours_.number, 0) != sizeof ours_.number) {
            ours_.number = static_cast<uint32_t>(time(nullptr)) ^ number_at(ours_.hardware + 2);
        }
        // RFC 2131 4.1: the wait doubles and is never the same for all clients of a street.
        int timeout_ms = (1000 << (i < 6 ? i : 6)) + static_cast<int>(ours_.number % 256);
        message_type answer;
        lease offered, confirmed;
        if (!exchange(discover, nullptr, where_to::broadcast, timeout_ms, answer, offered) ||
            answer != offer) {
            continue;
        }
        say("OFFER");
        if (exchange(request, &offered, where_to::broadcast, timeout_ms, answer, confirmed) &&
            answer == ack) {
            apply(confirmed);
            return true;
        }
    }
    return false;
}

void client::write_resolver(const lease& fresh) {
    if (fresh.name_server_count == 0) {
        return;
    }
    FILE* file = fopen("/etc/resolv.conf", "w");
    if (file == nullptr) {
        warn("/etc/resolv.conf");
        return;
    }
    for (int i = 0; i < fresh.name_server_count; i++) {
        fprintf(file, "nameserver %s\n", text_of(fresh.name_servers[i]));
    }
    fclose(file);
}

/// Takes a lease into use: times first (RFC 2131 4.4.5), then address, mask, route and name servers.
void client::apply(const lease& fresh) {
    bool changed = bound_at_ == 0 || fresh.address.s_addr != lease_.address.s_addr;
    lease_ = fresh;
    bound_at_ = now();
    if (lease_.seconds == 0) {
        lease_.seconds = 3600;
    }
    if (lease_.renew_after == 0 || lease_.renew_after >= lease_.seconds) {
        lease_.renew_after = lease_.seconds / 2;
    }
    if (lease_.rebind_after <= lease_.renew_after || lease_.rebind_after >= lease_.seconds) {
        lease_.rebind_after = lease_.seconds - lease_.seconds / 8;
    }
    if (!changed) {
        say("renewed");
        return;
    }
    if (!set_interface_address(control_, interface_, SIOCSIFADDR, lease_.address) ||
        (lease_.mask.s_addr != 0 &&
         !set_interface_address(control_, interface_, SIOCSIFNETMASK, lease_.mask))) {
        err(1, "%s: setting the address", interface_);
    }
    struct in_addr any = {};
    if (lease_.router.s_addr != 0 &&
        !change_route(control_, SIOCADDRT, any, any, lease_.router, interface_) && errno != EEXIST) {
        warn("default route by %s", text_of(lease_.router));
    }
    write_resolver(lease_);
    if (loudness_ != loudness::silent) {
        printf("%s: address %s mask %s router %s name server %s, lease %u s\n", interface_,
               text_of(lease_.address), text_of(lease_.mask),
               lease_.router.s_addr ? text_of(lease_.router) : "none",
               lease_.name_server_count > 0 ? text_of(lease_.name_servers[0]) : "none", lease_.seconds);
        fflush(stdout);
    }
}

/// Sleeps until `seconds` after the lease began.
static void sleep_until(time_t bound_at, uint32_t seconds) {
    for (time_t left; (left = bound_at + static_cast<time_t>(seconds) - now()) > 0;) {
        sleep(left < 86400 ? static_cast<unsigned>(left) : 86400);
    }
}

void client::keep() {
    if (lease_.seconds == 0xffffffff) {
        exit(0); // forever (RFC 2131 3.3)
    }
    for (;;) {
        sleep_until(bound_at_, lease_.renew_after);
        time_t end = bound_at_ + static_cast<time_t>(lease_.seconds);
        message_type answer = ack;
        lease fresh;
        while (now() < end) {
            bool rebinding = now() >= bound_at_ + static_cast<time_t>(lease_.rebind_after);
            started_ = now();
            ours_.number++;
            if (exchange(request, nullptr, rebinding ? where_to::broadcast : where_to::server, 10000, answer,
                         fresh)) {
                break;
            }
            // RFC 2131 4.4.5: half of what is left to the next state, at least a minute.
            time_t next = rebinding ? end : bound_at_ + static_cast<time_t>(lease_.rebind_after);
            time_t pause = (next - now()) / 2 > 60 ? (next - now()) / 2 : 60;
            sleep(static_cast<unsigned>(pause));
        }
        if (now() >= end || answer == nak) {
            struct in_addr none = {};
            set_interface_address(control_, interface_, SIOCSIFADDR, none);
            say("lease lost");
            return;
        }
        fresh.server = fresh.server.s_addr != 0 ? fresh.server : lease_.server;
        apply(fresh);
    }
}

/// The first interface of /proc/net/dev that is no loopback.
static const char* default_interface() {
    static char name[IFNAMSIZ];
    FILE* file = fopen("/proc/net/dev", "r");
    char line[256];
    while (file != nullptr && fgets(line, sizeof line, file) != nullptr) {
        char* colon = strchr(line, ':');
        char* start = line + strspn(line, " ");
        if (colon != nullptr && strncmp(start, "lo:", 3) != 0 && colon - start < IFNAMSIZ) {
            *colon = '\0';
            strcpy(name, start);
            fclose(file);
            return name;
        }
    }
    errx(1, "there is no network interface");
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    constexpr int attempts_in_foreground = 2; // about three seconds: somebody may be waiting for a prompt
    bool once = false;
    loudness how = loudness::normal;
    for (int option; (option = getopt(argc, argv, "1qv")) != -1;) {
        once |= option == '1';
        how = option == 'q' ? loudness::silent : option == 'v' ? loudness::chatty : how;
        if (option == '?') {
            usage_error(usage);
        }
    }
    static client one(optind < argc ? argv[optind] : default_interface(), how);
    one.open();
    bool bound = one.acquire(attempts_in_foreground);
    if (!bound) {
        warnx("no server answers%s", once ? "" : ", trying on in the background");
    }
    if (once) {
        return bound ? 0 : 1;
    }
    pid_t child = fork();
    if (child != 0) {
        return child < 0 || !bound ? 1 : 0;
    }
    setsid();
    for (;;) {
        while (!bound) {
            bound = one.acquire(1 << 20);
        }
        one.keep();
        bound = false;
    }
}
