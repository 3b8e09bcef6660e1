/* Sockets through socketcall, and the resolver against a server of our own that lies in every known way.
 *
 * The server is a child process on 127.0.0.1 port 53; the test needs a private network and mount namespace
 * for that port and for its own /etc/resolv.conf and /etc/hosts, and skips the resolver where it may not have
 * one.
 */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <kernel/abi/process.h>
#include <kernel/abi/syscall.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void test_tcp(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int one = 1;
    CHECK(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0);
    CHECK(bind(listener, (struct sockaddr*)&address, sizeof address) == 0);
    CHECK(getsockname(listener, (struct sockaddr*)&address, &length) == 0 && address.sin_port != 0);
    CHECK(listen(listener, 5) == 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(client, (struct sockaddr*)&address, sizeof address) == 0);
    struct sockaddr_in peer = {0};
    length = sizeof peer;
    int server = accept4(listener, (struct sockaddr*)&peer, &length, SOCK_CLOEXEC);
    CHECK(server >= 0 && peer.sin_family == AF_INET && (fcntl(server, F_GETFD) & FD_CLOEXEC));
    CHECK(send(client, "hello", 5, 0) == 5);
    char buffer[64];
    CHECK(recv(server, buffer, sizeof buffer, MSG_PEEK) == 5 && read(server, buffer, 3) == 3 &&
          recv(server, buffer, 64, 0) == 2);
    struct iovec pieces[2] = {{"ab", 2}, {"cde", 3}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    CHECK(sendmsg(server, &message, 0) == 5);
    struct pollfd waited = {client, POLLIN, 0};
    CHECK(poll(&waited, 1, 1000) == 1 && waited.revents == POLLIN);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(client, &set);
    struct timeval limit = {1, 0};
    CHECK(select(client + 1, &set, NULL, NULL, &limit) == 1 && FD_ISSET(client, &set));
    int list = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 77};
    CHECK(epoll_ctl(list, EPOLL_CTL_ADD, client, &event) == 0 && epoll_wait(list, &event, 1, 1000) == 1 &&
          event.data.u64 == 77);
    close(list);
    CHECK(recvfrom(client, buffer, sizeof buffer, 0, NULL, NULL) == 5 && memcmp(buffer, "abcde", 5) == 0);
    int value = 0;
    length = sizeof value;
    CHECK(getsockopt(client, SOL_SOCKET, SO_TYPE, &value, &length) == 0 && value == SOCK_STREAM);
    CHECK(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
    CHECK(shutdown(client, SHUT_WR) == 0 && recv(server, buffer, 64, 0) == 0);
    CHECK(getpeername(server, (struct sockaddr*)&peer, &length) == 0);
    close(client);
    close(server);
    close(listener);
    int refused = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(refused, (struct sockaddr*)&address, sizeof address) == -1 && errno == ECONNREFUSED);
    close(refused);
    CHECK(socket(AF_INET, 77, 0) == -1 && errno == EINVAL);
}

static void test_unix(void) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    int passed = open("/dev/null", O_RDONLY);
    char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 'x';
    struct iovec piece = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &passed, sizeof passed);
    CHECK(sendmsg(ends[0], &message, 0) == 1);
    memset(control, 0, sizeof control);
    CHECK(recvmsg(ends[1], &message, 0) == 1);
    header = CMSG_FIRSTHDR(&message);
    int received = -1;
    CHECK(header != NULL && header->cmsg_type == SCM_RIGHTS && CMSG_NXTHDR(&message, header) == NULL);
    memcpy(&received, CMSG_DATA(header), sizeof received);
    struct stat about;
    CHECK(received != passed && fstat(received, &about) == 0 && S_ISCHR(about.st_mode));
}

