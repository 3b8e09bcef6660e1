// AF_PACKET between two simulated hosts: who sees which frame, sending whole frames, and what is left behind.

#include "kernel/abi/packet.h"
#include "net/core/dev.hpp"
#include "net/packet/packet_sock.hpp"
#include "sim/host.hpp"
#include "sim/program.hpp"

#include <cstring>

namespace {

using namespace net::port;

/// One AF_PACKET socket.
class frame_socket {
public:
    frame_socket(sim::host& on, int type, uint16_t protocol) {
        auto made = net::sock_create(on.stack(), AF_PACKET, type, lib::swap_bytes(protocol));
        error = made.ok() ? 0 : made.error().number;
        socket_ = made.ok() ? made.value() : nullptr;
    }
    ~frame_socket() {
        if (socket_ != nullptr) {
            net::sock_release(socket_);
        }
    }
    frame_socket(const frame_socket&) = delete;
    frame_socket& operator=(const frame_socket&) = delete;

    net::socket& get() { return *socket_; }

    /// The next frame, or an empty string; `from` is what is told about it.
    std::string receive(int flags = MSG_DONTWAIT) {
        std::string buffer(2000, '?');
        iovec piece = {buffer.data(), buffer.size()};
        net::socket_address address;
        net::message msg;
        msg.payload = net::iov_iter(&piece, 1, net::iov_iter::memory::kernel);
        msg.address = &address;
        msg.flags = flags;
        auto got = net::sock_recvmsg(*socket_, msg);
        memcpy(&from, &address.storage, sizeof from);
        return buffer.substr(0, got.ok() ? got.value() : 0);
    }
    long send(const std::string& bytes, const sockaddr_ll& to) {
        iovec piece = {const_cast<char*>(bytes.data()), bytes.size()};
        net::socket_address address;
        memcpy(&address.storage, &to, sizeof to);
        address.length = sizeof to;
        net::message msg;
        msg.payload = net::iov_iter(&piece, 1, net::iov_iter::memory::kernel);
        msg.address = &address;
        auto sent = net::sock_sendmsg(*socket_, msg);
        return sent.ok() ? static_cast<long>(sent.value()) : -sent.error().number;
    }

    /// PACKET_ADD_MEMBERSHIP or PACKET_DROP_MEMBERSHIP.
    int membership(int option, unsigned device, unsigned short type, const std::string& address = "") {
        packet_mreq request = {};
        request.mr_ifindex = static_cast<int>(device);
        request.mr_type = type;
        request.mr_alen = static_cast<unsigned short>(address.size());
        memcpy(request.mr_address, address.data(), address.size());
        const auto done = net::sock_setsockopt(*socket_, SOL_PACKET, option, &request, sizeof request);
        return done.ok() ? 0 : -done.error().number;
    }

    int error = 0;
    sockaddr_ll from = {};

private:
    net::socket* socket_ = nullptr;
};

struct two_hosts {
    sim::world world{11};
    sim::host a{"10.0.0.1"};
    sim::host b{"10.0.0.2"};
    sim::wire wire{a, b};

