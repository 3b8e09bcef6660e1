// See goodput.hpp. One sender sends for as long as the clock says over a line of 10 Mbit/s whose queue holds
// about 100 ms; losses are random, on the data's way only or, where many ACKs are lost, on both. Cells with
// losses are means over several seeds.

#include "sim/goodput.hpp"

#include "sim/content.hpp"
#include "sim/program.hpp"
#include "sim/simulation.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace sim {
namespace {

constexpr net::port::time_ns duration = 10 * net::port::second;
constexpr unsigned rate_kbit = 10'000;
constexpr unsigned queue_frames = 80;
constexpr unsigned seeds_with_loss = 3;
constexpr unsigned seeds_with_lost_acks = 30; ///< it is a matter of luck how far a timeout backs off

/// The simulation always comes to the same figures, so that any difference comes of a change of the stack.
/// One that moves a figure by less than this is not worth a new table.
constexpr double tolerance = 0.05;
constexpr double rounding_mbit = 0.0005; ///< what the table leaves out

constexpr uint16_t port_number = 5001;

struct cell {
    double loss_percent;
    unsigned rtt_ms;
    int buffer_bytes; ///< 0: tuned by the stack
    const char* congestion;
    double lost_acks_percent = 0;
};

struct figures {
    double mbit = 0;
    double timeouts = 0;
};

void send_for_a_while(lab& lab) {
    lab.spawn(lab.server(), "receiver", [&lab] {
        user_socket listener(lab.server(), SOCK_STREAM);
        lab.prepare(listener);
        LAB_CHECK(lab, listener.bind("0.0.0.0", port_number) == 0 && listener.listen(1) == 0);
        user_socket connection = listener.accept();
        LAB_CHECK(lab, connection.ok());
        content expected(lab.seed());
        std::vector<uint8_t> buffer(65536);
        long got = 0;
        while ((got = connection.recv(buffer.data(), buffer.size())) > 0) {
            LAB_CHECK(lab, expected.matches(buffer.data(), static_cast<size_t>(got)));
            lab.count_verified(static_cast<size_t>(got));
        }
        LAB_CHECK(lab, got == 0);
    });
    lab.spawn(lab.client(), "sender", [&lab] {
        const net::port::time_ns end = lab.now() + duration;
        user_socket socket(lab.client(), SOCK_STREAM);
        lab.prepare(socket);
        lab.pass(net::port::millisecond);
        LAB_CHECK(lab, socket.connect(lab.server_address(), port_number) == 0);
        content bytes(lab.seed());
        std::vector<uint8_t> buffer(16384);
        while (lab.now() < end) {
            bytes.fill(buffer.data(), buffer.size());
            LAB_CHECK(lab,
                      socket.send_bytes(buffer.data(), buffer.size()) == static_cast<long>(buffer.size()));
        }
        // An orphan would give up sooner than a connection where much is lost.
        LAB_CHECK(lab, socket.shutdown(SHUT_WR) == 0 && socket.recv().result == 0);
    });
    lab.join();
}

constexpr scenario measured = {.name = "goodput", .body = send_for_a_while, .random = false};

std::vector<cell> all_cells() {
    std::vector<cell> cells;
    for (const double loss : {0.0, 0.1, 1.0, 3.0}) {
        for (const unsigned rtt_ms : {2u, 20u, 100u}) {
            for (const int buffer : {0, 65536}) {
                for (const char* congestion : {"cubic", "reno"}) {
                    cells.push_back({loss, rtt_ms, buffer, congestion});
                }
            }
        }
    }
    for (const double loss : {5.0, 20.0}) {
        for (const unsigned rtt_ms : {2u, 20u, 100u}) {
            cells.push_back({loss, rtt_ms, 0, "cubic", loss});
        }
    }
    return cells;
}

plan plan_of(const cell& which, uint64_t seed) {
    plan out = quiet_plan(measured, seed);
    for (line_faults& each : out.from) {
        each.delay_ms = which.rtt_ms / 2.0;
        each.rate_kbit = rate_kbit;
        each.queue_frames = queue_frames;
    }
    out.from[0].loss = which.lost_acks_percent;
    out.from[1].loss = which.loss_percent;
    out.from[0].spares_arp = out.from[1].spares_arp = true;
    out.send_buffer = which.buffer_bytes;
    out.receive_buffer = which.buffer_bytes;
    out.congestion = which.congestion;
    return out;
}

figures measure(const cell& which) {
    const unsigned seeds = which.lost_acks_percent > 0 ? seeds_with_lost_acks
                           : which.loss_percent > 0    ? seeds_with_loss
                                                       : 1;
    figures sum;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        const outcome made = run_simulation(plan_of(which, seed), {.record_to = "", .when = checks::sampled});
        sum.mbit +=
            static_cast<double>(made.verified_bytes) * 8e3 / static_cast<double>(made.last_verified_at);
        sum.timeouts += static_cast<double>(made.retransmission_timeouts);
    }
    return {.mbit = sum.mbit / seeds, .timeouts = sum.timeouts / seeds};
}

