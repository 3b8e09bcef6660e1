#include "net/ipv4/tcp_listen.hpp"

// SYN cookies (Bernstein; RFC 4987 §3.6). A flooded listener keeps nothing of a SYN; what it must know when
// the ACK comes is in the numbers that the client returns:
//
//   initial sequence number = epoch (6 bits), mss index (2 bits), both xor H1(tuple); H2(all of it) (24 bits)
//   low bits of the timestamp = window scale (4 bits, 15 = none), SACK permitted (1 bit), ECN (1 bit)
//
// H1 and H2 are SipHash under secret keys, so only a client that received the SYN-ACK can send an ACK that
// decodes to a valid cookie. The client's initial number goes into H2 instead of being added, as Linux adds
// it: then the last ACK of a connection, come late, when each side has sent as many bytes as the other, would
// be taken for the answer to a cookie. A cookie is good for two minutes. Without timestamps the connection
// has neither scaling nor SACK nor ECN.

#include "kernel/lib/minmax.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_reply.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr uint16_t mss_table[] = {536, 1300, 1440, 1460};
constexpr uint32_t mss_choices = sizeof(mss_table) / sizeof(mss_table[0]);
static_assert(mss_choices == 4); // two bits
constexpr uint32_t hash_mask = 0xffffff;
constexpr uint32_t epoch_mask = 63;
constexpr uint32_t timestamp_bits = 6;
constexpr uint32_t timestamp_mask = (1u << timestamp_bits) - 1;
constexpr uint32_t no_scale = 15;
constexpr port::time_ns epoch = 64 * port::second;
constexpr uint32_t valid_epochs = 2;

uint32_t current_epoch() {
    return static_cast<uint32_t>(port::now() / epoch);
}

/// Hides the part of the cookie that is not a hash; 8 bits.
uint32_t first_hash(const tcp_table& table, const tcp_key& key) {
    return static_cast<uint32_t>(lib::siphash(table.cookie_key[0], &key, sizeof(key))) & 0xff;
}

uint32_t second_hash(const tcp_table& table, const tcp_key& key, wire::seq irs, uint32_t data) {
    struct {
        tcp_key key;
        uint32_t irs;
        uint32_t data;
    } message = {key, irs.value, data};
    return static_cast<uint32_t>(lib::siphash(table.cookie_key[1], &message, sizeof(message))) & hash_mask;
}

uint32_t mss_index(uint16_t mss) {
    uint32_t index = mss_choices - 1;
    while (index > 0 && mss_table[index] > mss) {
        index--;
    }
    return index;
}

void take_timestamp_bits(tcp_request& request, uint32_t echo) {
    const uint32_t scale = echo & 0xf;
    request.window_scaling = scale != no_scale;
    request.snd_wscale = static_cast<uint8_t>(request.window_scaling ? lib::min(scale, 14u) : 0);
    request.sack_ok = (echo >> 4 & 1) != 0;
    request.ecn = (echo >> 5 & 1) != 0;
}

} // namespace

uint32_t tcp_cookie_timestamp(const tcp_request& request) {
    const uint32_t now = tcp_timestamp_clock() + request.ts_offset;
    const uint32_t scale = request.window_scaling ? request.snd_wscale : no_scale;
    const uint32_t bits = scale | (request.sack_ok ? 1u << 4 : 0u) | (request.ecn ? 1u << 5 : 0u);
    // Never ahead of the clock: the connection's later timestamps must not go back.
    const uint32_t stamp = (now & ~timestamp_mask) | bits;
    return stamp > now ? stamp - (1u << timestamp_bits) : stamp;
}

wire::seq tcp_make_cookie(stack& in, tcp_request& request) {
    if (!request.timestamps_ok) {
        request.window_scaling = false;
        request.sack_ok = false;
        request.ecn = false;
    }
    const tcp_table& table = *in.tcp;
    const uint32_t data = (current_epoch() & epoch_mask) << 2 | mss_index(request.peer_mss);
    return wire::seq((data ^ first_hash(table, request.key)) << 24 |
                     second_hash(table, request.key, request.irs, data));
}

lib::ref<tcp_request> tcp_check_cookie(tcp_sock& listener, const sk_buff& ack) {
    stack& in = *listener.owner_stack;
    const port::time_ns sent_at = listener.listener->cookies_sent_at;
    if (sent_at == 0 || port::now() - sent_at > valid_epochs * epoch) {
        return {};
    }
    const tcp_key key = tcp_key_of(ack);
    const wire::seq irs = ack.tcp.seq - 1;
    const uint32_t cookie = (ack.tcp.ack - 1).value;
    const uint32_t data = cookie >> 24 ^ first_hash(*in.tcp, key);
    const uint32_t age = (current_epoch() - (data >> 2)) & epoch_mask;
    if (age >= valid_epochs || (cookie & hash_mask) != second_hash(*in.tcp, key, irs, data)) {
        count(in, mib::tcpext_syncookies_failed);
        return {};
    }
    lib::ref<tcp_request> request = tcp_make_request(listener, ack);
    if (!request) {
        return {};
    }
    const auto& header = *reinterpret_cast<const wire::tcp_header*>(ack.transport_header);
    const wire::tcp_options options = wire::parse_tcp_options(
        {ack.transport_header + sizeof(header), header.header_bytes() - sizeof(header)},
        wire::tcp_options_of::other);
    request->irs = irs;
    request->iss = ack.tcp.ack - 1;
    request->peer_mss = mss_table[data % mss_choices];
    request->window_scaling = false;
    request->sack_ok = false;
    request->ecn = false;
    request->snd_wscale = 0;
    request->sent_at = 0; // when the SYN-ACK left was not kept
    request->timestamps_ok = options.has_timestamp && options.timestamp_echo != 0;
    if (request->timestamps_ok) {
        request->ts_recent = options.timestamp_value;
        take_timestamp_bits(*request, options.timestamp_echo);
    }
    const uint32_t segment =
        request->advertised_mss - (request->timestamps_ok ? wire::tcp_timestamp_bytes : 0);
    request->receive_window =
        tcp_initial_window_choice(listener, listener.window_clamp, segment, request->window_scaling);
    count(in, mib::tcpext_syncookies_received);
    return request;
}

} // namespace net
