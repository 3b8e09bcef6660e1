// Names and limits of the system: the rest of <unistd.h>, <sys/sysinfo.h>.

#include "libc/src/internal/syscall.hpp"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace {

constexpr int page_bytes = 4096;
constexpr long ticks_per_second = 100;

long memory_pages(unsigned long (*which)(const struct sysinfo&)) {
    struct sysinfo info;
    if (sysinfo(&info) < 0) {
        return -1;
    }
    return static_cast<long>(which(info) * (info.mem_unit != 0 ? info.mem_unit : 1) / page_bytes);
}

long open_limit() {
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? OPEN_MAX : static_cast<long>(limit.rlim_cur);
}

} // namespace

extern "C" {

int gethostname(char* name, size_t size) {
    struct utsname names;
    if (uname(&names) < 0) {
        return -1;
    }
    return strlcpy(name, names.nodename, size) < size ? 0 : static_cast<int>(libc::check(-ENAMETOOLONG));
}

int getdomainname(char* name, size_t size) {
    struct utsname names;
    if (uname(&names) < 0) {
        return -1;
    }
    return strlcpy(name, names.domainname, size) < size ? 0 : static_cast<int>(libc::check(-EINVAL));
}

long gethostid(void) {
    struct utsname names;
    long id = 0;
    if (uname(&names) == 0) {
        for (const char* next = names.nodename; *next != '\0'; next++) {
            id = (id * 31 + *next) & 0x7fffffff;
        }
    }
    return id;
}

long sysconf(int name) {
    switch (name) {
    case _SC_ARG_MAX:
        return ARG_MAX;
    case _SC_CLK_TCK:
        return ticks_per_second;
    case _SC_NGROUPS_MAX:
        return NGROUPS_MAX;
    case _SC_OPEN_MAX:
        return open_limit();
    case _SC_PAGESIZE:
        return page_bytes;
    case _SC_IOV_MAX:
        return IOV_MAX;
    case _SC_LINE_MAX:
        return LINE_MAX;
    case _SC_GETGR_R_SIZE_MAX:
    case _SC_GETPW_R_SIZE_MAX:
        return 1024;
    case _SC_LOGIN_NAME_MAX:
        return LOGIN_NAME_MAX;
    case _SC_HOST_NAME_MAX:
        return HOST_NAME_MAX;
    case _SC_VERSION:
    case _SC_MONOTONIC_CLOCK:
        return _POSIX_VERSION;
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
        return get_nprocs();
    case _SC_PHYS_PAGES:
        return memory_pages([](const struct sysinfo& info) { return info.totalram; });
    case _SC_AVPHYS_PAGES:
        return memory_pages([](const struct sysinfo& info) { return info.freeram; });
    default:
        return libc::check(-EINVAL);
    }
}

long pathconf(const char*, int name) {
    return fpathconf(0, name);
}

long fpathconf(int, int name) {
    switch (name) {
    case _PC_LINK_MAX:
        return 127;
    case _PC_NAME_MAX:
        return NAME_MAX;
    case _PC_PATH_MAX:
        return PATH_MAX;
    case _PC_PIPE_BUF:
        return PIPE_BUF;
    default:
        return libc::check(-EINVAL);
    }
}

size_t confstr(int, char*, size_t) {
    errno = EINVAL;
    return 0;
}

int getpagesize(void) {
    return page_bytes;
}
int getdtablesize(void) {
    return static_cast<int>(open_limit());
}

int get_nprocs(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0) {
        return 1;
    }
    int count = 0;
    for (unsigned long bits : set.bits) {
        count += __builtin_popcountl(bits);
    }
    return count > 0 ? count : 1;
}
int get_nprocs_conf(void) {
    return get_nprocs();
}

int getloadavg(double* averages, int count) {
    struct sysinfo info;
    if (sysinfo(&info) < 0) {
        return -1;
    }
    count = count > 3 ? 3 : count;
    for (int i = 0; i < count; i++) {
        averages[i] = static_cast<double>(info.loads[i]) / (1 << SI_LOAD_SHIFT);
    }
    return count;
}

int getlogin_r(char* name, size_t size) {
    const char* found = getenv("LOGNAME");
    if (found == nullptr) {
        return ENXIO;
    }
    return strlcpy(name, found, size) < size ? 0 : ERANGE;
}
char* getlogin(void) {
    return getenv("LOGNAME");
}

char* crypt(const char*, const char*) {
    errno = ENOSYS;
    return nullptr;
}

} // extern "C"
