#pragma once
// A rule of the wire, which no look into a stack can tell.

#include "net/wire/seq.hpp"
#include "sim/host.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace sim {

/// Watches segments on the wire: the right edge of an offered window never moves to the left (RFC 9293
/// §3.8.6: a receiver should not shrink the window).
class window_witness {
public:
    /// A frame that a host sends. The rule that it breaks, valid until the next call, or nullptr.
    const char* sent(const frame& bytes);
    /// The host has a new stack, which knows nothing of what was offered before.
    void forget(uint32_t address);

private:
    struct flow_key {
        uint32_t from;
        uint32_t to;
        uint32_t ports;
        auto operator<=>(const flow_key&) const = default;
    };
    struct flow {
        int offered_scale = -1; ///< -1: no option in its SYN
        uint32_t first = 0;     ///< the sequence number behind its SYN
        bool got_on = false;    ///< it has been beyond that
        net::wire::seq acknowledged;
        bool edge_known = false;
        net::wire::seq edge;
    };

    std::map<flow_key, flow> flows_;
    std::string broken_;
};

} // namespace sim
