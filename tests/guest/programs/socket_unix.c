/* AF_UNIX: pairs, names, connections, datagrams, seqpackets, credentials and passed files. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t pipes_broken;

static void on_sigpipe(int signal_number) {
    (void)signal_number;
    pipes_broken++;
}

static struct sockaddr_un path_address(const char* path, socklen_t* length) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
    return address;
}

static struct sockaddr_un abstract_address(const char* name, socklen_t* length) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path + 1, name);
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    return address;
}

static int can_read(int fd, int timeout_ms) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, timeout_ms) == 1 && (entry.revents & POLLIN) != 0;
}

static short readiness(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
    poll(&entry, 1, 0);
    return entry.revents;
}

static void test_pair(void) {
    int fd[2];
    char buffer[64];
    CHECK("pair.create", socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
    struct stat status;
    CHECK("pair.is_socket", fstat(fd[0], &status) == 0 && S_ISSOCK(status.st_mode));
    CHECK("pair.poll_fresh", readiness(fd[0]) == POLLOUT);
    CHECK("pair.write", write(fd[0], "hello", 5) == 5);
    CHECK("pair.poll_readable", (readiness(fd[1]) & (POLLIN | POLLOUT)) == (POLLIN | POLLOUT));
    int waiting = -1;
    CHECK("pair.fionread", ioctl(fd[1], FIONREAD, &waiting) == 0 && waiting == 5);
    CHECK("pair.peek", recv(fd[1], buffer, 3, MSG_PEEK) == 3 && memcmp(buffer, "hel", 3) == 0);
    CHECK("pair.read_part", read(fd[1], buffer, 2) == 2 && memcmp(buffer, "he", 2) == 0);
    CHECK("pair.write_more", write(fd[0], " world", 6) == 6);
    CHECK("pair.read_joined", read(fd[1], buffer, 64) == 9 && memcmp(buffer, "llo world", 9) == 0);
    CHECK_ERROR("pair.empty_dontwait", recv(fd[1], buffer, 1, MSG_DONTWAIT), EAGAIN);
    CHECK("pair.nonblock", fcntl(fd[1], F_SETFL, O_NONBLOCK) == 0);
    CHECK_ERROR("pair.empty_nonblock", read(fd[1], buffer, 1), EAGAIN);
    CHECK_ERROR("pair.lseek", lseek(fd[0], 0, SEEK_SET), ESPIPE);
    CHECK("pair.shutdown", shutdown(fd[0], SHUT_WR) == 0);
    CHECK("pair.poll_end", (readiness(fd[1]) & (POLLIN | POLLRDHUP | POLLHUP)) == (POLLIN | POLLRDHUP));
    CHECK("pair.end_of_file", read(fd[1], buffer, 1) == 0);
    CHECK_ERROR("pair.write_after_shutdown", send(fd[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK("pair.other_direction", write(fd[1], "back", 4) == 4 && read(fd[0], buffer, 64) == 4);
    close(fd[1]);
    CHECK("pair.poll_hangup", (readiness(fd[0]) & POLLHUP) != 0);
    CHECK("pair.closed_end", read(fd[0], buffer, 1) == 0);
    close(fd[0]);

    socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
    CHECK("pair.unread", write(fd[0], "lost", 4) == 4);
    close(fd[1]);
    CHECK_ERROR("pair.reset_by_unread", read(fd[0], buffer, 1), ECONNRESET);
    signal(SIGPIPE, on_sigpipe);
    CHECK_ERROR("pair.sigpipe_error", write(fd[0], "x", 1), EPIPE);
    CHECK("pair.sigpipe", pipes_broken == 1);
    CHECK_ERROR("pair.no_sigpipe_error", send(fd[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK("pair.no_sigpipe", pipes_broken == 1);
    close(fd[0]);
}

/* A writer that fills the buffer sleeps until the reader has made room. */
static void test_flow(void) {
    enum { total = 4 << 20 };
    int fd[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
    char* block = malloc(65536);
    memset(block, 'f', 65536);
    fcntl(fd[0], F_SETFL, O_NONBLOCK);
    long filled = 0;
    for (ssize_t sent; (sent = write(fd[0], block, 4096)) > 0;) {
        filled += sent;
    }
    CHECK("flow.full", errno == EAGAIN && filled > 4096 && filled < (8 << 20));
    CHECK("flow.full_poll", (readiness(fd[0]) & POLLOUT) == 0);
    long drained = 0;
    for (ssize_t got; drained < filled && (got = read(fd[1], block, 65536)) > 0;) {
        drained += got;
    }
    CHECK("flow.drained", drained == filled);
    CHECK("flow.room_poll", (readiness(fd[0]) & POLLOUT) != 0);
    fcntl(fd[0], F_SETFL, 0);
    pid_t child = fork();
    if (child == 0) {
        close(fd[1]);
        for (int i = 0; i < total; i += 65536) {
            for (int j = 0; j < 65536; j++) {
                block[j] = (char)((i + j) * 7 >> 3);
            }
            for (int at = 0; at < 65536;) {
                ssize_t sent = write(fd[0], block + at, 65536 - (size_t)at);
                if (sent <= 0) {
                    _exit(1);
                }
                at += (int)sent;
            }
        }
        _exit(0);
    }
    close(fd[0]);
    long received = 0;
    int wrong = 0;
    for (ssize_t got; (got = read(fd[1], block, 65536)) > 0; received += got) {
        for (ssize_t j = 0; j < got; j++) {
            wrong += block[j] != (char)((received + j) * 7 >> 3);
        }
    }
    CHECK("flow.all_bytes", received == total);
    CHECK("flow.right_bytes", wrong == 0);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK("flow.writer", status == 0);
    close(fd[1]);
    free(block);
}

static void test_connect(void) {
    const char* path = "/tmp/socket_unix.stream";
    char buffer[64];
    socklen_t length;
    unlink(path);
    struct sockaddr_un address = path_address(path, &length);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERROR("connect.no_path", connect(client, (struct sockaddr*)&address, length), ENOENT);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERROR("connect.listen_unbound", listen(listener, 1), EINVAL);
    CHECK("connect.bind", bind(listener, (struct sockaddr*)&address, length) == 0);
    struct stat status;
    CHECK("connect.node", stat(path, &status) == 0 && S_ISSOCK(status.st_mode));
    CHECK_ERROR("connect.open_node", open(path, O_RDWR), ENXIO);
    socklen_t spare_length;
    struct sockaddr_un spare = abstract_address("lumos spare", &spare_length);
    CHECK_ERROR("connect.bind_twice", bind(listener, (struct sockaddr*)&spare, spare_length), EINVAL);
    int other = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERROR("connect.in_use", bind(other, (struct sockaddr*)&address, length), EADDRINUSE);
    CHECK_ERROR("connect.not_listening", connect(client, (struct sockaddr*)&address, length), ECONNREFUSED);
    CHECK("connect.listen", listen(listener, 2) == 0);
    int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_ERROR("connect.wrong_type", connect(datagram, (struct sockaddr*)&address, length), EPROTOTYPE);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    CHECK_ERROR("connect.accept_none", accept(listener, NULL, NULL), EAGAIN);
    CHECK_ERROR("connect.not_connected", write(client, "x", 1), ENOTCONN);
    CHECK("connect.connect", connect(client, (struct sockaddr*)&address, length) == 0);
    CHECK_ERROR("connect.again", connect(client, (struct sockaddr*)&address, length), EISCONN);
    CHECK("connect.early_data", write(client, "early", 5) == 5);
    CHECK("connect.acceptable", can_read(listener, 0));
    struct sockaddr_un name;
    socklen_t name_length = sizeof name;
    int server = accept4(listener, (struct sockaddr*)&name, &name_length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    CHECK("connect.accept", server >= 0);
    CHECK("connect.unnamed_client", name_length == sizeof(sa_family_t) && name.sun_family == AF_UNIX);
    CHECK("connect.accept_flags",
          (fcntl(server, F_GETFL) & O_NONBLOCK) != 0 && fcntl(server, F_GETFD) == FD_CLOEXEC);
    CHECK("connect.early_read", read(server, buffer, 64) == 5);
    name_length = sizeof name;
    CHECK("connect.peer_name", getpeername(client, (struct sockaddr*)&name, &name_length) == 0 &&
                                   name_length == length && strcmp(name.sun_path, path) == 0);
    name_length = 4;
    CHECK("connect.cut_name",
          getsockname(server, (struct sockaddr*)&name, &name_length) == 0 && name_length == length);
    struct ucred who;
    socklen_t size = sizeof who;
    CHECK("connect.peercred", getsockopt(server, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
                                  who.pid == getpid() && who.uid == getuid());
    int accepting = -1;
    size = sizeof accepting;
    CHECK("connect.acceptconn",
          getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size) == 0 && accepting == 1);

    int waiting[8], connected = 0;
    for (int i = 0; i < 8; i++) {
        waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connected += connect(waiting[i], (struct sockaddr*)&address, length) == 0;
    }
    CHECK("connect.backlog", connected == 3 && errno == EAGAIN);
    close(listener);
    CHECK_ERROR("connect.never_accepted", read(waiting[0], buffer, 1), ECONNRESET);
    CHECK_ERROR("connect.listener_gone", connect(other, (struct sockaddr*)&address, length), ECONNREFUSED);
    for (int i = 0; i < 8; i++) {
        close(waiting[i]);
    }
    close(server);
    close(client);
    close(other);
    close(datagram);
    unlink(path);
}

static void test_abstract(void) {
    socklen_t length;
    struct sockaddr_un address = abstract_address("lumos test", &length);
    int first = socket(AF_UNIX, SOCK_STREAM, 0);
    int second = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK("abstract.bind", bind(first, (struct sockaddr*)&address, length) == 0);
    CHECK_ERROR("abstract.in_use", bind(second, (struct sockaddr*)&address, length), EADDRINUSE);
    CHECK_ERROR("abstract.longer_is_another", connect(second, (struct sockaddr*)&address, length + 1),
                ECONNREFUSED);
    listen(first, 1);
    CHECK("abstract.connect", connect(second, (struct sockaddr*)&address, length) == 0);
    close(first);
    int third = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK("abstract.free_again", bind(third, (struct sockaddr*)&address, length) == 0);
    int automatic = socket(AF_UNIX, SOCK_DGRAM, 0);
    address.sun_family = AF_UNIX;
    CHECK("abstract.autobind", bind(automatic, (struct sockaddr*)&address, sizeof(sa_family_t)) == 0);
    struct sockaddr_un name;
    socklen_t name_length = sizeof name;
    getsockname(automatic, (struct sockaddr*)&name, &name_length);
    CHECK("abstract.automatic_name", name_length == sizeof(sa_family_t) + 6 && name.sun_path[0] == 0);
    close(second);
    close(third);
    close(automatic);
}

static void test_datagram(void) {
    char buffer[64];
    socklen_t length;
    struct sockaddr_un address = abstract_address("lumos datagram", &length);
    int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
    bind(receiver, (struct sockaddr*)&address, length);
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t sender_length;
    struct sockaddr_un sender_address = abstract_address("lumos sender", &sender_length);
    bind(sender, (struct sockaddr*)&sender_address, sender_length);
    CHECK_ERROR("datagram.no_destination", send(sender, "x", 1, 0), ENOTCONN);
    CHECK("datagram.sendto", sendto(sender, "one", 3, 0, (struct sockaddr*)&address, length) == 3);
    CHECK("datagram.empty", sendto(sender, "", 0, 0, (struct sockaddr*)&address, length) == 0);
    CHECK("datagram.third", sendto(sender, "three", 5, 0, (struct sockaddr*)&address, length) == 5);
    struct sockaddr_un name;
    socklen_t name_length = sizeof name;
    CHECK("datagram.boundary", recvfrom(receiver, buffer, 64, 0, (struct sockaddr*)&name, &name_length) == 3);
    CHECK("datagram.source",
          name_length == sender_length && memcmp(&name, &sender_address, sender_length) == 0);
    CHECK("datagram.empty_received", recv(receiver, buffer, 64, 0) == 0);
    CHECK("datagram.cut", recv(receiver, buffer, 2, MSG_TRUNC) == 5 && memcmp(buffer, "th", 2) == 0);
    CHECK_ERROR("datagram.rest_is_lost", recv(receiver, buffer, 64, MSG_DONTWAIT), EAGAIN);
    struct iovec piece = {buffer, 2};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    sendto(sender, "long", 4, 0, (struct sockaddr*)&address, length);
    CHECK("datagram.truncated_flag", recvmsg(receiver, &message, 0) == 2 && message.msg_flags == MSG_TRUNC);
    CHECK("datagram.connect", connect(sender, (struct sockaddr*)&address, length) == 0);
    CHECK("datagram.connected_send", send(sender, "four", 4, 0) == 4);
    CHECK("datagram.connected_receive", recv(receiver, buffer, 64, 0) == 4);
    int stranger = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_ERROR("datagram.taken_peer",
                sendto(stranger, "x", 1, 0, (struct sockaddr*)&sender_address, sender_length), EPERM);
    static char huge[1 << 20];
    CHECK_ERROR("datagram.too_long", send(sender, huge, sizeof huge, 0), EMSGSIZE);
    CHECK("datagram.big",
          send(sender, huge, 100000, 0) == 100000 && recv(receiver, huge, sizeof huge, 0) == 100000);
    close(receiver);
    CHECK_ERROR("datagram.receiver_gone", send(sender, "x", 1, 0), ECONNREFUSED);
    CHECK_ERROR("datagram.then_unconnected", send(sender, "x", 1, 0), ENOTCONN);
    close(stranger);
    close(sender);
}

static void test_seqpacket(void) {
    int fd[2];
    char buffer[64];
    CHECK("seqpacket.create", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd) == 0);
    CHECK("seqpacket.send", send(fd[0], "first", 5, 0) == 5 && send(fd[0], "second", 6, 0) == 6);
    CHECK("seqpacket.boundary", recv(fd[1], buffer, 64, 0) == 5 && recv(fd[1], buffer, 64, 0) == 6);
    close(fd[0]);
    CHECK("seqpacket.end", recv(fd[1], buffer, 64, 0) == 0);
    close(fd[1]);
}

static ssize_t send_descriptor(int through, const char* text, int descriptor) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct iovec piece = {(void*)text, strlen(text)};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    return sendmsg(through, &message, 0);
}

