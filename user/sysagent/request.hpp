#pragma once
// A request of the tester, and the bytes that go back with its reply.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

constexpr size_t payload_limit = 4096; // of "in" and of "out"
constexpr size_t frame_limit = 8 + 6 * 4 + payload_limit;

enum request_flags : uint8_t { blocking = 1, want_data = 2, null_buffer = 4 };
enum private_op : uint16_t { op_reset = 1000, op_sysctl = 1001 };

struct request {
    uint8_t flags;
    uint16_t id;
    uint16_t op;
    long a[6]; // sign-extended; 0 where absent
    const uint8_t* in;
    size_t in_length;
    uint8_t frame[frame_limit]; // what `in` points into
};

/// The "out" bytes of a reply; what does not fit is cut.
struct output {
    uint8_t bytes[payload_limit] = {};
    size_t length = 0;

    void append(const void* from, size_t count) {
        size_t fits = count < payload_limit - length ? count : payload_limit - length;
        memcpy(bytes + length, from, fits);
        length += fits;
    }
    void append_u32(uint32_t value) { append(&value, sizeof value); }
};
