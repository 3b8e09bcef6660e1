// Copies between the user's buffers and the kernel, piece by piece.

#include "net/core/iov_iter.hpp"

#include "kernel/lib/string.hpp"
#include "net/core/sk_buff.hpp"

namespace net {

iov_iter::iov_iter(const iovec* vector, size_t count, memory where)
    : vector_(vector), count_(count), where_(where) {
    for (size_t i = 0; i < count; i++) {
        remaining_ += vector[i].iov_len;
    }
}

/// Calls piece(address, bytes) for each run of the user's memory in the next length bytes and moves on
/// after each one that succeeded.
template <class Piece>
lib::result<void> iov_iter::for_each_piece(size_t length, Piece piece) {
    ASSERT(length <= remaining_);
    while (length != 0) {
        const size_t left = vector_->iov_len - offset_;
        if (left == 0) {
            vector_++;
            count_--;
            offset_ = 0;
            continue;
        }
        const size_t run = length < left ? length : left;
        TRY(piece(reinterpret_cast<uintptr_t>(vector_->iov_base) + offset_, run));
        offset_ += run;
        remaining_ -= run;
        length -= run;
    }
    return {};
}

lib::result<void> iov_iter::copy_from(void* to, size_t length) {
    auto* out = static_cast<uint8_t*>(to);
    return for_each_piece(length, [&](uintptr_t from, size_t run) -> lib::result<void> {
        if (where_ == memory::kernel) {
            memcpy(out, reinterpret_cast<const void*>(from), run);
        } else {
            TRY(port::copy_from_user(out, from, run));
        }
        out += run;
        return {};
    });
}

lib::result<void> iov_iter::copy_to(const void* from, size_t length) {
    const auto* in = static_cast<const uint8_t*>(from);
    return for_each_piece(length, [&](uintptr_t to, size_t run) -> lib::result<void> {
        if (where_ == memory::kernel) {
            memcpy(reinterpret_cast<void*>(to), in, run);
        } else {
            TRY(port::copy_to_user(to, in, run));
        }
        in += run;
        return {};
    });
}

lib::result<void> iov_iter::copy_to(const sk_buff& skb, uint32_t offset, size_t length) {
    lib::result<void> outcome;
    skb.for_each_run(offset, static_cast<uint32_t>(length), [&](const uint8_t* bytes, uint32_t run) {
        if (outcome.ok()) {
            outcome = copy_to(bytes, run);
        }
    });
    return outcome;
}

void iov_iter::skip(size_t length) {
    (void)for_each_piece(length, [](uintptr_t, size_t) -> lib::result<void> { return {}; });
}

} // namespace net
