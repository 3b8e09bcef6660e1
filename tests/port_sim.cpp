// net/port.hpp on the host, in the simulated world of tests/sim/world.hpp.

#include "kernel/abi/errno.h"
#include "kernel/lib/assert.hpp"
#include "kernel/lib/log.hpp"
#include "net/core/socket.hpp"
#include "net/port.hpp"
#include "sim/fiber.hpp"
#include "sim/poll.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lib {

void assert_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    std::abort();
}

void log(log_level level, const char* text, ...) {
    if (std::getenv("SIM_LOG") == nullptr) {
        return;
    }
    va_list arguments;
    va_start(arguments, text);
    std::fprintf(stderr, "[%d] ", static_cast<int>(level));
    std::vfprintf(stderr, text, arguments);
    std::fputc('\n', stderr);
    va_end(arguments);
}

} // namespace lib

namespace net::port {
namespace {

sim::world& world() {
    return sim::world::current();
}

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "port: %s\n", what);
    std::abort();
}

} // namespace

time_ns now() {
    return world().now();
}

time_ns wall_clock() {
    const int64_t start_s = 1'700'000'000 + world().wall_clock_offset_s;
    return static_cast<time_ns>(start_s) * second + world().now();
}

void random_bytes(void* to, size_t length) {
    auto* out = static_cast<unsigned char*>(to);
    while (length != 0) {
        const uint64_t word = world().random()();
        const size_t run = length < sizeof(word) ? length : sizeof(word);
        std::memcpy(out, &word, run);
        out += run;
        length -= run;
    }
}

uint32_t random_u32() {
    return static_cast<uint32_t>(world().random()());
}

// ---- memory ----------------------------------------------------------------------------------------------

void* allocate(size_t length_bytes, memory_tag) {
    sim::world& in = world();
    in.allocations++;
    if (in.fail_allocation_after != 0 && --in.fail_allocation_after == 0) {
        in.fail_allocation_after = in.fail_all_later_allocations ? 1 : 0;
        in.failed_allocations++;
        return nullptr;
    }
    void* memory = std::aligned_alloc(16, (length_bytes + 15) & ~size_t{15});
    if (memory != nullptr) {
        std::memset(memory, 0xa5, length_bytes); // nobody may rely on zeros
        in.live_allocations++;
    }
    return memory;
}

void release(void* memory) {
    if (memory != nullptr) {
        world().live_allocations--;
        std::free(memory);
    }
}

// ---- locks -----------------------------------------------------------------------------------------------

namespace {

struct sim_lock {
    lock_rank rank;
    sim::fiber* owner = nullptr;
    bool taken = false;
    std::vector<sim::fiber*> waiting; ///< the first is the next
};

template <class T>
T& in_storage(void* storage) {
    return *static_cast<T*>(storage);
}

/// The ranks that the running fiber holds; the event loop and test bodies share one list.
sim::held_locks& held_ranks() {
    static sim::held_locks of_the_loop;
    sim::fiber* self = world().running();
    return self != nullptr ? self->held : of_the_loop;
}

} // namespace

lock::lock(lock_rank rank) {
    static_assert(sizeof(sim_lock) <= sizeof(storage_));
    new (storage_) sim_lock{.rank = rank, .owner = nullptr, .taken = false, .waiting = {}};
}

lock::~lock() {
    auto& state = in_storage<sim_lock>(storage_);
    if (state.taken) {
        fail("a lock is destroyed while it is held");
    }
    state.~sim_lock();
}

void lock::acquire() {
    auto& state = in_storage<sim_lock>(storage_);
    const sim::held_locks& held = held_ranks();
    if (!held.empty() && held.last() >= state.rank) {
        std::fprintf(stderr, "port: rank %d taken while rank %d is held\n", static_cast<int>(state.rank),
                     static_cast<int>(held.last()));
        std::abort();
    }
    while (state.taken) {
        state.waiting.push_back(world().running());
        world().sleep(never);
        std::erase(state.waiting, world().running()); // woken by something else
    }
    state.taken = true;
    state.owner = world().running();
    held_ranks().add(state.rank);
    world().spinning_locks += state.rank >= lock_rank::sock ? 1 : 0;
}

void lock::give_back() {
    auto& state = in_storage<sim_lock>(storage_);
    if (!held()) {
        fail("a lock is given back by somebody who does not hold it");
    }
    state.taken = false;
    state.owner = nullptr;
    held_ranks().remove(state.rank);
    world().spinning_locks -= state.rank >= lock_rank::sock ? 1 : 0;
    if (!state.waiting.empty()) {
        sim::fiber* next = state.waiting.front();
        state.waiting.erase(state.waiting.begin());
        world().make_ready(*next, sim::wake_cause::woken);
    }
}

bool lock::held() const {
    const auto& state = in_storage<sim_lock>(const_cast<unsigned char*>(storage_));
    return state.taken && state.owner == world().running();
}

// ---- sleeping --------------------------------------------------------------------------------------------

namespace {

struct sim_queue {
    std::vector<sim::fiber*> sleepers;
    std::vector<poll_table*> pollers;
};

void wake_pollers(sim_queue& queue) {
    std::vector<poll_table*> pollers;
    pollers.swap(queue.pollers);
    for (poll_table* each : pollers) {
        each->woken(queue.pollers);
    }
}

} // namespace

wait_queue::wait_queue() {
    static_assert(sizeof(sim_queue) <= sizeof(storage_));
    new (storage_) sim_queue;
}

