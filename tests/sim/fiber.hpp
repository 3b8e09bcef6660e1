#pragma once
// A fiber of the simulation: a stack of its own, switched by swapcontext(), announced to AddressSanitizer.

#include "net/port.hpp"
#include "sim/world.hpp"

#include <functional>
#include <memory>
#include <string>
#include <ucontext.h>
#include <vector>

namespace sim {

struct fiber {
    static constexpr size_t stack_bytes = 512 * 1024;

    std::string name;
    std::function<void()> body;
    bool daemon = false;
    bool finished = false;
    bool queued = false;       ///< in the ready queue
    uint64_t sleep_number = 0; ///< tells an old deadline from the present one
    wake_cause cause = wake_cause::none;
    bool interrupted = false;
    bool killed = false; ///< every call that could wait fails with EINTR, and the program ends
    std::vector<net::port::lock_rank> held; ///< ranks of the locks it holds

    ucontext_t context = {};
    std::unique_ptr<char[]> stack;
    void* asan_stack = nullptr;
};

} // namespace sim
