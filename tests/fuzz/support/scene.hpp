#pragma once
// Where an input begins: a host, its peers, and sockets in a state that the first byte of the input chooses.
// Every scene is set up once per process, by calls and segments, and then kept (arena.hpp).

#include "fuzz/support/host.hpp"
#include "fuzz/support/input.hpp"
#include "fuzz/support/peers.hpp"
#include "net/core/socket.hpp"

namespace fuzz {

/// The sockets of a simulated program: at most so many, by number.
struct program {
    static constexpr unsigned most_sockets = 12;

    net::socket* sockets[most_sockets] = {};

    /// The place of a new socket; one that is full is closed first.
    void keep(unsigned place, net::socket* fresh);
    void close(unsigned place);
    /// Closes all; connections are reset, so that nothing of them has to time out.
    void abort_all();
};

struct scene {
    explicit scene(uint8_t setup);

    host machine;
    peers others;
    program user;

    /// Puts the scene that the byte chooses where it began.
    static scene& begin(uint8_t setup);
    /// Closes everything, lets the peers go and looks for what is left.
    void end();

    /// One thing that happens: a frame comes, the user does something plain, time passes, something fails.
    void act(input& in);

private:
    void open_others();
    void set_up_tcp(unsigned goal, bool all_options);
    connection& listen_and_connect(bool all_options, bool finish);
    connection& connect_out();

    void user_reads();
    void user_writes(input& in);
    void user_acts(input& in);
    void trouble(input& in);
};

// Places of sockets in a scene.
constexpr unsigned listener_place = 0;
constexpr unsigned stream_place = 1;
constexpr unsigned udp_place = 2;
constexpr unsigned connected_udp_place = 3;
constexpr unsigned icmp_place = 4;
constexpr unsigned raw_place = 5;
constexpr unsigned packet_place = 6;
constexpr unsigned ping_place = 7;

/// Lets time pass: nothing to hours, by one byte.
void pass_some_time(input& in);

} // namespace fuzz