wait_queue::~wait_queue() {
    auto& state = in_storage<sim_queue>(storage_);
    if (!state.sleepers.empty()) {
        fail("a wait queue is destroyed while somebody sleeps on it");
    }
    for (poll_table* each : state.pollers) {
        each->forget(state.pollers);
    }
    state.~sim_queue();
}

lib::result<void> wait_queue::wait_erased(lock& held, bool (*done)(void*), void* predicate,
                                          time_ns deadline) {
    auto& state = in_storage<sim_queue>(storage_);
    while (!done(predicate)) {
        sim::fiber* self = world().running();
        if (self != nullptr && (self->interrupted || self->killed)) {
            self->interrupted = false;
            return lib::error{EINTR};
        }
        if (now() >= deadline) {
            return lib::error{ETIMEDOUT};
        }
        state.sleepers.push_back(self);
        held.give_back();
        if (!held_ranks().empty() && held_ranks().last() >= lock_rank::sock) {
            fail("a program sleeps while it holds another lock");
        }
        world().sleep(deadline);
        std::erase(state.sleepers, self);
        held.acquire();
    }
    return {};
}

void wait_queue::wake_all() {
    auto& state = in_storage<sim_queue>(storage_);
    for (sim::fiber* each : state.sleepers) {
        world().make_ready(*each, sim::wake_cause::woken);
    }
    wake_pollers(state);
}

void wait_queue::wake_one() {
    auto& state = in_storage<sim_queue>(storage_);
    for (sim::fiber* each : state.sleepers) {
        if (!each->queued) {
            world().make_ready(*each, sim::wake_cause::woken);
            break;
        }
    }
    wake_pollers(state);
}

void wait_queue::add_poller(poll_table& table) {
    table.add(in_storage<sim_queue>(storage_).pollers);
}

void wake_worker(stack& of) {
    world().wake_worker(of);
}

// ---- the calling process ---------------------------------------------------------------------------------

namespace {

/// User addresses in the first page fault, as in the kernel.
bool is_bad(uintptr_t address, size_t length) {
    return length != 0 && address < 4096;
}

} // namespace

lib::result<void> copy_from_user(void* to, uintptr_t user_from, size_t length) {
    if (!held_ranks().empty() && held_ranks().last() >= lock_rank::sock) {
        fail("user memory is touched under a sock lock");
    }
    if (is_bad(user_from, length)) {
        return lib::error{EFAULT};
    }
    std::memcpy(to, reinterpret_cast<const void*>(user_from), length);
    return {};
}

lib::result<void> copy_to_user(uintptr_t user_to, const void* from, size_t length) {
    if (!held_ranks().empty() && held_ranks().last() >= lock_rank::sock) {
        fail("user memory is touched under a sock lock");
    }
    if (is_bad(user_to, length)) {
        return lib::error{EFAULT};
    }
    std::memcpy(reinterpret_cast<void*>(user_to), from, length);
    return {};
}

credentials current_credentials() {
    return {.pid = world().process_id, .uid = world().administrator ? 0u : 1000u, .gid = 0};
}

bool may_administer() {
    return world().administrator;
}

void raise_sigpipe() {
    world().sigpipes++;
}

signal_target signal_target_of_caller(int id) {
    const uint32_t uid = current_credentials().uid;
    return {.id = id, .uid = uid, .effective_uid = uid};
}

void signal_owner(const signal_target& owner, int signal_number) {
    world().signals.emplace_back(owner.id, signal_number);
}

uint32_t current_task_id() {
    return world().running() != nullptr ? 1 : 0;
}

uint32_t current_cpu() {
    return 0;
}

// ---- files, for AF_UNIX ----------------------------------------------------------------------------------

struct passed_file {
    int descriptor;
    net::socket* socket = nullptr;
    uint32_t references = 1;
};

lib::result<passed_file*> take_file(int descriptor) {
    if (descriptor < 0) {
        return lib::error{EBADF};
    }
    const auto open = world().open_files.find(descriptor);
    if (open == world().open_files.end()) {
        return new passed_file{descriptor};
    }
    open->second->references++;
    return open->second;
}

lib::result<int> install_file(passed_file* file, bool) {
    return file->descriptor + 100;
}

void drop_file(passed_file* file) {
    if (--file->references == 0) {
        if (file->socket != nullptr) {
            sock_release(file->socket);
        }
        delete file;
    }
}

socket* socket_of_file(passed_file* file) {
    return file->socket;
}

uint32_t file_references(const passed_file* file) {
    return file->references;
}

lib::result<uint64_t> create_socket_node(const char* path) {
    auto& nodes = world().socket_nodes;
    if (nodes.contains(path)) {
        return lib::error{EADDRINUSE};
    }
    nodes[path] = world().next_node;
    return world().next_node++;
}

lib::result<uint64_t> find_socket_node(const char* path) {
    const auto& nodes = world().socket_nodes;
    const auto found = nodes.find(path);
    if (found == nodes.end()) {
        return lib::error{ENOENT};
    }
    return found->second;
}

} // namespace net::port

namespace sim {

void world::open_file(int descriptor, net::socket* socket) {
    open_files[descriptor] = new net::port::passed_file{descriptor, socket};
}

void world::close_file(int descriptor) {
    auto node = open_files.extract(descriptor);
    net::port::drop_file(node.mapped());
}

} // namespace sim
