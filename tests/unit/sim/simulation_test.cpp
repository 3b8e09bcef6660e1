// The simulation itself: one plan has one history, faults do what they say, and what is wrong is told.

#include "sim/simulation.hpp"

#include "net/ipv4/tcp_table.hpp"
#include "sim/content.hpp"
#include "sim/host.hpp"
#include "sim/program.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace net::port;
using kind = sim::incident::kind;

constexpr uint16_t port_number = 80;
constexpr size_t transfer_bytes = 200'000;

long last_error = 0; ///< of the scenario's receiver

/// A client sends, a server receives, whatever becomes of it.
void transfer(sim::lab& lab) {
    last_error = 0;
    lab.spawn(lab.server(), "receiver", [&] {
        sim::user_socket listener(lab.server(), SOCK_STREAM);
        lab.prepare(listener);
        listener.bind("0.0.0.0", port_number);
        listener.listen(1);
        if (listener.poll(POLLIN, 100 * second) == 0) {
            return;
        }
        sim::user_socket connection = listener.accept();
        connection.set_option(SOL_SOCKET, SO_KEEPALIVE, 1);
        connection.set_option(IPPROTO_TCP, TCP_KEEPIDLE, 5);
        connection.set_option(IPPROTO_TCP, TCP_KEEPINTVL, 5);
        sim::content expected(lab.seed());
        std::vector<uint8_t> buffer(10'000);
        long got = 0;
        while ((got = connection.recv(buffer.data(), buffer.size())) > 0) {
            LAB_CHECK(lab, expected.matches(buffer.data(), static_cast<size_t>(got)));
            lab.count_verified(static_cast<size_t>(got));
            lab.may_stall();
        }
        last_error = got;
    });
    lab.spawn(lab.client(), "sender", [&] {
        lab.pass(millisecond);
        sim::user_socket socket(lab.client(), SOCK_STREAM);
        lab.prepare(socket);
        if (socket.connect(lab.server_address(), port_number) != 0) {
            return;
        }
        sim::content bytes(lab.seed());
        std::vector<uint8_t> all(transfer_bytes);
        bytes.fill(all.data(), all.size());
        socket.send_bytes(all.data(), all.size());
    });
    lab.join();
}

constexpr sim::scenario any_transfer = {
    .name = "transfer", .body = transfer, .copes_with = sim::copes_with_no_memory | sim::copes_with_breaks};

sim::plan good_cables() {
    sim::plan out = sim::quiet_plan(any_transfer, 1);
    for (sim::line_faults& each : out.from) {
        each.delay_ms = 5;
        each.rate_kbit = 10'000;
    }
    return out;
}

sim::outcome run_with(const sim::incident& what) {
    sim::plan its = good_cables();
    its.incidents.push_back(what);
    return sim::run_simulation(its);
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// ---- one seed, one history -------------------------------------------------------------------------------

TEST(simulation, a_seed_has_one_history) {
    for (uint64_t seed = 1; seed <= 8; seed++) {
        const sim::plan drawn = sim::draw_plan(any_transfer, seed);
        EXPECT_EQ(sim::draw_plan(any_transfer, seed).text(), drawn.text());
        EXPECT_EQ(sim::run_simulation(drawn).hash, sim::run_simulation(drawn).hash);
    }
    EXPECT_NE(sim::run_simulation(sim::draw_plan(any_transfer, 1)).hash,
              sim::run_simulation(sim::draw_plan(any_transfer, 2)).hash);
}

/// What a process of its own finds out.
std::vector<uint64_t> in_a_process(const std::function<std::vector<uint64_t>()>& find_out) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        const std::vector<uint64_t> found = find_out();
        const size_t bytes = found.size() * sizeof(uint64_t);
        std::_Exit(write(ends[1], found.data(), bytes) == static_cast<ssize_t>(bytes) ? 0 : 1);
    }
    close(ends[1]);
    std::vector<uint64_t> found;
    for (uint64_t next = 0; read(ends[0], &next, sizeof(next)) == sizeof(next);) {
        found.push_back(next);
    }
    close(ends[0]);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    return found;
}

/// Hosts that lose power and come back lie elsewhere in memory than before, and a leap of the clock wakes all
/// of them at once: in an order that must not depend on where they lie.
std::vector<uint64_t> hashes_with_leaps_and_power_failures() {
    std::vector<uint64_t> hashes;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        sim::plan its = sim::draw_plan(any_transfer, seed);
        for (unsigned i = 1; i <= 3; i++) {
            its.incidents.push_back(
                {.what = kind::power_fails, .at = 20 * i * millisecond, .host = i % 2, .argument = 1});
            its.incidents.push_back(
                {.what = kind::clock_leaps, .at = (20 * i + 5) * millisecond, .host = 0, .argument = 1000});
        }
        hashes.push_back(sim::run_simulation(its).hash);
    }
    return hashes;
}

