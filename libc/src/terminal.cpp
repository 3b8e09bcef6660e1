// Terminals: <termios.h> and the terminal calls of <unistd.h>.

#include "libc/src/internal/syscall.hpp"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

namespace {

constexpr tcflag_t speed_bits = 0010017; // CBAUD

} // namespace

extern "C" {

int isatty(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0;
}

int tcgetattr(int fd, struct termios* result) {
    struct kernel_termios raw;
    if (ioctl(fd, TCGETS, &raw) < 0) {
        return -1;
    }
    *result = {};
    result->c_iflag = raw.c_iflag;
    result->c_oflag = raw.c_oflag;
    result->c_cflag = raw.c_cflag;
    result->c_lflag = raw.c_lflag;
    result->c_line = raw.c_line;
    memcpy(result->c_cc, raw.c_cc, sizeof raw.c_cc);
    result->c_ispeed = result->c_ospeed = raw.c_cflag & speed_bits;
    return 0;
}

int tcsetattr(int fd, int when, const struct termios* wanted) {
    struct kernel_termios raw;
    raw.c_iflag = wanted->c_iflag;
    raw.c_oflag = wanted->c_oflag;
    raw.c_cflag = wanted->c_cflag;
    raw.c_lflag = wanted->c_lflag;
    raw.c_line = wanted->c_line;
    memcpy(raw.c_cc, wanted->c_cc, sizeof raw.c_cc);
    if (when != TCSANOW && when != TCSADRAIN && when != TCSAFLUSH) {
        return static_cast<int>(libc::check(-EINVAL));
    }
    return ioctl(fd, static_cast<unsigned long>(TCSETS + when), &raw);
}

int tcdrain(int fd) {
    return ioctl(fd, TCSBRK, 1);
}
int tcflush(int fd, int queue) {
    return ioctl(fd, TCFLSH, queue);
}
int tcflow(int fd, int action) {
    return ioctl(fd, TCXONC, action);
}
int tcsendbreak(int fd, int) {
    return ioctl(fd, TCSBRK, 0);
}

pid_t tcgetsid(int fd) {
    pid_t session;
    return ioctl(fd, TIOCGSID, &session) < 0 ? -1 : session;
}
pid_t tcgetpgrp(int fd) {
    pid_t group;
    return ioctl(fd, TIOCGPGRP, &group) < 0 ? -1 : group;
}
int tcsetpgrp(int fd, pid_t group) {
    return ioctl(fd, TIOCSPGRP, &group);
}

void cfmakeraw(struct termios* modes) {
    modes->c_iflag &=
        ~static_cast<tcflag_t>(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    modes->c_oflag &= ~static_cast<tcflag_t>(OPOST);
    modes->c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    modes->c_cflag = (modes->c_cflag & ~static_cast<tcflag_t>(CSIZE | PARENB)) | CS8;
    modes->c_cc[VMIN] = 1;
    modes->c_cc[VTIME] = 0;
}

speed_t cfgetispeed(const struct termios* modes) {
    return modes->c_cflag & speed_bits;
}
speed_t cfgetospeed(const struct termios* modes) {
    return modes->c_cflag & speed_bits;
}
int cfsetospeed(struct termios* modes, speed_t speed) {
    modes->c_cflag = (modes->c_cflag & ~speed_bits) | (speed & speed_bits);
    modes->c_ispeed = modes->c_ospeed = speed;
    return 0;
}
int cfsetispeed(struct termios* modes, speed_t speed) {
    return speed == 0 ? 0 : cfsetospeed(modes, speed);
}
int cfsetspeed(struct termios* modes, speed_t speed) {
    return cfsetospeed(modes, speed);
}

int ttyname_r(int fd, char* name, size_t size) {
    if (!isatty(fd)) {
        return errno;
    }
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, size);
    if (length < 0) {
        return errno;
    }
    if (static_cast<size_t>(length) >= size) {
        return ERANGE;
    }
    name[length] = '\0';
    return 0;
}

char* ttyname(int fd) {
    static char name[64];
    int error = ttyname_r(fd, name, sizeof name);
    errno = error != 0 ? error : errno;
    return error == 0 ? name : nullptr;
}

char* ctermid(char* name) {
    static char own[16];
    return strcpy(name != nullptr ? name : own, "/dev/tty");
}

} // extern "C"
