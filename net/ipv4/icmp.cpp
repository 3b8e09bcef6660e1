// ICMP. Echo requests are answered in place: the packet that came in goes out again with two bytes changed.
// Errors out are few by design: never about an error, a broadcast, a later fragment or nobody (RFC 1122
// 3.2.2), and at most a thousand per second. The bucket's size varies at random, so that counting our errors
// does not tell a third party which ports somebody else has probed (CVE-2020-25705).
//
// Errors in are checked as far as this layer can, and handed to the protocol that sent what they quote.
// Source quench and redirects are ignored (RFC 6633; a host with one router learns nothing from it).

#include "net/ipv4/icmp.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/string.hpp"
#include "net/core/drop.hpp"
#include "net/core/skb_checksum.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/ip_output.hpp"
#include "net/ipv4/ping.hpp"
#include "net/ipv4/raw.hpp"
#include "net/stack.hpp"
#include "net/wire/checksum.hpp"
#include "net/wire/icmp.hpp"
#include "net/wire/ipv4.hpp"

#include <new>

namespace net {

/// Tokens that come back with time. Any number of callers; a race costs or gains one token.
struct token_bucket {
    static constexpr port::time_ns interval = port::millisecond; ///< 1000 per second
    static constexpr unsigned burst = 50;

    port::time_ns filled_at = 0;
    unsigned tokens = 0;

