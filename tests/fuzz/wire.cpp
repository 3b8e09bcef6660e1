// Two stacks and a fuzzer on the wire between them. A client sends a stream of known bytes to a server and
// gets one back, while frames are dropped, repeated, held back, corrupted, cut or invented. Whatever arrives
// must be what was sent, byte for byte and in order; corrupted frames must be noticed by their checksums.
//
// Programs never block: both ends are driven in turns, between which time goes on to the next timer.

#include "fuzz/support/arena.hpp"
#include "fuzz/support/host.hpp"
#include "fuzz/support/input.hpp"
#include "fuzz/support/world.hpp"
#include "net/core/snmp.hpp"
#include "net/core/socket.hpp"
#include "net/ipv4/inet_sock.hpp"

#include <new>

namespace {

using namespace fuzz;
using net::port::millisecond;
using net::port::second;

constexpr uint32_t all_features =
    net::feature_transmit_checksum | net::feature_segmentation | net::feature_scatter_gather;

/// The byte at a place of the stream in a direction.
uint8_t content(unsigned direction, uint32_t place) {
    return static_cast<uint8_t>(place * 31 + place / 251 + direction * 97);
}

/// One end of the transfer: writes its stream, checks what it reads.
struct end {
    net::socket* socket = nullptr;
    uint32_t written = 0;
    uint32_t read = 0;
    bool shut = false;
    bool finished = false; ///< saw the end of the other's stream, or an error
    bool broken = false;   ///< saw an error: reset, by an attacker who guessed right
};

class transfer {
public:
    explicit transfer(uint8_t setup);

    static constexpr unsigned most_held = 16;

    void play(input& in);
    void finish();

private:
    /// What may happen to a frame, chosen by the low bits of a byte of the input.
    enum class fate : uint8_t { pass, lose, twice, hold, corrupt, cut, invent };

    static void carry(void* self, host& from, std::span<const uint8_t> bytes);
    void deliver(const host& from, const frame& what);
    void release_held();
    void corrupt(frame& what);

    void write(unsigned side, size_t bytes);
    void read(unsigned side, size_t bytes);
    void act(input& in);
    void end_stream(unsigned side);

