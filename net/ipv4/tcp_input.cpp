#include "net/ipv4/tcp_input.hpp"

// The receiving of segments. Nearly every segment of a transfer is the next one expected, with nothing
// special about it: header prediction (Jacobson) compares a few fields and goes the short way,
// tcp_rcv_established. All others walk through tcp_rcv_state_process, which is RFC 9293 §3.10.7.4 with one
// call per step:
//
//   first   sequence number, timestamp  ┐
//   second  RST                         │ tcp_check_segment   (tcp_validate.cpp)
//   third   security: not implemented   │ (RFC 9293 Appendix A.1 calls it obsolete)
//   fourth  SYN                         ┘
//   fifth   ACK                           process_ack         (tcp_ack.cpp, then what the state makes of it)
//   sixth   URG                           tcp_check_urgent    (tcp_urgent.cpp)
//   seventh text                          process_text        (tcp_reassembly.cpp)
//   eighth  FIN                           tcp_fin, called in sequence order from the seventh

#include "kernel/abi/errno.h"
#include "kernel/lib/minmax.hpp"
#include "net/core/drop.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_ack.hpp"
#include "net/ipv4/tcp_ack_policy.hpp"
#include "net/ipv4/tcp_batch.hpp"
#include "net/ipv4/tcp_ecn.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_reassembly.hpp"
#include "net/ipv4/tcp_reply.hpp"
#include "net/ipv4/tcp_time_wait.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

const wire::tcp_header& header_of(const sk_buff& skb) {
    return *reinterpret_cast<const wire::tcp_header*>(skb.transport_header);
}

std::span<const uint8_t> option_bytes(const sk_buff& skb) {
    const wire::tcp_header& header = header_of(skb);
    return {skb.transport_header + sizeof(header), header.header_bytes() - sizeof(header)};
}

/// The timestamp of the usual layout, not older than the last one; true also when none is expected and none
/// there.
bool predicted_options(tcp_sock& sk, const sk_buff& skb) {
    const std::span<const uint8_t> bytes = option_bytes(skb);
    sk.saw_timestamp = false;
    if (!sk.timestamps_ok) {
        return bytes.empty();
    }
    if (!wire::parse_aligned_timestamp(bytes, &sk.received_tsval, &sk.received_tsecr)) {
        return false;
    }
    sk.saw_timestamp = true;
    return static_cast<int32_t>(sk.received_tsval - sk.ts_recent) >= 0;
}

bool predicted(tcp_sock& sk, const sk_buff& skb) {
    return sk.prediction && (skb.tcp.flags & ~wire::tcp_psh) == wire::tcp_ack &&
           header_of(skb).window == sk.predicted_window && skb.tcp.seq == sk.rcv_nxt &&
           skb.tcp.ack <= sk.snd_nxt && skb.tcp.ack >= sk.snd_una && predicted_options(sk, skb);
}

/// The short way: the next segment of a transfer, or a pure ACK of what we send.
void tcp_rcv_established(tcp_sock& sk, skb_ptr skb) {
    tcp_replace_ts_recent(sk, skb->tcp.seq);
    const bool pure_ack = skb->length() == 0;
    if (pure_ack || skb->tcp.ack != sk.snd_una) {
        count(*sk.owner_stack, pure_ack ? mib::tcpext_pure_acks : mib::tcpext_predicted_acks);
        (void)tcp_ack(sk, *skb, {});
    } else {
        sk.snd_wl1 = skb->tcp.seq; // its window is the one known: older segments must not change that
    }
    if (!pure_ack) {
        count(*sk.owner_stack, mib::tcpext_header_predictions);
        sk.data_segments_in++;
        tcp_ecn_receive_data(sk, *skb);
        tcp_note_data_received(sk, *skb);
        tcp_queue_in_order(sk, std::move(skb));
    }
    tcp_owe_push(sk);
    if (!pure_ack) {
        tcp_check_ack(sk);
        sk.data_ready(sk);
    }
}

// ---- Fifth step -------------------------------------------------------------------------------------------

bool fin_acknowledged(const tcp_sock& sk) {
    return sk.fin_queued && sk.snd_una == sk.write_seq;
}