    bool take() {
        const port::time_ns now = port::now();
        const uint64_t earned = (now - filled_at) / interval;
        if (earned != 0) {
            filled_at = now;
            // The top of the bucket moves at random by up to a seventh (Linux does the same).
            const uint64_t limit = burst - port::random_u32() % (burst / 7);
            const uint64_t filled = tokens + earned;
            tokens = static_cast<unsigned>(filled < limit ? filled : limit);
        }
        if (tokens == 0) {
            return false;
        }
        tokens--;
        return true;
    }
};

struct icmp_state {
    token_bucket errors;
    token_bucket echoes;
};

namespace {

/// Room in the quote of an error: the whole message stays below 576 bytes (RFC 1812 4.3.2.3).
constexpr uint32_t quote_limit = 576 - sizeof(wire::ipv4_header) - wire::icmp_header_bytes;
constexpr uint32_t least_quote = sizeof(wire::ipv4_header) + 8;

bool is_error_type(uint8_t type) {
    return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
           type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

const wire::ipv4_header& ip_of(const sk_buff& skb) {
    return *reinterpret_cast<const wire::ipv4_header*>(skb.network_header);
}

// ---- counters --------------------------------------------------------------------------------------------

struct type_counters {
    uint8_t type;
    mib in;
    mib out;
};

constexpr type_counters counters[] = {
    {ICMP_ECHOREPLY, mib::icmp_in_echo_reply, mib::icmp_out_echo_reply},
    {ICMP_DEST_UNREACH, mib::icmp_in_unreachable, mib::icmp_out_unreachable},
    {ICMP_SOURCE_QUENCH, mib::icmp_in_source_quench, mib::icmp_out_source_quench},
    {ICMP_REDIRECT, mib::icmp_in_redirect, mib::icmp_out_redirect},
    {ICMP_ECHO, mib::icmp_in_echo, mib::icmp_out_echo},
    {ICMP_TIME_EXCEEDED, mib::icmp_in_time_exceeded, mib::icmp_out_time_exceeded},
    {ICMP_PARAMETERPROB, mib::icmp_in_parameter_problem, mib::icmp_out_parameter_problem},
    {ICMP_TIMESTAMP, mib::icmp_in_timestamp, mib::icmp_out_timestamp},
    {ICMP_TIMESTAMPREPLY, mib::icmp_in_timestamp_reply, mib::icmp_out_timestamp_reply},
    {ICMP_ADDRESS, mib::icmp_in_address_mask, mib::icmp_out_address_mask},
    {ICMP_ADDRESSREPLY, mib::icmp_in_address_mask_reply, mib::icmp_out_address_mask_reply},
};

void count_in(stack& in, uint8_t type) {
    __atomic_fetch_add(&in.snmp->icmp_in_type[type], 1, __ATOMIC_RELAXED);
    for (const type_counters& entry : counters) {
        if (entry.type == type) {
            count(in, entry.in);
        }
    }
}

} // namespace

void icmp_count_out(stack& in, uint8_t type) {
    count(in, mib::icmp_out_messages);
    __atomic_fetch_add(&in.snmp->icmp_out_type[type], 1, __ATOMIC_RELAXED);
    for (const type_counters& entry : counters) {
        if (entry.type == type) {
            count(in, entry.out);
        }
    }
}

namespace {

// ---- errors out ------------------------------------------------------------------------------------------

/// RFC 1122 3.2.2: packets about which no error may be sent. The whole IP header is linear.
bool must_not_complain(stack& in, const sk_buff& cause) {
    const auto& header = *reinterpret_cast<const wire::ipv4_header*>(cause.data);
    if (cause.packet_type != sk_buff::addressed_to::host || header.fragment_offset() != 0) {
        return true;
    }
    const route_type to = classify_destination(in, header.destination, nullptr);
    if (to == route_type::broadcast || to == route_type::multicast) {
        return true;
    }
    const uint32_t source = header.source;
    if (!is_local_address(in, source) && is_bad_source(in, source)) {
        return true;
    }
    if (header.protocol == IPPROTO_ICMP) {
        uint8_t type = 0;
        if (cause.length() <= header.header_length()) {
            return true;
        }
        cause.copy_bits(header.header_length(), &type, 1);
        return is_error_type(type) || type > ICMP_ADDRESSREPLY;
    }
    return false;
}

/// The source of an error: the address that the packet was for when that is ours, so that the peer's
/// firewall recognises it; else whatever the route gives.
uint32_t error_source(stack& in, const wire::ipv4_header& header) {
    const uint32_t destination = header.destination;
    return is_local_address(in, destination) ? destination : 0;
}

} // namespace

void icmp_send(stack& in, const sk_buff& cause, uint8_t type, uint8_t code, uint32_t info) {
    const auto& header = *reinterpret_cast<const wire::ipv4_header*>(cause.data);
    if (must_not_complain(in, cause)) {
        return;
    }
    const bool to_self = is_local_address(in, header.source);
    if (!to_self && !in.icmp->errors.take()) {
        count(in, mib::icmp_out_rate_limit_global);
        count_drop(in, drop_reason::icmp_rate_limited);
        return;
    }
    const uint32_t quoted = cause.length() < quote_limit ? cause.length() : quote_limit;
    skb_ptr skb = allocate_skb(in, max_header_bytes, wire::icmp_header_bytes + quoted);
    if (!skb) {
        count(in, mib::icmp_out_errors);
        count_drop(in, drop_reason::no_memory);
        return;
    }
    auto& icmp = *new (skb->put(wire::icmp_header_bytes)) wire::icmp_header();
    cause.copy_bits(0, skb->put(quoted), quoted);
    icmp.type = type;
    icmp.code = code;
    if (type == ICMP_PARAMETERPROB) {
        icmp.identifier = static_cast<uint16_t>(info << 8);
    } else {
        icmp.sequence = static_cast<uint16_t>(info); // the MTU, or nothing
    }
    icmp.checksum = lib::be16::from_raw(wire::checksum_finish(skb_checksum_add(0, *skb, 0, skb->length())));
    icmp_count_out(in, type);
    trace(in, trace_event::icmp_transmit,
          {.skb = skb->id, .value = {header.source, type, code, skb->length()}});
    // RFC 1812 4.3.2.5: internetwork control.
    (void)ip_send_to(in, std::move(skb), error_source(in, header), header.source,
                     {.protocol = IPPROTO_ICMP, .tos = 0xc0});
}

// ---- errors in -------------------------------------------------------------------------------------------

namespace {

struct unreachable_meaning {
    int error_number;
    bool hard;
};

/// By code of "destination unreachable"; Linux: icmp_err_convert.
constexpr unreachable_meaning unreachable_meanings[] = {
    {ENETUNREACH, false},  {EHOSTUNREACH, false}, {ENOPROTOOPT, true},  {ECONNREFUSED, true},
    {EMSGSIZE, false},     {EOPNOTSUPP, false},   {ENETUNREACH, true},  {EHOSTDOWN, true},
    {ENONET, true},        {ENETUNREACH, true},   {EHOSTUNREACH, true}, {ENETUNREACH, false},
    {EHOSTUNREACH, false}, {EHOSTUNREACH, true},  {EHOSTUNREACH, true}, {EHOSTUNREACH, true},
};

/// The largest packets that links of the time had (RFC 1191 §7), for routers that name no MTU.
uint32_t next_plateau(uint32_t below) {
    constexpr uint32_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 576};
    for (const uint32_t plateau : plateaus) {
        if (plateau < below) {
            return plateau;
        }
    }
    return 576;
}

/// What an error message says, or nothing when its code is unknown.
bool interpret(const wire::icmp_header& icmp, const wire::ipv4_header& quoted, icmp_error& what) {
    what.type = icmp.type;
    what.code = icmp.code;
    what.info = 0;
    what.hard = false;
    switch (icmp.type) {
    case ICMP_DEST_UNREACH:
        if (icmp.code >= sizeof(unreachable_meanings) / sizeof(unreachable_meanings[0])) {
            return false;
        }
        what.error_number = unreachable_meanings[icmp.code].error_number;
        what.hard = unreachable_meanings[icmp.code].hard;
        if (icmp.code == ICMP_FRAG_NEEDED) {
            what.info = icmp.next_hop_mtu();
            what.info = what.info != 0 ? what.info : next_plateau(quoted.total_length);
        }
        return true;
    case ICMP_TIME_EXCEEDED:
        what.error_number = EHOSTUNREACH;
        return icmp.code <= ICMP_EXC_FRAGTIME;
    default: // parameter problem
        what.error_number = EPROTO;
        what.hard = true;
        what.info = icmp.pointer();
        return true;
    }
}

/// Hands an error to the protocol whose packet it quotes. data is at the ICMP header.
void receive_error(stack& in, skb_ptr skb) {
    const uint32_t whole = skb->length();
    const uint32_t wanted = wire::icmp_header_bytes + quote_limit;
    if (whole < wire::icmp_header_bytes + least_quote ||
        !skb->pull_linear(whole < wanted ? whole : wanted).ok()) {
        count(in, mib::icmp_in_errors);
        drop(std::move(skb), drop_reason::icmp_malformed_quote);
        return;
    }
    const auto& icmp = *reinterpret_cast<const wire::icmp_header*>(skb->data);
    const auto& quoted = *reinterpret_cast<const wire::ipv4_header*>(skb->data + wire::icmp_header_bytes);
    const uint32_t quoted_header = quoted.header_length();
    icmp_error what = {};
    what.offender = ip_of(*skb).source;
    // Only what we sent ourselves can have gone wrong: the quoted source is ours, and it was no fragment
    // but the first.
    if (quoted.version() != 4 || quoted_header < sizeof(quoted) || quoted.fragment_offset() != 0 ||
        whole < wire::icmp_header_bytes + quoted_header + 8 || !is_local_address(in, quoted.source) ||
        !interpret(icmp, quoted, what)) {
        count(in, mib::icmp_in_errors);
        drop(std::move(skb), drop_reason::icmp_malformed_quote);
        return;
    }
    skb->pull(wire::icmp_header_bytes);
    skb->network_header = skb->data;
    skb->transport_header = skb->data + quoted_header;
    raw_error(in, *skb, what);
    const inet_protocol* handler = in.find_inet_protocol(quoted.protocol);
    if (handler != nullptr && handler->error != nullptr) {
        handler->error(in, *skb, what);
    }
}

// ---- echo ------------------------------------------------------------------------------------------------

/// Turns a request into its reply. The checksum follows the one word that changes: type and code, of which a
/// request may have any. Of the two zeros of one's complement it takes the one that is right even for a
/// message of nothing but zeros (RFC 1624 §3).
void answer_echo(stack& in, skb_ptr skb) {
    const bool to_us_alone = skb->packet_type == sk_buff::addressed_to::host;
    if (in.settings.icmp_echo_ignore_all) {
        drop(std::move(skb), drop_reason::icmp_ignored);
        return;
    }
    if (!to_us_alone && in.settings.icmp_echo_ignore_broadcasts) {
        drop(std::move(skb), drop_reason::icmp_broadcast);
        return;
    }
    const wire::ipv4_header& ip = ip_of(*skb);
    const uint32_t peer = ip.source;
    const uint32_t own = to_us_alone ? uint32_t{ip.destination} : 0; // 0: what the route back says
    const uint8_t tos = ip.tos;
    if (!is_local_address(in, peer) && !in.icmp->echoes.take()) {
        count(in, mib::icmp_out_rate_limit_global);
        drop(std::move(skb), drop_reason::icmp_rate_limited);
        return;
    }
    auto& icmp = *reinterpret_cast<wire::icmp_header*>(skb->data);
    const auto before = static_cast<uint16_t>(icmp.type | icmp.code << 8);
    icmp.type = ICMP_ECHOREPLY;
    icmp.code = 0;
    const uint16_t updated = wire::checksum_update(icmp.checksum.raw(), before, ICMP_ECHOREPLY);
    icmp.checksum = lib::be16::from_raw(updated != 0 ? updated : uint16_t{0xffff});
    skb->checksum = checksum_state::none;
    icmp_count_out(in, ICMP_ECHOREPLY);
    trace(in, trace_event::icmp_transmit,
          {.skb = skb->id, .value = {peer, ICMP_ECHOREPLY, 0, skb->length()}});
    (void)ip_send_to(in, std::move(skb), own, peer, {.protocol = IPPROTO_ICMP, .tos = tos});
}

// ---- the way in ------------------------------------------------------------------------------------------

void dispatch(stack& in, skb_ptr skb, uint8_t type) {
    switch (type) {
    case ICMP_ECHO:
        answer_echo(in, std::move(skb));
        return;
    case ICMP_ECHOREPLY:
        ping_receive(in, std::move(skb));
        return;
    case ICMP_DEST_UNREACH:
    case ICMP_TIME_EXCEEDED:
    case ICMP_PARAMETERPROB:
        receive_error(in, std::move(skb));
        return;
    case ICMP_SOURCE_QUENCH:
    case ICMP_REDIRECT:
    case ICMP_TIMESTAMP:
    case ICMP_TIMESTAMPREPLY:
    case ICMP_INFO_REQUEST:
    case ICMP_INFO_REPLY:
    case ICMP_ADDRESS:
    case ICMP_ADDRESSREPLY:
        drop(std::move(skb), drop_reason::icmp_ignored);
        return;
    default:
        break;
    }
    drop(std::move(skb), drop_reason::icmp_unknown_type);
}

void icmp_receive(stack& in, skb_ptr skb) {
    count(in, mib::icmp_in_messages);
    if (!skb->pull_linear(wire::icmp_header_bytes).ok()) {
        count(in, mib::icmp_in_errors);
        drop(std::move(skb), drop_reason::icmp_too_short);
        return;
    }
    // Loopback's `unnecessary` comes from UDP and TCP senders only; ICMP is always summed.
    if (!wire::checksum_good(skb_checksum_add(0, *skb, 0, skb->length()))) {
        count(in, mib::icmp_in_errors);
        count(in, mib::icmp_in_checksum_errors);
        drop(std::move(skb), drop_reason::icmp_bad_checksum);
        return;
    }
    const auto& icmp = *reinterpret_cast<const wire::icmp_header*>(skb->data);
    count_in(in, icmp.type);
    trace(in, trace_event::icmp_receive,
          {.skb = skb->id, .value = {ip_of(*skb).source, icmp.type, icmp.code, skb->length()}});
    dispatch(in, std::move(skb), icmp.type);
}

constexpr inet_protocol icmp_protocol = {
    .protocol = IPPROTO_ICMP, .receive = icmp_receive, .error = ping_error};

} // namespace

lib::result<icmp_state*> create_icmp_state() {
    void* memory = port::allocate(sizeof(icmp_state), port::memory_tag::table);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    return new (memory) icmp_state;
}

void destroy_icmp_state(icmp_state* state) {
    port::release(state);
}

void icmp_init(stack& in) {
    in.register_inet_protocol(icmp_protocol);
}

} // namespace net
