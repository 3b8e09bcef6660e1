#pragma once
// sk_buff: one packet on its way through the stack.
//
//        head            data                     tail          end
//         |   headroom    |  linear bytes          |  tailroom   |      fragments[0..n)
//         +---------------+------------------------+-------------+     +------+ +------+
//         |               | eth | ip | tcp | data  |             |  +  | data | | data |
//         +---------------+------------------------+-------------+     +------+ +------+
//
// Headers are pushed in front of `data` on the way down and pulled off by moving `data` on the way up, so
// the same buffer is watched through every layer. Bytes live in counted blocks that several packets may
// share: a retransmission shares the payload of the packet in the send queue and has headers of its own.
//
// Exactly one owner at any time: a function that takes skb_ptr owns the packet from then on, one that
// takes sk_buff& borrows it. A packet ends in consume (delivered, sent) or in drop() with a reason.

#include "kernel/abi/socket.h"
#include "kernel/lib/byte_order.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "net/port.hpp"
#include "net/wire/seq.hpp"

#include <cstdint>
#include <span>
#include <utility>

namespace net {

struct net_device;
struct sock;
struct sk_buff;

/// Bytes that packets share. Allocated with its bytes behind it.
struct skb_block : lib::ref_counted {
    uint32_t capacity;

    uint8_t* bytes() { return reinterpret_cast<uint8_t*>(this + 1); }
    static lib::ref<skb_block> allocate(uint32_t capacity); ///< Empty when memory is short.
    static void release_last(skb_block* block);
};

/// A run of payload bytes inside a block.
struct skb_fragment {
    lib::ref<skb_block> block;
    uint32_t offset = 0;
    uint32_t length = 0;

    uint8_t* bytes() const { return block->bytes() + offset; }
};

/// What is known about the transport checksum.
enum class checksum_state : uint8_t {
    none,        ///< received: not verified; to send: complete in the header
    unnecessary, ///< received: the device, or the loopback, has verified it
    partial,     ///< to send: the device sums from checksum_start and stores at checksum_offset from there
};

/// TCP's notes on a segment in its queues.
struct tcp_skb_notes {
    wire::seq seq = {};     ///< number of the first byte (or of SYN)
    wire::seq end_seq = {}; ///< one past the last byte, SYN and FIN counted
    wire::seq ack = {};
    uint8_t flags = 0;     ///< wire::tcp_flag bits
    uint8_t sacked = 0;    ///< bits of tcp_sacked
    uint16_t segments = 0; ///< MSS-sized pieces in this packet
    uint16_t transmissions = 0;
    port::time_ns sent_at = 0; ///< time of the last transmission, 0 = never
};

/// IPv4's notes on a received packet.
struct ip_skb_notes {
    uint32_t source; ///< host order, for messages to the socket
    uint32_t destination;
    uint16_t source_port;
    uint16_t destination_port;
    uint8_t ttl;
    uint8_t tos;
    uint16_t device_index;   ///< where it came in
    sock_extended_err error; ///< in an error queue: what recvmsg(MSG_ERRQUEUE) tells
};

struct sk_buff {
    static constexpr unsigned max_fragments = 18; ///< 64 KiB of pages and two partial ones

    lib::list_link link;
    stack* owner_stack = nullptr;
    uint64_t id = 0; ///< counts up from 1 per stack; what traces and gdb show

    lib::ref<skb_block> block; ///< the linear area
    uint8_t* head = nullptr;
    uint8_t* data = nullptr;
    uint8_t* tail = nullptr;
    uint8_t* end = nullptr;

    uint8_t fragment_count = 0;
    /// Alive are only the first fragment_count, so that a packet without any pays nothing for them.
    union {
        skb_fragment fragments[max_fragments];
    };
    uint32_t fragment_bytes = 0;
    uint32_t truesize = 0; ///< memory held, for the accounting of sockets

    uint8_t* mac_header = nullptr;
    uint8_t* network_header = nullptr;
    uint8_t* transport_header = nullptr;

    net_device* device = nullptr; ///< where it came from or goes to
    uint16_t protocol = 0;        ///< ethertype, host order
    checksum_state checksum = checksum_state::none;
    uint16_t checksum_start = 0;  ///< partial: offset from head
    uint16_t checksum_offset = 0; ///< partial: offset from checksum_start
    uint16_t gso_size = 0;        ///< payload bytes per segment when the device is to cut it, else 0
    /// looped: our own, on its way back up (loopback.hpp).
    enum class addressed_to : uint8_t { host, broadcast, multicast, other, looped };
    addressed_to packet_type = addressed_to::host;
    port::time_ns received_at = 0;

    sock* charged_to = nullptr; ///< whose memory it counts against; see sock.hpp
    uint32_t charged_bytes = 0; ///< truesize at that time
    void (*uncharge)(sk_buff&) = nullptr;

    union {
        tcp_skb_notes tcp;
        ip_skb_notes ip;
        uint8_t scratch[48];
    };

    sk_buff() : scratch{} {}
    ~sk_buff() {}

    uint32_t linear_length() const { return static_cast<uint32_t>(tail - data); }
    uint32_t length() const { return linear_length() + fragment_bytes; }
    uint32_t headroom() const { return static_cast<uint32_t>(data - head); }
    uint32_t tailroom() const { return static_cast<uint32_t>(end - tail); }
    std::span<uint8_t> linear() const { return {data, linear_length()}; }

