// trace: shows what the network stack does while a program runs, event by event, from /dev/trace.
//
//   trace -e tcp,ip wget http://10.0.2.2:8000/
//
// The kernel writes a fixed-size record per event (kernel/abi/trace.h) and never waits for us; the names of
// events and of their values are in /proc/net/trace_events. A signal handler writes a byte into a pipe when
// the program ends, so that one poll() waits for both records and the end.

#include "user/program.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <kernel/abi/trace.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static const char usage[] = "usage: trace [-e NAME,...] [-o FILE] [COMMAND [ARGUMENT...]]\n"
                            "       trace -l    lists the events\n"
                            "  -e  layers (tcp) or events (tcp.state), all unless given   -o  write there\n"
                            "Without COMMAND, until ^C. The exit status is that of COMMAND.\n";

constexpr size_t most_events = 256;
constexpr size_t most_reasons = 256;

struct event_names {
    char name[48];
    char values[4][32];
};

static event_names events[most_events];
static char reasons[most_reasons][40];
static FILE* output;
static int ended_pipe[2];

/// Events as /proc/net/trace_events has them. The reason of a drop gets a name of its own, for print_value.
static void load_events() {
    FILE* file = fopen("/proc/net/trace_events", "r");
    if (file == nullptr) {
        err(1, "/proc/net/trace_events");
    }
    char line[256];
    while (fgets(line, sizeof line, file) != nullptr) {
        unsigned number = 0;
        event_names one = {};
        int found = sscanf(line, "%u %47s %31s %31s %31s %31s", &number, one.name, one.values[0],
                           one.values[1], one.values[2], one.values[3]);
        if (strcmp(one.name, "drop.drop") == 0) {
            strcpy(one.values[0], "drop_reason");
        }
        if (found >= 2 && number < most_events) {
            events[number] = one;
        }
    }
    fclose(file);
}

/// Reasons of drops are numbered as /proc/net/drops lists them.
static void load_reasons() {
    FILE* file = fopen("/proc/net/drops", "r");
    char line[128];
    for (size_t i = 0; file != nullptr && i < most_reasons && fgets(line, sizeof line, file) != nullptr;
         i++) {
        sscanf(line, "%39s", reasons[i]);
    }
    if (file != nullptr) {
        fclose(file);
    }
}

