#pragma once
// A host of the lab on real threads: a stack, its card, and its net worker.

#include "net/stack.hpp"
#include "threads/network.hpp"

#include <cstdint>
#include <memory>

namespace sim {

class host {
public:
    host(threads::network& on, uint8_t number, uint32_t ip, uint32_t features);
    ~host();
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    net::stack& stack() { return *stack_; }
    threads::card& card() { return *card_; }
    /// Stops the worker: nothing moves in the stack any more.
    void freeze() { worker_.reset(); }

private:
    net::stack* stack_;
    std::unique_ptr<threads::worker> worker_;
    std::unique_ptr<threads::card> card_;
};

} // namespace sim
