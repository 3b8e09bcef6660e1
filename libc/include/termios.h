#pragma once
/* Terminal modes. */

#include <kernel/abi/termios.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define NCCS 32

struct termios {
    tcflag_t c_iflag;
    tcflag_t c_oflag;
    tcflag_t c_cflag;
    tcflag_t c_lflag;
    cc_t c_line;
    cc_t c_cc[NCCS];
    speed_t c_ispeed;
    speed_t c_ospeed;
};

/* tcsetattr() */
#define TCSANOW 0
#define TCSADRAIN 1
#define TCSAFLUSH 2

#define _POSIX_VDISABLE 0

__BEGIN_DECLS

/// Reads the modes.
int tcgetattr(int fd, struct termios* result);
/// Sets the modes: now, when output is written, or also throwing input away.
int tcsetattr(int fd, int when, const struct termios* wanted);
/// Waits until output is written.
int tcdrain(int fd);
/// Throws away input, output or both.
int tcflush(int fd, int queue);
/// Stops or starts the flow.
int tcflow(int fd, int action);
/// Sends a break.
int tcsendbreak(int fd, int duration);
/// The terminal's session.
pid_t tcgetsid(int fd);
/// Sets modes to raw: no echo, no lines, no signals.
void cfmakeraw(struct termios* modes);
/// Input speed.
speed_t cfgetispeed(const struct termios* modes);
/// Output speed.
speed_t cfgetospeed(const struct termios* modes);
/// Sets the input speed.
int cfsetispeed(struct termios* modes, speed_t speed);
/// Sets the output speed.
int cfsetospeed(struct termios* modes, speed_t speed);
/// Sets both speeds.
int cfsetspeed(struct termios* modes, speed_t speed);

__END_DECLS
