#include "net/ipv4/tcp_verbs.hpp"

// recv(): the one copy of a byte on its way in. Packets stay in the receive queue as they came; the reader
// notes a few of them under the sock lock, copies to the user without it, and takes out what is used up. That
// is safe because only a reader removes packets, and reader_lock admits one at a time; the worker only
// appends. The lock is given up while waiting.
//
// copied_seq is the reader's place in the stream. Reading stops in front of the urgent mark and steps over
// its byte.

#include "kernel/abi/errno.h"
#include "kernel/lib/minmax.hpp"
#include "net/ipv4/tcp_ack_policy.hpp"
#include "net/ipv4/tcp_input.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr unsigned pieces_at_once = 16;

/// A run of bytes inside a queued packet.
struct run {
    const sk_buff* skb;
    uint32_t offset;
    uint32_t length;
};

struct reading {
    wire::seq at; ///< copied_seq, or with MSG_PEEK where the peeking has got to
    size_t done = 0;
    size_t target = 0;
    int flags = 0;
    run runs[pieces_at_once];
    unsigned run_count = 0;

    bool peeking() const { return (flags & MSG_PEEK) != 0; }
};

bool mark_ahead(const tcp_sock& sk) {
    return sk.urgent_state == tcp_sock::urgent::awaited || sk.urgent_state == tcp_sock::urgent::valid ||
           sk.urgent_state == tcp_sock::urgent::read;
}

bool at_mark(const tcp_sock& sk, wire::seq number) {
    return mark_ahead(sk) && sk.urgent_seq == number;
}

/// Up to `limit` bytes, not across the mark, into the list of runs. Returns how many.
size_t collect(const tcp_sock& sk, reading& now, size_t limit) {
    now.run_count = 0;
    wire::seq number = now.at;
    if (mark_ahead(sk) && sk.urgent_seq > number) {
        limit = lib::min<size_t>(limit, static_cast<uint32_t>(sk.urgent_seq - number));
    }
    size_t total = 0;
    for (const sk_buff& skb : sk.receive_queue) {
        if (total == limit || now.run_count == pieces_at_once) {
            break;
        }
        const auto offset = static_cast<uint32_t>(number - skb.tcp.seq);
        if (skb.tcp.seq > number || offset >= skb.length()) {
            continue;
        }
        const auto length = static_cast<uint32_t>(lib::min<size_t>(skb.length() - offset, limit - total));
        now.runs[now.run_count++] = {&skb, offset, length};
        total += length;
        number += length;
    }
    return total;
}

lib::result<void> copy_runs(reading& now, message& msg) {
    for (unsigned i = 0; i < now.run_count; i++) {
        const run& each = now.runs[i];
        if ((now.flags & MSG_TRUNC) != 0) {
            msg.payload.skip(each.length); // the user wants to be rid of them, unseen
        } else {
            TRY(msg.payload.copy_to(*each.skb, each.offset, each.length));
        }
        now.at += each.length;
        now.done += each.length;
    }
    return {};
}

/// Takes packets out that lie wholly below copied_seq. `used` keeps them until the lock is free.
void remove_used(tcp_sock& sk, skb_queue& used) {
    while (sk_buff* first = sk.receive_queue.front()) {
        if (first->tcp.seq + first->length() > sk.copied_seq) {
            break;
        }
        sk.receive_memory -= first->charged_bytes;
        used.push_back(sk.receive_queue.pop_front());
    }
}

void note_progress(tcp_sock& sk, const reading& now, skb_queue& used) {
    if (now.peeking()) {
        return;
    }
    sk.copied_seq = now.at;
    if (mark_ahead(sk) && sk.copied_seq > sk.urgent_seq && sk.urgent_state != tcp_sock::urgent::awaited) {
        sk.urgent_state = tcp_sock::urgent::none;
        tcp_predict_headers(sk);
    }
    remove_used(sk, used);
    tcp_tune_receive_buffer(sk);
}

/// Copies what is there, at most what the user wants. sock_lock held on entry and return. True: stop here.
lib::result<bool> read_available(tcp_sock& sk, reading& now, message& msg) {
    if (now.target == 0 && tcp_readable_bytes(sk) == 0) {
        return false; // nothing is wanted, but it is waited for
    }
    while (msg.payload.remaining() != 0) {
        if (at_mark(sk, now.at)) {
            if (now.done != 0) {
                return true; // a read ends in front of the mark
            }
            const bool byte_is_here = now.at < sk.rcv_nxt;
            if (!sk.out_of_band_inline && byte_is_here) {
                now.at += 1; // set aside for MSG_OOB
                skb_queue used;
                note_progress(sk, now, used);
                continue;
            }
        }
        if (collect(sk, now, msg.payload.remaining()) == 0) {
            return false;
        }
        sk.sock_lock.give_back();
        const lib::result<void> copied = copy_runs(now, msg);
        skb_queue used;
        sk.sock_lock.acquire();
        note_progress(sk, now, used);
        if (!copied.ok()) {
            return copied.error();
        }
    }
    return true;
}

/// Whether to return what there is rather than wait; 0 bytes are the end of the stream. A read of 0 bytes
/// waits too, for there to be any.
lib::result<bool> must_stop(tcp_sock& sk, const reading& now) {
    const bool may_not_wait = (now.flags & MSG_DONTWAIT) != 0;
    if (now.done != 0) {
        return now.done >= now.target || sk.pending_error != 0 || sk.state == tcp_state::closed ||
               (sk.shutdown & receive_shutdown) != 0 || may_not_wait;
    }
    if (sk.receive_fin) {
        return true;
    }
    if (const int pending = sock_take_error(sk); pending != 0) {
        return lib::error{pending};
    }
    if ((sk.shutdown & receive_shutdown) != 0) {
        return true;
    }
    if (sk.state == tcp_state::closed) {
        return lib::error{ENOTCONN};
    }
    if (may_not_wait) {
        return lib::error{EAGAIN};
    }
    return false;
}

