// Dropping packets: one counter and one trace record per reason, then the memory goes back.

#include "net/core/drop.hpp"

#include "net/stack.hpp"

namespace net {

const char* drop_reason_name(drop_reason reason) {
    static constexpr const char* names[] = {
#define REASON(name) #name,
        NET_DROP_REASONS(REASON)
#undef REASON
    };
    return names[static_cast<unsigned>(reason)];
}

void count_drop(stack& in, drop_reason reason) {
    __atomic_fetch_add(&in.drops[static_cast<unsigned>(reason)], 1, __ATOMIC_RELAXED);
}

void drop(skb_ptr skb, drop_reason reason) {
    stack& in = *skb->owner_stack;
    count_drop(in, reason);
    trace(in, trace_event::drop, {.skb = skb->id, .value = {static_cast<uint64_t>(reason), skb->length()}});
}

} // namespace net
