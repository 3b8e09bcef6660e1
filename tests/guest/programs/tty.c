/* Terminals through a pseudo-terminal: line editing, echo, modes, signals to the foreground group. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int master, terminal;

/* Opens a pair: what openpty() does. */
static int open_pair(void) {
    char name[32];
    int number, unlock = 0;
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    if (master < 0 || ioctl(master, TIOCGPTN, &number) != 0 || ioctl(master, TIOCSPTLCK, &unlock) != 0) {
        return -1;
    }
    snprintf(name, sizeof name, "/dev/pts/%d", number);
    terminal = open(name, O_RDWR | O_NOCTTY);
    return terminal;
}

static void type(const char* text) {
    if (write(master, text, strlen(text)) != (ssize_t)strlen(text)) {
        printf("FAIL type\n");
        failures++;
    }
}

/* What the terminal shows within a moment; waits for the first byte. */
static const char* shown(void) {
    static char text[4096];
    int used = 0, got;
    struct pollfd waiting = {master, POLLIN, 0};
    while (poll(&waiting, 1, used == 0 ? 2000 : 20) == 1 &&
           (got = read(master, text + used, 4000 - used)) > 0) {
        used += got;
    }
    text[used] = 0;
    return text;
}

static int reads(const char* expected) {
    char line[256] = {0};
    struct pollfd waiting = {terminal, POLLIN, 0};
    if (poll(&waiting, 1, 2000) != 1) {
        return 0;
    }
    int got = read(terminal, line, sizeof line - 1);
    return got == (int)strlen(expected) && memcmp(line, expected, got) == 0;
}

static int nothing_to_read(void) {
    struct pollfd waiting = {terminal, POLLIN, 0};
    return poll(&waiting, 1, 0) == 0;
}

static void test_canonical(void) {
    type("abc");
    CHECK("echo", strcmp(shown(), "abc") == 0);
    CHECK("no_line_yet", nothing_to_read());
    type("\r");
    CHECK("line", reads("abc\n") && strcmp(shown(), "\r\n") == 0);
    type("abx\177c\r");
    CHECK("erase", reads("abc\n") && strcmp(shown(), "abx\b \bc\r\n") == 0);
    type("one two\027three\r");
    CHECK("erase_word", reads("one three\n"));
    type("wrong\025right\r");
    CHECK("kill", reads("right\n"));
    type("\177\177a\r");
    CHECK("erase_nothing", reads("a\n"));
    type("\303\244\177b\r");
    struct termios modes;
    tcgetattr(terminal, &modes);
    CHECK("erase_utf8", (modes.c_iflag & IUTF8) == 0 || reads("b\n"));
    if ((modes.c_iflag & IUTF8) == 0) {
        reads("\303b\n");
    }
    type("\026\003\r");
    CHECK("literal", reads("\003\n"));
    type("part\004");
    CHECK("end_of_file_in_line", reads("part"));
    type("\004");
    char byte;
    CHECK("end_of_file", read(terminal, &byte, 1) == 0);
    type("first\rsecond\r");
    CHECK("line_by_line", reads("first\n") && reads("second\n"));
    type("abcdef\r");
    CHECK("short_read", read(terminal, &byte, 1) == 1 && byte == 'a' && reads("bcdef\n"));
    shown();
}

static void test_output(void) {
    CHECK("newline", write(terminal, "a\nb", 3) == 3 && strcmp(shown(), "a\r\nb") == 0);
    struct termios modes, old;
    CHECK("tcgetattr", tcgetattr(terminal, &old) == 0);
    modes = old;
    modes.c_oflag &= ~OPOST;
    CHECK("tcsetattr", tcsetattr(terminal, TCSANOW, &modes) == 0);
    CHECK("no_processing", write(terminal, "a\nb", 3) == 3 && strcmp(shown(), "a\nb") == 0);
    tcsetattr(terminal, TCSANOW, &old);
}

