// IP options. Two of them are one byte long, all others carry their length, which counts type and length
// byte. Source routes are reported, never followed (RFC 7126 §4.3 and §4.4).

#include "net/wire/ipv4.hpp"

namespace net::wire {

ipv4_options_report ipv4_check_options(const uint8_t* options, size_t length) {
    ipv4_options_report report;
    auto malformed = [&](size_t at) {
        report.well_formed = false;
        report.bad_offset = static_cast<uint8_t>(sizeof(ipv4_header) + at);
    };
    size_t at = 0;
    while (at < length) {
        const auto type = static_cast<ipv4_option>(options[at]);
        if (type == ipv4_option::end) {
            break;
        }
        if (type == ipv4_option::no_operation) {
            at++;
            continue;
        }
        if (at + 1 >= length || options[at + 1] < 2 || options[at + 1] > length - at) {
            malformed(at);
            break;
        }
        if (type == ipv4_option::loose_source_route || type == ipv4_option::strict_source_route) {
            report.source_route = true;
        } else if (type == ipv4_option::router_alert) {
            report.router_alert = true;
        }
        at += options[at + 1];
    }
    return report;
}

} // namespace net::wire
