// netstat: shows sockets, routes, counters and interfaces from /proc/net, whose formats are Linux's
// (proc(5)).

#include "user/interface.hpp"

#include <ctype.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: netstat [-a] [-l] [-t] [-u] [-w] [-x] [-n]    sockets (connected ones unless -a, -l)\n"
    "       netstat -r    routes\n"
    "       netstat -s [-a]    counters of every protocol (with -a also those that are 0)\n"
    "       netstat -i    interfaces\n"
    "  -a  all   -l  listening   -t  TCP   -u  UDP   -w  raw   -x  AF_UNIX   -n  numbers (always)\n";

static bool option_all, option_listening, option_tcp, option_udp, option_raw, option_unix;

constexpr unsigned state_established = 1; // numbers of tcp_states.h
constexpr unsigned state_close = 7;
constexpr unsigned state_listen = 10;

static const char* tcp_state(unsigned state) {
    static const char* const names[] = {"?",         "ESTABLISHED", "SYN_SENT",    "SYN_RECV",   "FIN_WAIT1",
                                        "FIN_WAIT2", "TIME_WAIT",   "CLOSE",       "CLOSE_WAIT", "LAST_ACK",
                                        "LISTEN",    "CLOSING",     "NEW_SYN_RECV"};
    return state < sizeof names / sizeof names[0] ? names[state] : "?";
}

static void format_endpoint(unsigned long address, unsigned port, char (&text)[32]) {
    struct in_addr value;
    value.s_addr = static_cast<in_addr_t>(address);
    char host[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &value, host, sizeof host);
    port != 0 ? snprintf(text, sizeof text, "%s:%u", host, port) : snprintf(text, sizeof text, "%s:*", host);
}

/// /proc/net/tcp, udp and raw have the same columns.
static void print_inet(const char* protocol, const char* path) {
    FILE* file = fopen(path, "r");
    if (file == nullptr) {
        return; // a system without this protocol has no such sockets
    }
    char line[512];
    while (fgets(line, sizeof line, file) != nullptr) {
        unsigned long local, remote, send_queue, receive_queue;
        unsigned local_port, remote_port, state;
        if (sscanf(line, " %*d: %lx:%x %lx:%x %x %lx:%lx", &local, &local_port, &remote, &remote_port, &state,
                   &send_queue, &receive_queue) != 7) {
            continue; // the headings
        }
        bool tcp = strcmp(protocol, "tcp") == 0;
        bool waiting = tcp ? state == state_listen : state == state_close;
        if (!option_all && waiting != option_listening) {
            continue;
        }
        char a[32], b[32];
        format_endpoint(local, local_port, a);
        format_endpoint(remote, remote_port, b);
        const char* name = tcp ? tcp_state(state) : state == state_established ? "ESTABLISHED" : "";
        printf("%-5s %6lu %6lu %-22s %-22s %s\n", protocol, receive_queue, send_queue, a, b, name);
    }
    fclose(file);
}

/// Num: RefCount Protocol Flags Type St Inode Path
static void print_unix() {
    FILE* file = fopen("/proc/net/unix", "r");
    if (file == nullptr) {
        return;
    }
    printf("%-5s %6s %-10s %-12s %8s %s\n", "Proto", "Refs", "Type", "State", "Inode", "Path");
    char line[512];
    while (fgets(line, sizeof line, file) != nullptr) {
        unsigned references, flags, type, state;
        unsigned long inode;
        char path[256] = "";
        if (sscanf(line, "%*[^:]: %x %*x %x %x %x %lu %255[^\n]", &references, &flags, &type, &state, &inode,
                   path) < 5) {
            continue;
        }
        constexpr unsigned accepting = 0x10000; // __SO_ACCEPTCON
        bool listening = (flags & accepting) != 0;
        bool connected = state == 3; // SS_CONNECTED
        if (!option_all && (option_listening ? !listening : !connected)) {
            continue;
        }
        const char* types[] = {"?", "STREAM", "DGRAM", "RAW", "?", "SEQPACKET"};
        const char* what = listening ? "LISTENING" : connected ? "CONNECTED" : "";
        printf("unix  %6u %-10s %-12s %8lu %s\n", references, type < 6 ? types[type] : "?", what, inode,
               path);
    }
    fclose(file);
}

/// Pairs of lines "Tcp: name name ..." and "Tcp: value value ...", printed one counter to a line; those that
/// are 0 only with -a.
static void print_counters(const char* path) {
    FILE* file = fopen(path, "r");
    if (file == nullptr) {
        warn("%s", path);
        return;
    }
    static char names[4096], values[4096];
    while (fgets(names, sizeof names, file) != nullptr && fgets(values, sizeof values, file) != nullptr) {
        char* name_position = nullptr;
        char* value_position = nullptr;
        char* name = strtok_r(names, " \n", &name_position);
        char* value = strtok_r(values, " \n", &value_position);
        printf("%s\n", name != nullptr ? name : "");
        while (name != nullptr && value != nullptr) {
            name = strtok_r(nullptr, " \n", &name_position);
            value = strtok_r(nullptr, " \n", &value_position);
            if (name != nullptr && value != nullptr && (option_all || strcmp(value, "0") != 0)) {
                printf("    %-26s %s\n", name, value);
            }
        }
    }
    fclose(file);
}

/// /proc/net/drops: a reason and its count per line; only what happened.
static void print_drops() {
    FILE* file = fopen("/proc/net/drops", "r");
    if (file == nullptr) {
        return;
    }
    puts("Drops:");
    char line[256], reason[128];
    while (fgets(line, sizeof line, file) != nullptr) {
        unsigned long count = 0;
        if (sscanf(line, "%127s %lu", reason, &count) == 2 && count > 0) {
            printf("    %-26s %lu\n", reason, count);
        }
    }
    fclose(file);
}

/// Runs a program that shows the same thing.
[[noreturn]] static void become(const char* program, const char* argument) {
    execlp(program, program, argument, static_cast<char*>(nullptr));
    err(1, "%s", program);
}

static void print_sockets() {
    bool every = !option_tcp && !option_udp && !option_raw && !option_unix;
    if (every || option_tcp || option_udp || option_raw) {
        printf("%-5s %6s %6s %-22s %-22s %s\n", "Proto", "Recv-Q", "Send-Q", "Local address",
               "Foreign address", "State");
    }
    if (every || option_tcp) {
        print_inet("tcp", "/proc/net/tcp");
    }
    if (every || option_udp) {
        print_inet("udp", "/proc/net/udp");
    }
    if (every || option_raw) {
        print_inet("raw", "/proc/net/raw");
    }
    if (every || option_unix) {
        print_unix();
    }
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    bool counters = false;
    for (int option; (option = getopt(argc, argv, "alntuwxrsi")) != -1;) {
        switch (option) {
        case 'r':
            become("route", "-n");
        case 'i':
            become("ifconfig", "-a");
        case 's':
            counters = true;
            break;
        case 'n':
            break;
        case '?':
            usage_error(usage);
        default:
            option_all |= option == 'a';
            option_listening |= option == 'l';
            option_tcp |= option == 't';
            option_udp |= option == 'u';
            option_raw |= option == 'w';
            option_unix |= option == 'x';
        }
    }
    if (counters) {
        print_counters("/proc/net/snmp");
        print_counters("/proc/net/netstat");
        print_drops();
    } else {
        print_sockets();
    }
    return finish(0);
}
