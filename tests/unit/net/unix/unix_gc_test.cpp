// Sockets that carry each other: freed when no program has them any more, and not before.

#include "kernel/abi/socket.h"
#include "net/unix/unix_sock.hpp"
#include "sim/host.hpp"

namespace {

/// Descriptors of one program; the files own the sockets.
struct unix_gc : testing::Test {
    sim::world world{5};
    sim::host here{"10.0.0.1"};
    int next = 3;

    void TearDown() override {
        while (!world.open_files.empty()) {
            world.close_file(world.open_files.begin()->first);
        }
        collect();
        EXPECT_EQ(here.stack().live_socks, 0u);
        EXPECT_EQ(here.stack().live_skbs, 0u);
        EXPECT_EQ(here.stack().unix_sockets->files_in_flight, 0u);
        EXPECT_EQ(here.stack().unix_sockets->sockets_in_flight, 0u);
    }

    net::socket* make(int type = SOCK_STREAM) {
        return net::sock_create(here.stack(), AF_UNIX, type, 0).value();
    }
    int open(net::socket* socket) {
        world.open_file(next, socket);
        return next++;
    }
    /// Two connected sockets, the second's descriptor one above the first's.
    int pair() {
        net::socket* first = make();
        net::socket* second = make();
        EXPECT_TRUE(net::sock_socketpair(*first, *second).ok());
        open(first);
        return open(second) - 1;
    }
    /// A listener, and one above it a client that nobody has accepted.
    int waiting_connection() {
        net::socket* listener = make();
        net::socket_address name;
        auto& as_unix = *reinterpret_cast<sockaddr_un*>(&name.storage);
        as_unix = {.sun_family = AF_UNIX, .sun_path = "\0lamp"};
        name.length = net::unix_path_offset + 5;
        EXPECT_TRUE(net::sock_bind(*listener, name).ok() && net::sock_listen(*listener, 5).ok());
        net::socket* client = make();
        EXPECT_TRUE(net::sock_connect(*client, name).ok());
        open(listener);
        return open(client) - 1;
    }
    net::socket& at(int descriptor) { return *net::port::socket_of_file(world.open_files.at(descriptor)); }
    /// Sends one byte, and a file with it.
    bool send(int over, int carried) {
        char byte = 'c';
        iovec piece = {&byte, 1};
        alignas(8) uint8_t control[CMSG_SPACE(sizeof(int))] = {};
        net::message msg;
        msg.payload = net::iov_iter(&piece, 1, net::iov_iter::memory::kernel);
        msg.control = {.bytes = control, .capacity = sizeof control, .length = 0};
        int ignored = 0;
        msg.control.append(SOL_SOCKET, SCM_RIGHTS, &carried, sizeof carried, &ignored);
        return net::sock_sendmsg(at(over), msg).ok();
    }
    /// Whether a byte, with a file, can be received.
    bool receive(int from) {
        char byte = 0;
        iovec piece = {&byte, 1};
        alignas(8) uint8_t control[CMSG_SPACE(sizeof(int))] = {};
        net::message msg;
        msg.payload = net::iov_iter(&piece, 1, net::iov_iter::memory::kernel);
        msg.control = {.bytes = control, .capacity = sizeof control, .length = 0};
        msg.flags = MSG_DONTWAIT;
        return net::sock_recvmsg(at(from), msg).ok() && byte == 'c' && msg.control.length != 0;
    }
    /// Socks that are not closed. (A closed one lives as long as its peer.)
    unsigned open_socks() {
        unsigned count = 0;
        for (const net::unix_sock& each : here.stack().unix_sockets->all) {
            count += each.user_socket != nullptr ? 1 : 0;
        }
        return count;
    }
    /// What any program does when it closes any socket of the family.
    void collect() { net::sock_release(make(SOCK_DGRAM)); }
};

TEST_F(unix_gc, a_socket_in_its_own_queue_is_freed) {
    const int first = pair();
    ASSERT_TRUE(send(first, first + 1));
    world.close_file(first + 1);
    world.close_file(first);
    collect();
    EXPECT_EQ(open_socks(), 0u);
}

TEST_F(unix_gc, a_ring_is_freed_when_the_last_of_it_is_closed) {
    const int first = pair();
    const int second = pair();
    const int third = pair();
    ASSERT_TRUE(send(first, second + 1)); // into the queue of first + 1
    ASSERT_TRUE(send(second, third + 1));
    ASSERT_TRUE(send(third, first + 1));
    for (int each : {first, second, third, second + 1, third + 1}) {
        world.close_file(each);
    }
    collect();
    EXPECT_EQ(open_socks(), 3u); // first + 1 is open still, and the others can be received from it
    world.close_file(first + 1);
    collect();
    EXPECT_EQ(open_socks(), 0u);
}

TEST_F(unix_gc, what_a_program_can_still_receive_stays) {
    const int first = pair();
    const int ring = pair();
    ASSERT_TRUE(send(ring, ring + 1));  // a ring of its own ...
    ASSERT_TRUE(send(first, ring + 1)); // ... that a program can receive
    world.close_file(ring);
    world.close_file(ring + 1);
    collect();
    EXPECT_EQ(open_socks(), 3u);
    EXPECT_TRUE(receive(first + 1));
    collect();
    EXPECT_EQ(open_socks(), 2u); // it was not kept: now nobody has the ring
}

TEST_F(unix_gc, a_listener_that_a_waiting_connection_carries_is_freed) {
    const int listening = waiting_connection();
    ASSERT_TRUE(send(listening + 1, listening));
    world.close_file(listening);
    collect();
    EXPECT_EQ(open_socks(), 1u); // nobody could ever accept it
}

TEST_F(unix_gc, what_waits_in_a_connection_stays_while_that_is_accepted) {
    const int listening = waiting_connection();
    const int ring = pair();
    ASSERT_TRUE(send(ring, ring + 1));
    ASSERT_TRUE(send(listening + 1, ring + 1));
    world.close_file(ring);
    world.close_file(ring + 1);
    collect();
    EXPECT_EQ(open_socks(), 3u); // the listener, the client, and what waits
    // The first half of accept(): the connection is in no list, and has no socket yet.
    net::unix_sock& listener = net::unix_of(at(listening));
    net::unix_sock* child = listener.pending.front();
    child->awaits_accept = false;
    listener.pending.pop_front();
    collect();
    listener.pending.push_back(*child);
    child->awaits_accept = true;
    const int accepted = open(net::sock_accept(at(listening)).value());
    EXPECT_TRUE(receive(accepted));
}

TEST_F(unix_gc, a_long_chain_is_closed_without_deep_recursion) {
    constexpr int links = 3000;
    int outer = pair();
    for (int i = 1; i < links; i++) {
        const int inner = pair();
        ASSERT_TRUE(send(inner, outer + 1)); // the queue of inner + 1 carries outer + 1
        world.close_file(outer + 1);
        world.close_file(outer);
        outer = inner;
    }
    EXPECT_EQ(open_socks(), static_cast<unsigned>(links + 1));
    world.spawn("program", [&] { world.close_file(outer + 1); }); // a fiber's stack is small
    world.run();
    EXPECT_EQ(open_socks(), 1u);
}

} // namespace