static void test_interfaces(void) {
    struct ifaddrs *list, *each;
    int found = 0;
    CHECK(getifaddrs(&list) == 0);
    for (each = list; each != NULL; each = each->ifa_next) {
        if (strcmp(each->ifa_name, "lo") == 0 && each->ifa_addr->sa_family == AF_INET) {
            found = ((struct sockaddr_in*)each->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
                    ((struct sockaddr_in*)each->ifa_netmask)->sin_addr.s_addr == htonl(0xff000000) &&
                    (each->ifa_flags & IFF_LOOPBACK);
        }
    }
    freeifaddrs(list);
    CHECK(found);
    char name[IF_NAMESIZE];
    unsigned index = if_nametoindex("lo");
    CHECK(index > 0 && if_indextoname(index, name) != NULL && strcmp(name, "lo") == 0);
    CHECK(if_nametoindex("nothing0") == 0 && errno == ENODEV);
    CHECK(if_indextoname(9999, name) == NULL && errno == ENXIO);
}

static void test_numeric_names(void) {
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *list;
    CHECK(getaddrinfo("10.0.2.2", "http", &hints, &list) == 0);
    CHECK(((struct sockaddr_in*)list->ai_addr)->sin_port == htons(80) && list->ai_protocol == IPPROTO_TCP &&
          list->ai_next == NULL);
    freeaddrinfo(list);
    hints.ai_family = AF_INET;
    CHECK(getaddrinfo(NULL, "8080", &hints, &list) == 0 &&
          ((struct sockaddr_in*)list->ai_addr)->sin_addr.s_addr == INADDR_ANY);
    freeaddrinfo(list);
    hints.ai_flags = 0;
    hints.ai_socktype = 0;
    CHECK(getaddrinfo(NULL, "domain", &hints, &list) == 0 && list->ai_next != NULL &&
          ((struct sockaddr_in*)list->ai_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    freeaddrinfo(list);
    hints.ai_flags = AI_NUMERICHOST;
    CHECK(getaddrinfo("not.numeric", "80", &hints, &list) == EAI_NONAME);
    CHECK(getaddrinfo(NULL, NULL, &hints, &list) == EAI_NONAME);
    CHECK(getaddrinfo("1.2.3.4", "no-such-service", NULL, &list) == EAI_SERVICE);
    CHECK(getaddrinfo("1.2.3.4", "70000", NULL, &list) == EAI_SERVICE);
    hints.ai_family = 99;
    CHECK(getaddrinfo("1.2.3.4", "80", &hints, &list) == EAI_FAMILY);
    hints.ai_family = AF_INET6;
    CHECK(getaddrinfo("1.2.3.4", "80", &hints, &list) == EAI_ADDRFAMILY);
    hints = (struct addrinfo){.ai_flags = 0x10000};
    CHECK(getaddrinfo("1.2.3.4", "80", &hints, &list) == EAI_BADFLAGS);
    struct servent* service = getservbyname("ssh", "tcp");
    CHECK(service != NULL && service->s_port == htons(22) && getservbyname("ssh", "sctp") == NULL);
    service = getservbyport(htons(53), "udp");
    CHECK(service != NULL && strcmp(service->s_name, "domain") == 0);
    CHECK(getprotobyname("tcp")->p_proto == 6 && getprotobyname("nothing") == NULL &&
          strcmp(getprotobynumber(17)->p_name, "udp") == 0);
    struct sockaddr_in address = loopback(80);
    char host[64], name[16];
    CHECK(getnameinfo((struct sockaddr*)&address, sizeof address, host, sizeof host, name, sizeof name,
                      NI_NUMERICHOST) == 0);
    CHECK(strcmp(host, "127.0.0.1") == 0 && strcmp(name, "http") == 0);
    CHECK(getnameinfo((struct sockaddr*)&address, sizeof address, host, 5, NULL, 0, NI_NUMERICHOST) ==
          EAI_OVERFLOW);
    CHECK(getnameinfo((struct sockaddr*)&address, 4, host, sizeof host, NULL, 0, 0) == EAI_FAMILY);
}

/* ---- the lying server ---- */

static unsigned char* put_16(unsigned char* to, unsigned value) {
    *to++ = (unsigned char)(value >> 8);
    *to++ = (unsigned char)value;
    return to;
}

static unsigned char* put_name(unsigned char* to, const char* name) {
    while (*name != '\0') {
        size_t length = strcspn(name, ".");
        *to++ = (unsigned char)length;
        memcpy(to, name, length);
        to += length;
        name += length + (name[length] == '.');
    }
    *to++ = 0;
    return to;
}

static unsigned char* put_record(unsigned char* to, unsigned type, unsigned size) {
    to = put_16(to, type);
    to = put_16(to, 1);
    to = put_16(to, 0);
    to = put_16(to, 60);
    return put_16(to, size);
}

static unsigned char* put_address(unsigned char* to, const char* owner, int last) {
    to = owner != NULL ? put_name(to, owner) : put_16(to, 0xc00c);
    to = put_record(to, 1, 4);
    memcpy(to, (unsigned char[]){10, 0, 0, (unsigned char)last}, 4);
    return to + 4;
}

/* Builds the answer to a question by the first label of the name asked for; its size, 0 for silence. */
static size_t answer(unsigned char* message, size_t size, int stream) {
    char label[64] = "";
    memcpy(label, message + 13, message[12]);
    unsigned char* to = message + size;
    unsigned records = 1;
    message[2] |= 0x80;
    message[3] = 0x80;
    if (strcmp(label, "plain") == 0) {
        to = put_address(to, NULL, 1);
    } else if (strcmp(label, "many") == 0) {
        for (records = 0; records < 30; records++) {
            to = put_address(to, NULL, (int)records);
        }
    } else if (strcmp(label, "alias") == 0) { /* records in an unhelpful order */
        to = put_address(to, "real.example", 7);
        to = put_record(put_name(to, "second.example"), 5, 14);
        to = put_name(to, "real.example");
        to = put_record(put_16(to, 0xc00c), 5, 16);
        to = put_name(to, "second.example");
        records = 3;
    } else if (strcmp(label, "aliasloop") == 0) {
        to = put_record(put_16(to, 0xc00c), 5, 2);
        to = put_16(to, 0xc00c);
    } else if (strcmp(label, "pointerloop") == 0) {
        unsigned here = (unsigned)(to - message);
        to = put_16(to, 0xc000 | here);
        to = put_record(to, 1, 4) + 4;
    } else if (strcmp(label, "forward") == 0) {
        unsigned here = (unsigned)(to - message);
        to = put_16(to, 0xc000 | (here + 2));
        to = put_record(to, 1, 4) + 4;
    } else if (strcmp(label, "longdata") == 0) {
        to = put_record(put_16(to, 0xc00c), 1, 4000) + 4;
    } else if (strcmp(label, "shortdata") == 0) {
        to = put_record(put_16(to, 0xc00c), 1, 3) + 3;
    } else if (strcmp(label, "cut") == 0) {
        to = put_address(to, NULL, 1) - 2;
    } else if (strcmp(label, "counts") == 0) {
        to = put_address(to, NULL, 9);
        records = 65535;
    } else if (strcmp(label, "other") == 0) { /* answers what was not asked */
        to = put_address(to, "elsewhere.example", 66);
    } else if (strcmp(label, "none") == 0) {
        records = 0;
    } else if (strcmp(label, "nodomain") == 0) {
        message[3] |= 3;
        records = 0;
    } else if (strcmp(label, "broken") == 0) {
        message[3] |= 2;
        records = 0;
    } else if (strcmp(label, "badtext") == 0) { /* an alias to a name with control characters */
        to = put_record(put_16(to, 0xc00c), 5, 6);
        memcpy(to, "\4\33[2J\0", 6);
        to += 6;
    } else if (strcmp(label, "large") == 0 && !stream) {
        message[2] |= 2;
        records = 0;
    } else if (strcmp(label, "large") == 0) {
        to = put_address(to, NULL, 99);
    } else if (strcmp(label, "1") == 0) { /* 1.2.0.10.in-addr.arpa */
        to = put_record(put_16(to, 0xc00c), 12, 14);
        to = put_name(to, "host.example");
    } else {
        return 0;
    }
    put_16(message + 6, records);
    return (size_t)(to - message);
}

static void serve(int ready) {
    struct sockaddr_in address = loopback(53), from;
    int datagrams = socket(AF_INET, SOCK_DGRAM, 0), streams = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(datagrams, (struct sockaddr*)&address, sizeof address) < 0 ||
        bind(streams, (struct sockaddr*)&address, sizeof address) < 0 || listen(streams, 5) < 0) {
        perror("bind");
        _exit(1);
    }
    write(ready, "x", 1);
    int lost = 0;
    for (;;) {
        unsigned char message[4096] = {0};
        struct pollfd waited[2] = {{datagrams, POLLIN, 0}, {streams, POLLIN, 0}};
        poll(waited, 2, -1);
        if (waited[0].revents != 0) {
            socklen_t length = sizeof from;
            ssize_t size = recvfrom(datagrams, message, sizeof message, 0, (struct sockaddr*)&from, &length);
            if (message[12] == 4 && memcmp(message + 13, "lost", 4) == 0) { /* the second try is answered */
                if (lost++ == 0) {
                    continue;
                }
                memcpy(message + 13, "many", 4);
                size = (ssize_t)answer(message, (size_t)size, 0);
                memcpy(message + 13, "lost", 4);
            } else if (message[12] == 5 && memcmp(message + 13, "spoof", 5) == 0) {
                unsigned char forged[4096];
                memcpy(forged, message, sizeof forged);
                memcpy(forged + 13, "plain", 5); /* another question, then another id, then the true answer */
                sendto(datagrams, forged, answer(forged, (size_t)size, 0), 0, (struct sockaddr*)&from,
                       length);
                memcpy(message + 13, "plain", 5);
                size = (ssize_t)answer(message, (size_t)size, 0);
                memcpy(message + 13, "spoof", 5);
                message[0] ^= 1;
                message[size - 1] = 13;
                sendto(datagrams, message, (size_t)size, 0, (struct sockaddr*)&from, length);
                message[0] ^= 1;
                message[size - 1] = 55;
            } else {
                size = (ssize_t)answer(message, (size_t)size, 0);
            }
            if (size > 0) {
                sendto(datagrams, message, (size_t)size, 0, (struct sockaddr*)&from, length);
            }
        }
        if (waited[1].revents != 0) {
            int fd = accept(streams, NULL, NULL);
            ssize_t size = recv(fd, message, sizeof message, 0) - 2;
            size_t length = answer(message + 2, (size_t)size, 1);
            put_16(message, (unsigned)length);
            send(fd, message, 1, MSG_NOSIGNAL); /* in pieces */
            send(fd, message + 1, length + 1, MSG_NOSIGNAL);
            close(fd);
        }
    }
}

static void write_file(const char* path, const char* text) {
    FILE* file = fopen(path, "w");
    if (file != NULL) {
        fputs(text, file);
        fclose(file);
    }
}

/* Lumos itself, where this machine is the test's own. */
static int is_lumos(void) {
    struct utsname names;
    return uname(&names) == 0 && strcmp(names.sysname, "Linux") != 0;
}

/* A network and an /etc of our own; 0 when that is not allowed here. */
static int isolate(void) {
    if (syscall(SYS_unshare, CLONE_NEWNET | CLONE_NEWNS) < 0 &&
        syscall(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) < 0) {
        return 0;
    }
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_flags = IFF_UP};
    strcpy(request.ifr_name, "lo");
    int up = ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
    return up == 0 && mount("none", "/", NULL, 1 << 14 | 1 << 18, NULL) == 0 &&
           mount("none", "/etc", "tmpfs", 0, NULL) == 0;
}

static int resolve(const char* name, int* last) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME},
                    *list;
    int error = getaddrinfo(name, "80", &hints, &list);
    *last = -1;
    if (error == 0) {
        *last = (int)(ntohl(((struct sockaddr_in*)list->ai_addr)->sin_addr.s_addr) & 0xff);
        freeaddrinfo(list);
    }
    return error;
}

