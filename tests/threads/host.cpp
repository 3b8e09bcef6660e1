// See host.hpp.

#include "threads/host.hpp"

#include "net/ipv4/route.hpp"

#include <cstdio>
#include <cstdlib>

namespace sim {
namespace {

constexpr uint32_t netmask = 0xffffff00;

template <class T>
T require(lib::result<T> outcome, const char* what) {
    if (!outcome.ok()) {
        std::fprintf(stderr, "threads: %s: error %d\n", what, outcome.error().number);
        std::abort();
    }
    if constexpr (!std::is_void_v<T>) {
        return outcome.value();
    }
}

} // namespace

host::host(threads::network& on, uint8_t number, uint32_t ip, uint32_t features)
    : stack_(require(net::stack::create(), "stack::create")),
      worker_(std::make_unique<threads::worker>(*stack_)),
      card_(std::make_unique<threads::card>(*stack_, on, number, features)) {
    require(net::set_interface_address(*stack_, card_->device, ip, netmask, ip | ~netmask), "the address");
}

host::~host() {
    freeze(); // nobody polls the card while it goes
    card_.reset();
    net::stack::destroy(stack_);
}

} // namespace sim
