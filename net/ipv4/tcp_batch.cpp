#include "net/ipv4/tcp_batch.hpp"

// The worker takes up to 64 frames at a time. Answering each on its own would cost an ACK per two segments
// received, and a packet of one or two segments per ACK received. Instead a connection that has something to
// say is put on a list, and when the frames have all been taken it says it once: one ACK for the whole burst,
// and data in packets as large as the window has become. Offloading cards and Linux's GRO have the same
// effect. A frame that comes alone is a batch of its own.
//
// What must not wait does not: duplicate ACKs (the peer counts them), retransmissions, and FINs leave at
// once.

#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

void put_on_list(tcp_sock& sk) {
    tcp_table& table = *sk.owner_stack->tcp;
    port::guard hold(table.lock);
    if (!sk.batch_link.linked()) {
        sk.get();
        table.batch.push_back(sk);
    }
}

void settle(tcp_sock& sk) {
    port::guard hold(sk.sock_lock);
    if (sk.state == tcp_state::closed) {
        return;
    }
    tcp_push_pending(sk); // an ACK that is owed rides on it
    if (sk.ack_owed) {
        tcp_send_ack(sk);
    }
}

} // namespace

void tcp_owe_ack(tcp_sock& sk) {
    sk.ack_owed = true;
    put_on_list(sk);
}

void tcp_owe_push(tcp_sock& sk) {
    if (!sk.write_queue.empty()) {
        put_on_list(sk);
    }
}

void tcp_end_batch(stack& in) {
    tcp_table& table = *in.tcp;
    while (true) {
        lib::ref<tcp_sock> sk;
        {
            port::guard hold(table.lock);
            sk = lib::ref<tcp_sock>::adopt(table.batch.pop_front());
        }
        if (!sk) {
            return;
        }
        settle(*sk);
    }
}

} // namespace net
