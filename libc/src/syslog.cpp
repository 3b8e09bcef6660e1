// Messages to the system's log: datagrams to /dev/log as RFC 3164 has them ("<priority>date name[pid]:
// text"), and a copy on stderr if openlog() was asked for it.

#include "libc/src/internal/lock.hpp"

#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

namespace {

libc::lock log_lock;
const char* log_name;
int log_options;
int log_facility = LOG_USER;
int log_mask = LOG_UPTO(LOG_DEBUG);
int log_socket = -1;

void connect_log() {
    struct sockaddr_un address = {AF_UNIX, _PATH_LOG};
    if (log_socket < 0) {
        log_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    }
    if (log_socket >= 0 &&
        connect(log_socket, reinterpret_cast<struct sockaddr*>(&address), sizeof address) < 0) {
        close(log_socket);
        log_socket = -1;
    }
}

/// Replaces %m by errno's text, doubling its percent signs.
void expand_error(const char* format, char* to, size_t size, int error) {
    size_t used = 0;
    for (; *format != '\0' && used + 2 < size; format++) {
        if (format[0] == '%' && format[1] == 'm') {
            used += strlcpy(to + used, strerror(error), size - used);
            used = used < size ? used : size - 1;
            format++;
            continue;
        }
        to[used++] = *format;
        if (format[0] == '%' && format[1] == '%') {
            to[used++] = *++format;
        }
    }
    to[used] = '\0';
}

} // namespace

extern "C" {

void openlog(const char* name, int options, int facility) {
    libc::guard hold(log_lock);
    log_name = name;
    log_options = options;
    log_facility = facility != 0 ? facility & LOG_FACMASK : LOG_USER;
    if ((options & LOG_NDELAY) != 0) {
        connect_log();
    }
}

void closelog(void) {
    libc::guard hold(log_lock);
    if (log_socket >= 0) {
        close(log_socket);
        log_socket = -1;
    }
}

int setlogmask(int mask) {
    int old = log_mask;
    log_mask = mask != 0 ? mask : log_mask;
    return old;
}

void vsyslog(int priority, const char* format, va_list arguments) {
    int error = errno;
    libc::guard hold(log_lock);
    if ((LOG_MASK(LOG_PRI(priority)) & log_mask) == 0) {
        return;
    }
    char expanded[512], date[32], message[1024];
    expand_error(format, expanded, sizeof expanded, error);
    time_t now = time(nullptr);
    struct tm calendar;
    strftime(date, sizeof date, "%b %e %T", localtime_r(&now, &calendar));
    int facility = (priority & LOG_FACMASK) != 0 ? priority & LOG_FACMASK : log_facility;
    const char* name = log_name != nullptr ? log_name : program_invocation_short_name;
    char number[16] = "";
    if ((log_options & LOG_PID) != 0) {
        snprintf(number, sizeof number, "[%d]", getpid());
    }
    int head = snprintf(message, sizeof message, "<%d>%s %.64s%s: ", facility | LOG_PRI(priority), date, name,
                        number);
    auto start = static_cast<size_t>(head);
    vsnprintf(message + start, sizeof message - start, expanded, arguments);
    size_t size = strlen(message);
    connect_log();
    bool sent = log_socket >= 0 && send(log_socket, message, size, MSG_NOSIGNAL) >= 0;
    if ((log_options & LOG_PERROR) != 0 || (!sent && (log_options & LOG_CONS) != 0)) {
        dprintf(STDERR_FILENO, "%s%s: %s\n", name, number, message + start);
    }
    errno = error;
}

void syslog(int priority, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}

} // extern "C"
