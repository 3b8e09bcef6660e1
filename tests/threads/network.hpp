#pragma once
// A network for real threads: cards plugged into one switch, whose thread hands frames from the thread that
// sends them to the worker of the stack that gets them, late, twice, damaged or not at all, as a seed says.

#include "net/core/net_device.hpp"
#include "threads/machine.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <vector>

namespace threads {

using frame = std::vector<uint8_t>;

class network;

/// A network card of one stack.
class card {
public:
    card(net::stack& in, network& on, uint8_t number, uint32_t features);
    ~card();
    card(const card&) = delete;
    card& operator=(const card&) = delete;

    /// A frame arrives: what an interrupt would tell.
    void receive(frame bytes);

    net::net_device device;

private:
    friend struct card_driver;
    network& network_;
    std::mutex mutex_;
    std::deque<frame> received_;       ///< guarded by mutex_
    net::net_device without_features_; ///< the plainest card: every packet is made ready in software
};

/// What the wires do to frames, the same in every direction.
struct network_faults {
    time_ns delay = 0;  ///< on the stacks' clock
    time_ns jitter = 0; ///< added at random, so that frames overtake each other
    unsigned loss_permille = 0;
    unsigned duplicate_permille = 0;
    unsigned corrupt_permille = 0; ///< one bit of an IPv4 packet flips
};

class network {
public:
    network(uint64_t seed, const network_faults& faults);
    ~network();
    network(const network&) = delete;
    network& operator=(const network&) = delete;

    void plug(card& in);
    /// No frame comes or goes any more.
    void unplug(card& out);
    /// A frame leaves a card. Called with its device lock held.
    void carry(const card& from, frame bytes);
    /// Cuts or mends the wire of a card.
    void cut(const card& which, bool apart);

private:
    struct in_flight {
        std::chrono::steady_clock::time_point arrives;
        uint64_t order;
        uint64_t from_mac;
        frame bytes;
        bool operator>(const in_flight& other) const {
            return arrives != other.arrives ? arrives > other.arrives : order > other.order;
        }
    };
    struct port {
        card* plugged;
        bool cut;
    };

    bool chance(unsigned permille) { return random_() % 1000 < permille; }
    bool reaches(const card& which) const;
    void deliver(const in_flight& next);
    void work();

    const network_faults faults_;
    std::mutex mutex_; ///< guards what follows
    std::condition_variable changed_;
    std::mt19937_64 random_;
    std::vector<port> ports_;
    std::priority_queue<in_flight, std::vector<in_flight>, std::greater<>> flying_;
    uint64_t order_ = 0;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace threads
