// net/port.hpp on the host, over real threads: for ThreadSanitizer, which sees every access of net/ that no
// lock and no atomic puts in order.
//
// Locks are mutexes that check their rank against what the thread holds, as in port_sim.cpp. A thread that
// waits enters the queue before it looks at its condition and sleeps in a place of its own
// (threads::sleeper), so a wake-up is never lost, with or without the lock.

#include "kernel/abi/errno.h"
#include "kernel/lib/assert.hpp"
#include "kernel/lib/log.hpp"
#include "net/port.hpp"
#include "threads/machine.hpp"
#include "threads/poll_table.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>
#include <utility>

namespace lib {

void assert_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
    std::abort();
}

void log(log_level level, const char* text, ...) {
    if (std::getenv("SIM_LOG") == nullptr) {
        return;
    }
    char line[512];
    va_list arguments;
    va_start(arguments, text);
    std::vsnprintf(line, sizeof(line), text, arguments);
    va_end(arguments);
    std::fprintf(stderr, "[%d] %s\n", static_cast<int>(level), line);
}

} // namespace lib

namespace threads {

/// The state of a wait_queue.
struct queue {
    std::mutex mutex;
    std::vector<wait_entry*> entries; ///< guarded by mutex
    /// How many there are. Whoever has changed a condition is ordered after the look of a waiter at it (by
    /// the lock or the atomic of that condition), so it sees the waiter counted.
    std::atomic<size_t> count = 0;

    void add(wait_entry& entry) {
        const std::lock_guard held(mutex);
        entries.push_back(&entry);
        count.store(entries.size(), std::memory_order_relaxed);
    }
    void remove(wait_entry& entry) {
        const std::lock_guard held(mutex);
        std::erase(entries, &entry);
        count.store(entries.size(), std::memory_order_relaxed);
    }
    bool empty() const { return count.load(std::memory_order_relaxed) == 0; }
};

} // namespace threads

namespace net::port {
namespace {

threads::machine& machine() {
    return threads::machine::current();
}

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "port: %s\n", what);
    std::abort();
}

/// The ranks that the calling thread holds, in the order of acquisition.
std::vector<lock_rank>& held_ranks() {
    thread_local std::vector<lock_rank> of_this_thread;
    return of_this_thread;
}

bool holds_sock_or_later() {
    return !held_ranks().empty() && held_ranks().back() >= lock_rank::sock;
}

} // namespace

time_ns now() {
    return machine().now();
}

time_ns wall_clock() {
    return 1'700'000'000 * second + machine().now();
}

void random_bytes(void* to, size_t length) {
    auto* out = static_cast<unsigned char*>(to);
    for (size_t i = 0; i < length; i++) {
        out[i] = static_cast<unsigned char>(machine().random()());
    }
}

uint32_t random_u32() {
    return static_cast<uint32_t>(machine().random()());
}

// ---- memory ----------------------------------------------------------------------------------------------

void* allocate(size_t length_bytes, memory_tag) {
    void* memory = std::aligned_alloc(16, (length_bytes + 15) & ~size_t{15});
    if (memory != nullptr) {
        std::memset(memory, 0xa5, length_bytes); // nobody may rely on zeros
        machine().live_allocations.fetch_add(1, std::memory_order_relaxed);
    }
    return memory;
}

void release(void* memory) {
    if (memory != nullptr) {
        machine().live_allocations.fetch_sub(1, std::memory_order_relaxed);
        std::free(memory);
    }
}

// ---- locks -----------------------------------------------------------------------------------------------

namespace {

struct thread_lock {
    const lock_rank rank;
    std::mutex mutex;
    std::atomic<std::thread::id> owner;
};

template <class T>
T& in_storage(const unsigned char* storage) {
    return *std::launder(reinterpret_cast<T*>(const_cast<unsigned char*>(storage)));
}

/// Now and then lets others run between what a thread has read and the lock that it takes next: with a lock
/// that is held for moments only, they would hardly ever come there by themselves.
void step_aside_sometimes() {
    thread_local std::minstd_rand chance(
        static_cast<unsigned>(std::hash<std::thread::id>{}(std::this_thread::get_id())));
    if (chance() % 4 == 0) {
        std::this_thread::yield();
    }
}

} // namespace

lock::lock(lock_rank rank) {
    static_assert(sizeof(thread_lock) <= sizeof(storage_) && alignof(thread_lock) <= 16);
    new (storage_) thread_lock{.rank = rank, .mutex = {}, .owner = {}};
}

lock::~lock() {
    auto& state = in_storage<thread_lock>(storage_);
    if (state.owner.load(std::memory_order_relaxed) != std::thread::id()) {
        fail("a lock is destroyed while it is held");
    }
    state.~thread_lock();
}

void lock::acquire() {
    auto& state = in_storage<thread_lock>(storage_);
    std::vector<lock_rank>& ranks = held_ranks();
    if (!ranks.empty() && ranks.back() >= state.rank) {
        std::fprintf(stderr, "port: rank %d taken while rank %d is held\n", static_cast<int>(state.rank),
                     static_cast<int>(ranks.back()));
        std::abort();
    }
    step_aside_sometimes();
    state.mutex.lock();
    state.owner.store(std::this_thread::get_id(), std::memory_order_relaxed);
    ranks.push_back(state.rank);
}

void lock::give_back() {
    if (!held()) {
        fail("a lock is given back by somebody who does not hold it");
    }
    auto& state = in_storage<thread_lock>(storage_);
    std::erase(held_ranks(), state.rank); // two locks held together never share a rank
    state.owner.store(std::thread::id(), std::memory_order_relaxed);
    state.mutex.unlock();
}