/// FIN-WAIT-1 is over. Without a user, what follows is only waiting, for which TIME_WAIT's small structure is
/// enough; but not while the packet at hand still has something for the sock, such as the peer's own FIN.
void enter_fin_wait_2(tcp_sock& sk, const sk_buff& skb) {
    tcp_set_state(sk, tcp_state::fin_wait_2);
    sk.shutdown |= send_shutdown;
    if (!sk.orphan) {
        sk.state_change(sk);
        return;
    }
    if (sk.linger2_seconds < 0) {
        tcp_done(sk);
        return;
    }
    const port::time_ns limit = tcp_fin_wait_limit(sk);
    if (skb.tcp.end_seq > sk.rcv_nxt) {
        tcp_arm_keepalive(sk, limit);
        return;
    }
    tcp_enter_time_wait(sk, tcp_state::fin_wait_2, limit);
}

/// What an acceptable ACK does to the state.
void advance_state(tcp_sock& sk, const sk_buff& skb) {
    switch (sk.state) {
    case tcp_state::syn_received:
        tcp_set_state(sk, tcp_state::established);
        tcp_finish_connect(sk);
        if ((sk.shutdown & send_shutdown) != 0) { // shut down before it connected; as on Linux
            tcp_set_state(sk, tcp_state::fin_wait_1);
            tcp_send_fin(sk);
        }
        break;
    case tcp_state::fin_wait_1:
        if (!tcp_handshake_over(sk)) {
            tcp_finish_connect(sk); // the user had said all before the handshake was over
        }
        if (fin_acknowledged(sk)) {
            enter_fin_wait_2(sk, skb);
        }
        break;
    case tcp_state::closing:
        if (fin_acknowledged(sk)) {
            tcp_enter_time_wait(sk, tcp_state::time_wait, tcp_time_wait_length);
        }
        break;
    case tcp_state::last_ack:
        if (fin_acknowledged(sk)) {
            tcp_done(sk);
        }
        break;
    default:
        break;
    }
}

/// False: the packet was dropped.
bool process_ack(tcp_sock& sk, skb_ptr& skb, const wire::tcp_options& options) {
    if ((skb->tcp.flags & wire::tcp_ack) == 0) {
        drop(std::move(skb), drop_reason::tcp_bad_flags);
        return false;
    }
    if (sk.state == tcp_state::syn_received && (skb->tcp.ack <= sk.snd_una || skb->tcp.ack > sk.snd_nxt)) {
        tcp_send_reset(*sk.owner_stack, *skb);
        drop(std::move(skb), drop_reason::tcp_bad_ack);
        return false;
    }
    switch (tcp_ack(sk, *skb, options)) {
    case tcp_ack_verdict::unsent_data:
    case tcp_ack_verdict::too_old:
        tcp_send_challenge_ack(sk); // RFC 5961 §5.2
        drop(std::move(skb), drop_reason::tcp_bad_ack);
        return false;
    case tcp_ack_verdict::old:
    case tcp_ack_verdict::acceptable:
        break;
    }
    tcp_replace_ts_recent(sk, skb->tcp.seq);
    advance_state(sk, *skb);
    return true;
}

// ---- Sixth and seventh step -------------------------------------------------------------------------------

/// Whether the peer may still send. Urgent pointers and text after its FIN "should not occur" and are
/// ignored.
bool takes_text(const tcp_sock& sk) {
    return tcp_in(sk, tcp_state_bit(tcp_state::established) | tcp_state_bit(tcp_state::fin_wait_1) |
                          tcp_state_bit(tcp_state::fin_wait_2));
}

/// Data for a user who said that he will not read: the peer must learn that it is lost (RFC 9293 §3.6.1).
bool arrives_after_close(const tcp_sock& sk, const sk_buff& skb) {
    const bool closed_for_reading =
        (sk.shutdown & receive_shutdown) != 0 &&
        tcp_in(sk, tcp_state_bit(tcp_state::fin_wait_1) | tcp_state_bit(tcp_state::fin_wait_2));
    return closed_for_reading && skb.length() != 0 && skb.tcp.seq + skb.length() > sk.rcv_nxt;
}

