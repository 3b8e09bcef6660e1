#pragma once
/* Names of hosts, services and protocols. */

#include <netinet/in.h>
#include <sys/cdefs.h>
#include <sys/socket.h>

struct hostent {
    char* h_name;
    char** h_aliases;
    int h_addrtype;
    int h_length;
    char** h_addr_list; /* network byte order */
};
#define h_addr h_addr_list[0]

struct servent {
    char* s_name;
    char** s_aliases;
    int s_port; /* network byte order */
    char* s_proto;
};

struct protoent {
    char* p_name;
    char** p_aliases;
    int p_proto;
};

struct netent {
    char* n_name;
    char** n_aliases;
    int n_addrtype;
    uint32_t n_net;
};

struct addrinfo {
    int ai_flags;
    int ai_family;
    int ai_socktype;
    int ai_protocol;
    socklen_t ai_addrlen;
    struct sockaddr* ai_addr;
    char* ai_canonname;
    struct addrinfo* ai_next;
};

/* ai_flags */
#define AI_PASSIVE 0x0001
#define AI_CANONNAME 0x0002
#define AI_NUMERICHOST 0x0004
#define AI_V4MAPPED 0x0008
#define AI_ALL 0x0010
#define AI_ADDRCONFIG 0x0020
#define AI_NUMERICSERV 0x0400

/* Results of getaddrinfo() and getnameinfo() */
#define EAI_BADFLAGS (-1)
#define EAI_NONAME (-2)
#define EAI_AGAIN (-3)
#define EAI_FAIL (-4)
#define EAI_NODATA (-5)
#define EAI_FAMILY (-6)
#define EAI_SOCKTYPE (-7)
#define EAI_SERVICE (-8)
#define EAI_ADDRFAMILY (-9)
#define EAI_MEMORY (-10)
#define EAI_SYSTEM (-11)
#define EAI_OVERFLOW (-12)

/* getnameinfo() */
#define NI_NUMERICHOST 1
#define NI_NUMERICSERV 2
#define NI_NOFQDN 4
#define NI_NAMEREQD 8
#define NI_DGRAM 16
#define NI_MAXHOST 1025
#define NI_MAXSERV 32

/* h_errno */
#define NETDB_INTERNAL (-1)
#define NETDB_SUCCESS 0
#define HOST_NOT_FOUND 1
#define TRY_AGAIN 2
#define NO_RECOVERY 3
#define NO_DATA 4
#define NO_ADDRESS NO_DATA

#define IPPORT_RESERVED 1024

__BEGIN_DECLS

/// Where the calling thread keeps h_errno.
int* __h_errno_location(void) __attribute__((__const__));
#define h_errno (*__h_errno_location())

/// Addresses for a host and a service, in the order to try them; 0 or an EAI_ value. List for freeaddrinfo().
int getaddrinfo(const char* host, const char* service, const struct addrinfo* hints,
                struct addrinfo** result);
/// Frees that list.
void freeaddrinfo(struct addrinfo* list);
/// The message of an EAI_ value.
const char* gai_strerror(int error);
/// Names of an address; 0 or an EAI_ value.
int getnameinfo(const struct sockaddr* address, socklen_t length, char* host, socklen_t host_size,
                char* service, socklen_t service_size, int flags);
/// IPv4 addresses of a name, in a static buffer; null with h_errno.
struct hostent* gethostbyname(const char* name);
/// The same for a family.
struct hostent* gethostbyname2(const char* name, int family);
/// Name of an address, in a static buffer; null with h_errno.
struct hostent* gethostbyaddr(const void* address, socklen_t length, int family);
/// The message of an h_errno value.
const char* hstrerror(int error);
/// Writes "prefix: message of h_errno" to stderr.
void herror(const char* prefix);
/// A service by name ("http"), in a static buffer, or null. A null protocol matches any.
struct servent* getservbyname(const char* name, const char* protocol);
/// A service by port in network byte order.
struct servent* getservbyport(int port, const char* protocol);
/// A protocol by name ("tcp"), in a static buffer, or null.
struct protoent* getprotobyname(const char* name);
/// A protocol by number.
struct protoent* getprotobynumber(int number);
/// Does nothing: files are opened for each look-up.
void sethostent(int stay_open);
/// Does nothing.
void endhostent(void);
/// Does nothing.
void setservent(int stay_open);
/// Does nothing.
void endservent(void);

__END_DECLS
