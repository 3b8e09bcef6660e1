// Escaping and unescaping of frames. This is all the resynchronisation there is: an end byte begins anew.

#include "user/sysagent/line.hpp"

#include "user/program.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <termios.h>

namespace {

constexpr uint8_t slip_end = 0xc0, slip_escape = 0xdb, escaped_end = 0xdc, escaped_escape = 0xdd;

constexpr int line_descriptor = 1000; // out of the way: the tester's first descriptor is 3
int line = -1;
pthread_mutex_t line_lock = PTHREAD_MUTEX_INITIALIZER; // replies of the two threads do not mix

void write_line(const uint8_t* bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(line, bytes, count);
        if (written < 0 && errno != EINTR) {
            err(1, "writing to the line");
        }
        if (written > 0) {
            bytes += written;
            count -= static_cast<size_t>(written);
        }
    }
}

/// The next byte of the line; waits for it.
uint8_t read_byte() {
    static uint8_t buffer[4096];
    static ssize_t filled = 0, next = 0;
    while (next == filled) {
        next = 0;
        filled = read(line, buffer, sizeof buffer);
        if (filled < 0 && errno != EINTR) {
            err(1, "reading from the line");
        }
        if (filled == 0) {
            errx(1, "the line was hung up");
        }
        filled = filled < 0 ? 0 : filled;
    }
    return buffer[next++];
}

/// Reads one frame without its escapes; 0 for one that is empty, too long or wrongly escaped.
size_t read_frame(uint8_t* frame) {
    size_t length = 0;
    bool fine = true;
    for (;;) {
        uint8_t byte = read_byte();
        if (byte == slip_end) {
            return fine ? length : 0;
        }
        if (byte == slip_escape) {
            byte = read_byte();
            if (byte == slip_end) {
                return 0;
            }
            fine = fine && (byte == escaped_end || byte == escaped_escape);
            byte = byte == escaped_end ? slip_end : slip_escape;
        }
        if (length < frame_limit) {
            frame[length++] = byte;
        } else {
            fine = false;
        }
    }
}

} // namespace

void open_line(const char* path) {
    int opened = open(path, O_RDWR | O_NOCTTY);
    if (opened < 0) {
        err(1, "%s", path);
    }
    line = fcntl(opened, F_DUPFD, line_descriptor);
    if (line < 0) {
        err(1, "moving the line to descriptor %d", line_descriptor);
    }
    close(opened);
    termios settings;
    if (tcgetattr(line, &settings) == 0) {
        cfmakeraw(&settings);
        if (tcsetattr(line, TCSANOW, &settings) != 0) {
            err(1, "%s: raw mode", path);
        }
    }
}

int line_fd() {
    return line;
}

void send_frame(char type, uint16_t id, long result, const output& out) {
    uint8_t plain[8 + payload_limit] = {static_cast<uint8_t>(type), 0, static_cast<uint8_t>(id),
                                        static_cast<uint8_t>(id >> 8)};
    auto number = static_cast<int32_t>(result);
    memcpy(plain + 4, &number, sizeof number);
    size_t length = 8;
    if (result >= 0) {
        memcpy(plain + 8, out.bytes, out.length);
        length += out.length;
    }
    uint8_t escaped[2 * sizeof plain + 2];
    size_t at = 0;
    escaped[at++] = slip_end;
    for (size_t i = 0; i < length; i++) {
        if (plain[i] == slip_end || plain[i] == slip_escape) {
            escaped[at++] = slip_escape;
            escaped[at++] = plain[i] == slip_end ? escaped_end : escaped_escape;
        } else {
            escaped[at++] = plain[i];
        }
    }
    escaped[at++] = slip_end;
    pthread_mutex_lock(&line_lock);
    write_line(escaped, at);
    pthread_mutex_unlock(&line_lock);
}

void read_request(request& r) {
    for (;;) {
        size_t length = read_frame(r.frame);
        if (length < 8 || r.frame[0] != 'S' || r.frame[6] > 6) {
            continue;
        }
        const size_t head = 8u + r.frame[6] * 4u;
        if (length < head || length - head > payload_limit) {
            continue;
        }
        r.flags = r.frame[1];
        memcpy(&r.id, r.frame + 2, 2);
        memcpy(&r.op, r.frame + 4, 2);
        for (unsigned i = 0; i < 6; i++) {
            int32_t value = 0;
            if (i < r.frame[6]) {
                memcpy(&value, r.frame + 8 + 4 * i, 4);
            }
            r.a[i] = value;
        }
        r.in = r.frame + head;
        r.in_length = length - head;
        return;
    }
}
