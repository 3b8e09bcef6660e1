// Sending: the bytes are copied once, from the user into blocks that then change hands.
//
// A message counts against the sender's SO_SNDBUF until its reader frees it. That one limit bounds what can
// wait anywhere: a receiver that does not read stops its senders and nobody else.

#include "kernel/abi/errno.h"
#include "kernel/lib/string.hpp"
#include "net/core/drop.hpp"
#include "net/unix/unix_sock.hpp"

namespace net {

namespace {

/// One block and the kernel's header of it fill a power of two, which is what the allocator gives anyway.
constexpr uint32_t block_bytes = 16 * 1024 - 64;
constexpr uint32_t largest_message = block_bytes * sk_buff::max_fragments;

/// An empty message from self, without files.
void clear_notes(unix_sock& self, sk_buff& skb) {
    port::guard held(self.sock_lock);
    lib::ref<unix_name> sender = self.name;
    notes_of(skb) = {.sender = sender.leak(), .files = nullptr, .who = {}};
}

/// A packet with the next length bytes of the user's. ENOMEM, EFAULT.
lib::result<skb_ptr> copy_payload(stack& in, iov_iter& payload, uint32_t length) {
    const uint32_t linear = length < block_bytes ? length : block_bytes;
    skb_ptr skb = allocate_skb(in, 0, linear);
    if (!skb) {
        return lib::error{ENOMEM};
    }
    TRY(payload.copy_from(skb->put(linear), linear));
    for (uint32_t left = length - linear; left > 0;) {
        const uint32_t part = left < block_bytes ? left : block_bytes;
        lib::ref<skb_block> block = skb_block::allocate(part);
        if (!block) {
            return lib::error{ENOMEM};
        }
        TRY(payload.copy_from(block->bytes(), part));
        TRY(skb->add_fragment(std::move(block), 0, part));
        left -= part;
    }
    return skb;
}

/// Whether what is sent needs a connection, or may go to an address.
enum class destination : uint8_t { connected, any };

/// Waits for room in the send buffer. The peer, if there is one: ENOTCONN where there must be. EPIPE, EAGAIN.
lib::result<lib::ref<unix_sock>> wait_to_send(unix_sock& self, destination where, bool may_wait) {
    port::guard held(self.sock_lock);
    const auto lonely = [&] { return where == destination::connected && !self.peer; };
    if (lonely()) { // comes before EPIPE
        return lib::error{ENOTCONN};
    }
    if ((self.shutdown & send_shutdown) != 0) {
        return lib::error{EPIPE};
    }
    TRY(sock_wait_send_space(self, may_wait));
    if (lonely()) {
        return lib::error{ENOTCONN};
    }
    return self.peer;
}

/// Puts the message into the peer's queue. `gone` when it is closed, EPIPE when it does not read any more.
lib::result<void> queue_at(unix_sock& from, unix_sock& peer, skb_ptr& skb, int gone) {
    sock_charge_send(from, *skb);
    trace(*from.owner_stack, trace_event::unix_transmit,
          {.sock = from.id, .skb = skb->id, .value = {skb->length(), peer.id}});
    port::guard held(peer.sock_lock);
    if ((peer.shutdown & receive_shutdown) != 0) {
        return lib::error{peer.user_socket == nullptr ? gone : EPIPE};
    }
    peer.receive_queue.push_back(std::move(skb));
    peer.data_ready(peer);
    return {};
}

/// Sends the next length bytes as one message. On failure nothing was sent.
lib::result<void> send_one(unix_sock& self, unix_sock& peer, message& msg, uint32_t length,
                           unix_control& control, int gone) {
    skb_ptr skb = TRY(copy_payload(*self.owner_stack, msg.payload, length));
    clear_notes(self, *skb);
    control.attach(*skb);
    const auto queued = queue_at(self, peer, skb, gone);
    if (!queued.ok()) {
        free_unix_message(std::move(skb));
    }
    return queued;
}

/// The whole payload as one message.
lib::result<size_t> send_whole(unix_sock& self, unix_sock& peer, message& msg, unix_control& control,
                               int gone) {
    const size_t length = msg.payload.remaining();
    if (length > largest_message || length > self.send_buffer_limit - sizeof(sk_buff)) {
        return lib::error{EMSGSIZE};
    }
    TRY(send_one(self, peer, msg, static_cast<uint32_t>(length), control, gone));
    return length;
}

/// Where a datagram goes: the address of the call, or the connected peer.
lib::result<lib::ref<unix_sock>> find_destination(unix_sock& self, const message& msg,
                                                  lib::ref<unix_sock> peer) {
    if (msg.address == nullptr && !peer) {
        return lib::error{ENOTCONN};
    }
    lib::ref<unix_sock> other = std::move(peer);
    if (msg.address != nullptr) {
        other = TRY(find_unix_sock(*self.owner_stack, *msg.address, self.type));
        if (other->type != self.type) {
            return lib::error{EPROTOTYPE};
        }
    }
    port::guard held(other->sock_lock);
    if (other->peer && other->peer.get() != &self) {
        return lib::error{EPERM};
    }
    return other;
}

/// A connected datagram sock whose peer was closed has no peer from now on.
void disconnect(unix_sock& self, const unix_sock& dead) {
    port::guard topology(self.owner_stack->unix_sockets->lock);
    port::guard held(self.sock_lock);
    if (self.peer.get() == &dead) {
        self.peer.reset();
        self.connected = false;
    }
}

} // namespace

void free_unix_message(skb_ptr skb) {
    unix_skb_notes& notes = notes_of(*skb);
    drop_files(*skb->owner_stack, notes.files);
    lib::ref<unix_name>::adopt(notes.sender).reset();
}

lib::result<size_t> unix_send_stream(socket& which, message& msg) {
    unix_sock& self = unix_of(which);
    if ((msg.flags & MSG_OOB) != 0) {
        return lib::error{EOPNOTSUPP};
    }
    if (msg.address != nullptr) {
        return lib::error{self.connected ? EISCONN : EOPNOTSUPP};
    }
    unix_control control(*self.owner_stack);
    TRY(control.parse(msg.control));
    if (!self.connected) {
        return lib::error{ENOTCONN};
    }
    size_t sent = 0;
    while (msg.payload.remaining() > 0) {
        auto peer = wait_to_send(self, destination::connected, (msg.flags & MSG_DONTWAIT) == 0);
        lib::result<void> outcome = peer.ok() ? lib::result<void>() : lib::result<void>(peer.error());
        if (outcome.ok()) {
            const size_t left = msg.payload.remaining();
            const auto part = static_cast<uint32_t>(left < block_bytes ? left : block_bytes);
            outcome = send_one(self, *peer.value(), msg, part, control, EPIPE);
            sent += outcome.ok() ? part : 0;
        }
        if (!outcome.ok()) {
            return sent > 0 ? lib::result<size_t>(sent) : lib::result<size_t>(outcome.error());
        }
    }
    return sent;
}

lib::result<size_t> unix_send_seqpacket(socket& which, message& msg) {
    unix_sock& self = unix_of(which);
    if ((msg.flags & MSG_OOB) != 0) {
        return lib::error{EOPNOTSUPP};
    }
    unix_control control(*self.owner_stack);
    TRY(control.parse(msg.control));
    const bool may_wait = (msg.flags & MSG_DONTWAIT) == 0;
    const lib::ref<unix_sock> peer = TRY(wait_to_send(self, destination::connected, may_wait));
    return send_whole(self, *peer, msg, control, EPIPE);
}

lib::result<size_t> unix_send_datagram(socket& which, message& msg) {
    unix_sock& self = unix_of(which);
    if ((msg.flags & MSG_OOB) != 0) {
        return lib::error{EOPNOTSUPP};
    }
    unix_control control(*self.owner_stack);
    TRY(control.parse(msg.control));
    if (msg.address != nullptr) { // nonsense is refused before anything else
        TRY(check_unix_address(*msg.address));
    }
    const bool may_wait = (msg.flags & MSG_DONTWAIT) == 0;
    lib::ref<unix_sock> connected = TRY(wait_to_send(self, destination::any, may_wait));
    lib::ref<unix_sock> peer = TRY(find_destination(self, msg, std::move(connected)));
    auto outcome = send_whole(self, *peer, msg, control, ECONNREFUSED);
    if (!outcome.ok() && outcome.error().number == ECONNREFUSED) {
        disconnect(self, *peer);
    }
    return outcome;
}

} // namespace net
