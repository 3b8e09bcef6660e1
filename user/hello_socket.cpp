// The first network program to read, and to copy: user/hello_socket.cpp becomes /bin/hello_socket.
//
// It makes a TCP connection to an echo service, sends a line and prints what comes back. Each call below is a
// system call; `trace hello_socket 10.0.2.100 7` shows what the kernel does in each of them.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char** argv) {
    const char* address = argc > 1 ? argv[1] : "127.0.0.1";
    const char* port = argc > 2 ? argv[2] : "7";

    // Where to: an address and a port, both in network byte order.
    struct sockaddr_in server = {};
    server.sin_family = AF_INET;
    server.sin_port = htons(static_cast<in_port_t>(atoi(port)));
    if (inet_pton(AF_INET, address, &server.sin_addr) != 1) {
        fprintf(stderr, "usage: hello_socket [ADDRESS [PORT]]\nTalks to an echo service.\n");
        return 2;
    }

    // A socket is a file descriptor; SOCK_STREAM means TCP.
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        perror("socket");
        return 1;
    }

    // The three-way handshake: SYN, SYN+ACK, ACK.
    if (connect(fd, reinterpret_cast<struct sockaddr*>(&server), sizeof server) != 0) {
        perror("connect");
        return 1;
    }

    const char* message = "Hello from a newcomer's program!\n";
    if (send(fd, message, strlen(message), 0) < 0) {
        perror("send");
        return 1;
    }

    // TCP is a stream: what was sent at once may arrive in pieces, so read until the line is complete.
    char answer[256];
    size_t length = 0;
    while (length < sizeof answer - 1 && (length == 0 || answer[length - 1] != '\n')) {
        ssize_t count = recv(fd, answer + length, sizeof answer - 1 - length, 0);
        if (count < 0) {
            perror("recv");
            return 1;
        }
        if (count == 0) {
            break; // the server closed the connection
        }
        length += static_cast<size_t>(count);
    }
    answer[length] = '\0';
    printf("%s:%s answered: %s", address, port, answer);

    close(fd);
    return 0;
}
