#pragma once
// Hosts of the simulation: a stack with one network card each, joined by a wire.
//
//   sim::host a("10.0.0.1"), b("10.0.0.2");
//   sim::wire wire(a, b, {.delay = 5 * millisecond, .loss_percent = 1});

#include "net/core/net_device.hpp"
#include "net/stack.hpp"
#include "sim/address.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace sim {

using frame = std::vector<uint8_t>;

/// Something that takes frames: a card, a cable, a port of a switch.
struct frame_sink {
    virtual void receive(frame bytes) = 0;

protected:
    ~frame_sink() = default;
};

/// A network card: what it sends goes to what it is plugged into and to its log.
class nic : public frame_sink {
public:
    nic(net::stack& in, uint8_t number, uint32_t features);
    ~nic();
    nic(const nic&) = delete;
    nic& operator=(const nic&) = delete;

    /// A frame arrives, now.
    void receive(frame bytes) override;
    /// The cable is pulled or put back, by one of those who may do so: while anyone has it out, frames are
    /// lost both ways, and the driver says so.
    void set_cable(bool there);

    net::net_device device;
    std::vector<frame> sent; ///< every frame that left, for tests to look at
    bool keep_sent = true;
    frame_sink* plugged_in = nullptr;
    unsigned flushes = 0;
    unsigned taken = 0;     ///< packets that start_xmit took, whole ones counted once
    bool ring_full = false; ///< start_xmit answers `busy`
    unsigned multicast_updates = 0;

private:
    friend struct nic_driver;
    unsigned pulled_ = 0; ///< how many hold the cable out
    std::deque<frame> received_;
    net::net_device without_features_; ///< the plainest card: every packet is made ready in software
};

/// A stack with one card, up and with an address.
class host : public frame_sink {
public:
    explicit host(const char* ip, unsigned prefix = 24, uint32_t features = 0);
    /// A stack with a card that is up but has no address.
    struct unconfigured {};
    explicit host(unconfigured, uint32_t features = 0);
    ~host();
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    net::stack& stack() { return *stack_; }
    net::net_device& device() { return card->device; }
    uint32_t ip() const { return ip_; }
    uint64_t drops(net::drop_reason reason) const { return stack_->drops[static_cast<unsigned>(reason)]; }
    /// The text of /proc/net/NAME.
    std::string report(const char* name);
    /// Ends the stack early, to look at what it left behind.
    void destroy();

    // ---- for simulations, where hosts come and go ----

    /// Where its cards are plugged in, those of a later stack too.
    void plug_into(frame_sink* line);
    /// What the line brings: for the card, if there is one.
    void receive(frame bytes) override;
    /// The power fails: nothing is sent or received any more. Its programs have to be killed next.
    void power_off();
    /// Makes the stack anew after power_off(), when every socket is closed.
    void power_on();
    bool has_power() const { return has_power_; }

    std::unique_ptr<nic> card;

private:
    void start();
    void configure();

    net::stack* stack_ = nullptr;
    uint8_t number_;
    uint32_t features_;
    uint32_t ip_ = 0;
    unsigned prefix_ = 0;
    frame_sink* line_ = nullptr;
    bool has_power_ = true;
};

/// What a wire does to frames.
struct wire_options {
    net::port::time_ns delay = 100 * net::port::microsecond;
    net::port::time_ns jitter = 0; ///< added at random, so that frames overtake each other
    unsigned loss_percent = 0;
    unsigned duplicate_percent = 0;
    uint64_t bits_per_second = 0; ///< 0: no limit
    unsigned queue_frames = 1000; ///< what waits for the bandwidth
};

/// Joins the cards of two hosts.
class wire {
public:
    wire(host& left, host& right, const wire_options& options = {});
    ~wire();
    wire(const wire&) = delete;
    wire& operator=(const wire&) = delete;

    wire_options options;
    /// Asked about every frame, if set; false loses it. May change the bytes.
    std::function<bool(host& from, frame& bytes)> filter;
    uint64_t carried = 0;
    uint64_t lost = 0;

private:
    struct end : frame_sink {
        void receive(frame bytes) override { of->carry(*this, std::move(bytes)); }

        wire* of = nullptr;
        host* from = nullptr;
        host* to = nullptr;
        net::port::time_ns free_at = 0;
    };
    void carry(end& in, frame bytes);

    end ends_[2];
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace sim
