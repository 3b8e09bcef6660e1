// net/port.hpp for the fuzz targets. See world.hpp.

#include "net/port.hpp"

#include "fuzz/support/arena.hpp"
#include "fuzz/support/world.hpp"
#include "kernel/lib/log.hpp"
#include "net/stack.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace fuzz {

world the_world;
alignas(16) uint8_t user_memory[user_memory_bytes];

void fail(const char* what) {
    std::fprintf(stderr, "fuzz: %s (at %llu ns)\n", what, static_cast<unsigned long long>(the_world.now));
    std::abort();
}

void world::begin() {
    *this = world{};
    now = 1000 * net::port::second;
    random = 0x9e3779b97f4a7c15;
}

void world::add(net::stack& fresh) {
    for (unsigned i = 0; i < most_stacks; i++) {
        if (stacks[i] == nullptr) {
            stacks[i] = &fresh;
            wanted[i] = true;
            deadlines[i] = net::port::never;
            return;
        }
    }
    fail("too many stacks");
}

void world::remove(net::stack& gone) {
    for (net::stack*& each : stacks) {
        each = each == &gone ? nullptr : each;
    }
}

void world::settle() {
    constexpr unsigned most_turns = 10'000;
    for (unsigned turn = 0;; turn++) {
        require(turn < most_turns, "a stack never comes to rest");
        bool ran = false;
        for (unsigned i = 0; i < most_stacks; i++) {
            if (stacks[i] != nullptr && (wanted[i] || deadlines[i] <= now)) {
                wanted[i] = false;
                deadlines[i] = stacks[i]->run();
                ran = true;
            }
        }
        if (!ran) {
            return;
        }
    }
}

bool world::step(net::port::time_ns limit) {
    settle();
    net::port::time_ns next = net::port::never;
    for (unsigned i = 0; i < most_stacks; i++) {
        if (stacks[i] != nullptr && deadlines[i] < next) {
            next = deadlines[i];
        }
    }
    if (next > limit || next == net::port::never) {
        return false;
    }
    now = next;
    settle();
    return true;
}

void world::pass(net::port::time_ns duration, unsigned most_timers) {
    const net::port::time_ns end = now + duration;
    for (unsigned i = 0; i < most_timers && step(end); i++) {
    }
    now = end > now ? end : now;
    settle();
}

} // namespace fuzz

namespace lib {

void assert_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    std::abort();
}

void log(log_level, const char*, ...) {}

} // namespace lib

