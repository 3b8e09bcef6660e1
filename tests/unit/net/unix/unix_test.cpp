// AF_UNIX in a simulated world: connections, names, messages, files in flight, and what is left behind when
// memory runs out in the middle.

#include "kernel/abi/un.h"
#include "net/unix/unix_sock.hpp"
#include "sim/host.hpp"
#include "sim/program.hpp"

#include <cstring>

namespace {

using namespace net::port;

/// One AF_UNIX socket; the calls give the result or -errno, as a program sees it.
class local_socket {
public:
    local_socket(net::stack& in, int type) {
        auto made = net::sock_create(in, AF_UNIX, type, 0);
        if (made.ok()) {
            socket_ = made.value();
        } else {
            error = made.error().number;
        }
    }
    explicit local_socket(net::socket* accepted) : socket_(accepted) {}
    local_socket(local_socket&& other) noexcept : error(other.error), socket_(other.socket_) {
        other.socket_ = nullptr;
    }
    ~local_socket() { close(); }

    void close() {
        if (socket_ != nullptr) {
            net::sock_release(socket_);
            socket_ = nullptr;
        }
    }
    bool ok() const { return socket_ != nullptr; }
    net::socket& get() { return *socket_; }

    static net::socket_address address_of(const std::string& name) {
        net::socket_address address;
        auto* as_unix = reinterpret_cast<sockaddr_un*>(&address.storage);
        as_unix->sun_family = AF_UNIX;
        memcpy(as_unix->sun_path, name.data(), name.size());
        // A path counts its NUL, an abstract name (which begins with one) does not.
        const bool path = !name.empty() && name[0] != 0;
        address.length = static_cast<uint32_t>(net::unix_path_offset + name.size() + (path ? 1 : 0));
        return address;
    }

    long bind(const std::string& name) { return code(net::sock_bind(*socket_, address_of(name))); }
    long connect(const std::string& name) { return code(net::sock_connect(*socket_, address_of(name))); }
    long listen(int backlog) { return code(net::sock_listen(*socket_, backlog)); }
    long shutdown(int how) { return code(net::sock_shutdown(*socket_, how)); }

    local_socket accept() {
        auto accepted = net::sock_accept(*socket_);
        local_socket made(accepted.ok() ? accepted.value() : nullptr);
        made.error = accepted.ok() ? 0 : accepted.error().number;
        return made;
    }

    long send(const std::string& data, int flags = 0, const std::string* to = nullptr,
              const std::vector<int>& files = {}) {
        iovec piece = {const_cast<char*>(data.data()), data.size()};
        net::socket_address address = to != nullptr ? address_of(*to) : net::socket_address();
        alignas(8) uint8_t control[CMSG_SPACE(16 * sizeof(int))] = {};
        net::message msg;
        msg.payload = net::iov_iter(&piece, 1, net::iov_iter::memory::kernel);
        msg.address = to != nullptr ? &address : nullptr;
        msg.flags = flags;
        if (!files.empty()) {
            msg.control = {.bytes = control, .capacity = sizeof control, .length = 0};
            int ignored = 0;
            msg.control.append(SOL_SOCKET, SCM_RIGHTS, files.data(), files.size() * sizeof(int), &ignored);
        }
        auto sent = net::sock_sendmsg(*socket_, msg);
        return sent.ok() ? static_cast<long>(sent.value()) : -sent.error().number;
    }

    struct answer {
        long result = 0;
        std::string data;
        std::string from;
        std::vector<int> files;
        int flags = 0;
    };
    answer recv(size_t limit = 65536, int flags = 0) {
        std::string buffer(limit, '?');
        iovec piece = {buffer.data(), limit};
        net::socket_address address;
        alignas(8) uint8_t control[256] = {};
        net::message msg;
        msg.payload = net::iov_iter(&piece, 1, net::iov_iter::memory::kernel);
        msg.address = &address;
        msg.flags = flags;
        msg.control = {.bytes = control, .capacity = sizeof control, .length = 0};
        auto received = net::sock_recvmsg(*socket_, msg);
        answer told;
        told.result = received.ok() ? static_cast<long>(received.value()) : -received.error().number;
        if (received.ok()) {
            told.data = buffer.substr(0, received.value());
            told.flags = msg.flags;
        }
        if (address.length > net::unix_path_offset) {
            told.from.assign(reinterpret_cast<sockaddr_un*>(&address.storage)->sun_path,
                             address.length - net::unix_path_offset);
        }
        for (size_t at = 0; at + sizeof(cmsghdr) <= msg.control.length;) {
            const auto* header = reinterpret_cast<const cmsghdr*>(control + at);
            if (header->cmsg_type == SCM_RIGHTS) {
                told.files.resize((header->cmsg_len - sizeof(cmsghdr)) / sizeof(int));
                memcpy(told.files.data(), header + 1, told.files.size() * sizeof(int));
            }
            at += CMSG_ALIGN(header->cmsg_len);
        }
        return told;
    }
    short poll(short events) {
        sim::poll_entry self{.socket = socket_, .events = events};
        sim::poll({&self, 1}, 0);
        return self.holds;
    }
    void set_non_blocking() { socket_->non_blocking = true; }

