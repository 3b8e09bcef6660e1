#pragma once
// What scenarios share: which errors their faults excuse, how server and client find each other, and streams
// of bytes that are checked as they arrive.

#include "sim/content.hpp"
#include "sim/lab.hpp"
#include "sim/program.hpp"

#include <atomic>
#include <memory>
#include <source_location>

namespace sim {

constexpr uint16_t service_port = 80;

/// The result of a call: true if it went well, false if it failed in a way that the faults of this run
/// explain (the program then gives up). Any other failure is one of the run.
bool fine(lab& lab, long result, std::source_location where = std::source_location::current());
/// The same for a socket that was made or accepted.
bool fine(lab& lab, const user_socket& made, std::source_location where = std::source_location::current());

/// Opened by a server that listens; clients wait for it.
class gate {
public:
    void open() { open_ = true; }
    /// Until it is open, or so long that whoever was to open it must be gone.
    void wait(lab& lab) const;

private:
    std::atomic<bool> open_ = false;
};

/// Makes a socket notice within minutes that its peer is gone.
void keep_alive(user_socket& socket);
/// Gives a socket the settings of this run, and where hosts may vanish the keepalive that notices it: no
/// read waits for ever then.
void make_ready(lab& lab, user_socket& socket);
/// Binds and listens with the settings of this run and opens the gate. False: given up.
bool listen_on(lab& lab, user_socket& listener, uint16_t port, int backlog, gate& opens);
/// The next connection. Empty if faults may have kept the client away for long, or accept() failed of them;
/// or if none came, where the scenario itself may have waited `in_vain`.
user_socket accept_from(lab& lab, user_socket& listener, bool in_vain = false);
/// Waits for the gate and connects. False: given up.
bool connect_to(lab& lab, user_socket& socket, uint32_t ip, uint16_t port, const gate& waits);

/// One direction of a connection: what is sent, and how far it came.
struct flow {
    flow(uint64_t stream_number, size_t length) : stream(stream_number), bytes(length) {}

    const uint64_t stream; ///< of the content
    const size_t bytes;
    std::atomic<bool> written = false; ///< all of it was given to the socket
};

/// Sends a whole flow in pieces of random size, none above `piece_limit`. False: given up.
bool send_flow(lab& lab, user_socket& socket, flow& out, size_t piece_limit = 65536, int flags = 0);
/// Receives until the end of the stream, in reads of random size, and compares every byte. The end may come
/// early only where the sender may have been killed. False: the connection broke, as it may.
bool receive_flow(lab& lab, user_socket& socket, const flow& in, size_t read_limit = 65536);
/// Sends all of these bytes. False: given up.
bool send_all(lab& lab, user_socket& socket, const void* bytes, size_t length, int flags = 0);
/// Receives exactly so many bytes. False: given up, or the end came, where it may.
bool receive_all(lab& lab, user_socket& socket, void* to, size_t length);

} // namespace sim