TEST(simulation, a_history_does_not_depend_on_what_the_process_did_before) {
    const std::vector<uint64_t> fresh = in_a_process(hashes_with_leaps_and_power_failures);
    EXPECT_EQ(fresh.size(), 12u);
    EXPECT_EQ(in_a_process([] {
                  for (uint64_t seed = 20; seed < 25; seed++) {
                      sim::run_simulation(sim::draw_plan(any_transfer, seed));
                  }
                  hashes_with_leaps_and_power_failures();
                  return hashes_with_leaps_and_power_failures();
              }),
              fresh);
}

TEST(simulation, two_recordings_are_the_same_byte_for_byte) {
    std::string folder = testing::TempDir() + "sim-XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const std::string first_name = folder + "/first";
    const std::string second_name = folder + "/second";
    sim::plan its = good_cables();
    its.from[0].loss = 5;
    its.from[1].loss = 5;
    its.from[1].jitter_ms = 3;
    const uint64_t hash = sim::run_simulation(its, {.record_to = first_name}).hash;
    EXPECT_EQ(sim::run_simulation(its, {.record_to = second_name}).hash, hash);
    for (const char* kind_of_file : {".pcapng", ".trace"}) {
        const std::string first = read_file(first_name + kind_of_file);
        EXPECT_GT(first.size(), 10'000u);
        EXPECT_TRUE(first == read_file(second_name + kind_of_file)) << kind_of_file;
        std::remove((first_name + kind_of_file).c_str());
        std::remove((second_name + kind_of_file).c_str());
    }
    EXPECT_EQ(rmdir(folder.c_str()), 0);
}

TEST(simulation, only_a_plan_moves_sequence_numbers) {
    sim::world world;
    sim::host any("10.0.0.1");
    EXPECT_EQ(any.stack().tcp->initial_sequence, net::tcp_initial_sequence); // RFC 6528
}

// ---- faults ----------------------------------------------------------------------------------------------

TEST(simulation, every_byte_arrives_over_a_bad_cable) {
    sim::plan its = good_cables();
    its.from[1].loss = 5;
    its.from[1].corrupt = 2;
    its.from[1].duplicate = 5;
    its.from[0].loss = 5;
    const sim::outcome made = sim::run_simulation(its);
    EXPECT_EQ(made.verified_bytes, transfer_bytes);
    EXPECT_EQ(last_error, 0);
    EXPECT_GT(made.retransmitted_segments, 5u);
}

TEST(simulation, exact_packets_are_lost) {
    sim::plan its = good_cables();
    its.from[1].exact = "drop data 20";
    const sim::outcome made = sim::run_simulation(its);
    EXPECT_EQ(made.verified_bytes, transfer_bytes);
    EXPECT_EQ(made.retransmitted_segments, 1u);
    EXPECT_EQ(made.retransmission_timeouts, 0u);
}

TEST(simulation, a_host_without_power_comes_back_and_resets_what_it_does_not_know) {
    // The receiver's host forgets everything; its peer learns it from the reset.
    const sim::outcome made =
        run_with({.what = kind::power_fails, .at = 60 * millisecond, .host = 0, .argument = 500});
    EXPECT_LT(made.verified_bytes, transfer_bytes);
    EXPECT_LT(made.duration, 10 * second);
}

TEST(simulation, a_host_that_vanishes_is_noticed_by_keepalive) {
    sim::plan its = good_cables();
    its.incidents.push_back({.what = kind::power_fails, .at = 60 * millisecond, .host = 1, .argument = 100});
    sim::run_simulation(its);
    EXPECT_EQ(last_error, -ECONNRESET); // a keepalive probe finds a host that knows of no connection
}

TEST(simulation, a_killed_program_closes_its_sockets) {
    const sim::outcome made =
        run_with({.what = kind::program_killed, .at = 60 * millisecond, .host = 0, .argument = 1});
    EXPECT_EQ(last_error, 0); // the end of the stream
    EXPECT_LT(made.verified_bytes, transfer_bytes);
}

TEST(simulation, a_cable_that_is_pulled_delays) {
    const sim::outcome made =
        run_with({.what = kind::carrier_lost, .at = 60 * millisecond, .host = 1, .argument = 2000});
    EXPECT_EQ(made.verified_bytes, transfer_bytes);
    EXPECT_GT(made.last_verified_at, 2 * second);
}

TEST(simulation, a_clock_that_leaps_is_survived) {
    const sim::outcome made =
        run_with({.what = kind::clock_leaps, .at = 60 * millisecond, .host = 0, .argument = 10'000});
    EXPECT_EQ(made.verified_bytes, transfer_bytes);
    EXPECT_GT(made.last_verified_at, 10 * second);
}

/// The largest packets that reach a host while everything is as it was, and once the news of what happens in
/// between has gone round.
struct packet_sizes {
    size_t before = 0;
    size_t after = 0;
};
packet_sizes sizes_around(const sim::incident& what) {
    constexpr time_ns news = 50 * millisecond;
    sim::plan its = good_cables();
    its.incidents.push_back(what);
    packet_sizes largest;
    const auto look = [&](time_ns at, const sim::frame& bytes) {
        size_t& of = at < what.at ? largest.before : largest.after;
        if (at < what.at || at > what.at + news) {
            of = std::max(of, bytes.size() - 14);
        }
    };
    EXPECT_EQ(sim::run_simulation(its, {.record_to = "", .arrived = look}).verified_bytes, transfer_bytes);
    return largest;
}

TEST(simulation, a_card_whose_mtu_falls_sends_smaller_segments) {
    const packet_sizes largest =
        sizes_around({.what = kind::mtu_changes, .at = 60 * millisecond, .host = 1, .argument = 700});
    EXPECT_EQ(largest.before, 1500u);
    EXPECT_EQ(largest.after, 700u);
}

TEST(simulation, a_path_that_narrows_is_discovered) {
    const packet_sizes largest =
        sizes_around({.what = kind::path_narrows, .at = 60 * millisecond, .host = 0, .argument = 700});
    EXPECT_EQ(largest.before, 1500u);
    EXPECT_EQ(largest.after, 700u);
}

TEST(simulation, failing_allocations_cost_time_but_no_bytes) {
    sim::plan its = good_cables();
    for (unsigned i = 0; i < 20; i++) {
        its.incidents.push_back({.what = kind::allocations_fail,
                                 .at = (60 + 5 * i) * millisecond,
                                 .host = 0,
                                 .argument = 1 + i % 7});
    }
    const sim::outcome made = sim::run_simulation(its);
    EXPECT_EQ(made.verified_bytes, transfer_bytes);
    EXPECT_EQ(made.failed_allocations, 20u);
}

TEST(simulation, a_stalling_reader_closes_the_window) {
    sim::plan its = good_cables();
    its.stall_percent = 50;
    its.stall_up_to = second;
    its.receive_buffer = 16384;
    const sim::outcome made = sim::run_simulation(its);
    EXPECT_EQ(made.verified_bytes, transfer_bytes);
    EXPECT_GT(made.duration, 2 * second);
}

// ---- what is told ----------------------------------------------------------------------------------------

void wait_for_ever(sim::lab& lab) {
    lab.spawn(lab.server(), "waiter", [&] {
        sim::user_socket socket(lab.server(), SOCK_DGRAM);
        socket.bind("0.0.0.0", port_number);
        socket.recv(1);
    });
    lab.join();
}

void compare_wrongly(sim::lab& lab) {
    LAB_CHECK(lab, lab.hosts() == 3);
}

void leave_a_socket(sim::lab& lab) {
    new sim::user_socket(lab.server(), SOCK_DGRAM);
}

void work_for_ever(sim::lab& lab) {
    lab.spawn(lab.server(), "worker", [&] {
        lab.pass(millisecond);
        for (;;) {
            lab.pass(0); // no time passes
        }
    });
    lab.join();
}

void lose_count(sim::lab& lab) {
    lab.spawn(lab.server(), "loser", [&] {
        lab.pass(millisecond);
        sim::stack_of(lab.server()).tcp->orphan_count++;
        lab.pass(millisecond);
        sim::stack_of(lab.server()).tcp->orphan_count--;
    });
    lab.join();
}

TEST(simulation_DeathTest, failures_are_told_in_one_line) {
    const auto run = [](void (*body)(sim::lab&)) {
        const sim::scenario bad = {.name = "bad", .body = body};
        sim::run_simulation(sim::quiet_plan(bad, 7),
                            {.record_to = "",
                             .failed =
                                 [](const sim::plan& of, const char* text, time_ns when) {
                                     std::fprintf(stderr, "%s: %s\n", text,
                                                  sim::describe_run(of, when).c_str());
                                     std::_Exit(1);
                                 },
                             .longest_s = 1});
    };
    const auto failed = testing::ExitedWithCode(1);
    EXPECT_EXIT(run(wait_for_ever), failed, "still waiting: .*waiter.*replay: make sim SCENARIO=bad SEED=7");
    EXPECT_EXIT(run(compare_wrongly), failed, "lab.hosts.. == 3: scenario bad, seed 7, at 1.0");
    EXPECT_EXIT(run(leave_a_socket), failed, "sockets are left at the end");
    EXPECT_EXIT(run(work_for_ever), failed, "spins: scenario bad, seed 7, at 1.001000 s; replay: make sim");
    EXPECT_EXIT(run(lose_count), failed, "orphan_count is not the number of orphans.*at 1.001000 s");
}

// ---- contents --------------------------------------------------------------------------------------------

TEST(content, notices_what_is_lost_moved_or_of_another_stream) {
    std::vector<uint8_t> bytes(3000);
    sim::content(1).fill(bytes.data(), bytes.size());
    sim::content in_pieces(1);
    EXPECT_TRUE(in_pieces.matches(bytes.data(), 5) && in_pieces.matches(bytes.data() + 5, 1031) &&
                in_pieces.matches(bytes.data() + 1036, 1964));
    EXPECT_FALSE(sim::content(2).matches(bytes.data(), 8));
    EXPECT_FALSE(sim::content(1).matches(bytes.data() + 1, 8));
    bytes[2999] ^= 1;
    EXPECT_FALSE(sim::content(1).matches(bytes.data(), bytes.size()));
}

} // namespace
