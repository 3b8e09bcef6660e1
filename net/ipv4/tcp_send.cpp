#include "net/ipv4/tcp_verbs.hpp"

// send(): the one copy that a byte suffers on its way out. The user's bytes are copied into counted blocks
// with no sock lock held (a page of the user may have to be fetched first), then the filled piece is hung
// into the write queue under the lock; from then on packets only share it. A packet in the queue takes pieces
// until it is as large as the card may cut in one go. The rest of a block stays with the sock for the next
// small write, so that a byte does not cost a block.
//
// writer_lock keeps writers from mixing their bytes within a piece; it is given up while waiting for room.

#include "kernel/abi/errno.h"
#include "kernel/lib/minmax.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr uint32_t largest_piece = 16384 - 64; ///< with its header a power of two
constexpr uint32_t smallest_block = 1024 - 64;
constexpr uint32_t worth_keeping = 256;
constexpr uint32_t largest_packet = 65535 - 20 - wire::tcp_max_header_bytes;

/// One piece of payload on its way from the user to the queue.
struct piece {
    lib::ref<skb_block> block;
    uint32_t offset = 0;
    uint32_t length = 0;

    uint32_t room() const { return block ? block->capacity - offset : 0; }
};

uint32_t block_size_for(size_t bytes) {
    uint32_t size = smallest_block;
    while (size < bytes && size < largest_piece) {
        size = (size + 64) * 2 - 64;
    }
    return size;
}

/// How large packets in the queue become: as many full segments as one IP datagram can hold.
uint32_t packet_goal(tcp_sock& sk) {
    const uint32_t mss = tcp_current_mss(sk);
    return lib::max(largest_packet / mss * mss, mss);
}

bool can_send(const tcp_sock& sk) {
    return tcp_in(sk, tcp_state_bit(tcp_state::established) | tcp_state_bit(tcp_state::close_wait));
}

/// Why nothing more can be sent: the pending error first, then the broken pipe.
lib::error why_not(tcp_sock& sk) {
    const int pending = sock_take_error(sk);
    return lib::error{pending != 0 ? pending : EPIPE};
}

bool is_broken(const tcp_sock& sk) {
    return sk.pending_error != 0 || (sk.shutdown & send_shutdown) != 0;
}

/// TCP_NOTSENT_LOWAT: more is only taken from the user when less than that waits for its turn.
bool too_much_waits(const tcp_sock& sk) {
    const auto not_sent = static_cast<uint32_t>(sk.write_seq - sk.snd_nxt);
    return sk.not_sent_low_water != 0 && not_sent >= sk.not_sent_low_water;
}

bool is_opening(const tcp_sock& sk) {
    return sk.state == tcp_state::syn_sent || sk.state == tcp_state::syn_received;
}

lib::result<void> append_to_last(tcp_sock& sk, piece& from, uint32_t goal) {
    sk_buff* last = sk.write_queue.back();
    if (last == nullptr || last->length() >= goal || (last->tcp.flags & wire::tcp_fin) != 0) {
        return lib::error{ENOBUFS};
    }
    const uint32_t bytes = lib::min(from.length, goal - last->length());
    skb_fragment* tail = last->fragment_count != 0 ? &last->fragments[last->fragment_count - 1] : nullptr;
    if (tail != nullptr && tail->block == from.block && tail->offset + tail->length == from.offset) {
        tail->length += bytes;
        last->fragment_bytes += bytes;
    } else {
        TRY(last->add_fragment(from.block, from.offset, bytes));
    }
    last->tcp.end_seq += bytes;
    sk.write_queue.adjust_bytes(static_cast<int32_t>(bytes));
    sk.queued_memory += bytes;
    sk.write_seq += bytes;
    from.offset += bytes;
    from.length -= bytes;
    return {};
}

/// Hangs a filled piece into the write queue. ENOMEM: what is left in the piece is not in.
lib::result<void> append(tcp_sock& sk, piece& from) {
    const uint32_t goal = packet_goal(sk);
    tcp_restart_after_idle(sk);
    while (from.length != 0) {
        if (append_to_last(sk, from, goal).ok()) {
            continue;
        }
        skb_ptr fresh = allocate_skb(*sk.owner_stack, 0, 0);
        if (!fresh) {
            return lib::error{ENOMEM};
        }
        fresh->tcp = {.seq = sk.write_seq, .end_seq = sk.write_seq, .flags = wire::tcp_ack};
        tcp_charge_queued(sk, *fresh);
        sk.write_queue.push_back(std::move(fresh));
    }
    return {};
}

/// What is queued is pushed while more is still to come: when a packet is full, or half of the peer's window
/// is filled.
void push_what_is_full(tcp_sock& sk) {
    const bool half_window = sk.write_seq - sk.pushed_seq > static_cast<int32_t>(sk.max_window / 2);
    if (half_window) {
        sk.write_queue.back()->tcp.flags |= wire::tcp_psh;
        sk.pushed_seq = sk.write_seq;
        tcp_push_pending(sk, tcp_nagle_push);
    } else if (sk.write_queue.count() > 1) {
        tcp_write_xmit(sk, sk.nagle, tcp_xmit_amount::one);
    }
}

