/* /dev/trace: switching on and off, reading, waiting, and being told of what was lost. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* As in kernel/abi/trace.h. */
struct record {
    uint64_t time_ns;
    uint16_t event;
    uint16_t cpu;
    uint32_t task;
    uint64_t sock;
    uint64_t skb;
    uint64_t value[4];
};
enum { event_lost = 0xffff };

static int event_number(const char* wanted) {
    FILE* list = fopen("/proc/net/trace_events", "r");
    char line[256], name[64];
    int number, found = -1;
    while (list != NULL && fgets(line, sizeof line, list) != NULL) {
        if (sscanf(line, "%d %63s", &number, name) == 2 && strcmp(name, wanted) == 0) {
            found = number;
        }
    }
    if (list != NULL) {
        fclose(list);
    }
    return found;
}

static int command(int trace, const char* text) {
    return write(trace, text, strlen(text)) == (ssize_t)strlen(text);
}

static void send_one(void) {
    int pair[2];
    char byte;
    (void)!socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    (void)!write(pair[0], "t", 1);
    (void)!read(pair[1], &byte, 1);
    close(pair[0]);
    close(pair[1]);
}

static void drain(int trace) {
    static struct record records[64];
    while (read(trace, records, sizeof records) > 0) {
    }
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    static struct record records[5000];
    int trace = open("/dev/trace", O_RDWR | O_NONBLOCK);
    CHECK("trace.open", trace >= 0);
    CHECK_ERROR("trace.unknown", write(trace, "+nonsense", 9), EINVAL);
    CHECK_ERROR("trace.bad_pointer", write(trace, (void*)1, 9), EFAULT);
    CHECK("trace.all_off", command(trace, "-all\n"));
    drain(trace);
    CHECK_ERROR("trace.nothing", read(trace, records, sizeof records), EAGAIN);
    CHECK_ERROR("trace.too_short", read(trace, records, sizeof *records - 1), EINVAL);

    CHECK("trace.layer_on", command(trace, "+socket -socket.wakeup"));
    send_one();
    int sendmsg_event = event_number("socket.sendmsg"), wakeup_event = event_number("socket.wakeup");
    CHECK("trace.names", sendmsg_event >= 0 && wakeup_event >= 0);
    struct pollfd entry = {.fd = trace, .events = POLLIN};
    CHECK("trace.poll", poll(&entry, 1, 1000) == 1 && entry.revents == POLLIN);
    ssize_t got = read(trace, records, sizeof records);
    CHECK("trace.read", got > 0 && got % (ssize_t)sizeof *records == 0);
    int count = got > 0 ? (int)(got / (ssize_t)sizeof *records) : 0, sends = 0, wakeups = 0, ordered = 1;
    for (int i = 0; i < count; i++) {
        sends += records[i].event == sendmsg_event && records[i].task == (uint32_t)getpid() &&
                 records[i].value[0] == 1 && records[i].sock != 0;
        wakeups += records[i].event == wakeup_event;
        ordered &= i == 0 || records[i].time_ns >= records[i - 1].time_ns;
    }
    CHECK("trace.sendmsg", sends == 1);
    CHECK("trace.single_event_off", wakeups == 0);
    CHECK("trace.in_order", ordered);
    CHECK_ERROR("trace.bad_buffer", (send_one(), read(trace, (void*)1, 640)), EFAULT);

    for (int i = 0; i < 2000; i++) {
        send_one(); /* several records each: more than the ring holds */
    }
    got = read(trace, records, sizeof records);
    CHECK("trace.overflow",
          got > (ssize_t)sizeof *records && records[0].event == event_lost && records[0].value[0] > 0);
    command(trace, "-all");
    drain(trace);

    fcntl(trace, F_SETFL, 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(30000);
        int other = open("/dev/trace", O_RDWR);
        command(other, "+socket");
        send_one();
        _exit(0);
    }
    CHECK("trace.wakes_reader", read(trace, records, sizeof *records) == sizeof *records);
    int status;
    waitpid(child, &status, 0);
    command(trace, "-all");
    close(trace);
    return finish();
}
