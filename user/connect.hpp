#pragma once
// Connecting by name: getaddrinfo() turns host and port into addresses, and each is tried in turn until one
// answers. Every client here does it the same way.

#include "user/program.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

/// "10.0.2.2:80" in a buffer of the caller.
inline const char* address_text(const struct sockaddr* address, char* text, size_t size) {
    struct sockaddr_in v4;
    memcpy(&v4, address, sizeof v4);
    char host[INET_ADDRSTRLEN] = "?";
    inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
    snprintf(text, size, "%s:%u", host, ntohs(v4.sin_port));
    return text;
}

/// Looks a host up; the list is for freeaddrinfo(). Null after saying why there is none.
inline struct addrinfo* resolve(const char* host, const char* port, int type) {
    struct addrinfo hints = {};
    hints.ai_family = AF_INET;
    hints.ai_socktype = type;
    struct addrinfo* found = nullptr;
    int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0) {
        warnx("%s: %s", host, error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        return nullptr;
    }
    return found;
}

/// Connects a socket of `type`; -1 after saying why not. `peer` receives the address in words.
inline int connect_to(const char* host, const char* port, int type, char* peer, size_t peer_size) {
    struct addrinfo* addresses = resolve(host, port, type);
    int fd = -1;
    for (struct addrinfo* one = addresses; one != nullptr && fd < 0; one = one->ai_next) {
        address_text(one->ai_addr, peer, peer_size);
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (fd < 0) {
            warn("socket");
        } else if (connect(fd, one->ai_addr, one->ai_addrlen) != 0) {
            warn("%s", peer);
            close(fd);
            fd = -1;
        }
    }
    if (addresses != nullptr) {
        freeaddrinfo(addresses);
    }
    return fd;
}

/// A socket bound to a port on every address, listening when it is a stream; ends the program otherwise.
inline int serve_on(long port, int type) {
    int fd = socket(AF_INET, type, 0);
    if (fd < 0) {
        err(1, "socket");
    }
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
               sizeof on); // restart while old connections are in TIME_WAIT
    struct sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<in_port_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    if (bind(fd, reinterpret_cast<struct sockaddr*>(&address), sizeof address) != 0 ||
        (type == SOCK_STREAM && listen(fd, SOMAXCONN) != 0)) {
        err(1, "port %ld", port);
    }
    return fd;
}
