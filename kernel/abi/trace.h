#pragma once
/* What /dev/trace returns: a sequence of these records, oldest first. The names of the events and of
 * their values are in /proc/net/trace_events, one line "number layer.event value0 value1 value2 value3"
 * each. Writing "+tcp -arp" to /dev/trace switches layers or single events on and off. */

#include <stdint.h>

/* Not an event: value[0] records were overwritten before they could be read. */
#define TRACE_EVENT_LOST 0xffff

struct trace_record {
    uint64_t time_ns; /* monotonic clock */
    uint16_t event;   /* number of the event */
    uint16_t cpu;
    uint32_t task;    /* thread id, 0 in the network worker */
    uint64_t sock;    /* number of the sock, 0 for none */
    uint64_t skb;     /* number of the sk_buff, 0 for none */
    uint64_t value[4];
};
