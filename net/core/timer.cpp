// The timer wheel: six wheels of 64 slots. A timer lies on the lowest wheel whose current turn reaches its
// deadline: wheel 0 has a slot per millisecond, a slot of wheel n spans 64^n of them. When the time reaches
// a slot of a higher wheel, its timers are put again and land on lower wheels.
//
// The wheel of a timer follows from the highest bit in which its tick and the current tick differ. Time only
// ever advances to the next occupied slot or, when that lies in the future, to a moment before it, so the
// rule keeps holding for timers that are not touched. Empty stretches are skipped with one look at the
// bitmap of a wheel; nothing is counted tick by tick.

#include "net/core/timer.hpp"

#include "net/stack.hpp"

#include <bit>

namespace net {
namespace {

constexpr unsigned bits_per_level = 6;
constexpr uint64_t slot_mask = 63;

} // namespace

timer_wheel::timer_wheel(stack& owner) : owner_(owner), current_tick_(port::now() / tick) {}

timer_wheel::~timer_wheel() {
    ASSERT(pending_ == 0);
}

bool timer_wheel::set(timer& which, port::time_ns deadline) {
    ASSERT(deadline != port::never);
    bool was_idle = false;
    bool sooner = false;
    {
        port::guard held(lock_);
        was_idle = which.deadline == port::never;
        if (!was_idle) {
            take_out(which);
        }
        set_deadline(which, deadline);
        place(which);
        pending_++;
        sooner = deadline < wake_at_;
        if (sooner) {
            wake_at_ = deadline;
        }
    }
    if (sooner) {
        port::wake_worker(owner_);
    }
    return was_idle;
}

bool timer_wheel::cancel(timer& which) {
    port::guard held(lock_);
    if (which.deadline == port::never) {
        return false;
    }
    take_out(which);
    set_deadline(which, port::never);
    return true;
}

void timer_wheel::take_out(timer& which) {
    slot& home = slots_[which.level][which.slot];
    slot::remove(which);
    if (home.empty()) {
        occupied_[which.level] &= ~(uint64_t{1} << which.slot);
    }
    pending_--;
}

void timer_wheel::place(timer& which) {
    // Rounded up: a timer may be late by less than a tick, never early.
    uint64_t due = which.deadline / tick + (which.deadline % tick != 0 ? 1 : 0);
    constexpr uint64_t horizon = (uint64_t{1} << (bits_per_level * levels)) - 1;
    due = due < current_tick_ ? current_tick_ : due;
    due = due - current_tick_ > horizon / 2 ? current_tick_ + horizon / 2 : due;
    const uint64_t differing = (due ^ current_tick_) | slot_mask;
    unsigned level = (63u - static_cast<unsigned>(std::countl_zero(differing))) / bits_per_level;
    level = level < levels ? level : levels - 1;
    const auto index = static_cast<unsigned>(due >> (bits_per_level * level) & slot_mask);
    which.level = static_cast<uint8_t>(level);
    which.slot = static_cast<uint8_t>(index);
    slots_[level][index].push_back(which);
    occupied_[level] |= uint64_t{1} << index;
}

/// The time has reached a slot of a higher wheel. All its timers move to lower wheels at once: of those left
/// behind next_event would learn only when the lower wheels are empty, however soon they are due.
void timer_wheel::put_again(unsigned level, unsigned index) {
    while (timer* next = slots_[level][index].front()) {
        take_out(*next);
        place(*next);
        pending_++;
    }
}

/// The next tick at which something is to be done: a slot of wheel 0 expires, or one of a higher wheel
/// must be put again. False when no timer is pending.
bool timer_wheel::next_event(unsigned* level, unsigned* index, uint64_t* at_tick) const {
    for (unsigned wheel = 0; wheel < levels; wheel++) {
        if (occupied_[wheel] == 0) {
            continue;
        }
        const unsigned shift = bits_per_level * wheel;
        const auto now_index = static_cast<unsigned>(current_tick_ >> shift & slot_mask);
        // Slots before the current one belong to the next turn: only the highest wheel can have them.
        const auto turned = std::rotr(occupied_[wheel], static_cast<int>(now_index));
        const auto ahead = static_cast<unsigned>(std::countr_zero(turned));
        *level = wheel;
        *index = static_cast<unsigned>((now_index + ahead) & slot_mask);
        *at_tick = ((current_tick_ >> shift) + ahead) << shift;
        if (*at_tick < current_tick_) {
            *at_tick = current_tick_;
        }
        return true;
    }
    return false;
}

port::time_ns timer_wheel::next_deadline_locked() const {
    unsigned level = 0;
    unsigned index = 0;
    uint64_t at_tick = 0;
    return next_event(&level, &index, &at_tick) ? at_tick * tick : port::never;
}

port::time_ns timer_wheel::next_deadline() const {
    port::guard held(lock_);
    return next_deadline_locked();
}

port::time_ns timer_wheel::run(port::time_ns now) {
    const uint64_t now_tick = now / tick;
    lock_.acquire();
    unsigned level = 0;
    unsigned index = 0;
    uint64_t at_tick = 0;
    while (next_event(&level, &index, &at_tick) && at_tick <= now_tick) {
        current_tick_ = at_tick;
        if (level != 0) {
            put_again(level, index);
            continue;
        }
        timer& first = *slots_[level][index].front();
        take_out(first);
        set_deadline(first, port::never);
        lock_.give_back();
        first.expire(first);
        lock_.acquire();
    }
    if (now_tick > current_tick_) {
        current_tick_ = now_tick;
    }
    wake_at_ = next_deadline_locked();
    const port::time_ns next = wake_at_;
    lock_.give_back();
    return next;
}

} // namespace net