    void run(std::function<void()> body) {
        world.spawn("program", std::move(body));
        world.run();
        for (sim::host* host : {&a, &b}) {
            EXPECT_EQ(host->stack().live_socks, 0u);
            EXPECT_EQ(host->stack().tap_users, 0u);
        }
    }
    /// One datagram from a to b, and time for it to arrive.
    void exchange() {
        sim::user_socket sender(a, SOCK_DGRAM);
        sender.send_to("payload", b.ip(), 9);
        lock pause{lock_rank::sock};
        wait_queue nobody;
        pause.acquire();
        (void)nobody.wait(
            pause, [] { return false; }, now() + second);
        pause.give_back();
    }
};

TEST(packet, sees_its_protocol_without_the_link_header) {
    two_hosts net;
    net.run([&] {
        frame_socket ip(net.b, SOCK_DGRAM, ETH_P_IP), arp(net.b, SOCK_RAW, ETH_P_ARP);
        net.exchange();
        const std::string seen = ip.receive();
        ASSERT_GE(seen.size(), 28u);
        EXPECT_EQ(seen[0], 0x45);
        EXPECT_EQ(seen.substr(28, 7), "payload");
        EXPECT_EQ(ip.from.sll_pkttype, PACKET_HOST);
        EXPECT_EQ(ip.from.sll_ifindex, static_cast<int>(net.b.device().index));
        EXPECT_EQ(memcmp(ip.from.sll_addr, net.a.device().mac, 6), 0);
        EXPECT_EQ(ip.receive(), ""); // the ICMP error went out: not for this one
        const std::string request = arp.receive();
        ASSERT_GE(request.size(), 42u);
        EXPECT_EQ(request.substr(0, 6), std::string(6, '\xff'));
        EXPECT_EQ(arp.from.sll_pkttype, PACKET_BROADCAST);
    });
}

TEST(packet, who_wants_all_sees_both_directions) {
    two_hosts net;
    net.run([&] {
        frame_socket all(net.b, SOCK_RAW, ETH_P_ALL);
        net.exchange();
        unsigned received = 0, sent = 0;
        while (!all.receive().empty()) {
            (all.from.sll_pkttype == PACKET_OUTGOING ? sent : received)++;
        }
        EXPECT_EQ(received, 2u); // ARP request, datagram
        EXPECT_GE(sent, 2u);     // ARP reply, port unreachable
    });
}

TEST(packet, sends_whole_frames) {
    two_hosts net;
    net.run([&] {
        frame_socket sender(net.a, SOCK_DGRAM, 0), receiver(net.b, SOCK_RAW, 0x88b5);
        sockaddr_ll to = {};
        to.sll_family = AF_PACKET;
        to.sll_protocol = lib::swap_bytes(uint16_t{0x88b5}); // IEEE 802: for local experiments
        to.sll_ifindex = static_cast<int>(net.a.device().index);
        memcpy(to.sll_addr, net.b.device().mac, 6);
        EXPECT_EQ(sender.send("experiment", to), 10);
        const std::string seen = receiver.receive(0);
        ASSERT_EQ(seen.size(), 60u);
        EXPECT_EQ(seen.substr(14, 10), "experiment");
        EXPECT_EQ(seen.substr(24), std::string(36, '\0')); // padded with zeros
        EXPECT_EQ(sender.send(std::string(1501, 'x'), to), -EMSGSIZE);
        to.sll_ifindex = 99;
        EXPECT_EQ(sender.send("x", to), -ENXIO);
    });
}

TEST(packet, a_reader_that_sleeps_loses_and_is_told) {
    two_hosts net;
    net.run([&] {
        frame_socket all(net.a, SOCK_RAW, ETH_P_ALL);
        for (unsigned i = 0; i < 1000; i++) {
            sim::user_socket sender(net.a, SOCK_DGRAM);
            sender.send_to(std::string(1000, 'n'), net.b.ip(), 9, MSG_DONTWAIT);
        }
        net.exchange();
        uint32_t statistics[2] = {};
        uint32_t length = sizeof statistics;
        ASSERT_TRUE(net::sock_getsockopt(all.get(), SOL_PACKET, PACKET_STATISTICS, statistics, &length).ok());
        EXPECT_GT(statistics[0], 0u);
        EXPECT_LE(all.get().sk->receive_memory, all.get().sk->receive_buffer_limit);
    });
}

TEST(packet, needs_the_right_and_memory) {
    two_hosts net;
    net.run([&] {
        net.world.administrator = false;
        EXPECT_EQ(frame_socket(net.a, SOCK_RAW, ETH_P_ALL).error, EPERM);
        net.world.administrator = true;
        EXPECT_EQ(frame_socket(net.a, SOCK_STREAM, 0).error, ESOCKTNOSUPPORT);
        for (uint64_t nth = 1; nth < 6; nth++) {
            net.world.fail_allocation_after = nth;
            frame_socket some(net.b, SOCK_RAW, ETH_P_ALL);
            EXPECT_TRUE(some.error == 0 || some.error == ENOMEM);
            net.world.fail_allocation_after = 0;
        }
    });
}

TEST(packet, who_wants_all_frames_is_counted_for_each_interface) {
    two_hosts net;
    net.run([&] {
        const net::net_device& eth = net.a.device();
        const net::net_device& lo = *net.a.stack().find_device("lo");
        frame_socket other(net.a, SOCK_RAW, ETH_P_ALL);
        {
            frame_socket one(net.a, SOCK_RAW, ETH_P_ALL);
            EXPECT_EQ(one.membership(PACKET_ADD_MEMBERSHIP, eth.index, PACKET_MR_PROMISC), 0);
            EXPECT_EQ(one.membership(PACKET_DROP_MEMBERSHIP, lo.index, PACKET_MR_PROMISC), 0); // it has none
            EXPECT_EQ(one.membership(PACKET_DROP_MEMBERSHIP, 99, PACKET_MR_PROMISC), 0);
            EXPECT_EQ(one.membership(PACKET_ADD_MEMBERSHIP, 99, PACKET_MR_PROMISC), -ENODEV);
            EXPECT_EQ(eth.promiscuity, 1u);
            EXPECT_EQ(lo.promiscuity, 0u);
            EXPECT_EQ(one.membership(PACKET_ADD_MEMBERSHIP, eth.index, PACKET_MR_PROMISC), 0);
            EXPECT_EQ(one.membership(PACKET_ADD_MEMBERSHIP, lo.index, PACKET_MR_PROMISC), 0);
            EXPECT_EQ(eth.promiscuity, 1u); // of one socket
            EXPECT_EQ(lo.promiscuity, 1u);
            EXPECT_EQ(other.membership(PACKET_ADD_MEMBERSHIP, eth.index, PACKET_MR_PROMISC), 0);
            EXPECT_EQ(one.membership(PACKET_DROP_MEMBERSHIP, eth.index, PACKET_MR_PROMISC), 0);
            EXPECT_EQ(eth.promiscuity, 2u); // it was added twice
            EXPECT_EQ(one.membership(PACKET_DROP_MEMBERSHIP, eth.index, PACKET_MR_PROMISC), 0);
            EXPECT_EQ(eth.promiscuity, 1u);
            EXPECT_EQ(one.membership(PACKET_ADD_MEMBERSHIP, eth.index, PACKET_MR_PROMISC), 0);
        }
        EXPECT_EQ(eth.promiscuity, 1u);
        EXPECT_EQ(lo.promiscuity, 0u);
        EXPECT_EQ(other.membership(PACKET_DROP_MEMBERSHIP, eth.index, PACKET_MR_PROMISC), 0);
        EXPECT_EQ(eth.promiscuity, 0u);
    });
}

TEST(packet, the_card_is_told_of_groups) {
    two_hosts net;
    net.run([&] {
        const net::net_device& eth = net.a.device();
        const unsigned& updates = net.a.card->multicast_updates;
        const std::string group("\x01\x00\x5e\x01\x02\x03", 6);
        const auto listens = [&] {
            return net::dev_listens_to(eth, reinterpret_cast<const uint8_t*>(group.data()));
        };
        {
            frame_socket one(net.a, SOCK_RAW, ETH_P_ALL);
            const unsigned before = updates;
            EXPECT_EQ(one.membership(PACKET_ADD_MEMBERSHIP, eth.index, PACKET_MR_MULTICAST, group), 0);
            EXPECT_EQ(one.membership(PACKET_ADD_MEMBERSHIP, eth.index, PACKET_MR_MULTICAST, group), 0);
            EXPECT_TRUE(listens());
            EXPECT_EQ(updates, before + 1);
            EXPECT_EQ(one.membership(PACKET_ADD_MEMBERSHIP, eth.index, PACKET_MR_ALLMULTI), 0);
            EXPECT_EQ(updates, before + 2);
            EXPECT_EQ(one.membership(PACKET_DROP_MEMBERSHIP, eth.index, PACKET_MR_ALLMULTI), 0);
            EXPECT_EQ(updates, before + 3);
            EXPECT_EQ(one.membership(PACKET_DROP_MEMBERSHIP, eth.index, PACKET_MR_MULTICAST, group), 0);
            EXPECT_TRUE(listens()); // it was added twice
            EXPECT_EQ(one.membership(PACKET_ADD_MEMBERSHIP, eth.index, PACKET_MR_MULTICAST, "short"),
                      -EINVAL);
            EXPECT_EQ(one.membership(PACKET_ADD_MEMBERSHIP, eth.index, PACKET_MR_PROMISC, "toolong"),
                      -EINVAL);
        }
        EXPECT_FALSE(listens());
    });
}

TEST(packet, a_socket_has_a_limited_number_of_memberships) {
    two_hosts net;
    net.run([&] {
        const net::net_device& eth = net.a.device();
        {
            frame_socket one(net.a, SOCK_RAW, ETH_P_ALL);
            int outcome = 0;
            for (char last = 0; last < 100 && outcome == 0; last++) {
                const std::string group = std::string("\x01\x00\x5e\x01\x02", 5) + last;
                outcome = one.membership(PACKET_ADD_MEMBERSHIP, eth.index, PACKET_MR_MULTICAST, group);
            }
            EXPECT_EQ(outcome, -ENOBUFS);
        }
        for (const net::device_multicast& entry : eth.multicast) {
            EXPECT_NE(memcmp(entry.mac, "\x01\x00\x5e\x01\x02", 5) == 0 ? entry.users : 0, 1u);
        }
    });
}

TEST(packet, siocinq_and_siocoutq_touch_user_memory_without_a_lock) {
    two_hosts net;
    net.run([&] {
        frame_socket all(net.b, SOCK_RAW, ETH_P_ALL);
        sim::user_socket sender(net.a, SOCK_DGRAM);
        sender.send_to(std::string(100, 'n'), net.b.ip(), 9, MSG_DONTWAIT);
        net.exchange();
        int answer = -1; // the port fails the test if a lock of rank sock is held
        const auto place = reinterpret_cast<uintptr_t>(&answer);
        EXPECT_TRUE(net::sock_ioctl(all.get(), SIOCINQ, place).ok());
        EXPECT_EQ(static_cast<size_t>(answer), all.receive().size());
        EXPECT_TRUE(net::sock_ioctl(all.get(), SIOCOUTQ, place).ok());
        EXPECT_EQ(answer, 0);
    });
}

} // namespace
