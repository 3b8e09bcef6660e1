// The log ring and the consoles behind lib::log. Each line gets the seconds since boot in front, as
// `dmesg` shows it. Lines of level debug go to the ring only.
//
// A panic must be able to log whatever was interrupted, so then the lock is not taken.

#include "kernel/arch/log_sink.hpp"

#include "kernel/arch/clock.hpp"
#include "kernel/arch/panic_state.hpp"
#include "kernel/arch/spinlock.hpp"
#include "kernel/lib/format.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/lib/string.hpp"

namespace arch {
namespace {

constexpr size_t ring_bytes = 32 * 1024; ///< A power of two.
constexpr size_t most_writers = 4;

constinit spinlock log_lock{lib::lock_rank::log};
// Guarded by log_lock.
char ring[ring_bytes];
size_t ring_end = 0; ///< Bytes ever written.
log_writer writers[most_writers];
size_t writer_count = 0;

void store(const char* text, size_t length) {
    for (size_t index = 0; index < length; ++index) {
        ring[ring_end++ % ring_bytes] = text[index];
    }
}

void print_locked(lib::log_level level, const char* line, size_t length) {
    store(line, length);
    if (level == lib::log_level::debug) {
        return;
    }
    for (size_t index = 0; index < writer_count; ++index) {
        writers[index](line, length);
    }
}

} // namespace

void add_log_writer(log_writer writer) {
    spin_guard guard(log_lock);
    if (writer_count < most_writers) {
        writers[writer_count++] = writer;
    }
}

size_t read_log(char* buffer, size_t size_bytes) {
    spin_guard guard(log_lock);
    const size_t stored = ring_end < ring_bytes ? ring_end : ring_bytes;
    const size_t length = size_bytes < stored ? size_bytes : stored;
    for (size_t index = 0; index < length; ++index) {
        buffer[index] = ring[(ring_end - length + index) % ring_bytes];
    }
    return length;
}

} // namespace arch

namespace lib {

void log_line(log_level level, const char* text, size_t length) {
    char line[320];
    const uint64_t now_us = arch::clock_now_ns() / 1000;
    size_t used = format(line, sizeof line, "[%5lu.%06lu] ", now_us / 1000000, now_us % 1000000);
    const size_t room = sizeof line - used - 1;
    const size_t taken = length < room ? length : room;
    memcpy(line + used, text, taken);
    used += taken;
    line[used++] = '\n';
    if (arch::panicking()) {
        arch::print_locked(level, line, used);
        return;
    }
    arch::spin_guard guard(arch::log_lock);
    arch::print_locked(level, line, used);
}

} // namespace lib