void process_text(tcp_sock& sk, skb_ptr skb) {
    if (takes_text(sk)) {
        if (arrives_after_close(sk, *skb)) {
            count(*sk.owner_stack, mib::tcpext_abort_on_data);
            tcp_send_reset(*sk.owner_stack, *skb);
            drop(std::move(skb), drop_reason::tcp_after_close);
            tcp_reset(sk);
            return;
        }
        sk.data_segments_in += skb->length() != 0 ? 1 : 0;
        if (skb->length() != 0 && skb->tcp.end_seq > sk.rcv_nxt) {
            tcp_ecn_receive_data(sk, *skb);
        }
        tcp_data_queue(sk, std::move(skb));
    } else if (skb->tcp.end_seq > sk.rcv_nxt) {
        drop(std::move(skb), drop_reason::tcp_after_close); // CLOSE-WAIT and later: the peer has sent its FIN
    } else if (skb->tcp.seq != skb->tcp.end_seq) {
        sk.ack_pending |= tcp_ack_scheduled | tcp_ack_now; // its FIN again: our ACK was lost
    }
}

} // namespace

void tcp_receive(tcp_sock& sk, skb_ptr skb) {
    sk.segments_in++;
    trace(*sk.owner_stack, trace_event::tcp_receive,
          {.sock = sk.id,
           .skb = skb->id,
           .value = {skb->tcp.seq.value, skb->tcp.ack.value, skb->tcp.flags, skb->length()}});
    switch (sk.state) {
    case tcp_state::established:
        if (predicted(sk, *skb) && (skb->length() == 0 || (skb->length() <= tcp_receive_window(sk) &&
                                                           sk.receive_memory <= sk.receive_buffer_limit))) {
            tcp_rcv_established(sk, std::move(skb));
        } else {
            tcp_rcv_state_process(sk, std::move(skb));
        }
        break;
    case tcp_state::syn_sent:
        tcp_rcv_syn_sent(sk, std::move(skb));
        break;
    case tcp_state::closed:
        tcp_send_reset(*sk.owner_stack, *skb);
        drop(std::move(skb), drop_reason::tcp_no_socket);
        break;
    default:
        tcp_rcv_state_process(sk, std::move(skb));
        break;
    }
}

void tcp_rcv_state_process(tcp_sock& sk, skb_ptr skb) {
    const wire::tcp_options options = tcp_read_options(sk, *skb);
    if (!tcp_check_segment(sk, skb)) { // first to fourth
        return;
    }
    if (!process_ack(sk, skb, options) || sk.state == tcp_state::closed) { // fifth
        return;
    }
    if (takes_text(sk)) {
        tcp_check_urgent(sk, *skb); // sixth
    }
    process_text(sk, std::move(skb)); // seventh and eighth
    if (sk.state != tcp_state::closed) {
        tcp_owe_push(sk);
        tcp_check_ack(sk);
        tcp_predict_headers(sk);
    }
}

void tcp_predict_headers(tcp_sock& sk) {
    sk.prediction = sk.state == tcp_state::established && sk.out_of_order.empty() && sk.rcv_wnd != 0 &&
                    sk.urgent_state != tcp_sock::urgent::awaited &&
                    sk.receive_memory < sk.receive_buffer_limit;
    sk.predicted_window = static_cast<uint16_t>(sk.snd_wnd >> sk.snd_wscale);
}

void tcp_fin(tcp_sock& sk) {
    sk.ack_pending |= tcp_ack_scheduled;
    sk.shutdown |= receive_shutdown;
    sk.receive_fin = true;
    tcp_purge_out_of_order(sk); // nothing can follow a FIN
    switch (sk.state) {
    case tcp_state::syn_received:
    case tcp_state::established:
        tcp_set_state(sk, tcp_state::close_wait);
        sk.pingpong = 1; // the ACK may ride on our FIN
        break;
    case tcp_state::fin_wait_1: // a simultaneous close
        tcp_send_ack(sk);
        tcp_set_state(sk, tcp_state::closing);
        break;
    case tcp_state::fin_wait_2:
        tcp_send_ack(sk);
        tcp_enter_time_wait(sk, tcp_state::time_wait, tcp_time_wait_length);
        break;
    default:
        break;
    }
    sk.state_change(sk);
}

void tcp_reset(tcp_sock& sk) {
    int error_number = ECONNRESET;
    if (sk.state == tcp_state::syn_sent) {
        error_number = ECONNREFUSED;
    } else if (sk.state == tcp_state::close_wait) {
        error_number = EPIPE;
    }
    tcp_abort(sk, error_number);
}

} // namespace net
