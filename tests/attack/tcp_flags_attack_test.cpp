// All 64 sets of flags in all eleven states, each at three places of the sequence space, with and without
// data: id T8. What is to happen is worked out here a second time, from the tables of RFC 9293 §3.10.7 and of
// RFC 5961, and compared with what the stack answers and which state it is in.

#include "attack/tcp_bed.hpp"

namespace {

using namespace attack;

enum class state {
    closed,
    listen,
    syn_received,
    syn_sent,
    established,
    fin_wait_1,
    fin_wait_2,
    close_wait,
    closing,
    last_ack,
    time_wait
};

constexpr std::pair<state, const char*> names[] = {
    {state::closed, "CLOSED"},
    {state::listen, "LISTEN"},
    {state::syn_received, "SYN_RECEIVED"},
    {state::syn_sent, "SYN_SENT"},
    {state::established, "ESTABLISHED"},
    {state::fin_wait_1, "FIN_WAIT_1"},
    {state::fin_wait_2, "FIN_WAIT_2"},
    {state::close_wait, "CLOSE_WAIT"},
    {state::closing, "CLOSING"},
    {state::last_ack, "LAST_ACK"},
    {state::time_wait, "TIME_WAIT"},
};

/// Where the attacker's segment lies, by the victim's receive window.
enum class place { expected, ahead, behind };

struct reaction {
    /// Flags of the one answer that is allowed; 0: silence. An ACK that may be delayed is not waited for.
    uint8_t answer = 0;
    state next = state::closed;
    bool may_be_silent = false;

    bool operator==(const reaction&) const = default;
};

struct probe {
    state from;
    uint8_t flags;
    place where;
    bool data;

