#pragma once
// The other end of a read or a write: a list of pieces of user or kernel memory and how far it has been
// filled or emptied. File systems, pipes, ttys and sockets move bytes only through copy_in and copy_out,
// so none of them knows whose memory it is, and a bad user address is an EFAULT in one place.
//
// An io_buffer is made on the stack of a system call, belongs to one thread and is not locked. Copies
// touch user memory: they may fault pages in and sleep, so never copy under a spinlock.

#include "kernel/lib/result.hpp"

#include <cstddef>
#include <cstdint>

namespace fs {

/// One piece of memory; the layout is that of struct iovec, so a copied-in array serves directly.
struct io_piece {
    uint64_t address;
    uint64_t length;
};

enum class io_memory : unsigned char { user, kernel };

/// The most that one call moves, as Linux's MAX_RW_COUNT: it keeps every count within an int.
constexpr uint64_t io_length_limit = 0x7ffff000;

class io_buffer {
public:
    /// Borrows the pieces, which the caller has checked to sum up to at most io_length_limit.
    io_buffer(const io_piece* pieces, size_t count, io_memory memory);
    /// One piece; a length above io_length_limit is cut to it.
    io_buffer(void* address, size_t length, io_memory memory);
    io_buffer(const io_buffer&) = delete;
    io_buffer& operator=(const io_buffer&) = delete;

    /// Bytes not yet moved.
    size_t remaining() const { return remaining_; }
    /// Bytes moved so far.
    size_t done() const { return done_; }

    /// Moves exactly length bytes (at most remaining()) into the buffer: the reading direction.
    /// EFAULT: the position did not advance, although some bytes may have been written.
    lib::result<void> copy_out(const void* from, size_t length);
    /// Moves exactly length bytes (at most remaining()) from the buffer: the writing direction. EFAULT as
    /// above.
    lib::result<void> copy_in(void* to, size_t length);
    /// As copy_out with zero bytes.
    lib::result<void> clear(size_t length);

    /// The present piece from the position on, for callers that hand memory on piece by piece; length 0 at
    /// the end. Skip what was used with advance().
    io_piece current() const;
    io_memory memory() const { return memory_; }
    void advance(size_t length);
    /// Takes back the last length bytes, when they turn out not to have been used.
    void rewind(size_t length);
    /// Makes remaining() at most length.
    void limit(size_t length);

private:
    template <class Copy>
    lib::result<void> walk(size_t length, Copy copy);

    io_piece single_;
    const io_piece* pieces_;
    size_t index_ = 0;  ///< The piece of the position.
    size_t offset_ = 0; ///< The position within it.
    size_t remaining_ = 0;
    size_t done_ = 0;
    io_memory memory_;
};

} // namespace fs