    /// Makes room in front of data; the room must be there.
    uint8_t* push(uint32_t length);
    /// Takes bytes off the front; they must be linear (see pull_linear).
    uint8_t* pull(uint32_t length);
    /// Appends linear bytes; the room must be there.
    uint8_t* put(uint32_t length);
    /// Shortens the packet to length bytes from the front.
    void trim(uint32_t length);
    /// Removes bytes from the front wherever they are, fragments included; for payload, not headers.
    void consume_front(uint32_t length);
    /// Sets data and tail apart by headroom in an empty buffer.
    void reserve(uint32_t headroom_bytes);
    /// Makes the first length bytes linear: EINVAL when the packet is shorter, ENOMEM.
    lib::result<void> pull_linear(uint32_t length);
    /// Gives the packet a linear area of its own with this headroom and room for capacity bytes: ENOMEM.
    lib::result<void> move_linear(uint32_t headroom_bytes, uint32_t capacity);
    /// Calls visit(const uint8_t* bytes, uint32_t length) for each run of the given range, in order.
    template <class Visitor>
    void for_each_run(uint32_t offset, uint32_t length_bytes, Visitor visit) const;
    /// Copies length bytes at offset (linear or not) out of the packet; the range must lie inside.
    void copy_bits(uint32_t offset, void* to, uint32_t length) const;
    /// Appends a run of payload; ENOBUFS when all fragments are used.
    lib::result<void> add_fragment(lib::ref<skb_block> block, uint32_t offset, uint32_t length);
};

template <class Visitor>
void sk_buff::for_each_run(uint32_t offset, uint32_t length_bytes, Visitor visit) const {
    const uint32_t linear_bytes = linear_length();
    if (offset < linear_bytes && length_bytes != 0) {
        const uint32_t run = length_bytes < linear_bytes - offset ? length_bytes : linear_bytes - offset;
        visit(static_cast<const uint8_t*>(data + offset), run);
        offset += run;
        length_bytes -= run;
    }
    uint32_t start = linear_bytes;
    for (unsigned i = 0; length_bytes != 0 && i < fragment_count; i++) {
        const skb_fragment& fragment = fragments[i];
        if (offset < start + fragment.length) {
            const uint32_t skipped = offset - start;
            const uint32_t left = fragment.length - skipped;
            const uint32_t run = length_bytes < left ? length_bytes : left;
            visit(static_cast<const uint8_t*>(fragment.bytes() + skipped), run);
            offset += run;
            length_bytes -= run;
        }
        start += fragment.length;
    }
}

/// Frees a packet without counting a drop.
void free_skb(sk_buff* skb);
/// Takes a packet off the account of its sock, before it goes to another owner on this host.
void skb_orphan(sk_buff& skb);

/// The owner of a packet.
class skb_ptr {
public:
    skb_ptr() = default;
    skb_ptr(decltype(nullptr)) {}
    explicit skb_ptr(sk_buff* skb) : skb_(skb) {}
    skb_ptr(skb_ptr&& other) noexcept : skb_(other.release()) {}
    skb_ptr& operator=(skb_ptr&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~skb_ptr() { reset(); }

    sk_buff* operator->() const { return skb_; }
    sk_buff& operator*() const { return *skb_; }
    sk_buff* get() const { return skb_; }
    explicit operator bool() const { return skb_ != nullptr; }
    [[nodiscard]] sk_buff* release() { return std::exchange(skb_, nullptr); }
    void reset(sk_buff* skb = nullptr) {
        if (sk_buff* old = std::exchange(skb_, skb)) {
            free_skb(old);
        }
    }

private:
    sk_buff* skb_ = nullptr;
};

/// Room for the headers of every layer in front of a payload: Ethernet 14 (padded to 16), IP 60, TCP 60.
constexpr uint32_t max_header_bytes = 144;

/// An empty packet with linear room for headroom + size bytes; empty pointer when memory is short.
skb_ptr allocate_skb(stack& in, uint32_t headroom, uint32_t size);
/// A packet around a block that a device filled: data starts at offset and holds length bytes.
skb_ptr wrap_block(stack& in, lib::ref<skb_block> block, uint32_t offset, uint32_t length);
/// A second packet with the same payload (shared) and an empty header area of headroom bytes.
skb_ptr share_payload(sk_buff& original, uint32_t headroom);
/// A packet with a copy of all bytes, linear; for taps, replies and reassembly.
skb_ptr copy_skb(const sk_buff& original, uint32_t headroom);
/// Like copy_skb, but fragments are shared and only the linear part is copied.
skb_ptr clone_skb(const sk_buff& original, uint32_t headroom);

/// A queue that owns its packets and knows how many bytes they hold. Guarded by its owner's lock.
class skb_queue {
public:
    skb_queue() = default;
    ~skb_queue() { clear(); }

    bool empty() const { return list_.empty(); }
    unsigned count() const { return count_; }
    uint32_t bytes() const { return bytes_; }

    void push_back(skb_ptr skb);
    void push_front(skb_ptr skb);
    void insert_before(sk_buff& position, skb_ptr skb);
    void insert_after(sk_buff& position, skb_ptr skb);
    skb_ptr pop_front();
    skb_ptr remove(sk_buff& skb);
    void clear();
    /// Moves every packet of another queue behind those of this one.
    void take_all(skb_queue& from);

    sk_buff* front() const { return list_.front(); }
    sk_buff* back() const { return list_.back(); }
    sk_buff* next(const sk_buff& skb) const { return list_.next(skb); }
    sk_buff* previous(const sk_buff& skb) const { return list_.previous(skb); }
    /// To be told after a queued packet was shortened or lengthened by the difference.
    void adjust_bytes(int32_t difference) { bytes_ += static_cast<uint32_t>(difference); }

    auto begin() const { return list_.begin(); }
    auto end() const { return list_.end(); }

private:
    void note_added(const sk_buff& skb);

    lib::list<sk_buff, &sk_buff::link> list_;
    unsigned count_ = 0;
    uint32_t bytes_ = 0;
};

} // namespace net
