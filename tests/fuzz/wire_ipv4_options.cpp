// IPv4 options against a reader that works its way from the definition (RFC 791 §3.1) with indices only.

#include "fuzz/support/world.hpp"
#include "net/wire/ipv4.hpp"

#include <memory>

using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    length = length < net::wire::ipv4_max_options ? length : net::wire::ipv4_max_options;
    const std::unique_ptr<uint8_t[]> exact(new uint8_t[length]);
    std::memcpy(exact.get(), bytes, length);
    const net::wire::ipv4_options_report found = net::wire::ipv4_check_options(exact.get(), length);

    bool well_formed = true;
    bool routed = false;
    bool alert = false;
    size_t at = 0;
    while (at < length && bytes[at] != 0) {
        size_t step = 1;
        if (bytes[at] != 1) {
            step = at + 1 < length ? bytes[at + 1] : 0;
            if (step < 2 || at + step > length) {
                well_formed = false;
                break;
            }
            routed = routed || bytes[at] == 131 || bytes[at] == 137;
            alert = alert || bytes[at] == 148;
        }
        at += step;
    }
    require(found.well_formed == well_formed, "well_formed");
    require(found.source_route == routed && found.router_alert == alert, "what was found");
    require(well_formed ? found.bad_offset == 0 : found.bad_offset == 20 + at, "where it went wrong");
    return 0;
}
