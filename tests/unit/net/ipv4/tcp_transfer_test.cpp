// Two whole stacks on a wire: what users of TCP see. Connections open and close in every order, bytes arrive
// exactly as they were sent, whatever the wire does, and nothing is left behind.

#include "net/stack.hpp"
#include "sim/host.hpp"
#include "sim/program.hpp"
#include "sim/segment.hpp"
#include "sim/world.hpp"

namespace {

using net::port::millisecond;
using net::port::second;

/// Bytes that tell their place, so that a shift or a mix-up shows.
std::string pattern(size_t length, uint32_t seed = 1) {
    std::string bytes(length, '\0');
    uint32_t state = seed;
    for (char& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}

long send_all(sim::user_socket& to, const std::string& data, size_t piece = 65536) {
    size_t done = 0;
    while (done < data.size()) {
        const long sent = to.send(data.substr(done, piece));
        if (sent < 0) {
            return sent;
        }
        done += static_cast<size_t>(sent);
    }
    return static_cast<long>(done);
}

std::string receive_all(sim::user_socket& from, size_t piece = 65536) {
    std::string all;
    while (true) {
        const sim::received got = from.recv(piece);
        if (got.result <= 0) {
            EXPECT_EQ(got.result, 0);
            return all;
        }
        all += got.data;
    }
}

struct tcp_transfer : testing::Test {
    sim::world world{7};
    std::unique_ptr<sim::host> a = std::make_unique<sim::host>("10.0.0.1");
    std::unique_ptr<sim::host> b = std::make_unique<sim::host>("10.0.0.2");
    std::unique_ptr<sim::wire> wire = std::make_unique<sim::wire>(*a, *b);

    /// Everything is gone once TIME_WAIT is over.
    void TearDown() override {
        world.run_for(200 * second);
        EXPECT_EQ(a->stack().live_socks, 0u);
        EXPECT_EQ(b->stack().live_socks, 0u);
        EXPECT_EQ(a->stack().live_skbs, 0u);
        EXPECT_EQ(b->stack().live_skbs, 0u);
        wire.reset();
        a.reset();
        b.reset();
        EXPECT_EQ(world.live_allocations, 0u);
    }

    size_t read_piece = 65536; ///< of the receiver

    /// b sends `data` to a, which checks it; both close.
    void transfer(const std::string& data) {
        world.spawn("server", [&] {
            sim::user_socket listener(*a, SOCK_STREAM);
            ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
            ASSERT_EQ(listener.listen(5), 0);
            sim::user_socket child = listener.accept();
            ASSERT_TRUE(child.ok());
            EXPECT_TRUE(receive_all(child, read_piece) == data);
        });
        world.spawn("client", [&] {
            sim::user_socket client(*b, SOCK_STREAM);
            ASSERT_EQ(client.connect("10.0.0.1", 80), 0);
            EXPECT_EQ(send_all(client, data), static_cast<long>(data.size()));
        });
        world.run();
    }
};

TEST_F(tcp_transfer, carries_a_few_bytes_both_ways) {
    world.spawn("server", [&] {
        sim::user_socket listener(*a, SOCK_STREAM);
        ASSERT_EQ(listener.bind("10.0.0.1", 7), 0);
        ASSERT_EQ(listener.listen(1), 0);
        sim::user_socket child = listener.accept();
        ASSERT_TRUE(child.ok());
        EXPECT_EQ(child.recv().data, "hello");
        EXPECT_EQ(child.send("world"), 5);
        EXPECT_EQ(child.recv().result, 0);
    });
    world.spawn("client", [&] {
        sim::user_socket client(*b, SOCK_STREAM);
        ASSERT_EQ(client.connect("10.0.0.1", 7), 0);
        EXPECT_EQ(client.send("hello"), 5);
        EXPECT_EQ(client.recv().data, "world");
    });
    world.run();
}

TEST_F(tcp_transfer, who_peeks_waits_on_when_another_was_faster) {
    sim::user_socket* shared = nullptr;
    world.spawn("server", [&] {
        sim::user_socket listener(*a, SOCK_STREAM);
        ASSERT_EQ(listener.bind("10.0.0.1", 7), 0);
        ASSERT_EQ(listener.listen(1), 0);
        sim::user_socket child = listener.accept();
        shared = &child;
        EXPECT_EQ(child.recv().data, "first"); // the other one is woken for this as well
        world.pass(3 * second);
        EXPECT_EQ(child.recv().data, "second");
    });
    world.spawn("peeker", [&] {
        world.pass(second);
        EXPECT_EQ(shared->recv(100, MSG_PEEK).data, "second");
    });
    world.spawn("client", [&] {
        sim::user_socket client(*b, SOCK_STREAM);
        ASSERT_EQ(client.connect("10.0.0.1", 7), 0);
        world.pass(2 * second);
        EXPECT_EQ(client.send("first"), 5);
        world.pass(second);
        EXPECT_EQ(client.send("second"), 6);
        client.recv();
    });
    world.run();
}

TEST_F(tcp_transfer, carries_megabytes) {
    transfer(pattern(8 << 20));
}

// Without window scaling a receive buffer soon outgrows what the window field can say. ACKs that announced
// the rest would repeat the one before them: duplicates (RFC 5681 §2), for which the sender sends again.
TEST_F(tcp_transfer, repeats_no_ack_when_the_window_field_is_at_its_end) {
    a->stack().settings.tcp_window_scaling = 0;
    std::optional<sim::segment> last;
    unsigned repeated = 0;
    wire->filter = [&](sim::host& from, sim::frame& bytes) {
        std::optional<sim::segment> now = sim::parse_segment(bytes);
        if (&from == a.get() && now) {
            repeated += last && last->ack == now->ack && last->window == now->window;
            last = now;
        }
        return true;
    };
    wire->options.delay = 2 * millisecond;
    wire->options.bits_per_second = 1'000'000'000;
    read_piece = 4096;
    transfer(pattern(8 << 20));
    EXPECT_LE(repeated, 2u); // the handshake's and the close's
}

TEST_F(tcp_transfer, survives_loss) {
    wire->options.loss_percent = 3;
    wire->options.delay = 5 * millisecond;
    transfer(pattern(1 << 20));
}

TEST_F(tcp_transfer, survives_reordering_and_duplication) {
    wire->options.delay = 5 * millisecond;
    wire->options.jitter = 10 * millisecond;
    wire->options.duplicate_percent = 10;
    transfer(pattern(1 << 20));
}

TEST_F(tcp_transfer, survives_everything_at_once) {
    wire->options.delay = 10 * millisecond;
    wire->options.jitter = 10 * millisecond;
    wire->options.duplicate_percent = 5;
    wire->options.loss_percent = 10;
    transfer(pattern(256 << 10));
}

TEST_F(tcp_transfer, survives_failing_allocations) {
    for (int i = 0; i < 400; i++) {
        world.after(10 * millisecond + static_cast<net::port::time_ns>(i) * 700'000,
                    [this, i] { world.fail_allocation_after = 1 + static_cast<uint64_t>(i) % 17; });
    }
    wire->options.delay = millisecond;
    transfer(pattern(4 << 20));
}

// ---- many runs, many wires --------------------------------------------------------------------------------

struct weather {
    unsigned loss_percent;
    unsigned duplicate_percent;
    net::port::time_ns delay;
    net::port::time_ns jitter;
    uint64_t bits_per_second;
    unsigned queue_frames;
};

constexpr weather weathers[] = {
    {0, 0, 50'000, 0, 0, 1000},
    {1, 0, 20 * millisecond, 0, 10'000'000, 20},
    {5, 2, 2 * millisecond, 4 * millisecond, 0, 1000},
    {20, 0, 5 * millisecond, 0, 0, 1000},
    {0, 30, millisecond, 20 * millisecond, 0, 1000},
    {0, 0, 40 * millisecond, 0, 2'000'000, 5},
    {10, 10, 100 * millisecond, 100 * millisecond, 0, 1000},
};

/// Both sides send at once, in pieces of odd sizes, and close when they like; every byte must come, and
/// nothing stay.
void both_ways(uint64_t number, const weather& sky, size_t bytes, uint32_t features) {
    sim::world world{number};
    sim::host a("10.0.0.1", 24, features);
    sim::host b("10.0.0.2", 24, features);
    {
        sim::wire wire(a, b,
                       {.delay = sky.delay,
                        .jitter = sky.jitter,
                        .loss_percent = sky.loss_percent,
                        .duplicate_percent = sky.duplicate_percent,
                        .bits_per_second = sky.bits_per_second,
                        .queue_frames = sky.queue_frames});
        const std::string up = pattern(bytes + number * 37 % 1000, 3);
        const std::string down = pattern(bytes / 2 + number * 91 % 1000, 5);
        int finished = 0;
        auto exchange = [&](sim::user_socket& own, const std::string& out, const std::string& in,
                            size_t piece) {
            auto shared = std::make_shared<bool>(false);
            sim::user_socket* socket = &own;
            sim::fiber& sender = world.spawn("sender", [=, &out] {
                EXPECT_EQ(send_all(*socket, out, piece), static_cast<long>(out.size()));
                EXPECT_EQ(socket->shutdown(SHUT_WR), 0);
                *shared = true;
            });
            (void)sender;
            EXPECT_TRUE(receive_all(own, piece * 3 + 1) == in);
            finished++;
            // Who closes early leaves the rest to an orphan, which rightly gives up sooner.
            while (!*shared || finished != 2) {
                world.sleep(world.now() + millisecond);
            }
        };
        world.spawn("server", [&] {
            sim::user_socket listener(a, SOCK_STREAM);
            ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
            ASSERT_EQ(listener.listen(5), 0);
            sim::user_socket child = listener.accept();
            ASSERT_TRUE(child.ok());
            exchange(child, down, up, 1 + number * 611 % 5000);
        });
        world.spawn("client", [&] {
            sim::user_socket client(b, SOCK_STREAM);
            long connected = client.connect("10.0.0.1", 80);
            while (connected == -EHOSTUNREACH) { // ARP has its losses too
                connected = client.connect("10.0.0.1", 80);
            }
            ASSERT_EQ(connected, 0);
            exchange(client, up, down, 1 + number * 1237 % 70000);
        });
        world.run();
        world.run_for(300 * second);
    }
    EXPECT_EQ(a.stack().live_socks + b.stack().live_socks, 0u);
    EXPECT_EQ(a.stack().live_skbs + b.stack().live_skbs, 0u);
}

TEST(tcp_weather, every_byte_arrives_under_every_sky) {
    const char* wanted = std::getenv("TCP_RUNS");
    const uint64_t runs = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 3;
    const char* first = std::getenv("TCP_FIRST_RUN");
    for (uint64_t number = first != nullptr ? std::strtoull(first, nullptr, 10) : 1; number <= runs;
         number++) {
        for (size_t sky = 0; sky < sizeof(weathers) / sizeof(weathers[0]); sky++) {
            if (wanted != nullptr) {
                std::fprintf(stderr, "run %llu sky %zu\n", static_cast<unsigned long long>(number), sky);
            }
            SCOPED_TRACE("run " + std::to_string(number) + ", sky " + std::to_string(sky));
            both_ways(number, weathers[sky], weathers[sky].loss_percent > 5 ? 30000 : 200000, 0);
            if (testing::Test::HasFailure()) {
                return;
            }
        }
    }
}

} // namespace
