// Walking a list of pieces. The position is (piece, offset within it); a copy goes piece by piece from
// there and commits the new position only when every byte was moved, so that a caller who gets EFAULT in
// the middle can still say how much was done before.

#include "kernel/fs/io_buffer.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/assert.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/user_ptr.hpp"

namespace fs {

io_buffer::io_buffer(const io_piece* pieces, size_t count, io_memory memory)
    : single_{}, pieces_(pieces), memory_(memory) {
    for (size_t i = 0; i < count; i++) {
        remaining_ += pieces[i].length;
    }
    ASSERT(remaining_ <= io_length_limit);
}

io_buffer::io_buffer(void* address, size_t length, io_memory memory)
    : single_{reinterpret_cast<uint64_t>(address), length < io_length_limit ? length : io_length_limit},
      pieces_(&single_), remaining_(single_.length), memory_(memory) {}

io_piece io_buffer::current() const {
    size_t index = index_;
    size_t offset = offset_;
    if (remaining_ == 0) {
        return {0, 0};
    }
    while (offset == pieces_[index].length) {
        index++;
        offset = 0;
    }
    const uint64_t left = pieces_[index].length - offset;
    return {pieces_[index].address + offset, left < remaining_ ? left : remaining_};
}

void io_buffer::advance(size_t length) {
    ASSERT(length <= remaining_);
    remaining_ -= length;
    done_ += length;
    while (length > 0) {
        const size_t left = pieces_[index_].length - offset_;
        const size_t step = left < length ? left : length;
        offset_ += step;
        length -= step;
        if (length > 0) {
            index_++;
            offset_ = 0;
        }
    }
}

void io_buffer::rewind(size_t length) {
    ASSERT(length <= done_);
    remaining_ += length;
    done_ -= length;
    while (length > offset_) {
        length -= offset_;
        index_--;
        offset_ = pieces_[index_].length;
    }
    offset_ -= length;
}

void io_buffer::limit(size_t length) {
    if (length < remaining_) {
        remaining_ = length;
    }
}

/// Calls copy(address, position, length) for the pieces of the next length bytes, then advances over them.
template <class Copy>
lib::result<void> io_buffer::walk(size_t length, Copy copy) {
    ASSERT(length <= remaining_);
    size_t index = index_;
    size_t offset = offset_;
    size_t moved = 0;
    while (moved < length) {
        const size_t left = pieces_[index].length - offset;
        const size_t step = left < length - moved ? left : length - moved;
        if (step > 0) {
            TRY(copy(pieces_[index].address + offset, moved, step));
        }
        moved += step;
        offset += step;
        if (moved < length) {
            index++;
            offset = 0;
        }
    }
    index_ = index;
    offset_ = offset;
    remaining_ -= length;
    done_ += length;
    return {};
}

lib::result<void> io_buffer::copy_out(const void* from, size_t length) {
    const auto* bytes = static_cast<const char*>(from);
    return walk(length, [&](uint64_t address, size_t position, size_t step) -> lib::result<void> {
        if (memory_ == io_memory::kernel) {
            memcpy(reinterpret_cast<void*>(address), bytes + position, step);
            return {};
        }
        return mm::copy_to_user(mm::user_ptr<void>(address), bytes + position, step);
    });
}

lib::result<void> io_buffer::copy_in(void* to, size_t length) {
    auto* bytes = static_cast<char*>(to);
    return walk(length, [&](uint64_t address, size_t position, size_t step) -> lib::result<void> {
        if (memory_ == io_memory::kernel) {
            memcpy(bytes + position, reinterpret_cast<const void*>(address), step);
            return {};
        }
        return mm::copy_from_user(bytes + position, mm::user_ptr<const void>(address), step);
    });
}

lib::result<void> io_buffer::clear(size_t length) {
    static constexpr char zeros[512] = {};
    while (length > 0) {
        const size_t step = length < sizeof zeros ? length : sizeof zeros;
        TRY(copy_out(zeros, step));
        length -= step;
    }
    return {};
}

} // namespace fs
