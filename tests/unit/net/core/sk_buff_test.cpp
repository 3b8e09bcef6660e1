// Packets: moving pointers, fragments, sharing, and what they cost.

#include "net/core/sk_buff.hpp"

#include "net/core/skb_checksum.hpp"
#include "net/wire/checksum.hpp"
#include "sim/host.hpp"

namespace {

struct packets : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};

    net::skb_ptr make(const std::string& text, uint32_t headroom = 64) {
        net::skb_ptr skb = net::allocate_skb(host.stack(), headroom, static_cast<uint32_t>(text.size()));
        std::copy(text.begin(), text.end(), skb->put(static_cast<uint32_t>(text.size())));
        return skb;
    }
    /// A packet of linear "abc" and the fragments "defg" and "hi".
    net::skb_ptr scattered() {
        net::skb_ptr skb = make("abc");
        for (const std::string& text : {std::string("..defg"), std::string("hi...")}) {
            auto block = net::skb_block::allocate(static_cast<uint32_t>(text.size()));
            std::copy(text.begin(), text.end(), block->bytes());
            const bool first = text[0] == '.';
            EXPECT_TRUE(skb->add_fragment(std::move(block), first ? 2 : 0, first ? 4 : 2).ok());
        }
        return skb;
    }
    static std::string text(const net::sk_buff& skb) {
        std::string out(skb.length(), ' ');
        skb.copy_bits(0, out.data(), skb.length());
        return out;
    }
    void TearDown() override {
        EXPECT_EQ(host.stack().live_skbs, 0u);
        EXPECT_EQ(host.stack().skb_bytes, 0u);
    }
};

TEST_F(packets, headers_are_pushed_and_pulled) {
    net::skb_ptr skb = make("data");
    std::copy_n("head", 4, skb->push(4));
    EXPECT_EQ(text(*skb), "headdata");
    EXPECT_EQ(skb->headroom(), 60u);
    skb->pull(6);
    EXPECT_EQ(text(*skb), "ta");
    skb->trim(1);
    EXPECT_EQ(text(*skb), "t");
}

TEST_F(packets, bytes_are_one_run_over_all_fragments) {
    net::skb_ptr skb = scattered();
    EXPECT_EQ(skb->length(), 9u);
    EXPECT_EQ(text(*skb), "abcdefghi");
    char middle[5] = {};
    skb->copy_bits(2, middle, 5);
    EXPECT_EQ(std::string(middle, 5), "cdefg");
}

TEST_F(packets, consume_front_crosses_fragments) {
    for (uint32_t gone = 0; gone <= 9; gone++) {
        net::skb_ptr skb = scattered();
        skb->consume_front(gone);
        EXPECT_EQ(text(*skb), std::string("abcdefghi").substr(gone));
    }
}

TEST_F(packets, trim_cuts_anywhere) {
    for (uint32_t kept = 0; kept <= 9; kept++) {
        net::skb_ptr skb = scattered();
        skb->trim(kept);
        EXPECT_EQ(text(*skb), std::string("abcdefghi").substr(0, kept));
    }
}

TEST_F(packets, pull_linear_gathers_what_is_asked_for) {
    for (uint32_t wanted = 0; wanted <= 9; wanted++) {
        net::skb_ptr skb = scattered();
        ASSERT_TRUE(skb->pull_linear(wanted).ok());
        EXPECT_GE(skb->linear_length(), wanted);
        EXPECT_EQ(text(*skb), "abcdefghi");
    }
    net::skb_ptr skb = scattered();
    EXPECT_EQ(skb->pull_linear(10).error().number, EINVAL);
}

TEST_F(packets, moving_the_linear_area_keeps_headers_in_place) {
    net::skb_ptr skb = make("payload", 40);
    std::copy_n("HDR", 3, skb->push(3));
    skb->network_header = skb->data;
    skb->pull(3);
    ASSERT_TRUE(skb->move_linear(100, 50).ok());
    EXPECT_EQ(text(*skb), "payload");
    EXPECT_EQ(std::string(reinterpret_cast<char*>(skb->network_header), 3), "HDR");
    EXPECT_EQ(skb->network_header + 3, skb->data);
}

TEST_F(packets, a_smaller_linear_area_costs_less) {
    net::skb_ptr skb = make(std::string(2000, 'x'));
    skb->trim(100);
    const uint32_t before = skb->truesize;
    ASSERT_TRUE(skb->move_linear(0, 100).ok());
    EXPECT_LE(skb->truesize, before - 1900);
    EXPECT_EQ(host.stack().skb_bytes, skb->truesize);
}

TEST_F(packets, shared_payload_survives_its_first_owner) {
    net::skb_ptr skb = scattered();
    net::skb_ptr shared = net::share_payload(*skb, 32);
    skb.reset();
    EXPECT_EQ(text(*shared), "abcdefghi");
    EXPECT_EQ(shared->headroom(), 32u);
    EXPECT_EQ(shared->linear_length(), 0u);
}

TEST_F(packets, clones_own_their_headers) {
    net::skb_ptr skb = scattered();
    net::skb_ptr clone = net::clone_skb(*skb, 8);
    clone->data[0] = 'X';
    EXPECT_EQ(text(*skb), "abcdefghi");
    EXPECT_EQ(text(*clone), "Xbcdefghi");
    net::skb_ptr copy = net::copy_skb(*clone, 8);
    EXPECT_EQ(copy->fragment_count, 0);
    EXPECT_EQ(text(*copy), "Xbcdefghi");
}

TEST_F(packets, checksums_do_not_depend_on_the_cut) {
    net::skb_ptr skb = scattered();
    const std::string whole = "abcdefghi";
    EXPECT_EQ(net::wire::checksum_fold(net::skb_checksum_add(0, *skb, 0, 9)),
              net::wire::checksum_fold(net::wire::checksum_add(0, whole.data(), 9)));
}

TEST_F(packets, queues_count_packets_and_bytes) {
    net::skb_queue queue;
    queue.push_back(make("bb"));
    queue.push_front(make("a"));
    queue.push_back(make("cccc"));
    queue.insert_after(*queue.front(), make("x"));
    EXPECT_EQ(queue.count(), 4u);
    EXPECT_EQ(queue.bytes(), 8u);
    std::string order;
    while (net::skb_ptr skb = queue.pop_front()) {
        order += text(*skb) + " ";
    }
    EXPECT_EQ(order, "a x bb cccc ");
    EXPECT_EQ(queue.bytes(), 0u);
}

TEST_F(packets, a_failed_allocation_leaves_nothing_behind) {
    world.fail_allocation_after = 1;
    EXPECT_FALSE(net::allocate_skb(host.stack(), 0, 100));
    world.fail_allocation_after = 2;
    EXPECT_FALSE(net::allocate_skb(host.stack(), 0, 100));
}

} // namespace
