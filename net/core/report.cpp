// /proc/net/dev, drops and trace_events.

#include "net/core/report.hpp"

#include "kernel/lib/format.hpp"
#include "net/core/dev.hpp"
#include "net/core/drop.hpp"
#include "net/core/trace.hpp"
#include "net/stack.hpp"

#include <cstdarg>

namespace net {

void report_writer::print(const char* text, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, text);
    const size_t length = lib::format_arguments(line, sizeof(line), text, arguments);
    va_end(arguments);
    write(context, line, length < sizeof(line) ? length : sizeof(line) - 1);
}

void report_dev(stack& in, report_writer& to) {
    to.print("Inter-|   Receive                                                |  Transmit\n"
             " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop "
             "fifo colls carrier compressed\n");
    port::guard held(in.device_list_lock);
    for (const net_device& device : in.devices) {
        const device_statistics& now = device.statistics;
        to.print("%6s: %7lu %7lu %4lu %4lu %4lu %5lu %10lu %9lu %8lu %7lu %4lu %4lu %4lu %5lu %7lu %10lu\n",
                 device.name, uint64_t{now.rx_bytes}, uint64_t{now.rx_packets}, uint64_t{now.rx_errors},
                 now.rx_dropped + now.rx_missed, uint64_t{0}, now.rx_crc_errors + now.rx_length_errors,
                 uint64_t{0}, uint64_t{now.multicast}, uint64_t{now.tx_bytes}, uint64_t{now.tx_packets},
                 uint64_t{now.tx_errors}, uint64_t{now.tx_dropped}, uint64_t{0}, uint64_t{now.collisions},
                 uint64_t{now.tx_carrier_errors}, uint64_t{0});
    }
}

void report_drops(stack& in, report_writer& to) {
    for (unsigned i = 0; i < static_cast<unsigned>(drop_reason::count); i++) {
        to.print("%-24s %lu\n", drop_reason_name(static_cast<drop_reason>(i)),
                 __atomic_load_n(&in.drops[i], __ATOMIC_RELAXED));
    }
}

void report_trace_events(stack&, report_writer& to) {
    for (unsigned i = 0; i < static_cast<unsigned>(trace_event::count); i++) {
        const trace_event_description& event = describe(static_cast<trace_event>(i));
        to.print("%u %s.%s", i, event.layer, event.name);
        for (const char* value : event.values) {
            to.print(" %s", value[0] != '\0' ? value : "-");
        }
        to.print("\n");
    }
}

} // namespace net