namespace net::port {

using fuzz::fail;
using fuzz::require;
using fuzz::the_world;

time_ns now() {
    return the_world.now;
}

time_ns wall_clock() {
    return 1'700'000'000 * second + the_world.now;
}

void random_bytes(void* to, size_t length) {
    auto* out = static_cast<unsigned char*>(to);
    for (size_t i = 0; i < length; i += 4) {
        const uint32_t bits = random_u32();
        std::memcpy(out + i, &bits, length - i < 4 ? length - i : 4);
    }
}

/// splitmix64
uint32_t random_u32() {
    uint64_t value = the_world.random += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return static_cast<uint32_t>(value ^ (value >> 31));
}

void* allocate(size_t length_bytes, memory_tag) {
    if (the_world.fail_allocation != 0 && --the_world.fail_allocation == 0) {
        the_world.fail_allocation = the_world.fail_later_too ? 1 : 0;
        return nullptr;
    }
    the_world.live_allocations++;
    void* memory = fuzz::the_arena.allocate(length_bytes);
    return memory != nullptr ? memory : std::malloc(length_bytes);
}

void release(void* memory) {
    if (memory != nullptr) {
        the_world.live_allocations--;
        if (fuzz::the_arena.owns(memory)) {
            fuzz::the_arena.release(memory);
        } else {
            std::free(memory);
        }
    }
}

// ---- locks -----------------------------------------------------------------------------------------------

namespace {

struct lock_state {
    uint32_t rank_bit;
    bool taken;
};

lock_state& state_of(unsigned char* storage) {
    return *std::launder(reinterpret_cast<lock_state*>(storage));
}

} // namespace

lock::lock(lock_rank rank) {
    new (storage_) lock_state{.rank_bit = 1u << static_cast<unsigned>(rank), .taken = false};
}

lock::~lock() {
    require(!state_of(storage_).taken, "a lock is destroyed while it is held");
}

void lock::acquire() {
    lock_state& state = state_of(storage_);
    require(the_world.held_ranks < state.rank_bit, "a lock is taken against the order");
    require(!state.taken, "a deadlock");
    state.taken = true;
    the_world.held_ranks |= state.rank_bit;
}

void lock::give_back() {
    lock_state& state = state_of(storage_);
    require(state.taken, "a lock is given back that nobody holds");
    state.taken = false;
    the_world.held_ranks &= ~state.rank_bit;
}

bool lock::held() const {
    return state_of(const_cast<unsigned char*>(storage_)).taken;
}

// ---- sleeping --------------------------------------------------------------------------------------------

namespace {

constexpr uint32_t sock_rank_bit = 1u << static_cast<unsigned>(lock_rank::sock);

} // namespace

/// Of the queues that a poller stands in nothing is needed: it never sleeps, it only asks.
class poll_table {};

wait_queue::wait_queue() {}
wait_queue::~wait_queue() {}

lib::result<void> wait_queue::wait_erased(lock& held, bool (*done)(void*), void* predicate,
                                          time_ns deadline) {
    constexpr unsigned most_turns = 8;
    for (unsigned turn = 0; !done(predicate); turn++) {
        if (the_world.now >= deadline) {
            return lib::error{ETIMEDOUT};
        }
        if (turn == most_turns) {
            return lib::error{EINTR};
        }
        held.give_back();
        require(the_world.held_ranks < sock_rank_bit, "a program sleeps while it holds another lock");
        // The worker is another thread: what the sleeper holds does not count for the order of its locks.
        const uint32_t of_the_sleeper = the_world.held_ranks;
        the_world.held_ranks = 0;
        if (!the_world.step(deadline) && deadline != never) {
            the_world.now = deadline;
        }
        the_world.held_ranks = of_the_sleeper;
        held.acquire();
    }
    return {};
}

void wait_queue::wake_all() {}
void wait_queue::wake_one() {}
void wait_queue::add_poller(poll_table&) {}

void wake_worker(stack& of) {
    for (unsigned i = 0; i < fuzz::world::most_stacks; i++) {
        if (the_world.stacks[i] == &of) {
            the_world.wanted[i] = true;
        }
    }
}

// ---- the calling process ---------------------------------------------------------------------------------

namespace {

bool overlap(const uint8_t* bytes, size_t length, std::span<const uint8_t> with) {
    return bytes < with.data() + with.size() && with.data() < bytes + length;
}

lib::result<void> check_user(uintptr_t address, size_t length) {
    require(the_world.held_ranks < sock_rank_bit, "user memory is touched under a sock lock");
    const auto start = reinterpret_cast<uintptr_t>(fuzz::user_memory);
    const bool inside = address >= start && address - start <= fuzz::user_memory_bytes &&
                        length <= fuzz::user_memory_bytes - (address - start);
    if (length != 0 &&
        (!inside || overlap(reinterpret_cast<const uint8_t*>(address), length, the_world.hole))) {
        return lib::error{EFAULT};
    }
    return {};
}

} // namespace

lib::result<void> copy_from_user(void* to, uintptr_t user_from, size_t length) {
    TRY(check_user(user_from, length));
    if (length != 0) {
        std::memcpy(to, reinterpret_cast<const void*>(user_from), length);
    }
    return {};
}

lib::result<void> copy_to_user(uintptr_t user_to, const void* from, size_t length) {
    TRY(check_user(user_to, length));
    if (length != 0) {
        std::memcpy(reinterpret_cast<void*>(user_to), from, length);
    }
    return {};
}

credentials current_credentials() {
    return {.pid = 1, .uid = the_world.administrator ? 0u : 1000u, .gid = 0};
}

bool may_administer() {
    return the_world.administrator;
}

void raise_sigpipe() {}

signal_target signal_target_of_caller(int id) {
    const uint32_t uid = current_credentials().uid;
    return {.id = id, .uid = uid, .effective_uid = uid};
}

void signal_owner(const signal_target&, int) {}

uint32_t current_task_id() {
    return 1;
}

uint32_t current_cpu() {
    return 0;
}

// ---- files, for AF_UNIX ----------------------------------------------------------------------------------

struct passed_file {
    int descriptor;
};

lib::result<passed_file*> take_file(int descriptor) {
    if (descriptor < 0 || descriptor > 1023) {
        return lib::error{EBADF};
    }
    the_world.live_files++;
    return new passed_file{descriptor};
}

lib::result<int> install_file(passed_file* file, bool) {
    if (file->descriptor == 1023) { // the receiver's table is full
        return lib::error{EMFILE};
    }
    return file->descriptor;
}

void drop_file(passed_file* file) {
    the_world.live_files--;
    delete file;
}

socket* socket_of_file(passed_file*) {
    return nullptr; // no socket is passed here
}

uint32_t file_references(const passed_file*) {
    return 1;
}

/// The number of a node is a hash of its path; nodes exist as long as the world.
namespace {

uint64_t node_of(const char* path) {
    uint64_t hash = 0xcbf29ce484222325;
    for (; *path != '\0'; path++) {
        hash = (hash ^ static_cast<uint8_t>(*path)) * 0x100000001b3;
    }
    return hash;
}

} // namespace

lib::result<uint64_t> create_socket_node(const char* path) {
    uint64_t& nodes = the_world.nodes;
    const uint64_t bit = uint64_t{1} << (node_of(path) & 63);
    if ((nodes & bit) != 0) {
        return lib::error{EADDRINUSE};
    }
    nodes |= bit;
    return node_of(path);
}

lib::result<uint64_t> find_socket_node(const char* path) {
    if ((the_world.nodes & uint64_t{1} << (node_of(path) & 63)) == 0) {
        return lib::error{ENOENT};
    }
    return node_of(path);
}

} // namespace net::port
