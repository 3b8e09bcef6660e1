// /proc/net/snmp and /proc/net/netstat: for each group one line of names and one of values, as Linux prints
// them. Some columns are constants of this host, not counters.

#include "net/core/snmp.hpp"

#include "kernel/abi/inet.h"
#include "net/stack.hpp"

namespace net {
namespace {

struct column {
    const char* name;
    mib which;
};

#define MIB(identifier, name) {name, mib::identifier},
constexpr column ip_columns[] = {NET_SNMP_IP(MIB)};
constexpr column icmp_columns[] = {NET_SNMP_ICMP(MIB)};
constexpr column tcp_columns[] = {NET_SNMP_TCP(MIB)};
constexpr column udp_columns[] = {NET_SNMP_UDP(MIB)};
constexpr column tcp_ext_columns[] = {NET_SNMP_TCP_EXT(MIB)};
constexpr column ip_ext_columns[] = {NET_SNMP_IP_EXT(MIB)};
#undef MIB

/// Both lines of a group. `names` and `values` are the columns in front that are not counted.
template <size_t Count>
void print_group(stack& in, report_writer& to, const char* group, const char* names, const char* values,
                 const column (&columns)[Count]) {
    to.print("%s:%s", group, names);
    for (const column& entry : columns) {
        to.print(" %s", entry.name);
    }
    to.print("\n%s:%s", group, values);
    for (const column& entry : columns) {
        to.print(" %lu", counted(in, entry.which));
    }
    to.print("\n");
}

/// The line that counts every ICMP type that was seen.
void print_icmp_types(stack& in, report_writer& to) {
    const snmp_counters& counters = *in.snmp;
    auto visit_seen = [](const uint64_t(&by_type)[256], const char* way, auto visit) {
        for (unsigned type = 0; type < 256; type++) {
            const uint64_t seen = __atomic_load_n(&by_type[type], __ATOMIC_RELAXED);
            if (seen != 0) {
                visit(way, type, seen);
            }
        }
    };
    auto for_each_seen = [&](auto visit) {
        visit_seen(counters.icmp_in_type, "In", visit);
        visit_seen(counters.icmp_out_type, "Out", visit);
    };
    bool any = false;
    for_each_seen([&](const char*, unsigned, uint64_t) { any = true; });
    if (!any) {
        return;
    }
    to.print("IcmpMsg:");
    for_each_seen([&](const char* way, unsigned type, uint64_t) { to.print(" %sType%u", way, type); });
    to.print("\nIcmpMsg:");
    for_each_seen([&](const char*, unsigned, uint64_t value) { to.print(" %lu", value); });
    to.print("\n");
}

} // namespace

void report_snmp(stack& in, report_writer& to) {
    // Forwarding 2: this host does not forward. RTO algorithm 1 ("other"), bounds in ms, no connection limit.
    print_group(in, to, "Ip", " Forwarding DefaultTTL", " 2 64", ip_columns);
    print_group(in, to, "Icmp", "", "", icmp_columns);
    print_icmp_types(in, to);
    print_group(in, to, "Tcp", " RtoAlgorithm RtoMin RtoMax MaxConn", " 1 200 120000 -1", tcp_columns);
    print_group(in, to, "Udp", "", "", udp_columns);
}

void report_netstat(stack& in, report_writer& to) {
    print_group(in, to, "TcpExt", "", "", tcp_ext_columns);
    print_group(in, to, "IpExt", "", "", ip_ext_columns);
}

} // namespace net