lib::result<void> wait_for_data(tcp_sock& sk, const reading& now) {
    sk.sock_lock.give_back();
    sk.reader_lock.give_back();
    sk.sock_lock.acquire();
    auto changed = [&] {
        return sk.rcv_nxt > now.at || sk.pending_error != 0 || sk.state == tcp_state::closed ||
               (sk.shutdown & receive_shutdown) != 0;
    };
    const lib::result<void> waited = sock_wait(sk, changed, sk.receive_timeout);
    sk.sock_lock.give_back();
    sk.reader_lock.acquire();
    sk.sock_lock.acquire();
    return waited;
}

/// recv(MSG_OOB): the byte at the mark.
lib::result<size_t> receive_urgent(tcp_sock& sk, message& msg) {
    uint8_t byte = 0;
    {
        port::guard hold(sk.sock_lock);
        if (sk.state == tcp_state::listen) {
            return lib::error{ENOTCONN};
        }
        if (sk.out_of_band_inline || sk.urgent_state == tcp_sock::urgent::none ||
            sk.urgent_state == tcp_sock::urgent::read) {
            return lib::error{EINVAL};
        }
        if (sk.state == tcp_state::closed) {
            return lib::error{ENOTCONN};
        }
        if (sk.urgent_state != tcp_sock::urgent::valid) {
            return lib::error{EAGAIN}; // announced, not here yet; the user does not wait for it
        }
        byte = sk.urgent_byte;
        if ((msg.flags & MSG_PEEK) == 0) {
            sk.urgent_state = tcp_sock::urgent::read;
        }
    }
    msg.flags = MSG_OOB;
    if (msg.payload.remaining() == 0) {
        msg.flags |= MSG_TRUNC;
        return size_t{0};
    }
    TRY(msg.payload.copy_to(&byte, 1));
    return size_t{1};
}

lib::result<size_t> read_stream(tcp_sock& sk, message& msg) {
    reading now;
    now.at = sk.copied_seq;
    now.flags = msg.flags;
    const auto low_water = static_cast<size_t>(lib::max(sk.receive_low_water, 1));
    now.target = (msg.flags & MSG_WAITALL) != 0 ? msg.payload.remaining()
                                                : lib::min(low_water, msg.payload.remaining());
    lib::result<size_t> outcome = size_t{0};
    while (true) {
        const lib::result<bool> stopped = read_available(sk, now, msg);
        if (!stopped.ok()) {
            outcome = stopped.error();
            break;
        }
        if (stopped.value()) {
            break;
        }
        const lib::result<bool> stop = must_stop(sk, now);
        if (!stop.ok()) {
            outcome = stop.error();
            break;
        }
        if (stop.value()) {
            break;
        }
        tcp_after_read(sk, now.peeking() ? 0 : now.done);
        if (lib::result<void> waited = wait_for_data(sk, now); !waited.ok()) {
            outcome = waited.error();
            break;
        }
        if (!now.peeking() || now.at < sk.copied_seq) {
            now.at = sk.copied_seq; // another reader may have been faster
        }
    }
    if (!now.peeking()) {
        tcp_after_read(sk, now.done);
    }
    msg.flags = 0;
    return now.done != 0 ? lib::result<size_t>(now.done) : std::move(outcome);
}

} // namespace

uint32_t tcp_readable_bytes(const tcp_sock& sk) {
    if (sk.state == tcp_state::syn_sent || sk.state == tcp_state::syn_received) {
        return 0;
    }
    const bool mark_counts = mark_ahead(sk) && !sk.out_of_band_inline && sk.urgent_seq >= sk.copied_seq &&
                             sk.urgent_seq < sk.rcv_nxt;
    if (mark_counts) {
        return static_cast<uint32_t>(sk.urgent_seq - sk.copied_seq);
    }
    const int32_t bytes = sk.rcv_nxt - sk.copied_seq - (sk.receive_fin ? 1 : 0);
    return bytes > 0 ? static_cast<uint32_t>(bytes) : 0;
}

bool tcp_is_readable(const tcp_sock& sk, uint32_t at_least) {
    if (at_mark(sk, sk.copied_seq) && !sk.out_of_band_inline) {
        at_least++; // the set-aside byte does not count
    }
    const int32_t available = sk.rcv_nxt - sk.copied_seq;
    if (available <= 0) {
        return false;
    }
    return available >= static_cast<int32_t>(at_least) || sk.receive_memory > sk.receive_buffer_limit ||
           tcp_receive_window(sk) <= sk.rcv_mss;
}

lib::result<size_t> tcp_recvmsg(sock& base, message& msg) {
    tcp_sock& sk = as_tcp(base);
    if ((msg.flags & MSG_ERRQUEUE) != 0) {
        return ip_receive_error(sk, msg);
    }
    if ((msg.flags & MSG_OOB) != 0) {
        return receive_urgent(sk, msg);
    }
    port::guard reader(sk.reader_lock);
    port::guard hold(sk.sock_lock);
    if (sk.state == tcp_state::listen) {
        return lib::error{ENOTCONN};
    }
    if (msg.address != nullptr) {
        msg.address->length = 0; // a stream's recvfrom() names nobody
    }
    return read_stream(sk, msg);
}

} // namespace net