bool lock::held() const {
    return in_storage<thread_lock>(storage_).owner.load(std::memory_order_relaxed) ==
           std::this_thread::get_id();
}

// ---- sleeping --------------------------------------------------------------------------------------------

wait_queue::wait_queue() {
    static_assert(sizeof(threads::queue) <= sizeof(storage_) && alignof(threads::queue) <= 16);
    new (storage_) threads::queue;
}

wait_queue::~wait_queue() {
    auto& state = in_storage<threads::queue>(storage_);
    if (!state.empty()) {
        fail("a wait queue is destroyed while somebody waits for it");
    }
    state.~queue();
}

lib::result<void> wait_queue::wait_erased(lock& held, bool (*done)(void*), void* predicate,
                                          time_ns deadline) {
    auto& state = in_storage<threads::queue>(storage_);
    threads::process& self = threads::process::caller();
    threads::wait_entry entry{.who = self.sleeps, .polls = false};
    state.add(entry);
    lib::result<void> outcome;
    for (;;) {
        self.sleeps.rearm();
        if (done(predicate)) {
            break;
        }
        if (self.killed) {
            outcome = lib::error{EINTR};
            break;
        }
        if (now() >= deadline) {
            outcome = lib::error{ETIMEDOUT};
            break;
        }
        held.give_back();
        if (holds_sock_or_later()) {
            fail("a program sleeps while it holds another lock");
        }
        self.sleeps.sleep(deadline);
        held.acquire();
    }
    state.remove(entry);
    return outcome;
}

void wait_queue::wake_all() {
    auto& state = in_storage<threads::queue>(storage_);
    if (state.empty()) {
        return;
    }
    const std::lock_guard held(state.mutex);
    for (threads::wait_entry* each : state.entries) {
        each->who.wake();
    }
}

void wait_queue::wake_one() {
    auto& state = in_storage<threads::queue>(storage_);
    if (state.empty()) {
        return;
    }
    const std::lock_guard held(state.mutex);
    bool one_is_awake = false;
    for (threads::wait_entry* each : state.entries) {
        if (each->polls) {
            each->who.wake();
        } else if (!one_is_awake) {
            one_is_awake = each->who.wake();
        }
    }
}

void wait_queue::add_poller(poll_table& table) {
    table.add(in_storage<threads::queue>(storage_));
}

void poll_table::add(threads::queue& to) {
    auto entry = std::make_unique<threads::wait_entry>(threads::wait_entry{.who = waiter_, .polls = true});
    to.add(*entry);
    places_.push_back({.in = &to, .entry = std::move(entry)});
}

poll_table::~poll_table() {
    for (place& each : places_) {
        each.in->remove(*each.entry);
    }
}

void wake_worker(stack& of) {
    machine().wake_worker(of);
}

// ---- the calling process ---------------------------------------------------------------------------------

namespace {

/// User addresses in the first page fault, as in the kernel.
lib::result<void> check_user_copy(uintptr_t address, size_t length) {
    if (holds_sock_or_later()) {
        fail("user memory is touched under a sock lock");
    }
    if (length != 0 && address < 4096) {
        return lib::error{EFAULT};
    }
    return {};
}

} // namespace

lib::result<void> copy_from_user(void* to, uintptr_t user_from, size_t length) {
    TRY(check_user_copy(user_from, length));
    std::memcpy(to, reinterpret_cast<const void*>(user_from), length);
    return {};
}

lib::result<void> copy_to_user(uintptr_t user_to, const void* from, size_t length) {
    TRY(check_user_copy(user_to, length));
    std::memcpy(reinterpret_cast<void*>(user_to), from, length);
    return {};
}

credentials current_credentials() {
    const threads::process& caller = threads::process::caller();
    return {.pid = caller.id, .uid = caller.administrator ? 0u : 1000u, .gid = 0};
}

bool may_administer() {
    return threads::process::caller().administrator;
}

void raise_sigpipe() {
    machine().signals.fetch_add(1, std::memory_order_relaxed);
}

signal_target signal_target_of_caller(int id) {
    const uint32_t uid = current_credentials().uid;
    return {.id = id, .uid = uid, .effective_uid = uid};
}

void signal_owner(const signal_target&, int) {
    machine().signals.fetch_add(1, std::memory_order_relaxed);
}

uint32_t current_task_id() {
    return static_cast<uint32_t>(threads::process::caller().id);
}

uint32_t current_cpu() {
    return 0;
}

// ---- files, for AF_UNIX ----------------------------------------------------------------------------------

struct passed_file {
    int descriptor;
};

lib::result<passed_file*> take_file(int descriptor) {
    if (descriptor < 0) {
        return lib::error{EBADF};
    }
    return new passed_file{descriptor};
}

lib::result<int> install_file(passed_file* file, bool) {
    return file->descriptor + 100;
}

void drop_file(passed_file* file) {
    delete file;
}

socket* socket_of_file(passed_file*) {
    return nullptr; // no socket is passed here
}

uint32_t file_references(const passed_file*) {
    return 1;
}

lib::result<uint64_t> create_socket_node(const char* path) {
    const uint64_t node = machine().make_node(path);
    if (node == 0) {
        return lib::error{EADDRINUSE};
    }
    return node;
}

lib::result<uint64_t> find_socket_node(const char* path) {
    const uint64_t node = machine().find_node(path);
    if (node == 0) {
        return lib::error{ENOENT};
    }
    return node;
}

} // namespace net::port
