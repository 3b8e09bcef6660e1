// httpd: serves the files of a folder by HTTP/1.1 (RFC 9110, RFC 9112) to many clients at once.
//
// One process, one poll() loop, no thread and no fork: every connection is a small state machine that is
// moved on when its socket is ready, and never waits.
//
//   reading  --header complete-->  sending  --all sent, keep-alive-->  reading
//                                           --all sent, close------->  (closed)
//
// Sockets do not block; what cannot be sent now stays in the connection's buffer and goes when poll() says
// so. A request names a path: it is decoded, split at slashes, and refused if any part is "..".

#include "user/httpd/connection.hpp"

#include <fcntl.h>
#include <signal.h>

static const char usage[] = "usage: httpd [-p PORT] [-v] [FOLDER]\n"
                            "Serves FOLDER (/www) on PORT (80).\n"
                            "  -v  print every request\n";

constexpr int most_clients = 256;

configuration server = {"/www", false};

static connection* clients[most_clients];
static int client_count;

static void accept_clients(int listener) {
    while (client_count < most_clients) {
        struct sockaddr_in peer = {};
        struct sockaddr* address = reinterpret_cast<struct sockaddr*>(&peer);
        socklen_t size = sizeof peer;
        int fd = accept4(listener, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        char text[32];
        clients[client_count++] = new connection(fd, address_text(address, text, sizeof text));
    }
}

static void drop_client(int index) {
    delete clients[index];
    clients[index] = clients[--client_count];
}

[[noreturn]] static void serve(int listener) {
    static struct pollfd wanted[most_clients + 1];
    for (;;) {
        for (int i = 0; i < client_count; i++) {
            wanted[i] = {clients[i]->fd(), clients[i]->events(), 0};
        }
        // When all places are taken, new clients wait in the listen queue.
        int count = client_count;
        wanted[count] = {client_count < most_clients ? listener : -1, POLLIN, 0};
        int timeout_ms = client_count > 0 ? 5000 : -1;
        if (poll(wanted, static_cast<nfds_t>(count) + 1, timeout_ms) < 0 && errno != EINTR) {
            err(1, "poll");
        }
        time_t time = monotonic_seconds();
        for (int i = count; i-- > 0;) { // backwards: dropping moves the last one here
            bool ready = wanted[i].revents != 0;
            if (ready ? !clients[i]->advance() : clients[i]->expired(time)) {
                drop_client(i);
            }
        }
        if (wanted[count].revents != 0) {
            accept_clients(listener);
        }
    }
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    long port = 80;
    for (int option; (option = getopt(argc, argv, "p:v")) != -1;) {
        if (option == 'p') {
            port = parse_number(optarg, 0, 65535, "port");
        } else if (option == 'v') {
            server.verbose = true;
        } else {
            usage_error(usage);
        }
    }
    if (argc - optind > 1) {
        usage_error(usage);
    }
    if (optind < argc) {
        server.root_folder = argv[optind];
    }
    struct stat status;
    if (stat(server.root_folder, &status) != 0 || !S_ISDIR(status.st_mode)) {
        err(1, "%s", server.root_folder);
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = serve_on(port, SOCK_STREAM);
    fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK);
    serve(listener);
}
