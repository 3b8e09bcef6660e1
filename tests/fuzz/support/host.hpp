#pragma once
// A stack with one network card: 10.0.0.N/24, a gateway at 10.0.0.254. It is part of a scene (scene.hpp):
// never destroyed, but looked over at the end of every input and then put back to where it began.

#include "fuzz/support/frame.hpp"
#include "net/core/net_device.hpp"
#include "net/stack.hpp"

#include <span>

namespace fuzz {

constexpr uint32_t network = 0x0a000000; // 10.0.0.0/24

class host {
public:
    explicit host(uint8_t number, uint32_t features = 0);
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    /// A frame arrives. It is handled when the stack runs next: see world::settle().
    void receive(std::span<const uint8_t> bytes);
    /// What /proc/net says of its sockets, on the standard error, for a failure's message.
    void print_sockets();
    net::stack& stack() { return *stack_; }
    uint32_t ip() const { return network | device.mac[5]; }

    net::net_device device;
    /// Told about every frame that leaves.
    void (*on_sent)(void* context, host& from, std::span<const uint8_t> bytes) = nullptr;
    void* context = nullptr;
    bool ring_full = false; ///< the card answers `busy`
    bool checked = true;    ///< what it sends is checked: false once a program may send what it likes

private:
    friend struct card_driver;
    friend void check_end(std::span<host* const> hosts);
    static constexpr unsigned inbox_frames = 8;

    net::stack* stack_ = nullptr;
    unsigned timers_at_rest_ = 0;
    net::net_device without_features_; ///< the plainest card: every packet is made ready in software
    unsigned inbox_first_ = 0;
    unsigned inbox_count_ = 0;
    frame* inbox_; ///< outside of the scene: what was in it is not worth a copy
};

/// All sockets are closed: fails unless every sock, packet, timer and allocation goes away, at once or after
/// the time that the protocols take for it.
void check_end(std::span<host* const> hosts);

} // namespace fuzz
