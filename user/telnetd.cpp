// telnetd: gives whoever connects a shell (RFC 854). There is no password: start it only where you trust the
// network. It is the model of a server that forks: one process per connection, so each may simply wait.
//
//   client <--socket--> relay process <--two pipes--> sh -i
//
// The client edits and echoes its lines itself, since no option is agreed on; the relay takes out commands
// and turns line ends from CR LF into LF and back.

#include "user/connect.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

static const char usage[] =
    "usage: telnetd [-v] [PORT]\nGives every client on PORT (23) a shell, without a password.\n";

constexpr uint8_t subnegotiation_end = 240;
constexpr uint8_t subnegotiation_begin = 250;
constexpr uint8_t will = 251;
constexpr uint8_t do_it = 253;
constexpr uint8_t dont = 254;
constexpr uint8_t interpret_as_command = 255;

/// Takes commands out of what the client sends and refuses every option it offers or asks for.
class input_filter {
public:
    explicit input_filter(int fd) : fd_(fd) {}

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
    enum class state { text, command, option, skipping, skipping_command };

    bool is_text(uint8_t byte) {
        switch (state_) {
        case state::text:
            state_ = byte == interpret_as_command ? state::command : state::text;
            return byte != interpret_as_command && byte != '\r' && byte != '\0';
        case state::command:
            command_ = byte;
            state_ = byte >= will && byte <= dont   ? state::option
                     : byte == subnegotiation_begin ? state::skipping
                                                    : state::text;
            return byte == interpret_as_command;
        case state::option:
            refuse(byte);
            state_ = state::text;
            return false;
        case state::skipping:
            state_ = byte == interpret_as_command ? state::skipping_command : state_;
            return false;
        case state::skipping_command:
            state_ = byte == subnegotiation_end ? state::text : state::skipping;
            return false;
        }
        return false;
    }
    /// WILL is answered by DONT and DO by WONT; refusals need no answer.
    void refuse(uint8_t option) {
        if (command_ == will || command_ == do_it) {
            const uint8_t answer[] = {interpret_as_command,
                                      command_ == will ? dont : static_cast<uint8_t>(will + 1), option};
            write_all(fd_, answer, sizeof answer);
        }
    }

    int fd_;
    state state_ = state::text;
    uint8_t command_ = 0;
};

static bool send_text(int fd, const char* data, size_t size) {
    static char bytes[8192];
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n') {
            bytes[count++] = '\r';
        }
        bytes[count++] = data[i];
    }
    return write_all(fd, bytes, count);
}

/// Starts the shell with pipes as its terminal.
static pid_t start_shell(int& to_shell, int& from_shell) {
    int input[2], output[2];
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) {
        err(1, "pipe");
    }
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        dup2(input[0], 0);
        dup2(output[1], 1);
        dup2(output[1], 2);
        signal(SIGPIPE, SIG_DFL);
        execl("/bin/sh", "-sh", "-i", static_cast<char*>(nullptr));
        err(127, "/bin/sh");
    }
    close(input[0]);
    close(output[1]);
    to_shell = input[1];
    from_shell = output[0];
    return pid;
}

/// Runs until the shell ends, or the client does.
[[noreturn]] static void serve_client(int fd) {
    static char buffer[4096];
    int to_shell = -1, from_shell = -1;
    pid_t shell = start_shell(to_shell, from_shell);
    input_filter filter(fd);
    static const char greeting[] = "Lumos: a shell, without a terminal. `exit` leaves.\n";
    send_text(fd, greeting, sizeof greeting - 1);
    for (bool running = shell > 0; running;) {
        // A client that has sent all may still be reading: then only its disappearance is of interest.
        short client_events = to_shell >= 0 ? POLLIN : 0;
        struct pollfd wanted[] = {{fd, client_events, 0}, {from_shell, POLLIN, 0}};
        if (poll(wanted, 2, -1) < 0) {
            continue;
        }
        if (wanted[0].revents & POLLIN) {
            ssize_t count = recv(fd, buffer, sizeof buffer, 0);
            size_t kept =
                count > 0 ? filter.filter(reinterpret_cast<uint8_t*>(buffer), static_cast<size_t>(count)) : 0;
            if (count <= 0 || !write_all(to_shell, buffer, kept)) {
                close(to_shell);
                to_shell = -1;
            }
        } else if (wanted[0].revents != 0) {
            break;
        }
        if (wanted[1].revents != 0) {
            ssize_t count = read(from_shell, buffer, sizeof buffer);
            running = count > 0 && send_text(fd, buffer, static_cast<size_t>(count));
        }
    }
    kill(-shell, SIGHUP); // the shell and what it started
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
            signal(SIGCHLD, SIG_DFL);
            serve_client(fd);
        }
        if (child < 0) {
            warn("fork");
        }
        close(fd);
    }
}
