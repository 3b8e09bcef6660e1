#pragma once
// What joins hosts in a simulation: lines, each one direction of a cable with the faults of a script (the
// notation of tests/wire/link, with its code), and a switch for more than two hosts.

#include "sim/host.hpp"
#include "tests/wire/link/faults.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sim {

/// Sees every frame of a line.
struct line_watch {
    virtual void sent(unsigned line, const frame& bytes) = 0;
    virtual void arrived(unsigned line, const frame& bytes) = 0;

protected:
    ~line_watch() = default;
};

/// One direction of a cable. Lives as long as its world.
class line : public frame_sink {
public:
    line(unsigned number, frame_sink& to, const std::string& script, uint64_t seed, line_watch* watch);

    void receive(frame bytes) override;
    /// From now on a router at its beginning lets no IP packet of more than mtu bytes through whole
    /// (router.hpp) and answers by the other direction of the cable.
    void narrow(uint32_t mtu, line& other_direction);

private:
    void carry(frame bytes);
    void set_alarm();
    void deliver();

    const unsigned number_;
    frame_sink& to_;
    line_watch* watch_;
    uint32_t mtu_ = UINT32_MAX;
    line* other_direction_ = nullptr;
    ::wire::direction faults_;
    net::port::time_ns alarm_ = net::port::never; ///< when deliver() will be called
};

/// Learns behind which port an address is, and sends to all others what it does not know.
class ethernet_switch {
public:
    explicit ethernet_switch(unsigned ports);

    frame_sink& port(unsigned number) { return ports_[number]; }
    /// What the port sends to.
    void plug(unsigned number, frame_sink& outgoing) { ports_[number].outgoing = &outgoing; }

private:
    struct switch_port : frame_sink {
        void receive(frame bytes) override { in->forward(*this, std::move(bytes)); }

        ethernet_switch* in = nullptr;
        frame_sink* outgoing = nullptr;
    };
    void forward(switch_port& from, frame bytes);

    std::vector<switch_port> ports_;
    std::map<uint64_t, switch_port*> learned_;
};

} // namespace sim
