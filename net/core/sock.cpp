// struct sock: memory accounting, waiting, and the callbacks that wake whoever waits.
//
// Receive memory is guarded by the sock lock: packets are charged when they are queued and taken off the
// account when they leave the queue. Send memory is atomic, because the packets that it counts are freed by
// drivers and other socks, under any lock. Such a packet holds a reference to its sock, so the last one to
// go may end the sock: proto::destroy therefore frees memory only and takes no locks.

#include "net/core/sock.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/signal.h"
#include "net/core/drop.hpp"
#include "net/stack.hpp"

namespace net {
namespace {

void uncharge_send(sk_buff& skb) {
    sock* sk = skb.charged_to;
    skb.charged_to = nullptr;
    const uint32_t left = __atomic_sub_fetch(&sk->send_memory, skb.charged_bytes, __ATOMIC_ACQ_REL);
    if (left < sk->send_buffer_limit / 2 &&
        __atomic_exchange_n(&sk->send_space_wanted, false, __ATOMIC_ACQ_REL)) {
        sk->wait.wake_all();
    }
    lib::ref<sock>::adopt(sk).reset();
}

void signal_owner_of(sock& sk, int signal_number) {
    const socket* user = sk.user_socket;
    if (user != nullptr && user->asynchronous && user->owner.id != 0) {
        port::signal_owner(user->owner, signal_number);
    }
}

} // namespace

sock::sock(stack& in, const proto& protocol_ops, uint16_t family_number, uint16_t type_number,
           uint8_t protocol_number)
    : owner_stack(&in), prot(&protocol_ops), id(in.next_sock_id()), family(family_number), type(type_number),
      protocol(protocol_number), receive_buffer_limit(static_cast<uint32_t>(in.settings.rmem_default)),
      send_buffer_limit(static_cast<uint32_t>(in.settings.wmem_default)), data_ready(sock_default_data_ready),
      write_space(sock_default_write_space), state_change(sock_default_state_change),
      error_report(sock_default_error_report) {
    __atomic_fetch_add(&in.live_socks, 1, __ATOMIC_RELAXED);
}

sock::~sock() {
    ASSERT(user_socket == nullptr && send_memory == 0);
    __atomic_fetch_sub(&owner_stack->live_socks, 1, __ATOMIC_RELAXED);
}

void sock::release_last(sock* sk) {
    sk->prot->destroy(sk);
}

int sock_take_error(sock& sk) {
    return std::exchange(sk.pending_error, 0);
}

void sock_report_error(sock& sk, int error_number) {
    sk.pending_error = error_number;
    sk.error_report(sk);
}

// ---- memory ----------------------------------------------------------------------------------------------

lib::result<void> sock_queue_receive(sock& sk, skb_ptr& skb) {
    // Looked at before the packet is added: the smallest buffer holds one of any size, as on Linux.
    if (sk.receive_memory >= sk.receive_buffer_limit) {
        return lib::error{ENOBUFS};
    }
    skb_orphan(*skb);
    skb->charged_bytes = skb->truesize;
    sk.receive_memory += skb->charged_bytes;
    sk.receive_queue.push_back(std::move(skb));
    sk.data_ready(sk);
    return {};
}

skb_ptr sock_dequeue_receive(sock& sk) {
    skb_ptr skb = sk.receive_queue.pop_front();
    if (skb) {
        sk.receive_memory -= skb->charged_bytes;
    }
    return skb;
}

void sock_purge_queues(sock& sk) {
    while (sock_dequeue_receive(sk)) {
    }
    sk.error_queue.clear();
}

void sock_charge_send(sock& sk, sk_buff& skb) {
    skb_orphan(skb);
    sk.get();
    skb.charged_to = &sk;
    skb.charged_bytes = skb.truesize;
    skb.uncharge = uncharge_send;
    __atomic_fetch_add(&sk.send_memory, skb.charged_bytes, __ATOMIC_RELAXED);
}

bool sock_has_send_space(sock& sk) {
    if (__atomic_load_n(&sk.send_memory, __ATOMIC_ACQUIRE) < sk.send_buffer_limit) {
        return true;
    }
    // Said before looking again: a packet that is freed in between either sees the wish or is seen here.
    __atomic_store_n(&sk.send_space_wanted, true, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&sk.send_memory, __ATOMIC_SEQ_CST) < sk.send_buffer_limit;
}

lib::result<void> sock_wait_send_space(sock& sk, bool may_wait) {
    auto ready = [&] {
        return sock_has_send_space(sk) || sk.pending_error != 0 || (sk.shutdown & send_shutdown) != 0;
    };
    if (!ready()) {
        if (!may_wait) {
            return lib::error{EAGAIN};
        }
        TRY(sock_wait(sk, ready, sk.send_timeout));
    }
    if (int error = sock_take_error(sk); error != 0) {
        return lib::error{error};
    }
    if ((sk.shutdown & send_shutdown) != 0) {
        return lib::error{EPIPE};
    }
    return {};
}

// ---- datagrams -------------------------------------------------------------------------------------------

lib::result<skb_ptr> sock_receive_datagram(sock& sk, message& msg) {
    port::guard held(sk.sock_lock);
    auto ready = [&] {
        return !sk.receive_queue.empty() || sk.pending_error != 0 || (sk.shutdown & receive_shutdown) != 0;
    };
    // A closed direction ends waiting, but who does not wait hears that there is nothing.
    const bool nothing_yet = sk.receive_queue.empty() && sk.pending_error == 0;
    if (nothing_yet && (msg.flags & MSG_DONTWAIT) != 0) {
        return lib::error{EAGAIN};
    }
    if (!ready()) {
        TRY(sock_wait(sk, ready, sk.receive_timeout));
    }
    if (int error = sock_take_error(sk); error != 0) {
        return lib::error{error};
    }
    if (sk.receive_queue.empty()) {
        return skb_ptr(); // shut down: the end of the file
    }
    if (sk.receive_queue.front()->received_at != 0) {
        sk.last_stamp = sk.receive_queue.front()->received_at;
    }
    if ((msg.flags & MSG_PEEK) == 0) {
        return sock_dequeue_receive(sk);
    }
    skb_ptr shared = share_payload(*sk.receive_queue.front(), 0);
    if (!shared) {
        return lib::error{ENOMEM};
    }
    return shared;
}

// ---- callbacks -------------------------------------------------------------------------------------------

void sock_default_data_ready(sock& sk) {
    trace(*sk.owner_stack, trace_event::socket_wakeup,
          {.sock = sk.id, .value = {POLLIN, sk.receive_queue.bytes()}});
    sk.wait.wake_all();
    signal_owner_of(sk, SIGIO);
}

void sock_default_write_space(sock& sk) {
    sk.wait.wake_all();
    signal_owner_of(sk, SIGIO);
}

void sock_default_state_change(sock& sk) {
    sk.wait.wake_all();
    signal_owner_of(sk, SIGIO);
}

void sock_default_error_report(sock& sk) {
    sk.wait.wake_all();
    signal_owner_of(sk, SIGIO);
}

} // namespace net