    int error = 0;

private:
    static long code(const lib::result<void>& outcome) { return outcome.ok() ? 0 : -outcome.error().number; }

    net::socket* socket_ = nullptr;
};

const std::string service("\0service", 8);

/// A world with one stack; at its end nothing may be left.
struct fixture {
    sim::world world{3};
    sim::host here{"10.0.0.1"};

    /// Runs one program to its end.
    void run(std::function<void()> body) {
        world.spawn("program", std::move(body));
        world.run();
        EXPECT_EQ(here.stack().live_socks, 0u);
        EXPECT_EQ(here.stack().live_skbs, 0u);
        EXPECT_EQ(here.stack().unix_sockets->files_in_flight, 0u);
    }
    local_socket make(int type) { return local_socket(here.stack(), type); }
    std::pair<local_socket, local_socket> pair(int type) {
        local_socket first = make(type), second = make(type);
        EXPECT_TRUE(net::sock_socketpair(first.get(), second.get()).ok());
        return {std::move(first), std::move(second)};
    }
};

TEST(unix_stream, joins_writes_and_ends) {
    fixture at;
    at.run([&] {
        auto [a, b] = at.pair(SOCK_STREAM);
        EXPECT_EQ(a.send("he"), 2);
        EXPECT_EQ(a.send("llo"), 3);
        EXPECT_EQ(b.recv(3, MSG_PEEK).data, "hel");
        EXPECT_EQ(b.recv(4).data, "hell");
        EXPECT_EQ(b.recv().data, "o");
        EXPECT_EQ(b.recv(1, MSG_DONTWAIT).result, -EAGAIN);
        EXPECT_EQ(a.shutdown(SHUT_WR), 0);
        EXPECT_EQ(b.recv().result, 0);
        EXPECT_EQ(a.send("x"), -EPIPE);
        EXPECT_EQ(at.world.sigpipes, 1u);
        EXPECT_EQ(b.send("back"), 4);
        EXPECT_EQ(a.recv().data, "back");
    });
}

TEST(unix_stream, unread_data_makes_a_reset) {
    fixture at;
    at.run([&] {
        auto [a, b] = at.pair(SOCK_STREAM);
        EXPECT_EQ(a.send("lost"), 4);
        b.close();
        EXPECT_TRUE(a.poll(POLLIN) & POLLERR);
        EXPECT_EQ(a.recv().result, -ECONNRESET);
        EXPECT_EQ(a.recv().result, 0);
        EXPECT_EQ(a.send("x", MSG_NOSIGNAL), -EPIPE);
        EXPECT_EQ(at.world.sigpipes, 0u);
    });
}

TEST(unix_stream, writer_waits_for_the_reader) {
    fixture at;
    auto ends = std::make_shared<std::pair<local_socket, local_socket>>(at.pair(SOCK_STREAM));
    std::string received;
    const std::string all(2'000'000, 'w');
    at.world.spawn("writer", [&, ends] {
        EXPECT_EQ(ends->first.send(all), static_cast<long>(all.size()));
        ends->first.close();
    });
    at.world.spawn("reader", [&, ends] {
        for (;;) {
            const auto got = ends->second.recv(50'000);
            if (got.result <= 0) {
                break;
            }
            received += got.data;
        }
        ends->second.close();
    });
    at.world.run();
    EXPECT_EQ(received, all);
    EXPECT_EQ(at.here.stack().live_skbs, 0u);
}

TEST(unix_stream, memory_in_flight_is_bounded) {
    fixture at;
    at.run([&] {
        auto [a, b] = at.pair(SOCK_STREAM);
        long sent = 0;
        while (a.send(std::string(1000, 'm'), MSG_DONTWAIT) == 1000) {
            sent += 1000;
        }
        EXPECT_GT(sent, 50'000);
        EXPECT_LE(at.here.stack().skb_bytes, a.get().sk->send_buffer_limit + 65536u);
        EXPECT_FALSE(a.poll(POLLOUT) & POLLOUT);
        while (b.recv(65536, MSG_DONTWAIT).result > 0) {
        }
        EXPECT_TRUE(a.poll(POLLOUT) & POLLOUT);
    });
}

TEST(unix_connect, queue_full_and_listener_gone) {
    fixture at;
    at.run([&] {
        local_socket listener = at.make(SOCK_STREAM);
        EXPECT_EQ(listener.listen(1), -EINVAL);
        EXPECT_EQ(listener.bind(service), 0);
        local_socket early = at.make(SOCK_STREAM);
        EXPECT_EQ(early.connect(service), -ECONNREFUSED);
        EXPECT_EQ(listener.listen(0), 0);
        local_socket first = at.make(SOCK_STREAM), second = at.make(SOCK_STREAM);
        EXPECT_EQ(first.connect(service), 0);
        first.set_non_blocking();
        EXPECT_EQ(first.connect(service), -EAGAIN); // as on Linux, the listener is looked at first
        second.set_non_blocking();
        EXPECT_EQ(second.connect(service), -EAGAIN);
        local_socket server = listener.accept();
        ASSERT_TRUE(server.ok());
        EXPECT_EQ(first.connect(service), -EISCONN);
        EXPECT_EQ(second.connect(service), 0);
        EXPECT_EQ(first.send("data"), 4);
        EXPECT_EQ(server.recv().data, "data");
        listener.close();
        EXPECT_EQ(second.recv().result, -ECONNRESET);
        EXPECT_EQ(early.connect(service), -ECONNREFUSED);
    });
}

TEST(unix_connect, waits_for_room_in_the_queue) {
    fixture at;
    std::string order;
    at.world.spawn("server", [&] {
        local_socket listener = at.make(SOCK_STREAM);
        ASSERT_EQ(listener.bind(service), 0);
        ASSERT_EQ(listener.listen(0), 0);
        at.world.spawn("client", [&] {
            local_socket one = at.make(SOCK_STREAM), two = at.make(SOCK_STREAM);
            EXPECT_EQ(one.connect(service), 0);
            order += "1";
            EXPECT_EQ(two.connect(service), 0);
            order += "3";
            EXPECT_EQ(two.send("x"), 1);
        });
        lock pause{lock_rank::sock};
        wait_queue nobody;
        pause.acquire();
        EXPECT_FALSE(nobody
                         .wait(
                             pause, [] { return false; }, now() + second)
                         .ok());
        pause.give_back();
        order += "2";
        local_socket first = listener.accept(), then = listener.accept();
        EXPECT_EQ(then.recv().data, "x");
    });
    at.world.run();
    EXPECT_EQ(order, "123");
}

TEST(unix_names, paths_follow_their_node) {
    fixture at;
    at.run([&] {
        local_socket server = at.make(SOCK_DGRAM), other = at.make(SOCK_DGRAM), client = at.make(SOCK_DGRAM);
        EXPECT_EQ(server.bind("/run/one"), 0);
        EXPECT_EQ(other.bind("/run/one"), -EADDRINUSE);
        EXPECT_EQ(client.connect("/run/none"), -ENOENT);
        at.world.socket_nodes["/run/link"] = at.world.socket_nodes["/run/one"];
        EXPECT_EQ(client.connect("/run/link"), 0);
        EXPECT_EQ(client.send("by link"), 7);
        EXPECT_EQ(server.recv().data, "by link");
        server.close();
        EXPECT_EQ(client.send("x"), -ECONNREFUSED);
        local_socket late = at.make(SOCK_DGRAM);
        EXPECT_EQ(late.connect("/run/one"), -ECONNREFUSED); // the node is there, its socket is not
    });
}

TEST(unix_names, automatic_names_differ) {
    fixture at;
    at.run([&] {
        local_socket first = at.make(SOCK_DGRAM), second = at.make(SOCK_DGRAM);
        EXPECT_EQ(first.bind(""), 0);
        EXPECT_EQ(second.bind(""), 0);
        net::socket_address a, b;
        const auto own = net::proto_ops::which_name::own;
        ASSERT_TRUE(net::sock_getname(first.get(), a, own).ok() &&
                    net::sock_getname(second.get(), b, own).ok());
        EXPECT_EQ(a.length, net::unix_path_offset + 6);
        EXPECT_NE(memcmp(&a.storage, &b.storage, a.length), 0);
    });
}

TEST(unix_datagram, keeps_boundaries_and_sources) {
    fixture at;
    at.run([&] {
        local_socket server = at.make(SOCK_DGRAM), client = at.make(SOCK_DGRAM);
        const std::string own("\0client", 7);
        ASSERT_EQ(server.bind(service), 0);
        ASSERT_EQ(client.bind(own), 0);
        EXPECT_EQ(client.send("no destination"), -ENOTCONN);
        EXPECT_EQ(client.send("first", 0, &service), 5);
        EXPECT_EQ(client.send("second", 0, &service), 6);
        const auto got = server.recv(3);
        EXPECT_EQ(got.data, "fir");
        EXPECT_EQ(got.from, own);
        EXPECT_EQ(got.flags & MSG_TRUNC, MSG_TRUNC);
        EXPECT_EQ(server.recv().data, "second");
        EXPECT_EQ(client.send(std::string(1 << 20, 'x'), 0, &service), -EMSGSIZE);
        const std::string big(150'000, 'b');
        EXPECT_EQ(client.send(big, 0, &service), 150'000);
        EXPECT_EQ(server.recv(200'000).data, big);
    });
}

TEST(unix_seqpacket, is_a_connection_of_messages) {
    fixture at;
    at.run([&] {
        auto [a, b] = at.pair(SOCK_SEQPACKET);
        EXPECT_EQ(a.send("one"), 3);
        EXPECT_EQ(a.send("three"), 5);
        EXPECT_EQ(b.recv().data, "one");
        EXPECT_EQ(b.recv(2).data, "th");
        a.close();
        EXPECT_EQ(b.recv().result, 0);
    });
}

TEST(unix_files, travel_once_and_stop_a_read) {
    fixture at;
    at.run([&] {
        auto [a, b] = at.pair(SOCK_STREAM);
        EXPECT_EQ(a.send("plain"), 5);
        EXPECT_EQ(a.send("files", 0, nullptr, {7, 8}), 5);
        EXPECT_EQ(a.send("after"), 5);
        EXPECT_EQ(b.recv().data, "plain");
        const auto peeked = b.recv(100, MSG_PEEK);
        EXPECT_EQ(peeked.data, "files");
        const auto got = b.recv();
        EXPECT_EQ(got.data, "files");
        EXPECT_EQ(got.files, (std::vector<int>{107, 108}));
        EXPECT_EQ(b.recv().data, "after");
        EXPECT_EQ(a.send("bad", 0, nullptr, {3, -1}), -EBADF);
        EXPECT_EQ(b.recv(10, MSG_DONTWAIT).result, -EAGAIN);
        EXPECT_EQ(a.send("never read", 0, nullptr, {9}), 10);
    });
}

TEST(unix_memory, every_failed_allocation_is_an_error) {
    fixture at;
    at.run([&] {
        for (uint64_t nth = 1; nth < 40; nth++) {
            at.world.fail_allocation_after = nth;
            local_socket listener = at.make(SOCK_STREAM), client = at.make(SOCK_STREAM);
            if (!listener.ok() || !client.ok()) {
                EXPECT_EQ(listener.error + client.error, ENOMEM);
                continue;
            }
            long outcome = listener.bind(service);
            outcome = outcome == 0 ? listener.listen(4) : outcome;
            outcome = outcome == 0 ? client.connect(service) : outcome;
            outcome = outcome == 0 ? client.send(std::string(40'000, 'n'), 0, nullptr, {5}) : outcome;
            EXPECT_TRUE(outcome == -ENOMEM || outcome > 0) << outcome << " at allocation " << nth;
            at.world.fail_allocation_after = 0;
            if (outcome > 0) {
                local_socket server = listener.accept();
                ASSERT_TRUE(server.ok());
                EXPECT_EQ(server.recv(outcome, MSG_WAITALL).data.substr(0, 3), "nnn");
            }
        }
        at.world.fail_allocation_after = 0;
    });
}

TEST(unix_report, lists_sockets_as_linux_does) {
    fixture at;
    at.run([&] {
        local_socket listener = at.make(SOCK_STREAM);
        ASSERT_EQ(listener.bind(service), 0);
        ASSERT_EQ(listener.listen(1), 0);
        const std::string text = at.here.report("unix");
        EXPECT_NE(text.find("00010000 0001 01"), std::string::npos) << text;
        EXPECT_NE(text.find(" @service\n"), std::string::npos) << text;
    });
}

} // namespace
