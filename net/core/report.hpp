#pragma once
// What /proc/net shows of the core.

namespace net {

class stack;
struct report_writer;

void report_drops(stack& in, report_writer& to);        ///< /proc/net/drops: "reason count"
void report_trace_events(stack& in, report_writer& to); ///< /proc/net/trace_events (kernel/abi/trace.h)

} // namespace net
