#pragma once
// What scenarios are written against: a lab with hosts on a network that misbehaves, and programs that run on
// them. A program is plain blocking code over sim::user_socket (program.hpp). The same scenarios run in the
// simulation (lab.cpp: virtual time, faults drawn from a seed) and on real threads, so nothing here, and
// nothing in a scenario, knows what a program is made of.
//
//   void echo(sim::lab& lab) {                       // itself a program, on no host
//       sim::program& server = lab.spawn(lab.server(), "server", [&] { ... });
//       lab.spawn(lab.client(), "client", [&] { ... });
//       lab.join();                                  // the others have ended: locals may go
//   }

#include "net/port.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace sim {

class host;
class lab;
class user_socket;

/// A program of a scenario; only the lab looks inside.
struct program;

/// Faults beyond an unreliable wire, which a scenario has to say that it can cope with. Without them TCP
/// connections live, whatever the wire does, and every failed call of a scenario is a failure.
enum scenario_copes_with : unsigned {
    copes_with_no_memory = 1, ///< calls fail with ENOMEM or ENOBUFS
    copes_with_breaks = 2,    ///< hosts lose power, programs are killed, wires are cut for long or lose much
};

struct scenario {
    const char* name;
    void (*body)(lab& lab);
    unsigned hosts = 2;
    unsigned copes_with = 0; ///< bits of scenario_copes_with
    bool over_tcp = true;    ///< what it verifies came over TCP
    bool random = true;      ///< part of the random runs; false: only by name (goodput, say)
};

/// Every scenario; defined in scenarios/.
std::span<const scenario> all_scenarios();
/// The scenario of that name, or nullptr.
const scenario* find_scenario(const std::string& name);

class lab {
public:
    struct state;

    explicit lab(state& implementation) : state_(implementation) {}
    lab(const lab&) = delete;
    lab& operator=(const lab&) = delete;

    // ---- hosts: 10.0.0.1 (the server), 10.0.0.2 (the client), 10.0.0.3, ... ----

    host& server() { return at(0); }
    host& client() { return at(1); }
    host& at(unsigned index);
    unsigned hosts() const;
    uint32_t address(unsigned index) const { return 0x0a000001 + index; }
    uint32_t server_address() const { return address(0); }

    /// Pulls the cable of a host out, or puts it back.
    void set_cable(host& of, bool there);

    // ---- programs ----

    /// Starts a program on a host. It ends when its body returns, when it is killed, or when its host loses
    /// power; its sockets are closed as it unwinds.
    program& spawn(host& on, std::string name, std::function<void()> body);
    /// Ends a program as a signal that nobody handles would: its blocking call is interrupted and it never
    /// sees the result.
    void kill(program& which);
    bool ended(const program& which) const;
    /// Waits until a program, or every program, has ended. For the scenario's own body.
    void join(const program& which);
    void join();

    // ---- time and chance ----

    void pass(net::port::time_ns duration);
    net::port::time_ns now() const;
    /// Whether no time passes between two looks at clocks in a row.
    bool time_is_exact() const;
    /// A number below `below`, from the scenario's own stream of the seed.
    uint64_t random(uint64_t below);
    bool chance(unsigned percent) { return random(100) < percent; }
    /// The seed of this run, for contents (content.hpp).
    uint64_t seed() const;

    // ---- what this run asks of the scenario ----

    /// A size of the order of `bytes`, larger or smaller as this run is.
    size_t scaled(size_t bytes) const;
    /// Sets the buffer sizes and the congestion control that this run is about. For each socket, before
    /// connect() and listen().
    void prepare(user_socket& socket);
    /// Called by a reader between reads: this run may want it to stall.
    void may_stall();
    /// Whether calls may fail because of faults (see scenario_copes_with), or memory may be short.
    bool connections_may_break() const;
    bool memory_may_fail() const;

    // ---- results ----

    /// Counts bytes that arrived and were compared with what was sent.
    void count_verified(size_t bytes);
    /// Ends the run with a failure.
    [[noreturn, gnu::format(printf, 2, 3)]] void fail(const char* text, ...);

private:
    state& state_;
};

/// fail() with the place and the condition, unless it holds: a macro, for it names them.
#define LAB_CHECK(lab, condition)                                                                            \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            (lab).fail("%s:%d: %s", __FILE__, __LINE__, #condition);                                         \
        }                                                                                                    \
    } while (false)

} // namespace sim