    bool has(uint8_t flag) const { return (flags & flag) != 0; }
};

/// RFC 9293 §3.10.7.1
reaction in_closed(const probe& it) {
    if (it.has(tcp_rst)) {
        return {};
    }
    return {.answer = static_cast<uint8_t>(it.has(tcp_ack) ? tcp_rst : tcp_rst | tcp_ack)};
}

/// RFC 9293 §3.10.7.2; a SYN that is a FIN too opens nothing.
reaction in_listen(const probe& it) {
    reaction then = {.next = state::listen};
    if (it.has(tcp_rst)) {
        return then;
    }
    if (it.has(tcp_ack)) {
        then.answer = tcp_rst;
    } else if (it.has(tcp_syn) && !it.has(tcp_fin)) {
        then = {.answer = syn_ack, .next = state::syn_received};
    }
    return then;
}

/// RFC 9293 §3.10.7.3; the ACK number is always the right one here.
reaction in_syn_sent(const probe& it) {
    if (it.has(tcp_rst)) {
        return {.next = it.has(tcp_ack) ? state::closed : state::syn_sent};
    }
    if (!it.has(tcp_syn)) {
        return {.next = state::syn_sent};
    }
    if (!it.has(tcp_ack)) {
        return {.answer = syn_ack, .next = state::syn_received};
    }
    return {.answer = tcp_ack, .next = it.has(tcp_fin) ? state::close_wait : state::established};
}

/// Data and FIN in a state that takes them.
reaction with_text(const probe& it, state from) {
    reaction then = {.next = from};
    const bool fin_counts = it.has(tcp_fin) && it.where == place::expected;
    if (it.data || it.has(tcp_fin)) {
        then.answer = tcp_ack;
        then.may_be_silent = it.where == place::expected && !fin_counts; // a delayed ACK
    }
    if (fin_counts && from == state::established) {
        then.next = state::close_wait;
        then.may_be_silent = true; // rides on what the user says next
    } else if (fin_counts) {
        then.next = state::time_wait;
    }
    return then;
}

/// RFC 9293 §3.10.7.4 in its eight steps, with RFC 5961 in the second, fourth and fifth.
reaction in_synchronized(const probe& it) {
    const reaction stays = {.next = it.from};
    const reaction challenge = {.answer = tcp_ack, .next = it.from};
    if (!it.has(tcp_rst) && !it.has(tcp_syn) && !it.has(tcp_ack)) {
        return stays;
    }
    if (it.where == place::behind) {
        return it.has(tcp_rst) ? stays : challenge;
    }
    if (it.has(tcp_rst)) {
        return it.where == place::expected ? reaction{} : challenge;
    }
    if (it.has(tcp_syn)) {
        return challenge;
    }
    // The ACK number acknowledges everything, our FIN included.
    switch (it.from) {
    case state::established:
        return with_text(it, state::established);
    case state::fin_wait_1:
    case state::fin_wait_2:
        return with_text(it, state::fin_wait_2);
    case state::closing:
        return {.next = state::time_wait};
    case state::last_ack:
        return {};
    default: // CLOSE_WAIT: nothing can follow the peer's FIN
        return stays;
    }
}

/// A half-open connection keeps little, and believes no more than an open one; a good ACK makes it a
/// connection, which takes the rest.
reaction in_syn_received(const probe& it) {
    const reaction stays = {.next = state::syn_received};
    const reaction challenge = {.answer = tcp_ack, .next = state::syn_received};
    if (it.where == place::behind) {
        return it.has(tcp_rst) ? stays : challenge;
    }
    if (it.has(tcp_rst)) {
        return it.where == place::expected ? reaction{.next = state::closed} : challenge;
    }
    if (it.has(tcp_syn)) {
        return challenge;
    }
    if (!it.has(tcp_ack)) {
        return stays;
    }
    return with_text(it, state::established);
}

/// RFC 9293 §3.10.7.4 and §3.10.7.8, RFC 1337, RFC 6191.
reaction in_time_wait(const probe& it) {
    const reaction stays = {.next = state::time_wait};
    if (it.has(tcp_rst) || !(it.has(tcp_syn) || it.has(tcp_ack))) {
        return stays;
    }
    if ((it.flags & (tcp_syn | tcp_ack | tcp_fin)) == tcp_syn && it.where == place::ahead) {
        return {.answer = syn_ack, .next = state::syn_received};
    }
    const bool bare = !it.data && !it.has(tcp_syn) && !it.has(tcp_fin) && it.where == place::expected;
    return bare ? stays : reaction{.answer = tcp_ack, .next = state::time_wait};
}

reaction expected(const probe& it) {
    switch (it.from) {
    case state::closed:
        return in_closed(it);
    case state::listen:
        return in_listen(it);
    case state::syn_sent:
        return in_syn_sent(it);
    case state::syn_received:
        return in_syn_received(it);
    case state::time_wait:
        return in_time_wait(it);
    default:
        return in_synchronized(it);
    }
}

struct attack_tcp_flags : tcp_bed, testing::WithParamInterface<std::pair<state, const char*>> {
    void SetUp() override {
        tcp_bed::SetUp();
        accept_all();
    }

