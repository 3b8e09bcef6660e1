#pragma once
// What a simulated program calls: the socket calls as a user knows them, on kernel memory, with errno as
// negative results, so that tests read like programs.

#include "net/core/socket.hpp"
#include "sim/address.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sim {

class host;

/// The ancillary data of a received message.
struct control_message {
    int level;
    int type;
    std::vector<uint8_t> data;
};

/// What recv_message() returns.
struct received {
    long result = 0; ///< bytes, or -errno
    std::string data;
    uint32_t from_address = 0;
    uint16_t from_port = 0;
    int flags = 0;
    std::vector<control_message> control;

    /// The int in a control message, or -1.
    int number(int level, int type) const;
};

/// Thrown at a program that was killed, out of the call in which it learns of it; caught by who runs it.
struct program_killed {};
/// Throws that if the running program was killed. Defined, like poll(), by the port that is linked.
void leave_if_killed();
/// The stack of a host, as it is now. Defined by the port that is linked.
net::stack& stack_of(host& which);
/// One socket of a poll().
struct poll_entry {
    net::socket* socket;
    short events;
    short holds = 0; ///< what is true of them, and POLLERR and POLLHUP
};
/// Waits until something holds on one of the sockets, at most until the timeout. How many of them.
size_t poll(std::span<poll_entry> entries, net::port::time_ns timeout = net::port::never);

/// One open socket. Closed when it goes out of scope. Every call ends a program that was killed meanwhile.
class user_socket {
public:
    user_socket(host& on, int type, int protocol = 0, int family = AF_INET);
    explicit user_socket(net::socket* accepted) : socket_(accepted) {}
    /// Two AF_UNIX sockets that are each other's peer; both not ok() and with an error when they cannot be
    /// had.
    static std::pair<user_socket, user_socket> make_pair(host& on, int type);
    user_socket(user_socket&& other) noexcept : socket_(other.socket_), error_(other.error_) {
        other.socket_ = nullptr;
    }
    ~user_socket() { close(); }

    bool ok() const { return socket_ != nullptr; }
    int error() const { return error_; } ///< why it could not be made
    net::socket& get() { return *socket_; }
    void close();

    long bind(const char* ip, uint16_t port);
    long connect(uint32_t ip, uint16_t port);
    long connect(const char* ip, uint16_t port) { return connect(address(ip), port); }
    long disconnect();
    /// The same for AF_UNIX.
    long bind_path(const std::string& path);
    long connect_path(const std::string& path);
    long listen(int backlog);
    /// The next connection; not ok() and with an error when there is none.
    user_socket accept();
    long send(const std::string& data, int flags = 0) { return send_bytes(data.data(), data.size(), flags); }
    long send_bytes(const void* bytes, size_t length, int flags = 0);
    long send_pieces(std::span<const iovec> pieces, int flags = 0);
    long send_to(const std::string& data, uint32_t ip, uint16_t port, int flags = 0,
                 std::vector<control_message> control = {});
    /// Receives at most `limit` bytes.
    received recv(size_t limit = 65536, int flags = 0);
    /// The same without the address and the control messages.
    long recv(void* to, size_t length, int flags = 0);
    long recv_pieces(std::span<const iovec> pieces, int flags = 0);
    long shutdown(int how);
    long set_option(int level, int option, int value);
    long set_option(int level, int option, const void* value, uint32_t length);
    int get_option(int level, int option);
    long ioctl(unsigned command, void* argument);
    void set_non_blocking(bool on) { socket_->non_blocking = on; }
    uint16_t local_port();
    uint32_t local_address();
    short poll(short events, net::port::time_ns timeout = net::port::never);

private:
    user_socket(int error_number) : error_(error_number) {}

    net::socket* socket_ = nullptr;
    int error_ = 0;
};

} // namespace sim
