#pragma once
// The machine that net/ runs on with real threads: a clock, threads that sleep and are woken, one net worker
// per stack, and what the kernel would know about the calling process. One machine exists at a time.
//
//   threads::machine machine({.seed = 1, .clock_speed = 20});
//   threads::worker its_worker(stack);
//
// What is shared here is atomic or behind a lock of its own, and no more is ordered than the kernel orders:
// a lock around everything would hide from ThreadSanitizer the very races that it is to find.

#include "net/port.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <string>
#include <thread>

namespace threads {

using net::port::time_ns;

/// Where one thread sleeps; whatever it waits for wakes it here.
class sleeper {
public:
    /// Forgets earlier wake-ups; to be followed by a look at the condition.
    void rearm();
    /// Sleeps until it was woken or interrupted since rearm(), or until the deadline.
    void sleep(time_ns deadline);
    /// True if it was not woken already.
    bool wake();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
};

/// A process of one thread, as far as net/ asks.
struct process {
    int id = 0; ///< 0 in workers
    bool administrator = true;
    std::atomic<bool> killed = false; ///< every call that would wait fails with EINTR
    sleeper sleeps;

    /// That of the calling thread.
    static process& caller();
    /// Makes the calling thread that process, until it ends.
    static void become(process& which);

    void kill();
};

/// The net worker of one stack: a thread that runs the stack whenever it is woken or its deadline comes.
class worker {
public:
    explicit worker(net::stack& of);
    /// Stops the thread; call it before the stack is taken down.
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    void wake();

private:
    void work();

    net::stack& stack_;
    std::atomic<bool> wanted_ = true;
    std::atomic<bool> stop_ = false;
    std::mutex mutex_;
    std::condition_variable woken_;
    std::thread thread_;
};

struct machine_options {
    uint64_t seed = 1;
    unsigned clock_speed =
        1; ///< seconds of the stack's clock in a second: its long timeouts take as much less
};

class machine {
public:
    explicit machine(const machine_options& options);
    ~machine();
    machine(const machine&) = delete;
    machine& operator=(const machine&) = delete;

    static machine& current();

    time_ns now() const;
    /// When a deadline of the stack's clock comes on the host's.
    std::chrono::steady_clock::time_point host_time(time_ns deadline) const;
    /// The random stream of the calling thread. It follows from the seed and the order in which threads first
    /// asked.
    std::mt19937_64& random();

    void add_worker(net::stack& of, worker& its);
    void remove_worker(net::stack& of);
    void wake_worker(net::stack& of);

    std::atomic<uint64_t> live_allocations = 0;
    std::atomic<uint64_t> signals = 0; ///< SIGPIPE, SIGURG and SIGIO sent

    /// Names of AF_UNIX in the file system: what node a path has; 0 when it has none.
    uint64_t find_node(const std::string& path);
    /// 0 when the path exists already.
    uint64_t make_node(const std::string& path);

private:
    const machine_options options_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::atomic<uint64_t> random_streams_ = 0;
    /// Shared by those who wake, so that they are not put in an order by it.
    std::shared_mutex workers_mutex_;
    std::map<net::stack*, worker*> workers_;
    std::mutex nodes_mutex_;
    std::map<std::string, uint64_t> nodes_;
};

} // namespace threads
