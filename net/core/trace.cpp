// The trace ring. A writer takes the next number, fills the slot that the number falls on, and publishes it
// by storing the number last. Nobody waits for anybody: a writer that is interrupted halfway leaves one slot
// unreadable for that long, and a reader that is overtaken learns how many records it missed.
//
// A reader that sees any word of a newer record also sees, when it looks at the number again, that it
// changed: words are stored with release after the number became 0 and loaded with acquire before the second
// look. No fences, which ThreadSanitizer does not know.

#include "net/core/trace.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/string.hpp"
#include "net/stack.hpp"

namespace net {
namespace {

constexpr trace_event_description descriptions[] = {
#define EVENT(identifier, layer, name, value0, value1, value2, value3)                                       \
    {layer, name, {value0, value1, value2, value3}},
    NET_TRACE_EVENTS(EVENT)
#undef EVENT
};

constexpr unsigned event_count = static_cast<unsigned>(trace_event::count);

/// Whether a name such as "tcp" or "tcp.state" or "all" stands for the event.
bool names(const char* name, const trace_event_description& event) {
    if (strcmp(name, "all") == 0) {
        return true;
    }
    const size_t layer_length = strlen(event.layer);
    if (strncmp(name, event.layer, layer_length) != 0) {
        return false;
    }
    const char* rest = name + layer_length;
    return *rest == '\0' || (*rest == '.' && strcmp(rest + 1, event.name) == 0);
}

} // namespace

const trace_event_description& describe(trace_event event) {
    ASSERT(event < trace_event::count);
    return descriptions[static_cast<unsigned>(event)];
}

void trace_ring::slot::fill(uint64_t new_number, const trace_record& record) {
    uint64_t from[sizeof(words) / sizeof(words[0])];
    static_assert(sizeof(from) == sizeof(record));
    memcpy(from, &record, sizeof(from));
    __atomic_store_n(&number, 0, __ATOMIC_RELAXED);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        __atomic_store_n(&words[i], from[i], __ATOMIC_RELEASE);
    }
    __atomic_store_n(&number, new_number, __ATOMIC_RELEASE);
}

uint64_t trace_ring::slot::copy_to(trace_record& record) const {
    uint64_t to[sizeof(words) / sizeof(words[0])];
    const uint64_t before = __atomic_load_n(&number, __ATOMIC_ACQUIRE);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        to[i] = __atomic_load_n(&words[i], __ATOMIC_ACQUIRE);
    }
    memcpy(&record, to, sizeof(record));
    return __atomic_load_n(&number, __ATOMIC_RELAXED) == before ? before : 0;
}

trace_ring::trace_ring() = default;

trace_ring::~trace_ring() {
    port::release(slots_);
}

lib::result<void> trace_ring::enable(const char* name, bool on) {
    uint64_t chosen = 0;
    for (unsigned i = 0; i < event_count; i++) {
        if (names(name, descriptions[i])) {
            chosen |= uint64_t{1} << i;
        }
    }
    if (chosen == 0) {
        return lib::error{EINVAL};
    }
    if (!on) {
        __atomic_fetch_and(&enabled_, ~chosen, __ATOMIC_RELEASE);
        return {};
    }
    if (__atomic_load_n(&slots_, __ATOMIC_ACQUIRE) == nullptr) {
        auto* fresh = static_cast<slot*>(port::allocate(capacity * sizeof(slot), port::memory_tag::other));
        if (fresh == nullptr) {
            return lib::error{ENOMEM};
        }
        memset(fresh, 0, capacity * sizeof(slot));
        slot* none = nullptr;
        if (!__atomic_compare_exchange_n(&slots_, &none, fresh, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
            port::release(fresh); // somebody else was faster
        }
    }
    __atomic_fetch_or(&enabled_, chosen, __ATOMIC_RELEASE);
    return {};
}

void trace_ring::write(trace_event event, const trace_fields& fields) {
    const uint64_t number = __atomic_fetch_add(&next_, 1, __ATOMIC_RELAXED);
    slots_[number % capacity].fill(
        number + 1, {.time_ns = port::now(),
                     .event = static_cast<uint16_t>(event),
                     .cpu = static_cast<uint16_t>(port::current_cpu()),
                     .task = port::current_task_id(),
                     .sock = fields.sock,
                     .skb = fields.skb,
                     .value = {fields.value[0], fields.value[1], fields.value[2], fields.value[3]}});
    if (__builtin_expect(__atomic_exchange_n(&wake_wanted_, false, __ATOMIC_ACQ_REL), 0)) {
        readers.wake_all();
    }
}

size_t trace_ring::read(uint64_t* position, trace_record* to, size_t limit, uint64_t* lost) const {
    *lost = 0;
    const uint64_t end = written();
    if (end - *position > capacity) {
        *lost = end - capacity - *position;
        *position = end - capacity;
    }
    size_t copied = 0;
    while (copied < limit && *position < end) {
        const slot& at = slots_[*position % capacity];
        if (__atomic_load_n(&at.number, __ATOMIC_ACQUIRE) <= *position) {
            break; // being written, or its writer has only taken the number yet
        }
        if (at.copy_to(to[copied]) == *position + 1) {
            copied++;
        } else {
            (*lost)++;
        }
        (*position)++;
    }
    if (copied == 0) {
        __atomic_store_n(&wake_wanted_, true, __ATOMIC_RELEASE);
    }
    return copied;
}

void trace_ring::last(size_t limit, void (*visit)(const trace_record&, void*), void* context) const {
    if (__atomic_load_n(&slots_, __ATOMIC_ACQUIRE) == nullptr) {
        return;
    }
    const uint64_t end = written();
    const uint64_t available = end < capacity ? end : capacity;
    for (uint64_t number = end - (limit < available ? limit : available); number < end; number++) {
        trace_record record;
        if (slots_[number % capacity].copy_to(record) == number + 1) {
            visit(record, context);
        }
    }
}

} // namespace net