    host left_;
    host right_;
    end ends_[2];
    net::socket* listener_ = nullptr;
    input* script_ = nullptr; ///< where the fates of frames come from
    bool reset_invented_ = false;
    bool held_from_left_[most_held] = {};
    unsigned held_count_ = 0;
};

frame held[transfer::most_held]; ///< outside of the scene: what was in it is not worth a copy

net::socket* make_stream(host& on) {
    auto made = net::sock_create(on.stack(), AF_INET, SOCK_STREAM, 0);
    require(made.ok(), "a socket cannot be made");
    made.value()->non_blocking = true;
    return made.value();
}

net::socket_address to_address(uint32_t ip, uint16_t port) {
    net::socket_address out;
    net::fill_inet_address(out, {.address = ip, .port = port});
    return out;
}

/// Bit 0: offloads on the left; 1: on the right; 2: small buffers; 3: Reno; 4: no handshake yet.
transfer::transfer(uint8_t setup)
    : left_(1, (setup & 1) != 0 ? all_features : 0), right_(2, (setup & 2) != 0 ? all_features : 0) {
    for (host* each : {&left_, &right_}) {
        each->on_sent = carry;
        each->context = this;
    }
    listener_ = make_stream(right_);
    ends_[0].socket = make_stream(left_);
    for (net::socket* each : {listener_, ends_[0].socket}) {
        const int small = 3000;
        if ((setup & 4) != 0) {
            (void)net::sock_setsockopt(*each, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
            (void)net::sock_setsockopt(*each, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
        }
        if ((setup & 8) != 0) {
            (void)net::sock_setsockopt(*each, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
        }
    }
    require(net::sock_bind(*listener_, to_address(0, 80)).ok() && net::sock_listen(*listener_, 1).ok(),
            "listen");
    (void)net::sock_connect(*ends_[0].socket, to_address(right_.ip(), 80));
    if ((setup & 16) == 0) {
        the_world.pass(millisecond);
        auto accepted = net::sock_accept(*listener_);
        require(accepted.ok(), "the handshake failed on a good wire");
        accepted.value()->non_blocking = true;
        ends_[1].socket = accepted.value();
    }
}

// ---- the wire --------------------------------------------------------------------------------------------

void transfer::carry(void* self, host& from, std::span<const uint8_t> bytes) {
    auto& us = *static_cast<transfer*>(self);
    frame what;
    what.add(bytes);
    // Half of the bytes of a script are fates of frames, the other half are deeds of the programs.
    const unsigned choice = us.script_ != nullptr ? us.script_->byte() : 0;
    switch (choice < 128 ? fate::pass : static_cast<fate>(choice % 7)) {
    case fate::pass:
        us.deliver(from, what);
        break;
    case fate::lose:
        break;
    case fate::twice:
        us.deliver(from, what);
        us.deliver(from, what);
        break;
    case fate::hold:
        if (us.held_count_ < most_held) {
            us.held_from_left_[us.held_count_] = &from == &us.left_;
            held[us.held_count_].length = 0;
            held[us.held_count_++].add(bytes);
        }
        break;
    case fate::corrupt:
        us.corrupt(what);
        us.deliver(from, what);
        break;
    case fate::cut:
        what.length = static_cast<uint16_t>(us.script_->word() % what.length + 1);
        us.deliver(from, what);
        break;
    case fate::invent: // a segment that an attacker off the path might send: other numbers, right checksums
        us.deliver(from, what);
        if (what.length >= 54 && what.bytes[link_bytes + 9] == 6) {
            const size_t place = link_bytes + 24 + us.script_->below(2) * 4;
            what.bytes[place] ^= 0x80;
            what.bytes[link_bytes + 33] = us.script_->byte() & 0x15;
            us.reset_invented_ = us.reset_invented_ || (what.bytes[link_bytes + 33] & 4) != 0;
            repair_frame(what, repair_ip | repair_transport);
            us.deliver(from, what);
        }
        break;
    }
}

/// One burst of at most 16 bits: any such error is found by the checksum (RFC 1071 §1). It spares the
/// Ethernet header, which the card's own check sequence covers.
void transfer::corrupt(frame& what) {
    const size_t place = link_bytes + script_->word() % (what.length - link_bytes);
    const uint8_t bits = script_->byte();
    what.bytes[place] ^= bits != 0 ? bits : 1;
}

void transfer::deliver(const host& from, const frame& what) {
    (&from == &left_ ? right_ : left_).receive(what.all());
}

void transfer::release_held() {
    while (held_count_ != 0) { // the last first: out of order
        held_count_--;
        deliver(held_from_left_[held_count_] ? left_ : right_, held[held_count_]);
    }
}

// ---- the programs ----------------------------------------------------------------------------------------

void transfer::write(unsigned side, size_t bytes) {
    end& self = ends_[side];
    if (self.socket == nullptr || self.shut) {
        return;
    }
    for (size_t i = 0; i < bytes; i++) {
        user_memory[i] = content(side, self.written + static_cast<uint32_t>(i));
    }
    const iovec vector = {.iov_base = user_memory, .iov_len = bytes};
    net::message msg;
    msg.payload = net::iov_iter(&vector, 1, net::iov_iter::memory::user);
    msg.flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    const auto sent = net::sock_sendmsg(*self.socket, msg);
    if (sent.ok()) {
        self.written += static_cast<uint32_t>(sent.value());
    } else if (sent.error().number != EAGAIN) {
        self.finished = self.broken = true;
    }
}

void transfer::read(unsigned side, size_t bytes) {
    end& self = ends_[side];
    const end& other = ends_[1 - side];
    if (self.socket == nullptr || self.finished) {
        return;
    }
    const iovec vector = {.iov_base = user_memory, .iov_len = bytes};
    net::message msg;
    msg.payload = net::iov_iter(&vector, 1, net::iov_iter::memory::user);
    msg.flags = MSG_DONTWAIT;
    const auto outcome = net::sock_recvmsg(*self.socket, msg);
    if (!outcome.ok()) {
        self.finished = self.broken = outcome.error().number != EAGAIN;
        return;
    }
    const size_t got = outcome.value();
    require(self.read + got <= other.written, "more bytes came than were sent");
    for (size_t i = 0; i < got; i++) {
        require(user_memory[i] == content(1 - side, self.read + static_cast<uint32_t>(i)),
                "a wrong byte came");
    }
    self.read += static_cast<uint32_t>(got);
    if (got == 0) {
        require(other.shut && self.read == other.written, "a stream ended before its end");
        self.finished = true;
    }
}

void transfer::end_stream(unsigned side) {
    end& self = ends_[side];
    if (self.socket != nullptr && !self.shut) {
        const auto outcome = net::sock_shutdown(*self.socket, SHUT_WR);
        self.shut = outcome.ok();
        self.broken = self.broken || (!outcome.ok() && outcome.error().number != ENOTCONN);
        self.finished = self.finished || self.broken;
    }
}

void transfer::act(input& in) {
    static constexpr uint16_t lengths[] = {1, 100, 536, 1460, 3000, 8000};
    const unsigned how = in.byte();
    const unsigned side = how & 1;
    switch (how >> 1 & 7) {
    case 0:
    case 1:
        write(side, in.one_of(lengths));
        break;
    case 2:
    case 3:
        read(side, in.one_of(lengths));
        break;
    case 4:
        release_held();
        break;
    case 5:
        the_world.pass((how >> 4) * 10 * millisecond);
        break;
    case 6:
        the_world.step(the_world.now + 100 * second);
        break;
    default:
        if ((how & 0xf0) == 0xf0) {
            end_stream(side);
        } else if (ends_[1].socket == nullptr) {
            auto accepted = net::sock_accept(*listener_);
            if (accepted.ok()) {
                accepted.value()->non_blocking = true;
                ends_[1].socket = accepted.value();
            }
        }
        break;
    }
    the_world.settle();
}

void transfer::play(input& in) {
    constexpr unsigned most_deeds = 16;
    script_ = &in;
    for (unsigned i = 0; i < most_deeds && !in.empty(); i++) {
        act(in);
    }
    script_ = nullptr;
}

/// The wire is good again: a connection that stands must bring everything over.
void transfer::finish() {
    release_held();
    the_world.settle();
    for (unsigned turn = 0; turn < 200 && !(ends_[0].finished && ends_[1].finished); turn++) {
        if (ends_[1].socket == nullptr) {
            auto accepted = net::sock_accept(*listener_);
            if (accepted.ok()) {
                ends_[1].socket = accepted.value();
                ends_[1].socket->non_blocking = true;
            }
        }
        for (const unsigned side : {0u, 1u}) {
            end_stream(side);
            read(side, 30000);
        }
        the_world.settle();
        the_world.step(the_world.now + 130 * second);
    }
    // An end whose peer was reset, or gave up, waits for ever, as it should; one that had said all does not
    // notice a reset.
    const bool reset = reset_invented_ || net::counted(left_.stack(), net::mib::tcp_out_resets) != 0 ||
                       net::counted(right_.stack(), net::mib::tcp_out_resets) != 0;
    const bool broken = ends_[0].broken || ends_[1].broken;
    const bool good = reset || broken || (ends_[0].finished && ends_[1].finished);
    if (!good) {
        left_.print_sockets();
        right_.print_sockets();
    }
    require(good, "a transfer hangs on a good wire");
    const linger at_once = {.l_onoff = 1, .l_linger = 0};
    for (net::socket* each : {ends_[0].socket, ends_[1].socket, listener_}) {
        if (each != nullptr) {
            (void)net::sock_setsockopt(*each, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
            net::sock_release(each);
        }
    }
    the_world.settle();
    host* const both[] = {&left_, &right_};
    check_end(both);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    static kept<transfer> scenes[32];
    input in(bytes, length);
    const uint8_t setup = in.byte() % 32;
    transfer& scene = scenes[setup].begin(setup);
    scene.play(in);
    scene.finish();
    return 0;
}