static void test_resolver(void) {
    int last, ends[2];
    char byte;
    pipe(ends);
    pid_t server = fork();
    if (server == 0) {
        serve(ends[1]);
    }
    close(ends[1]);
    CHECK(read(ends[0], &byte, 1) == 1);
    write_file("/etc/resolv.conf", "# servers: one silent, one ours\nsearch lan example\noptions timeout:1 "
                                   "attempts:2\nnameserver 127.0.0.1\n");
    write_file("/etc/hosts",
               "127.0.0.1 localhost\n10.1.2.3 printer.lan printer # the one downstairs\n::1 localhost\n");

    CHECK(resolve("printer", &last) == 0 && last == 3);
    CHECK(resolve("PRINTER.lan", &last) == 0 && last == 3);
    CHECK(resolve("localhost", &last) == 0 && last == 1);
    CHECK(resolve("plain.example", &last) == 0 && last == 1);
    CHECK(resolve("plain", &last) == 0 && last == 1); /* through the search list */
    CHECK(resolve("many.example", &last) == 0);
    CHECK(resolve("large.example", &last) == 0 && last == 99);
    CHECK(resolve("lost.example", &last) == 0);
    CHECK(resolve("spoof.example", &last) == 0 && last == 55);
    CHECK(resolve("counts.example", &last) == 0 && last == 9);
    CHECK(resolve("aliasloop.example", &last) == EAI_NONAME);
    CHECK(resolve("pointerloop.example", &last) != 0);
    CHECK(resolve("forward.example", &last) != 0);
    CHECK(resolve("longdata.example", &last) != 0);
    CHECK(resolve("shortdata.example", &last) != 0);
    CHECK(resolve("cut.example", &last) != 0);
    CHECK(resolve("other.example", &last) != 0);
    CHECK(resolve("badtext.example", &last) != 0);
    CHECK(resolve("none.example", &last) == EAI_NONAME);
    CHECK(resolve("nodomain.example", &last) == EAI_NONAME);
    CHECK(resolve("broken.example", &last) == EAI_AGAIN);
    CHECK(resolve("bad..name", &last) == EAI_NONAME && resolve("sp ace.example", &last) == EAI_NONAME &&
          resolve("", &last) == EAI_NONAME);
    char label[80];
    memset(label, 'a', 70);
    strcpy(label + 70, ".example");
    CHECK(resolve(label, &last) == EAI_NONAME);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK(resolve("silent.example.", &last) == EAI_AGAIN);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(after.tv_sec - before.tv_sec >= 1 && after.tv_sec - before.tv_sec <= 4);

    struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_DGRAM}, *list;
    CHECK(getaddrinfo("alias.example", NULL, &hints, &list) == 0 &&
          strcmp(list->ai_canonname, "real.example") == 0);
    freeaddrinfo(list);
    struct hostent* host = gethostbyname("many.example");
    CHECK(host != NULL && host->h_length == 4 && host->h_addr_list[20] != NULL &&
          host->h_addr_list[20][3] == 20);
    CHECK(gethostbyname("nodomain.example") == NULL && h_errno == HOST_NOT_FOUND);
    CHECK(gethostbyname("none.example") == NULL && h_errno == NO_DATA);
    struct in_addr address = {htonl(0x0a000201)};
    host = gethostbyaddr(&address, 4, AF_INET);
    CHECK(host != NULL && strcmp(host->h_name, "host.example") == 0);
    address.s_addr = htonl(0x0a010203);
    host = gethostbyaddr(&address, 4, AF_INET);
    CHECK(host != NULL && strcmp(host->h_name, "printer.lan") == 0);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    CHECK(resolve("plain.example", &last) == EAI_AGAIN); /* refused */
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    test_tcp();
    test_unix();
    test_interfaces();
    test_numeric_names();
    if (is_lumos()) {
        CHECK(rename("/etc/resolv.conf", "/etc/resolv.saved") == 0 || errno == ENOENT);
        CHECK(rename("/etc/hosts", "/etc/hosts.saved") == 0 || errno == ENOENT);
        test_resolver();
        rename("/etc/resolv.saved", "/etc/resolv.conf");
        rename("/etc/hosts.saved", "/etc/hosts");
    } else if (isolate()) {
        test_resolver();
    } else {
        puts("skipped: resolver (no private network allowed here)");
    }
    return checks_result("network");
}
