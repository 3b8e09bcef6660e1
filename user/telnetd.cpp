// telnetd: gives whoever connects a shell (RFC 854). There is no password: start it only where you trust the
// network. It is the model of a server that forks: one process per connection, so each may simply wait.
//
//   client <--socket--> relay process <--pseudo-terminal--> sh
//
// The terminal edits and echoes, so the server offers to echo and to suppress "go ahead" (RFC 857, 858): the
// client then sends every key at once. It asks for the size of the client's window (RFC 1073) and refuses all
// other options.

#include "user/connect.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <termios.h>

static const char usage[] =
    "usage: telnetd [-v] [PORT]\nGives every client on PORT (23) a shell, without a password.\n";

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
constexpr uint8_t option_window_size = 31;

/// Takes commands out of what the client sends.
class input_filter {
public:
    input_filter(int socket, int terminal) : socket_(socket), terminal_(terminal) {}

    /// Keeps the text of `data` in place; its size.
    size_t filter(uint8_t* data, size_t size) {
        size_t kept = 0;
        for (size_t i = 0; i < size; i++) {
            if (is_text(data[i])) {
                data[kept++] = data[i];
            }
        }
        return kept;
    }

private:
    enum class state { text, after_return, command, option, subnegotiation, subnegotiation_command };

    bool is_text(uint8_t byte) {
        switch (state_) {
        case state::after_return:
            if (byte == '\n' || byte == '\0') { // the other half of a line end
                state_ = state::text;
                return false;
            }
            [[fallthrough]];
        case state::text:
            state_ = byte == interpret_as_command ? state::command
                     : byte == '\r'               ? state::after_return
                                                  : state::text;
            return byte != interpret_as_command;
        case state::command:
            command_ = byte;
            message_length_ = 0;
            state_ = byte >= will && byte <= dont   ? state::option
                     : byte == subnegotiation_begin ? state::subnegotiation
                                                    : state::text;
            return byte == interpret_as_command;
        case state::option:
            answer_option(byte);
            state_ = state::text;
            return false;
        case state::subnegotiation:
            if (byte == interpret_as_command) {
                state_ = state::subnegotiation_command;
            } else if (message_length_ < sizeof message_) {
                message_[message_length_++] = byte;
            }
            return false;
        case state::subnegotiation_command:
            if (byte == subnegotiation_end) {
                take_subnegotiation();
                state_ = state::text;
            } else {
                state_ = state::subnegotiation;
            }
            return false;
        }
        return false;
    }
    /// Refuses what we did not start: WILL is answered by DONT and DO by WONT. The rest needs no answer.
    void answer_option(uint8_t option) {
        bool ours = command_ == do_it ? option == option_echo || option == option_suppress_go_ahead
                                      : option == option_window_size;
        if (!ours && (command_ == will || command_ == do_it)) {
            const uint8_t answer[] = {interpret_as_command, command_ == will ? dont : wont, option};
            write_all(socket_, answer, sizeof answer);
        }
    }
    void take_subnegotiation() {
        if (message_length_ == 5 && message_[0] == option_window_size) {
            struct winsize size = {};
            size.ws_col = static_cast<unsigned short>(message_[1] << 8 | message_[2]);
            size.ws_row = static_cast<unsigned short>(message_[3] << 8 | message_[4]);
            ioctl(terminal_, TIOCSWINSZ, &size);
        }
    }

    int socket_;
    int terminal_;
    state state_ = state::text;
    uint8_t command_ = 0;
    uint8_t message_[8];
    size_t message_length_ = 0;
};

/// Sends what the terminal shows; a byte that looks like a command goes twice.
static bool send_output(int fd, const uint8_t* data, size_t size) {
    static uint8_t bytes[8192];
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        bytes[count++] = data[i];
        if (data[i] == interpret_as_command) {
            bytes[count++] = data[i];
        }
    }
    return write_all(fd, bytes, count);
}

/// The child: a shell whose controlling terminal is the pseudo-terminal.
[[noreturn]] static void become_shell(const char* terminal_name) {
    setsid();
    int fd = open(terminal_name, O_RDWR);
    if (fd < 0) {
        err(1, "%s", terminal_name);
    }
    ioctl(fd, TIOCSCTTY, 0);
    for (int standard = 0; standard <= 2; standard++) {
        dup2(fd, standard);
    }
    if (fd > 2) {
        close(fd);
    }
    signal(SIGPIPE, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    execl("/bin/sh", "-sh", static_cast<char*>(nullptr));
    err(127, "/bin/sh");
}

/// Starts the shell; the master side of its terminal, or -1 after a message.
static int start_shell() {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    const char* name =
        master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0 ? ptsname(master) : nullptr;
    pid_t pid = name != nullptr ? fork() : -1;
    if (pid == 0) {
        become_shell(name);
    }
    if (pid < 0) {
        warn("pseudo-terminal");
        return -1;
    }
    return master;
}

/// Runs until the shell ends, or the client does: closing the terminal hangs the shell up.
[[noreturn]] static void serve_client(int fd) {
    static uint8_t buffer[4096];
    int master = start_shell();
    static const uint8_t offers[] = {interpret_as_command, will,  option_echo,
                                     interpret_as_command, will,  option_suppress_go_ahead,
                                     interpret_as_command, do_it, option_window_size};
    bool running = master >= 0 && write_all(fd, offers, sizeof offers);
    input_filter input(fd, master);
    while (running) {
        struct pollfd wanted[] = {{fd, POLLIN, 0}, {master, POLLIN, 0}};
        if (poll(wanted, 2, -1) < 0) {
            continue;
        }
        if (wanted[1].revents != 0) {
            ssize_t count = read(master, buffer, sizeof buffer);
            running = count > 0 && send_output(fd, buffer, static_cast<size_t>(count));
        }
        if (running && wanted[0].revents != 0) {
            ssize_t count = recv(fd, buffer, sizeof buffer, 0);
            running =
                count > 0 && write_all(master, buffer, input.filter(buffer, static_cast<size_t>(count)));
        }
    }
    exit(0);
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    int next = verbose ? 2 : 1;
    int listener = serve_on(next < argc ? parse_number(argv[next], 1, 65535, "port") : 23, SOCK_STREAM);
    signal(SIGCHLD, SIG_IGN); // ended relays need no waiting for
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        struct sockaddr_in peer = {};
        struct sockaddr* address = reinterpret_cast<struct sockaddr*>(&peer);
        socklen_t size = sizeof peer;
        int fd = accept4(listener, address, &size, SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno != EINTR && errno != ECONNABORTED) {
                err(1, "accept");
            }
            continue;
        }
        if (verbose) {
            char text[32];
            printf("connection from %s\n", address_text(address, text, sizeof text));
            fflush(stdout);
        }
        pid_t child = fork();
        if (child == 0) {
            close(listener);
            serve_client(fd);
        }
        if (child < 0) {
            warn("fork");
        }
        close(fd);
    }
}
