#pragma once
// iov_iter: the user's buffers of one sendmsg or recvmsg, as one run of bytes with a position. It copies
// between them and the kernel and can be put back to an earlier position. The vector itself was copied
// from the user once, before it got here.

#include "kernel/abi/files.h"
#include "net/port.hpp"

#include <cstddef>
#include <cstdint>

namespace net {

class sk_buff_reader;
struct sk_buff;

class iov_iter {
public:
    enum class memory : uint8_t { user, kernel };

    /// The vector is borrowed and must outlive the iterator.
    iov_iter(const iovec* vector, size_t count, memory where);
    iov_iter() : iov_iter(nullptr, 0, memory::kernel) {}

    size_t remaining() const { return remaining_; }

    /// Copies the next length bytes (at most remaining()) and moves on: EFAULT leaves the position where the
    /// last whole copy ended. Process context, no sock lock held.
    lib::result<void> copy_from(void* to, size_t length);
    lib::result<void> copy_to(const void* from, size_t length);
    /// Copies length bytes at offset of a packet out to the user.
    lib::result<void> copy_to(const sk_buff& skb, uint32_t offset, size_t length);
    void skip(size_t length);

private:
    template <class Piece>
    lib::result<void> for_each_piece(size_t length, Piece piece);

    const iovec* vector_;
    size_t count_;
    size_t offset_ = 0; ///< inside vector_[0]
    size_t remaining_ = 0;
    memory where_;
};

} // namespace net