    /// Brings a new connection of `peer` into the state.
    void bring_to(state wanted, sim::tcp_peer& peer) {
        if (wanted == state::closed || wanted == state::listen) {
            peer.received = 77; // whatever an ACK says
            return;
        }
        if (wanted == state::syn_sent) {
            sim::user_socket caller(*victim, SOCK_STREAM);
            caller.set_non_blocking(true);
            ASSERT_EQ(caller.connect(attacker->ip, source_port), -EINPROGRESS);
            children.push_back(std::move(caller));
            ASSERT_EQ(peer.next().flags, tcp_syn);
            return;
        }
        peer.send({.flags = tcp_syn});
        ASSERT_EQ(peer.next().flags, syn_ack);
        if (wanted == state::syn_received) {
            return;
        }
        peer.send({});
        ASSERT_FALSE(children.empty());
        const bool peer_first = wanted == state::close_wait || wanted == state::last_ack;
        if (peer_first) {
            peer.send({.flags = fin_ack});
            world.run_for(50 * millisecond);
        }
        if (wanted == state::established || wanted == state::close_wait) {
            skip_acks(peer);
            return;
        }
        children.back().shutdown(SHUT_WR);
        sim::segment fin = peer.next();
        while ((fin.flags & tcp_fin) == 0) {
            fin = peer.next();
        }
        if (wanted == state::fin_wait_2 || wanted == state::time_wait) {
            peer.send({});
        }
        if (wanted == state::time_wait) {
            peer.send({.flags = fin_ack});
        }
        if (wanted == state::closing) {
            peer.send({.flags = fin_ack, .ack = fin.seq});
        }
        skip_acks(peer);
    }
    void skip_acks(sim::tcp_peer& peer) {
        while (peer.try_next(millisecond)) {
        }
    }
    /// In what state the connection of the present probe is.
    state found_state() {
        std::string text = state_of(source_port);
        if (GetParam().first == state::syn_sent) {
            text = state_of(source_port, children.back().local_port());
        }
        if (text.empty()) {
            return GetParam().first == state::listen ? state::listen : state::closed;
        }
        static const std::map<std::string, state> numbers = {
            {"01", state::established}, {"02", state::syn_sent},   {"03", state::syn_received},
            {"04", state::fin_wait_1},  {"05", state::fin_wait_2}, {"06", state::time_wait},
            {"08", state::close_wait},  {"09", state::last_ack},   {"0B", state::closing}};
        const auto known = numbers.find(text);
        EXPECT_NE(known, numbers.end()) << text;
        return known == numbers.end() ? state::closed : known->second;
    }
    /// Ends the connection of a probe, whatever state it is in.
    void clean_up(sim::tcp_peer& peer) {
        const linger at_once = {.l_onoff = 1, .l_linger = 0};
        for (sim::user_socket& child : children) {
            child.set_option(SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        }
        children.clear();
        peer.send({.flags = tcp_rst, .seq = peer.iss + 1}); // what is half-open
        world.run_for(millisecond);
        forget_sent();
    }

    uint16_t source_port = 1000;
};

TEST_P(attack_tcp_flags, T8_every_set_of_flags) {
    const state from = GetParam().first;
    unsigned probes = 0;
    for (unsigned flags = 0; flags < 64; flags++) {
        for (const place where : {place::expected, place::ahead, place::behind}) {
            for (const bool data : {false, true}) {
                source_port++;
                sim::tcp_peer peer(*victim, attacker_address, source_port, from == state::closed ? 81 : port);
                bring_to(from, peer);
                ASSERT_EQ(found_state(), from);
                const probe it = {from, static_cast<uint8_t>(flags), where, data};
                const uint32_t offset = where == place::expected ? 0 : where == place::ahead ? 100 : -1000u;
                if (from == state::syn_sent) {
                    world.run_for(10 * millisecond); // no quick second SYN of ours is to be mistaken
                }
                world.run_for(600 * millisecond); // the last challenge is long ago
                skip_acks(peer);
                peer.send({.flags = it.flags,
                           .payload = data ? "0123456789" : "",
                           .seq = peer.seq + offset,
                           .urgent = static_cast<uint16_t>(it.has(tcp_urg) ? 5 : 0)});
                const std::optional<sim::segment> answer = peer.try_next(5 * millisecond);
                const reaction model = expected(it);
                char letters[9];
                print_tcp_flags(it.flags, letters);
                SCOPED_TRACE(std::string(GetParam().second) + " + " + letters +
                             (where == place::expected ? ""
                              : where == place::ahead  ? " ahead"
                                                       : " behind") +
                             (data ? " with data" : "") + (answer ? ", answered " + answer->text() : ""));
                EXPECT_EQ(found_state(), model.next);
                if (answer) {
                    EXPECT_EQ(answer->flags & ~tcp_psh, model.answer);
                } else {
                    EXPECT_TRUE(model.answer == 0 || model.may_be_silent);
                }
                clean_up(peer);
                probes++;
            }
        }
    }
    EXPECT_EQ(probes, 64u * 3 * 2);
}

INSTANTIATE_TEST_SUITE_P(states, attack_tcp_flags, testing::ValuesIn(names),
                         [](const auto& which) { return std::string(which.param.second); });

} // namespace