static bool ends_with(const char* text, const char* end) {
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static void print_tcp_flags(unsigned long flags) {
    static const char letters[] = "FSRPAUEC"; // RFC 9293 3.1, from the lowest bit up
    for (int bit = 0; bit < 8; bit++) {
        if (flags & (1ul << bit)) {
            fputc(letters[bit], output);
        }
    }
}

/// A value in the form its name asks for.
static void print_value(const char* name, unsigned long value) {
    static const char* const states[] = {"?",          "ESTABLISHED", "SYN_SENT",  "SYN_RECEIVED",
                                         "FIN_WAIT_1", "FIN_WAIT_2",  "TIME_WAIT", "CLOSED",
                                         "CLOSE_WAIT", "LAST_ACK",    "LISTEN",    "CLOSING"};
    fprintf(output, " %s=", name);
    if (ends_with(name, "addr")) {
        char text[INET_ADDRSTRLEN];
        struct in_addr address;
        address.s_addr = htonl(static_cast<uint32_t>(value));
        fputs(inet_ntop(AF_INET, &address, text, sizeof text), output);
    } else if (ends_with(name, "_state") && value < sizeof states / sizeof states[0]) {
        fputs(states[value], output);
    } else if (strcmp(name, "tcp_flags") == 0) {
        print_tcp_flags(value);
    } else if (strcmp(name, "drop_reason") == 0 && value < most_reasons && reasons[value][0] != '\0') {
        fputs(reasons[value], output);
    } else if (strcmp(name, "ethertype") == 0 || strcmp(name, "cause") == 0) {
        fprintf(output, "0x%lx", value);
    } else {
        fprintf(output, "%ld", static_cast<long>(value));
    }
}

/// "sock4" in a column of its own, which is empty when the event has none.
static void print_identifier(const char* kind, unsigned long number, int width) {
    char text[32] = "";
    if (number != 0) {
        snprintf(text, sizeof text, "%s%lu", kind, number);
    }
    fprintf(output, " %-*s", width, text);
}

static void print_record(const trace_record& record, uint64_t start_ns) {
    if (record.event == TRACE_EVENT_LOST) {
        fprintf(output, "... %lu records were overwritten before they could be read\n",
                static_cast<unsigned long>(record.value[0]));
        return;
    }
    unsigned long elapsed_us = record.time_ns > start_ns ? (record.time_ns - start_ns) / 1000 : 0;
    const event_names& names = events[record.event % most_events];
    fprintf(output, "%3lu.%06lu cpu%u %5u", elapsed_us / 1000000, elapsed_us % 1000000, record.cpu,
            record.task);
    print_identifier("sock", record.sock, 8);
    print_identifier("skb", record.skb, 9);
    fprintf(output, " %-16s", names.name);
    for (int i = 0; i < 4; i++) {
        if (names.values[i][0] != '\0' && strcmp(names.values[i], "-") != 0) {
            print_value(names.values[i], record.value[i]);
        }
    }
    fputc('\n', output);
}

/// Prints what there is to read.
static void drain(int fd, uint64_t& start_ns) {
    static trace_record records[64];
    ssize_t size;
    while ((size = read(fd, records, sizeof records)) > 0) {
        size_t count = static_cast<size_t>(size) / sizeof records[0];
        for (size_t i = 0; i < count; i++) {
            start_ns = start_ns == 0 ? records[i].time_ns : start_ns;
            print_record(records[i], start_ns);
        }
    }
    fflush(output);
}

/// Switches layers and events on (+) or off (-).
static bool switch_events(int fd, const char* list, char sign) {
    char command[512];
    size_t used = 0;
    for (const char* next = list; *next != '\0' && used + 2 < sizeof command;) {
        size_t length = strcspn(next, ",");
        int added = snprintf(command + used, sizeof command - used, "%s%c%.*s", used > 0 ? " " : "", sign,
                             static_cast<int>(length), next);
        used += static_cast<size_t>(added);
        next += length + (next[length] == ',');
    }
    if (used >= sizeof command) {
        errno = E2BIG;
        return false;
    }
    return write(fd, command, used) == static_cast<ssize_t>(used);
}

static void note_end(int) {
    int saved = errno;
    ssize_t ignored = write(ended_pipe[1], "", 1);
    (void)ignored;
    errno = saved;
}

/// Starts the command; it waits for nothing, for the events are on already.
static pid_t start(char** command) {
    pid_t pid = fork();
    if (pid < 0) {
        err(1, "fork");
    }
    if (pid == 0) {
        signal(SIGINT, SIG_DFL);
        execvp(command[0], command);
        err(errno == ENOENT ? 127 : 126, "%s", command[0]);
    }
    return pid;
}

static int follow(int fd, pid_t child) {
    uint64_t start_ns = 0;
    int status = 0;
    for (;;) {
        struct pollfd wanted[] = {{fd, POLLIN, 0}, {ended_pipe[0], POLLIN, 0}};
        if (poll(wanted, 2, -1) < 0 && errno != EINTR) {
            err(1, "poll");
        }
        bool ended = wanted[1].revents != 0 && (child == 0 || waitpid(child, &status, WNOHANG) == child);
        char ignored;
        if (wanted[1].revents != 0 && read(ended_pipe[0], &ignored, 1) < 0) {
            err(1, "pipe");
        }
        drain(fd, start_ns);
        if (ended) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }
}

static int list_events() {
    for (const event_names& one : events) {
        if (one.name[0] != '\0') {
            printf("%-20s", one.name);
            for (const char(&value)[32] : one.values) {
                printf(" %s", value);
            }
            putchar('\n');
        }
    }
    return finish(0);
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    const char* wanted = "all";
    output = stdout;
    bool list = false;
    for (int option; (option = getopt(argc, argv, "+e:o:l")) != -1;) {
        if (option == 'e') {
            wanted = optarg;
        } else if (option == 'l') {
            list = true;
        } else if (option != 'o') {
            usage_error(usage);
        } else if ((output = fopen(optarg, "w")) == nullptr) {
            err(1, "%s", optarg);
        }
    }
    load_events();
    load_reasons();
    if (list) {
        return list_events();
    }
    int fd = open("/dev/trace", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        err(1, "/dev/trace");
    }
    if (pipe(ended_pipe) != 0 || fcntl(ended_pipe[0], F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(ended_pipe[1], F_SETFD, FD_CLOEXEC) != 0) {
        err(1, "pipe");
    }
    bool command = optind < argc;
    struct sigaction action = {};
    action.sa_handler = note_end;
    sigaction(command ? SIGCHLD : SIGINT, &action, nullptr);
    if (command) {
        signal(SIGINT, SIG_IGN); // ^C ends the command; we print what it did
    }
    if (!switch_events(fd, wanted, '+')) {
        err(1, "%s", wanted);
    }
    int status = follow(fd, command ? start(argv + optind) : 0);
    switch_events(fd, wanted, '-');
    return command ? status : 0;
}
