// Interfaces: names and numbers, and getifaddrs(), through the SIOCG* requests of a socket.

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace {

constexpr size_t most_interfaces = 32;

/// A socket to ask with, closed by itself.
class query_socket {
public:
    query_socket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
    ~query_socket() {
        int saved = errno;
        if (fd_ >= 0) {
            close(fd_);
        }
        errno = saved;
    }
    query_socket(const query_socket&) = delete;
    query_socket& operator=(const query_socket&) = delete;

    bool ask(unsigned long request, void* argument) { return fd_ >= 0 && ioctl(fd_, request, argument) == 0; }

private:
    int fd_;
};

struct list_element {
    struct ifaddrs entry;
    char name[IFNAMSIZ];
    struct sockaddr_storage address;
    struct sockaddr_storage netmask;
    struct sockaddr_storage broadcast;
};

/// Asks for one address of an interface into `storage`; null when it has none.
struct sockaddr* ask_address(query_socket& socket, struct ifreq& request, unsigned long which,
                             struct sockaddr_storage& storage) {
    if (!socket.ask(which, &request)) {
        return nullptr;
    }
    memcpy(&storage, &request.ifr_addr, sizeof request.ifr_addr);
    return reinterpret_cast<struct sockaddr*>(&storage);
}

struct ifaddrs* describe(query_socket& socket, const struct ifreq& from) {
    auto* made = static_cast<list_element*>(calloc(1, sizeof(list_element)));
    if (made == nullptr) {
        return nullptr;
    }
    strlcpy(made->name, from.ifr_name, sizeof made->name);
    made->entry.ifa_name = made->name;
    memcpy(&made->address, &from.ifr_addr, sizeof from.ifr_addr);
    made->entry.ifa_addr = reinterpret_cast<struct sockaddr*>(&made->address);
    struct ifreq request = from;
    if (socket.ask(SIOCGIFFLAGS, &request)) {
        made->entry.ifa_flags = static_cast<unsigned short>(request.ifr_flags);
    }
    made->entry.ifa_netmask = ask_address(socket, request, SIOCGIFNETMASK, made->netmask);
    if ((made->entry.ifa_flags & IFF_POINTOPOINT) != 0) {
        made->entry.ifa_dstaddr = ask_address(socket, request, SIOCGIFDSTADDR, made->broadcast);
    } else if ((made->entry.ifa_flags & IFF_BROADCAST) != 0) {
        made->entry.ifa_broadaddr = ask_address(socket, request, SIOCGIFBRDADDR, made->broadcast);
    }
    return &made->entry;
}

/// Lists interfaces with an address; how many, or -1.
int list_interfaces(query_socket& socket, struct ifreq* requests) {
    struct ifconf list;
    list.ifc_len = static_cast<int>(most_interfaces * sizeof(struct ifreq));
    list.ifc_req = requests;
    return socket.ask(SIOCGIFCONF, &list) ? list.ifc_len / static_cast<int>(sizeof(struct ifreq)) : -1;
}

} // namespace

extern "C" {

int getifaddrs(struct ifaddrs** result) {
    query_socket socket;
    struct ifreq requests[most_interfaces];
    *result = nullptr;
    int count = list_interfaces(socket, requests);
    struct ifaddrs** end = result;
    for (int i = 0; i < count; i++) {
        *end = describe(socket, requests[i]);
        if (*end == nullptr) {
            freeifaddrs(*result);
            *result = nullptr;
            return -1;
        }
        end = &(*end)->ifa_next;
    }
    return count < 0 ? -1 : 0;
}

void freeifaddrs(struct ifaddrs* list) {
    while (list != nullptr) {
        struct ifaddrs* next = list->ifa_next;
        free(list);
        list = next;
    }
}

unsigned int if_nametoindex(const char* name) {
    query_socket socket;
    struct ifreq request = {};
    if (strlcpy(request.ifr_name, name, IFNAMSIZ) >= IFNAMSIZ) {
        errno = ENODEV;
        return 0;
    }
    return socket.ask(SIOCGIFINDEX, &request) ? static_cast<unsigned>(request.ifr_ifindex) : 0;
}

char* if_indextoname(unsigned int index, char* name) {
    query_socket socket;
    struct ifreq request = {};
    request.ifr_ifindex = static_cast<int>(index);
    if (!socket.ask(SIOCGIFNAME, &request)) {
        errno = errno == ENODEV ? ENXIO : errno;
        return nullptr;
    }
    strlcpy(name, request.ifr_name, IFNAMSIZ);
    return name;
}

struct if_nameindex* if_nameindex(void) {
    // Numbers are handed out from 1 without large gaps, so asking for each finds those without address too.
    auto* list = static_cast<struct if_nameindex*>(calloc(most_interfaces + 1, sizeof(struct if_nameindex)));
    size_t count = 0;
    for (unsigned index = 1; list != nullptr && index <= most_interfaces; index++) {
        char name[IFNAMSIZ];
        if (if_indextoname(index, name) != nullptr) {
            list[count++] = {index, strdup(name)};
        }
    }
    return list;
}

void if_freenameindex(struct if_nameindex* list) {
    for (struct if_nameindex* each = list; each != nullptr && each->if_name != nullptr; each++) {
        free(each->if_name);
    }
    free(list);
}

} // extern "C"
