// The devices without hardware: the hole that swallows everything, the source of zeroes, the disk that is
// always full, and random bytes (random and urandom are the same: the generator is seeded at boot and
// never runs dry).

#include "kernel/fs/memory_devices.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/arch/random.hpp"
#include "kernel/fs/devfs.hpp"
#include "kernel/mm/address_space.hpp"
#include "kernel/task/signal.hpp"

namespace fs {

namespace {

lib::result<size_t> read_nothing(file&, io_buffer&, uint64_t&) {
    return size_t{0};
}

lib::result<size_t> write_nowhere(file&, io_buffer& buffer, uint64_t&) {
    const size_t length = buffer.remaining();
    buffer.advance(length);
    return length;
}

lib::result<size_t> write_full(file&, io_buffer&, uint64_t&) {
    return lib::error{ENOSPC};
}

/// Calls produce(step) until the buffer is full or a signal is there to be handled.
template <class Produce>
lib::result<size_t> fill(io_buffer& buffer, size_t step_limit, Produce produce) {
    while (buffer.remaining() > 0) {
        const size_t step = buffer.remaining() < step_limit ? buffer.remaining() : step_limit;
        if (const lib::result<void> moved = produce(step); !moved.ok()) {
            return buffer.done() > 0 ? lib::result<size_t>(buffer.done()) : moved.error();
        }
        if (task::signal_pending()) {
            break;
        }
    }
    return buffer.done();
}

lib::result<size_t> read_zeroes(file&, io_buffer& buffer, uint64_t&) {
    return fill(buffer, 65536, [&](size_t step) { return buffer.clear(step); });
}

lib::result<size_t> read_random(file&, io_buffer& buffer, uint64_t&) {
    char bytes[256];
    return fill(buffer, sizeof bytes, [&](size_t step) {
        arch::random_bytes(bytes, step);
        return buffer.copy_out(bytes, step);
    });
}

/// A mapping of /dev/zero is anonymous memory; shared ones share it with the children that fork makes.
lib::result<lib::ref<mm::backing>> map_zeroes(file&) {
    return mm::create_shared_memory(uint64_t{1} << 40);
}

lib::result<uint64_t> seek_nowhere(file&, int64_t, int) {
    return uint64_t{0};
}

const file_ops null_ops = {
    .name = "null", .read = read_nothing, .write = write_nowhere, .seek = seek_nowhere, .seekable = true};
const file_ops zero_ops = {.name = "zero",
                           .read = read_zeroes,
                           .write = write_nowhere,
                           .seek = seek_nowhere,
                           .map = map_zeroes,
                           .seekable = true};
const file_ops full_ops = {
    .name = "full", .read = read_zeroes, .write = write_full, .seek = seek_nowhere, .seekable = true};
const file_ops random_ops = {.name = "random", .read = read_random, .write = write_nowhere};

} // namespace

lib::result<void> register_memory_devices() {
    // Linux's numbers: major 1.
    TRY(register_device("null", S_IFCHR | 0666, make_rdev(1, 3), null_ops, nullptr));
    TRY(register_device("zero", S_IFCHR | 0666, make_rdev(1, 5), zero_ops, nullptr));
    TRY(register_device("full", S_IFCHR | 0666, make_rdev(1, 7), full_ops, nullptr));
    TRY(register_device("random", S_IFCHR | 0666, make_rdev(1, 8), random_ops, nullptr));
    TRY(register_device("urandom", S_IFCHR | 0666, make_rdev(1, 9), random_ops, nullptr));
    return {};
}

} // namespace fs