static void test_passing(void) {
    int fd[2], channel[2];
    char buffer[64];
    union {
        struct cmsghdr header;
        char bytes[256];
    } control;
    socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
    CHECK("passing.pipe", pipe(channel) == 0);
    CHECK_ERROR("passing.bad_descriptor", send_descriptor(fd[0], "x", 999), EBADF);
    CHECK("passing.send", send_descriptor(fd[0], "file", channel[0]) == 4);
    CHECK("passing.more", write(fd[0], "+tail", 5) == 5);
    close(channel[0]);
    struct iovec piece = {buffer, sizeof buffer};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    CHECK("passing.stops_at_files", recvmsg(fd[1], &message, MSG_CMSG_CLOEXEC) == 4);
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    CHECK("passing.control",
          header != NULL && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)));
    int received = -1;
    if (header != NULL) {
        memcpy(&received, CMSG_DATA(header), sizeof received);
    }
    CHECK("passing.close_on_exec", fcntl(received, F_GETFD) == FD_CLOEXEC);
    CHECK("passing.works", write(channel[1], "through", 7) == 7 && read(received, buffer, 64) == 7);
    CHECK("passing.rest", read(fd[1], buffer, 64) == 5);
    close(received);

    CHECK("passing.drop", send_descriptor(fd[0], "gone", channel[1]) == 4);
    message.msg_control = NULL;
    message.msg_controllen = 0;
    CHECK("passing.no_room", recvmsg(fd[1], &message, 0) == 4 && (message.msg_flags & MSG_CTRUNC) != 0);

    int on = 1;
    CHECK("passing.passcred", setsockopt(fd[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
    CHECK("passing.cred_send", write(fd[0], "who", 3) == 3);
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    CHECK("passing.cred_receive", recvmsg(fd[1], &message, 0) == 3);
    header = CMSG_FIRSTHDR(&message);
    CHECK("passing.cred_control", header != NULL && header->cmsg_type == SCM_CREDENTIALS);
    struct ucred who = {0, 0, 0};
    if (header != NULL) {
        memcpy(&who, CMSG_DATA(header), sizeof who);
    }
    CHECK("passing.cred_pid", who.pid == getpid() && who.uid == getuid() && who.gid == getgid());

    /* A file in flight whose carrier is closed is closed as well: its pipe breaks. */
    int fresh[2];
    CHECK("passing.fresh_pipe", pipe(fresh) == 0);
    CHECK("passing.in_flight", send_descriptor(fd[0], "x", fresh[0]) == 1);
    close(fresh[0]);
    close(fd[0]);
    close(fd[1]);
    CHECK_ERROR("passing.closed_with_carrier", write(fresh[1], "x", 1), EPIPE);
    close(fresh[1]);
    close(channel[1]);
}

/* accept, recv and connect sleep and are woken by another process. */
static void test_sleeping(void) {
    socklen_t length;
    char buffer[16];
    struct sockaddr_un address = abstract_address("lumos sleeping", &length);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(listener, (struct sockaddr*)&address, length);
    listen(listener, 1);
    pid_t child = fork();
    if (child == 0) {
        int client = socket(AF_UNIX, SOCK_STREAM, 0);
        usleep(20000);
        int failed = connect(client, (struct sockaddr*)&address, length) != 0;
        usleep(20000);
        failed |= write(client, "late", 4) != 4;
        failed |= read(client, buffer, 16) != 5;
        _exit(failed);
    }
    int server = accept(listener, NULL, NULL);
    CHECK("sleeping.accept", server >= 0);
    CHECK("sleeping.read", read(server, buffer, 16) == 4);
    CHECK("sleeping.write", write(server, "reply", 5) == 5);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK("sleeping.child", status == 0);
    struct timeval limit = {.tv_sec = 0, .tv_usec = 20000};
    int fd[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
    setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    CHECK_ERROR("sleeping.timeout", read(fd[0], buffer, 1), EAGAIN);
    close(fd[0]);
    close(fd[1]);
    close(server);
    close(listener);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_pair();
    test_flow();
    test_connect();
    test_abstract();
    test_datagram();
    test_seqpacket();
    test_passing();
    test_sleeping();
    return finish();
}
