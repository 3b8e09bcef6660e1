// See line.hpp.

#include "sim/line.hpp"

#include "sim/router.hpp"

namespace sim {
namespace {

constexpr size_t address_bytes = 6;

uint64_t address_at(const frame& bytes, size_t offset) {
    uint64_t address = 0;
    for (size_t i = 0; i < address_bytes; i++) {
        address = address << 8 | bytes[offset + i];
    }
    return address;
}

} // namespace

line::line(unsigned number, frame_sink& to, const std::string& script, uint64_t seed, line_watch* watch)
    : number_(number), to_(to), watch_(watch), faults_(script, seed, world::current().now()) {}

void line::receive(frame bytes) {
    if (watch_ != nullptr) {
        watch_->sent(number_, bytes);
    }
    if (!is_too_large(bytes, mtu_)) {
        carry(std::move(bytes));
    } else if (must_stay_whole(bytes)) {
        other_direction_->carry(fragmentation_needed(bytes, mtu_));
    } else {
        for (frame& each : cut(bytes, mtu_)) {
            carry(std::move(each));
        }
    }
}

void line::narrow(uint32_t mtu, line& other_direction) {
    mtu_ = mtu;
    other_direction_ = &other_direction;
}

void line::carry(frame bytes) {
    faults_.send(std::move(bytes), world::current().now());
    set_alarm();
}

void line::set_alarm() {
    const net::port::time_ns next = faults_.next_arrival_ns();
    if (next >= alarm_) {
        return;
    }
    alarm_ = next;
    world::current().at(
        alarm_,
        [](void* context, uint64_t due) {
            auto& self = *static_cast<line*>(context);
            if (self.alarm_ == due) {
                self.deliver();
            }
        },
        this, alarm_);
}

void line::deliver() {
    alarm_ = net::port::never;
    while (std::optional<frame> next = faults_.receive(world::current().now())) {
        if (watch_ != nullptr) {
            watch_->arrived(number_, *next);
        }
        to_.receive(std::move(*next));
    }
    set_alarm();
}

ethernet_switch::ethernet_switch(unsigned ports) : ports_(ports) {
    for (switch_port& each : ports_) {
        each.in = this;
    }
}

void ethernet_switch::forward(switch_port& from, frame bytes) {
    if (bytes.size() < 2 * address_bytes) {
        return;
    }
    learned_[address_at(bytes, address_bytes)] = &from;
    const auto known = learned_.find(address_at(bytes, 0));
    if (known != learned_.end()) {
        if (known->second != &from && known->second->outgoing != nullptr) {
            known->second->outgoing->receive(std::move(bytes));
        }
        return;
    }
    for (switch_port& each : ports_) {
        if (&each != &from && each.outgoing != nullptr) {
            each.outgoing->receive(bytes);
        }
    }
}

} // namespace sim
