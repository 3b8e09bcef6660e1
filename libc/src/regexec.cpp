// regexec(): runs a program of regcomp() over a text.
//
// All states are kept in two lists, for this byte and the next; a state reached twice at one byte is kept
// once, the preferred way first. States that began further left win, then the longest match (POSIX's rule);
// where groups lie inside it follows the preference of greedy repetition.

#include "libc/src/internal/regex.hpp"

#include <stdlib.h>
#include <string.h>

namespace libc::regex {

namespace {

struct state {
    int place; // instruction
    regoff_t* slots;
};

/// The states at one byte.
struct state_list {
    state* states;
    int count;
};

class machine {
public:
    machine(const program& run, const char* text, int flags, size_t slots)
        : run_(run), text_(text), flags_(flags), slots_(slots) {}

    machine(const machine&) = delete;
    machine& operator=(const machine&) = delete;
    ~machine() { free(memory_); }

    /// Runs; 0, REG_NOMATCH or REG_ESPACE. `found` gets the slots of the best match.
    int match(regoff_t* found) {
        if (!allocate()) {
            return REG_ESPACE;
        }
        bool matched = false;
        for (offset_ = 0;; offset_++) {
            if (!matched) { // A later beginning has less preference than all states there are.
                for (size_t i = 0; i < slots_; i++) {
                    scratch_[i] = -1;
                }
                add(now_, 0);
            }
            matched |= step(found);
            state_list done = now_;
            now_ = later_;
            later_ = done;
            later_.count = 0;
            if (text_[offset_] == '\0' || (matched && now_.count == 0)) {
                return matched ? 0 : REG_NOMATCH;
            }
        }
    }

private:
    bool allocate() {
        auto length = static_cast<size_t>(run_.length);
        size_t bytes = 2 * length * (sizeof(state) + slots_ * sizeof(regoff_t)) + slots_ * sizeof(regoff_t) +
                       length * sizeof(long);
        memory_ = static_cast<char*>(calloc(1, bytes));
        if (memory_ == nullptr) {
            return false;
        }
        auto* slots = reinterpret_cast<regoff_t*>(memory_);
        auto* states = reinterpret_cast<state*>(slots + 2 * length * slots_);
        for (size_t i = 0; i < 2 * length; i++) {
            states[i].slots = slots + i * slots_;
        }
        now_ = {states, 0};
        later_ = {states + length, 0};
        scratch_ = reinterpret_cast<regoff_t*>(states + 2 * length);
        marks_ = reinterpret_cast<long*>(scratch_ + slots_);
        return true;
    }

    bool at_begin() const {
        if (offset_ == 0) {
            return (flags_ & REG_NOTBOL) == 0;
        }
        return (run_.flags & REG_NEWLINE) != 0 && text_[offset_ - 1] == '\n';
    }
    bool at_end() const {
        if (text_[offset_] == '\0') {
            return (flags_ & REG_NOTEOL) == 0;
        }
        return (run_.flags & REG_NEWLINE) != 0 && text_[offset_] == '\n';
    }

    /// Follows everything that consumes no byte from `place`, with scratch_ as the slots of the way here.
    void add(state_list& list, int place) {
        while (marks_[place] != mark_) {
            marks_[place] = mark_;
            const instruction& each = run_.code[place];
            switch (each.what) {
            case operation::jump:
                place = each.first;
                continue;
            case operation::split:
                add(list, each.first);
                place = each.second;
                continue;
            case operation::begin:
            case operation::end:
                if (!(each.what == operation::begin ? at_begin() : at_end())) {
                    return;
                }
                place++;
                continue;
            case operation::save:
                if (static_cast<size_t>(each.value) < slots_) {
                    regoff_t before = scratch_[each.value];
                    scratch_[each.value] = static_cast<regoff_t>(offset_);
                    add(list, place + 1);
                    scratch_[each.value] = before;
                    return;
                }
                place++;
                continue;
            default: {
                state& kept = list.states[list.count++];
                kept.place = place;
                memcpy(kept.slots, scratch_, slots_ * sizeof(regoff_t));
                return;
            }
            }
        }
    }

    bool consumes(const instruction& each, unsigned char byte) const {
        switch (each.what) {
        case operation::byte:
            return byte == each.value;
        case operation::any:
            return true;
        case operation::set:
            return run_.sets[each.value].has(byte);
        default:
            return false;
        }
    }

    /// Moves all states over one byte; whether a match ended here that is better than `found`.
    bool step(regoff_t* found) {
        auto byte = static_cast<unsigned char>(text_[offset_]);
        bool matched = false;
        mark_++;
        for (int i = 0; i < now_.count; i++) {
            const state& each = now_.states[i];
            const instruction& code = run_.code[each.place];
            if (code.what == operation::match) {
                bool better = found[1] < 0 || each.slots[0] < found[0] ||
                              (each.slots[0] == found[0] && each.slots[1] > found[1]);
                if (better) {
                    memcpy(found, each.slots, slots_ * sizeof(regoff_t));
                }
                matched = true;
            } else if (byte != '\0' && consumes(code, byte) && (found[1] < 0 || each.slots[0] <= found[0])) {
                memcpy(scratch_, each.slots, slots_ * sizeof(regoff_t));
                offset_++;
                add(later_, each.place + 1);
                offset_--;
            }
        }
        return matched;
    }

    const program& run_;
    const char* text_;
    int flags_;
    size_t slots_;
    char* memory_ = nullptr;
    state_list now_ = {};
    state_list later_ = {};
    regoff_t* scratch_ = nullptr;
    long* marks_ = nullptr; // when a state was last reached
    long mark_ = 1;
    size_t offset_ = 0;
};

} // namespace

} // namespace libc::regex

extern "C" int regexec(const regex_t* expression, const char* text, size_t count, regmatch_t* matches,
                       int flags) {
    using namespace libc::regex;
    const auto& run = *static_cast<const program*>(expression->program);
    bool wanted = (run.flags & REG_NOSUB) == 0 && count > 0;
    size_t groups = wanted ? count : 1;
    size_t most = static_cast<size_t>(run.groups) + 1;
    most = most < static_cast<size_t>(most_groups) ? most : most_groups;
    groups = groups < most ? groups : most;
    regoff_t found[2 * most_groups];
    for (regoff_t& slot : found) {
        slot = -1;
    }
    int result = machine(run, text, flags, 2 * groups).match(found);
    for (size_t i = 0; wanted && result == 0 && i < count; i++) {
        matches[i] = i < groups && found[2 * i + 1] >= 0 ? regmatch_t{found[2 * i], found[2 * i + 1]}
                                                         : regmatch_t{-1, -1};
    }
    return result;
}