/// What Mathis et al. (1997) expect of Reno: MSS / RTT * sqrt(3 / 2p), with one ACK per two segments
/// sqrt(3 / 4p); at most the line's rate.
double expected_mbit(const cell& which) {
    constexpr double mss_bits = 1448 * 8;
    const double rtt_s = which.rtt_ms / 1e3 + mss_bits / (rate_kbit * 1e3);
    double most = rate_kbit / 1e3 * 1448 / 1514;
    if (which.loss_percent > 0) {
        most = std::fmin(most, mss_bits / rtt_s * std::sqrt(3 / (4 * which.loss_percent / 100)) / 1e6);
    }
    if (which.buffer_bytes != 0) {
        most = std::fmin(most, which.buffer_bytes * 8.0 / rtt_s / 1e6);
    }
    return most;
}

std::string name_of(const cell& which) {
    char text[80];
    const std::string buffer = which.buffer_bytes != 0 ? std::to_string(which.buffer_bytes / 1024) : "tuned";
    std::snprintf(text, sizeof(text), "%5.1f %5.1f %7u %7s   %-6s", which.loss_percent,
                  which.lost_acks_percent, which.rtt_ms, buffer.c_str(), which.congestion);
    return text;
}

constexpr const char* head = "# loss  ACKs  RTT     buffer  congestion  goodput   model     timeouts\n"
                             "# %     %     ms      KiB     control     Mbit/s    Mbit/s    per 10 s\n";

} // namespace

int write_goodput(const std::string& path) {
    std::FILE* out = std::fopen(path.c_str(), "w");
    if (out == nullptr) {
        std::perror(path.c_str());
        return 1;
    }
    std::fprintf(out, "# Made by `make sim-goodput`; what each column means is in goodput.cpp.\n%s", head);
    for (const cell& each : all_cells()) {
        const figures now = measure(each);
        std::fprintf(out, "%s  %9.3f %9.2f %9.1f\n", name_of(each).c_str(), now.mbit, expected_mbit(each),
                     now.timeouts);
        std::fflush(out);
    }
    std::fclose(out);
    return 0;
}

int compare_goodput(const std::string& path) {
    std::FILE* in = std::fopen(path.c_str(), "r");
    if (in == nullptr) {
        std::perror(path.c_str());
        return 1;
    }
    std::vector<std::string> lines;
    char line[160];
    while (std::fgets(line, sizeof(line), in) != nullptr) {
        if (line[0] != '#') {
            lines.emplace_back(line);
        }
    }
    std::fclose(in);
    const std::vector<cell> cells = all_cells();
    bool same = lines.size() == cells.size();
    for (size_t i = 0; same && i < cells.size(); i++) {
        const std::string name = name_of(cells[i]);
        if (lines[i].compare(0, name.size(), name) != 0) {
            std::printf("the table has another row where \"%s\" is measured\n", name.c_str());
            same = false;
            break;
        }
        const double before = std::strtod(lines[i].c_str() + name.size(), nullptr);
        const figures now = measure(cells[i]);
        if (std::fabs(now.mbit - before) > before * tolerance + rounding_mbit) {
            std::printf("loss %% RTT ms buffer KiB: %s: %.3f Mbit/s, in the table %.3f\n", name.c_str(),
                        now.mbit, before);
            same = false;
        }
    }
    std::printf("%s goodput\n", same ? "ok" : "FAIL");
    return same ? 0 : 1;
}

} // namespace sim