static void test_raw(void) {
    struct termios modes, old;
    char bytes[16];
    tcgetattr(terminal, &old);
    modes = old;
    modes.c_lflag &= ~(ICANON | ECHO | ISIG);
    modes.c_iflag &= ~(ICRNL | IXON);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    tcsetattr(terminal, TCSANOW, &modes);
    type("\003\r\023");
    CHECK("raw_bytes", reads("\003\r\023"));
    modes.c_cc[VMIN] = 0;
    modes.c_cc[VTIME] = 1;
    tcsetattr(terminal, TCSANOW, &modes);
    CHECK("raw_timeout", read(terminal, bytes, 16) == 0);
    modes.c_cc[VMIN] = 3;
    modes.c_cc[VTIME] = 0;
    tcsetattr(terminal, TCSANOW, &modes);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        type("x"), usleep(30000), type("y"), usleep(30000), type("z");
        _exit(0);
    }
    CHECK("raw_minimum", read(terminal, bytes, 16) == 3 && memcmp(bytes, "xyz", 3) == 0);
    waitpid(child, NULL, 0);
    fcntl(terminal, F_SETFL, O_RDWR | O_NONBLOCK);
    CHECK_ERROR("raw_nonblocking", read(terminal, bytes, 16), EAGAIN);
    fcntl(terminal, F_SETFL, O_RDWR);
    type("left over");
    CHECK("flush", tcflush(terminal, TCIFLUSH) == 0 && nothing_to_read());
    tcsetattr(terminal, TCSANOW, &old);
    CHECK("nothing_after_raw", nothing_to_read());
    type("line\r");
    CHECK("cooked_again", reads("line\n"));
    shown();
}

static void test_window(void) {
    struct winsize size = {30, 100, 0, 0}, got;
    CHECK("window", ioctl(master, TIOCSWINSZ, &size) == 0 && ioctl(terminal, TIOCGWINSZ, &got) == 0 &&
                        got.ws_row == 30 && got.ws_col == 100);
    CHECK("isatty", isatty(terminal) == 1);
    int ends[2];
    pipe(ends);
    CHECK("not_a_tty", isatty(ends[0]) == 0 && errno == ENOTTY);
    close(ends[0]), close(ends[1]);
}

static volatile int got_signal;

static void note(int number) {
    got_signal = number;
}

/* In a session of its own with the terminal: reports through its exit status. */
static int session(int ready) {
    struct sigaction action = {.sa_handler = note};
    if (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0) {
        return 2;
    }
    if (tcgetpgrp(terminal) != getpid() || open("/dev/tty", O_RDWR) < 0) {
        return 3;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTSTP, &action, NULL);
    sigaction(SIGWINCH, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    const int expected[] = {SIGINT, SIGTSTP, SIGWINCH, SIGHUP};
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int i = 0; i < 4; i++) {
        got_signal = 0;
        if (write(ready, "r", 1) != 1) {
            return 4;
        }
        sigsuspend(&none);
        if (got_signal != expected[i]) {
            return 10 + i;
        }
    }
    char byte;
    return read(terminal, &byte, 1) == 0 ? 0 : 5; /* hung up */
}

static void test_session(void) {
    int ready[2], status;
    char byte;
    pipe(ready);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(ready[0]);
        close(master);
        _exit(session(ready[1]));
    }
    close(ready[1]);
    struct winsize size = {50, 132, 0, 0};
    int steps = read(ready[0], &byte, 1);
    type("\003");
    CHECK("caret_echo", strcmp(shown(), "^C") == 0);
    steps += read(ready[0], &byte, 1);
    type("\032");
    steps += read(ready[0], &byte, 1);
    ioctl(master, TIOCSWINSZ, &size);
    steps += read(ready[0], &byte, 1);
    close(terminal);
    close(master);
    waitpid(child, &status, 0);
    CHECK("steps", steps == 4);
    CHECK("signals", WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        printf("the session ended with status 0x%x\n", status);
    }
    close(ready[0]);
}

static void test_closed(void) {
    char byte;
    CHECK("pair_again", open_pair() >= 0);
    write(terminal, "bye", 3);
    close(terminal);
    CHECK("rest_after_close", strcmp(shown(), "bye") == 0);
    CHECK_ERROR("master_end", read(master, &byte, 1), EIO);
    close(master);
}

int main(void) {
    CHECK("pair", open_pair() >= 0);
    if (terminal < 0) {
        return finish();
    }
    test_canonical();
    test_output();
    test_raw();
    test_window();
    test_session();
    test_closed();
    return finish();
}
