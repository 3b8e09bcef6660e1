// See machine.hpp.

#include "threads/machine.hpp"

#include "net/stack.hpp"

#include <cstdio>
#include <cstdlib>

namespace threads {
namespace {

machine* the_machine = nullptr;
thread_local process* the_process = nullptr; ///< nullptr: a thread of the kernel

} // namespace

// ---- sleeping --------------------------------------------------------------------------------------------

void sleeper::rearm() {
    const std::lock_guard held(mutex_);
    woken_ = false;
}

void sleeper::sleep(time_ns deadline) {
    std::unique_lock held(mutex_);
    const auto done = [this] { return woken_; };
    if (deadline == net::port::never) {
        changed_.wait(held, done);
    } else {
        changed_.wait_until(held, machine::current().host_time(deadline), done);
    }
}

bool sleeper::wake() {
    const std::lock_guard held(mutex_);
    const bool first = !woken_;
    woken_ = true;
    changed_.notify_one();
    return first;
}

// ---- processes -------------------------------------------------------------------------------------------

process& process::caller() {
    thread_local process of_the_kernel;
    return the_process != nullptr ? *the_process : of_the_kernel;
}

void process::become(process& which) {
    the_process = &which;
}

void process::kill() {
    killed = true;
    sleeps.wake();
}

// ---- workers ---------------------------------------------------------------------------------------------

worker::worker(net::stack& of) : stack_(of), thread_([this] { work(); }) {
    machine::current().add_worker(of, *this);
}

worker::~worker() {
    stop_ = true;
    wake();
    thread_.join();
    machine::current().remove_worker(stack_);
}

void worker::wake() {
    // Released only: who wakes learns nothing from who woke before.
    if (!wanted_.exchange(true, std::memory_order_release)) {
        const std::lock_guard held(mutex_);
        woken_.notify_one();
    }
}

void worker::work() {
    while (!stop_) {
        wanted_.exchange(false, std::memory_order_acquire);
        const time_ns next = stack_.run();
        std::unique_lock held(mutex_);
        const auto wanted = [this] { return wanted_.load(std::memory_order_acquire); };
        if (next == net::port::never) {
            woken_.wait(held, wanted);
        } else if (next > net::port::now()) {
            woken_.wait_until(held, machine::current().host_time(next), wanted);
        }
    }
}

// ---- the machine -----------------------------------------------------------------------------------------

machine::machine(const machine_options& options) : options_(options) {
    if (the_machine != nullptr) {
        std::fprintf(stderr, "threads: two machines at once\n");
        std::abort();
    }
    the_machine = this;
}

machine::~machine() {
    the_machine = nullptr;
}

machine& machine::current() {
    return *the_machine;
}

time_ns machine::now() const {
    const auto passed = std::chrono::steady_clock::now() - start_;
    // It starts above 0, which means "no time" in places.
    return net::port::second +
           options_.clock_speed *
               static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count());
}

std::chrono::steady_clock::time_point machine::host_time(time_ns deadline) const {
    // Rounded up, so that nobody wakes just before its deadline.
    const time_ns passed = deadline > net::port::second ? deadline - net::port::second : 0;
    return start_ + std::chrono::nanoseconds(passed / options_.clock_speed + 1);
}

std::mt19937_64& machine::random() {
    thread_local const machine* made_for = nullptr;
    thread_local std::mt19937_64 of_this_thread;
    if (made_for != this) {
        made_for = this;
        std::seed_seq sequence{options_.seed, options_.seed >> 32,
                               random_streams_.fetch_add(1, std::memory_order_relaxed)};
        of_this_thread.seed(sequence);
    }
    return of_this_thread;
}

void machine::add_worker(net::stack& of, worker& its) {
    const std::lock_guard held(workers_mutex_);
    workers_[&of] = &its;
}

void machine::remove_worker(net::stack& of) {
    const std::lock_guard held(workers_mutex_);
    workers_.erase(&of);
}

void machine::wake_worker(net::stack& of) {
    const std::shared_lock held(workers_mutex_);
    if (const auto found = workers_.find(&of); found != workers_.end()) {
        found->second->wake();
    }
}

uint64_t machine::find_node(const std::string& path) {
    const std::lock_guard held(nodes_mutex_);
    const auto found = nodes_.find(path);
    return found == nodes_.end() ? 0 : found->second;
}

uint64_t machine::make_node(const std::string& path) {
    const std::lock_guard held(nodes_mutex_);
    const auto [place, fresh] = nodes_.emplace(path, nodes_.size() + 1);
    return fresh ? place->second : 0;
}

} // namespace threads
