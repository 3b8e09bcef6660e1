// telnet: a terminal on a TCP connection (RFC 854). Options are refused, except that the server may echo and
// suppress "go ahead" (RFC 857, 858): then keys are sent one by one. ^] leaves.

#include "user/connect.hpp"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <termios.h>

static const char usage[] = "usage: telnet HOST [PORT]\nPORT is 23 unless given; ^] leaves.\n";

// Commands (RFC 854) and options.
constexpr uint8_t subnegotiation_end = 240;
constexpr uint8_t subnegotiation_begin = 250;
constexpr uint8_t will = 251;
constexpr uint8_t wont = 252;
constexpr uint8_t do_it = 253;
constexpr uint8_t dont = 254;
constexpr uint8_t interpret_as_command = 255;
constexpr uint8_t option_echo = 1;
constexpr uint8_t option_suppress_go_ahead = 3;
constexpr char leave_key = 0x1d;

static struct termios modes_before;
static bool has_terminal;
static bool server_echoes;

static void restore_terminal() {
    if (has_terminal) {
        tcsetattr(0, TCSADRAIN, &modes_before);
    }
}

/// With an echoing server the terminal is raw; without, it edits lines as usual.
static void set_terminal(bool raw) {
    if (!has_terminal) {
        return;
    }
    struct termios modes = modes_before;
    if (raw) {
        modes.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
        modes.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
        modes.c_cc[VMIN] = 1;
        modes.c_cc[VTIME] = 0;
    }
    tcsetattr(0, TCSADRAIN, &modes);
}

/// Takes the server's bytes apart: text goes to the screen, commands are answered.
class protocol {
public:
    explicit protocol(int fd) : fd_(fd) {}

    void take(const uint8_t* data, size_t size) {
        static uint8_t text[4096];
        size_t count = 0;
        for (size_t i = 0; i < size; i++) {
            if (step(data[i])) {
                text[count++] = data[i];
            }
        }
        write_all(1, text, count);
    }

private:
    enum class state { text, command, negotiation, subnegotiation, subnegotiation_command };

    /// True when the byte is text.
    bool step(uint8_t byte) {
        switch (state_) {
        case state::text:
            if (byte != interpret_as_command) {
                return byte != '\0'; // a bare carriage return comes with a zero byte
            }
            state_ = state::command;
            return false;
        case state::command:
            if (byte >= will && byte <= dont) {
                command_ = byte;
                state_ = state::negotiation;
                return false;
            }
            state_ = byte == subnegotiation_begin ? state::subnegotiation : state::text;
            return byte == interpret_as_command; // doubled, it is itself
        case state::negotiation:
            negotiate(byte);
            state_ = state::text;
            return false;
        case state::subnegotiation:
            state_ = byte == interpret_as_command ? state::subnegotiation_command : state_;
            return false;
        case state::subnegotiation_command:
            state_ = byte == subnegotiation_end ? state::text : state::subnegotiation;
            return false;
        }
        return false;
    }
    /// Answers only what changes something: confirming a confirmation would never end (RFC 854).
    void negotiate(uint8_t option) {
        bool acceptable = option == option_echo || option == option_suppress_go_ahead;
        bool& on = accepted_[option];
        if (command_ == will && acceptable && !on) {
            on = true;
            answer(do_it, option);
        } else if (command_ == will && !acceptable) {
            answer(dont, option);
        } else if (command_ == wont && on) {
            on = false;
            answer(dont, option);
        } else if (command_ == do_it) {
            answer(wont, option);
        }
        if (option == option_echo && on != server_echoes) {
            server_echoes = on;
            set_terminal(on);
        }
    }
    void answer(uint8_t command, uint8_t option) {
        const uint8_t bytes[] = {interpret_as_command, command, option};
        write_all(fd_, bytes, sizeof bytes);
    }

    int fd_;
    state state_ = state::text;
    uint8_t command_ = 0;
    bool accepted_[256] = {};
};

/// Sends what was typed, line ends as CR LF and the command byte doubled; false when ^] was among it.
static bool send_typed(int fd, const char* data, size_t size) {
    static char bytes[8192];
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] == leave_key && has_terminal) {
            return false;
        }
        if (data[i] == '\n' || (data[i] == '\r' && server_echoes)) {
            bytes[count++] = '\r';
            bytes[count++] = data[i] == '\n' ? '\n' : '\0';
            continue;
        }
        bytes[count++] = data[i];
        if (static_cast<uint8_t>(data[i]) == interpret_as_command) {
            bytes[count++] = data[i];
        }
    }
    return write_all(fd, bytes, count);
}

static void relay(int fd) {
    static protocol server(fd);
    static char buffer[4096];
    bool typing = true;
    for (;;) {
        struct pollfd wanted[] = {{fd, POLLIN, 0}, {typing ? 0 : -1, POLLIN, 0}};
        if (poll(wanted, 2, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return;
        }
        if (wanted[0].revents != 0) {
            ssize_t count = recv(fd, buffer, sizeof buffer, 0);
            if (count <= 0) {
                return;
            }
            server.take(reinterpret_cast<uint8_t*>(buffer), static_cast<size_t>(count));
        }
        if (wanted[1].revents != 0) {
            ssize_t count = read(0, buffer, sizeof buffer);
            if (count <= 0) {
                typing = false;
                shutdown(fd, SHUT_WR);
            } else if (!send_typed(fd, buffer, static_cast<size_t>(count))) {
                return;
            }
        }
    }
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    if (argc < 2 || argc > 3) {
        usage_error(usage);
    }
    signal(SIGPIPE, SIG_IGN);
    char peer[64];
    int fd = connect_to(argv[1], argc > 2 ? argv[2] : "23", SOCK_STREAM, peer, sizeof peer);
    if (fd < 0) {
        return 1;
    }
    fprintf(stderr, "Connected to %s. ^] leaves.\n", peer);
    has_terminal = tcgetattr(0, &modes_before) == 0;
    relay(fd);
    restore_terminal();
    fputs("\nConnection closed.\n", stderr);
    return 0;
}
