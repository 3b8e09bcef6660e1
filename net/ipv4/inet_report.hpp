#pragma once
// What /proc/net shows of AF_INET besides TCP, in Linux's formats.

namespace net {

class stack;
struct report_writer;

void report_arp(stack& in, report_writer& to);
void report_route(stack& in, report_writer& to);
void report_udp(stack& in, report_writer& to);
void report_raw(stack& in, report_writer& to);
void report_icmp(stack& in, report_writer& to); ///< ping sockets
void report_sockstat(stack& in, report_writer& to);

} // namespace net