/// The end of one sendmsg: PSH on the last byte, and off with what may leave.
void push_at_end(tcp_sock& sk, int flags) {
    sk_buff* last = sk.write_queue.back();
    if (last == nullptr) {
        return;
    }
    if ((flags & MSG_MORE) == 0) {
        last->tcp.flags |= wire::tcp_psh;
        sk.pushed_seq = sk.write_seq;
    }
    if ((flags & MSG_OOB) != 0) {
        sk.urgent_mode = true;
        sk.snd_up = sk.write_seq;
    }
    tcp_push_pending(sk,
                     static_cast<uint8_t>((flags & MSG_MORE) != 0 ? sk.nagle | tcp_nagle_cork : sk.nagle));
}

/// Waits for the handshake and for room. The writer lock is given up meanwhile, so that others get their turn
/// to find out that there is none. Both locks held on entry and return.
lib::result<void> wait_for_room(tcp_sock& sk, int flags) {
    auto ready = [&] {
        if (is_broken(sk) || (!is_opening(sk) && (!can_send(sk) || tcp_is_writable(sk)))) {
            return true;
        }
        sk.no_space = true; // asks to be woken: again each time, the room may be gone when we look
        return false;
    };
    if ((flags & MSG_DONTWAIT) != 0) {
        return ready() ? lib::result<void>() : lib::error{EAGAIN};
    }
    sk.sock_lock.give_back();
    sk.writer_lock.give_back();
    sk.sock_lock.acquire();
    const lib::result<void> waited = sock_wait(sk, ready, sk.send_timeout);
    sk.sock_lock.give_back();
    sk.writer_lock.acquire();
    sk.sock_lock.acquire();
    return waited;
}

lib::result<void> ready_to_append(tcp_sock& sk, int flags) {
    while (true) {
        if (is_broken(sk)) {
            return why_not(sk);
        }
        if (!is_opening(sk) && !can_send(sk)) {
            return why_not(sk);
        }
        if (can_send(sk) && sk.queued_memory < sk.send_buffer_limit && !too_much_waits(sk)) {
            return {};
        }
        if (can_send(sk)) {
            tcp_push_pending(sk, tcp_nagle_push);
        }
        TRY(wait_for_room(sk, flags));
    }
}

/// One piece from the user into the queue. sock_lock held on entry and return, given up while copying.
lib::result<size_t> send_piece(tcp_sock& sk, message& msg) {
    piece next = {std::move(sk.spare_block), sk.spare_used, 0};
    const size_t wanted = lib::min<size_t>(msg.payload.remaining(), largest_piece);
    const iov_iter before = msg.payload;
    sk.sock_lock.give_back();
    lib::result<void> copied;
    if (next.room() < lib::min<size_t>(wanted, worth_keeping)) {
        next = {skb_block::allocate(block_size_for(wanted)), 0, 0};
    }
    if (!next.block) {
        copied = lib::error{ENOMEM};
    } else {
        next.length = static_cast<uint32_t>(lib::min<size_t>(wanted, next.room()));
        copied = msg.payload.copy_from(next.block->bytes() + next.offset, next.length);
    }
    sk.sock_lock.acquire();
    if (!copied.ok()) {
        return copied.error();
    }
    if (is_broken(sk) || !can_send(sk)) {
        return why_not(sk);
    }
    const uint32_t bytes = next.length;
    if (const lib::result<void> appended = append(sk, next); !appended.ok()) {
        // What is not in the queue must be sent again from the user's buffer.
        const uint32_t in_queue = bytes - next.length;
        msg.payload = before;
        msg.payload.skip(in_queue);
        return in_queue != 0 ? lib::result<size_t>(size_t{in_queue}) : lib::result<size_t>(appended.error());
    }
    if (next.room() >= worth_keeping) {
        sk.spare_used = next.offset;
        sk.spare_block = std::move(next.block);
    }
    return size_t{bytes};
}

} // namespace

bool tcp_is_writable(const tcp_sock& sk) {
    return sk.queued_memory <= sk.send_buffer_limit - sk.send_buffer_limit / 3 && !too_much_waits(sk);
}

lib::result<size_t> tcp_sendmsg(sock& base, message& msg) {
    tcp_sock& sk = as_tcp(base);
    port::guard writer(sk.writer_lock);
    port::guard hold(sk.sock_lock);
    size_t done = 0;
    lib::result<void> outcome;
    do {
        outcome = ready_to_append(sk, msg.flags);
        if (!outcome.ok() || msg.payload.remaining() == 0) {
            break;
        }
        const lib::result<size_t> sent = send_piece(sk, msg);
        if (!sent.ok() && sent.error().number == ENOMEM && sk.queued_memory != 0) {
            // What is queued will become free: wait for that, with a buffer of what could be had.
            sk.send_buffer_limit = sk.queued_memory;
            continue;
        }
        if (!sent.ok()) {
            outcome = sent.error();
            break;
        }
        done += sent.value();
        if (msg.payload.remaining() != 0) {
            push_what_is_full(sk);
        }
    } while (msg.payload.remaining() != 0);
    if (done != 0) {
        push_at_end(sk, outcome.ok() ? msg.flags : 0);
        if (!outcome.ok() && outcome.error().number != EAGAIN && outcome.error().number != EINTR &&
            outcome.error().number != EFAULT && outcome.error().number != ENOMEM) {
            sk.pending_error =
                outcome.error().number == EPIPE ? 0 : outcome.error().number; // told by the next call
        }
        return done;
    }
    if (!outcome.ok()) {
        return outcome.error();
    }
    return size_t{0};
}

} // namespace net
