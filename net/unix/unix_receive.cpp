// Receiving. The reader holds read_lock, looks at the front of the queue, copies to the user without
// sock_lock (the copy may sleep for a page), and only then takes the bytes off. Nobody else takes from the
// queue meanwhile: other readers, and a connect() that throws away what was not read, wait for read_lock.
// close() and the garbage collector empty only queues of sockets that no call uses, for a call holds the
// file.
//
// A stream read ends where the sender changes or files come along, so that control data stays with its bytes.

#include "kernel/abi/errno.h"
#include "net/unix/unix_sock.hpp"

namespace net {

namespace {

enum class news : uint8_t { data, end };

/// What a read is done with. Closing a passed file takes locks of the file system, which come before all of
/// ours, so this is freed after read_lock was given back: it is declared before the guard.
struct leftovers {
    explicit leftovers(stack& owner) : in(owner) {}
    leftovers(const leftovers&) = delete;
    leftovers& operator=(const leftovers&) = delete;
    ~leftovers() {
        drop_files(in, files);
        while (skb_ptr skb = messages.pop_front()) {
            free_unix_message(std::move(skb));
        }
    }

    stack& in;
    skb_queue messages;
    unix_files* files = nullptr;
};

/// Waits until something can be read or nothing will come any more. EAGAIN, EINTR, ENOTCONN, pending error.
lib::result<news> wait_for_news(unix_sock& self, int flags) {
    port::guard held(self.sock_lock);
    if (self.has_connections() && !self.connected) {
        return lib::error{self.type == SOCK_STREAM ? EINVAL : ENOTCONN};
    }
    const auto ready = [&self] {
        return !self.receive_queue.empty() || self.pending_error != 0 ||
               (self.shutdown & receive_shutdown) != 0;
    };
    // Of a datagram socket a closed direction ends only the waiting, as of UDP.
    const bool nothing = self.receive_queue.empty() && self.pending_error == 0;
    if (!ready() || (nothing && self.type == SOCK_DGRAM)) {
        if ((flags & MSG_DONTWAIT) != 0) {
            return lib::error{EAGAIN};
        }
        TRY(sock_wait(self, ready, self.receive_timeout)); // returns at once where the direction is closed
    }
    if (!self.receive_queue.empty()) {
        return news::data;
    }
    if (const int error_number = sock_take_error(self); error_number != 0) {
        return lib::error{error_number};
    }
    return news::end;
}

sk_buff* front_of(unix_sock& self) {
    port::guard held(self.sock_lock);
    return self.receive_queue.front();
}

/// Takes length bytes off the front message, and the message too when nothing is left or it goes as a whole.
void take_off(unix_sock& self, uint32_t length, bool whole, leftovers& done) {
    port::guard held(self.sock_lock);
    sk_buff& first = *self.receive_queue.front();
    if (whole || length == first.length()) {
        done.messages.push_back(self.receive_queue.pop_front());
        return;
    }
    first.consume_front(length);
    self.receive_queue.adjust_bytes(-static_cast<int32_t>(length));
}

sk_buff* message_after(unix_sock& self, const sk_buff& skb) {
    port::guard held(self.sock_lock);
    return self.receive_queue.next(skb);
}

void tell_sender(const unix_skb_notes& notes, message& msg) {
    if (msg.address != nullptr && notes.sender != nullptr) {
        fill_address(notes.sender, *msg.address);
    }
}

/// Whether bytes of the next message may follow those of one whose sender was `who` in the same read.
bool continues(const unix_sock& self, const sk_buff* next, const port::credentials& who) {
    if (next == nullptr) {
        return false;
    }
    const unix_skb_notes& notes = notes_of(const_cast<sk_buff&>(*next));
    const bool same_sender = notes.who.pid == who.pid && notes.who.uid == who.uid && notes.who.gid == who.gid;
    return notes.files == nullptr && (same_sender || !self.passcred);
}

/// What comes with the first message of a read. Files go to the reader once.
void tell_first(unix_sock& self, sk_buff& first, message& msg, leftovers& done) {
    unix_skb_notes& notes = notes_of(first);
    tell_sender(notes, msg);
    tell_control(self, notes, msg);
    if ((msg.flags & MSG_PEEK) == 0) {
        port::guard held(self.sock_lock);
        done.files = take_carried(*self.owner_stack, first);
    }
}

/// Copies what is in the queue now. read_lock held; the queue is not empty. EFAULT if not even the first
/// piece could be copied.
lib::result<size_t> read_stream(unix_sock& self, message& msg, leftovers& done) {
    const bool peek = (msg.flags & MSG_PEEK) != 0;
    size_t received = 0;
    sk_buff* at = front_of(self);
    const port::credentials who = notes_of(*at).who;
    const bool with_files = notes_of(*at).files != nullptr;
    while (msg.payload.remaining() > 0) {
        const size_t room = msg.payload.remaining();
        const auto part = static_cast<uint32_t>(room < at->length() ? room : at->length());
        const auto copied = msg.payload.copy_to(*at, 0, part);
        if (!copied.ok()) {
            return received > 0 ? lib::result<size_t>(received) : lib::result<size_t>(copied.error());
        }
        if (received == 0) {
            tell_first(self, *at, msg, done);
        }
        received += part;
        if (peek) {
            at = message_after(self, *at);
        } else {
            take_off(self, part, false, done);
            at = front_of(self);
        }
        if (with_files || !continues(self, at, who)) {
            break;
        }
    }
    return received;
}

/// One message; what does not fit is lost. read_lock held; the queue is not empty.
lib::result<size_t> read_message(unix_sock& self, message& msg, leftovers& done) {
    sk_buff& first = *front_of(self);
    const bool peek = (msg.flags & MSG_PEEK) != 0;
    const bool wants_length = (msg.flags & MSG_TRUNC) != 0;
    const uint32_t length = first.length();
    const size_t room = msg.payload.remaining();
    const auto part = static_cast<uint32_t>(room < length ? room : length);
    TRY(msg.payload.copy_to(first, 0, part));
    tell_first(self, first, msg, done);
    msg.flags = part < length ? msg.flags | MSG_TRUNC : msg.flags & ~MSG_TRUNC;
    if (!peek) {
        take_off(self, length, true, done);
    }
    return size_t{wants_length ? length : part};
}

/// Whether a read that has some bytes goes on waiting for more.
bool wants_more(const message& msg) {
    return (msg.flags & (MSG_WAITALL | MSG_PEEK | MSG_DONTWAIT)) == MSG_WAITALL &&
           msg.payload.remaining() > 0 && msg.control.length == 0;
}

lib::result<size_t> refuse_flags(const message& msg) {
    if ((msg.flags & MSG_OOB) != 0) {
        return lib::error{EOPNOTSUPP};
    }
    if ((msg.flags & MSG_ERRQUEUE) != 0) {
        return lib::error{EAGAIN};
    }
    return size_t{0};
}

} // namespace

lib::result<size_t> unix_receive_stream(socket& which, message& msg) {
    unix_sock& self = unix_of(which);
    TRY(refuse_flags(msg));
    size_t received = 0;
    do {
        const auto seen = wait_for_news(self, msg.flags);
        if (!seen.ok()) {
            return received > 0 ? lib::result<size_t>(received) : lib::result<size_t>(seen.error());
        }
        if (seen.value() == news::end) {
            return received;
        }
        leftovers done(*self.owner_stack);
        port::guard one_reader(self.read_lock);
        if (front_of(self) == nullptr) {
            continue; // another reader was faster
        }
        const auto got = read_stream(self, msg, done);
        if (!got.ok()) {
            return received > 0 ? lib::result<size_t>(received) : lib::result<size_t>(got.error());
        }
        received += got.value();
    } while (received == 0 ? msg.payload.remaining() > 0 : wants_more(msg));
    return received;
}

lib::result<size_t> unix_receive_message(socket& which, message& msg) {
    unix_sock& self = unix_of(which);
    TRY(refuse_flags(msg));
    for (;;) {
        if (TRY(wait_for_news(self, msg.flags)) == news::end) {
            return size_t{0};
        }
        leftovers done(*self.owner_stack);
        port::guard one_reader(self.read_lock);
        if (front_of(self) != nullptr) {
            return read_message(self, msg, done);
        }
    }
}

} // namespace net
