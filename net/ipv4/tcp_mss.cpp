#include "net/ipv4/tcp_output.hpp"

// How large segments are. What fits the path (MTU less 40 bytes of headers) is cut down by what the peer said
// it can take, by the room that options need in each segment, by half of the largest window the peer ever
// offered (so that two segments fit, or the silly-window rules would stall a small-window peer), and never
// below 48 bytes.

#include "kernel/lib/minmax.hpp"
#include "net/ipv4/route.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr uint32_t header_bytes = 20 + sizeof(wire::tcp_header);

uint32_t bounded_by_window(const tcp_sock& sk, uint32_t mss) {
    const uint32_t bound = sk.max_window > 536 ? sk.max_window / 2 : sk.max_window;
    return bound != 0 && mss > bound ? lib::max(bound, tcp_minimum_send_mss) : mss;
}

} // namespace

void tcp_sync_mss(tcp_sock& sk, uint32_t path_mtu) {
    sk.path_mtu = path_mtu;
    uint32_t mss = path_mtu > header_bytes ? path_mtu - header_bytes : 0;
    mss = lib::min<uint32_t>(mss, sk.mss_clamp);
    if (sk.timestamps_ok) {
        mss = mss > wire::tcp_timestamp_bytes ? mss - wire::tcp_timestamp_bytes : 0;
    }
    mss = lib::max(mss, tcp_minimum_send_mss);
    sk.mss_cache = lib::max(bounded_by_window(sk, mss), 1u);
}

uint32_t tcp_mss_with(const tcp_sock& sk, const wire::tcp_options& options) {
    const uint32_t sack_bytes =
        options.sack_count == 0 ? 0
                                : wire::tcp_sack_base_bytes + options.sack_count * wire::tcp_sack_block_bytes;
    return sk.mss_cache > sack_bytes + 8 ? sk.mss_cache - sack_bytes : 8;
}

uint32_t tcp_current_mss(tcp_sock& sk) {
    if (auto route = inet_route(sk, sk.remote_address); route.ok() && route.value()->mtu != sk.path_mtu) {
        tcp_sync_mss(sk, route.value()->mtu);
    }
    wire::tcp_options options;
    options.sack_count = static_cast<uint8_t>(sk.selective_ack_count + (sk.duplicate_sack_owed ? 1 : 0));
    options.sack_count = lib::min<uint8_t>(options.sack_count, 4);
    return tcp_mss_with(sk, options);
}

uint16_t tcp_advertised_mss(const tcp_sock& sk, const route_entry* route) {
    uint32_t mtu = 576;
    if (route != nullptr) {
        mtu = route->device != nullptr ? route->device->mtu : route->mtu;
    }
    uint32_t mss = lib::clamp(mtu - header_bytes, 88u, 65535u - header_bytes);
    if (sk.user_mss != 0) {
        mss = lib::min<uint32_t>(mss, sk.user_mss);
    }
    return static_cast<uint16_t>(mss);
}

} // namespace net
