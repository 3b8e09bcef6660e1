#pragma once
// The simulated world that net/ runs in on the host: a virtual clock, fibers instead of threads, seeded
// random numbers, locks whose order is checked, and allocations that can be made to fail. One world exists
// at a time, in one thread; two runs with one seed do the same things at the same times.
//
//   sim::world world(seed);
//   world.spawn("client", [&] { ... blocking calls ... });
//   world.run();                       // until every spawned program has ended
//
// Time only passes when nothing is left to do: the clock then jumps to the next event.

#include "net/port.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

namespace sim {

struct fiber;
struct worker;

/// A function to call at a time, with what it was given.
using event_function = void (*)(void* context, uint64_t argument);

/// What wakes a fiber up.
enum class wake_cause : uint8_t { none, woken, timeout };

class world {
public:
    explicit world(uint64_t seed = 1);
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    static world& current();

    /// Starts a program: a fiber that may make blocking calls. run() waits for it.
    fiber& spawn(std::string name, std::function<void()> body);
    /// Starts a program that run() does not wait for (a stack's worker, say).
    fiber& spawn_daemon(std::string name, std::function<void()> body);
    /// Calls what() at a time, outside every fiber. It must not block.
    void at(net::port::time_ns when, std::function<void()> what);
    void at(net::port::time_ns when, event_function what, void* context, uint64_t argument = 0);
    void after(net::port::time_ns delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

    /// Runs until every program has ended. Fails the test when all of them wait for ever, or the virtual
    /// time limit is reached.
    void run(net::port::time_ns limit = 3600 * net::port::second);
    /// Runs until the clock has moved on by so much, whoever still waits.
    void run_for(net::port::time_ns duration);
    /// Waits, in a program, until another one has ended. One may wait for it.
    void join(fiber& which);
    /// Lets so much time pass, in a program or outside of all.
    void pass(net::port::time_ns duration);

    /// The clock leaps, as that of a machine does that was stopped for a while: what was due is late.
    void leap(net::port::time_ns duration);

    net::port::time_ns now() const { return now_; }
    /// Steps made so far: one program or worker run until it sleeps, or one event.
    uint64_t steps() const { return steps_; }
    std::mt19937_64& random() { return random_; }

    // For the port.
    fiber* running() const { return running_; }
    /// Suspends the running fiber until make_ready() or the deadline.
    wake_cause sleep(net::port::time_ns deadline);
    void make_ready(fiber& which, wake_cause cause);
    fiber& add_worker(net::stack& of);
    void remove_worker(net::stack& of);
    void wake_worker(net::stack& of);

    // ---- knobs and counters of the port ----

    /// The n-th allocation from now on fails (1 is the next one); 0 switches that off.
    uint64_t fail_allocation_after = 0;
    bool fail_all_later_allocations = false;
    uint64_t allocations = 0;        ///< made so far, or tried
    uint64_t failed_allocations = 0; ///< of them
    uint64_t live_allocations = 0;   ///< not released yet
    bool administrator = true;
    int process_id = 1;
    uint8_t card_numbers = 0; ///< the last byte of the next card's address, minus one
    uint64_t sigpipes = 0;
    std::vector<std::pair<int, int>> signals; ///< owner, number
    /// Interrupts the blocking call of a fiber, now or its next one, with EINTR.
    void interrupt(fiber& which);
    /// Ends a program as a signal does: see program_killed (program.hpp).
    void kill(fiber& which);

    /// Called after every step: which fiber ran, or nullptr for an event.
    void (*after_step)(void* context, fiber* ran) = nullptr;
    void* after_step_context = nullptr;
    /// Called when every program waits for ever or the time is over, with who still waits; else that aborts.
    std::function<void(const std::string& waiting)> on_stuck;
    /// Locks of rank sock and above that anybody holds: none, between two steps.
    unsigned spinning_locks = 0;
    int64_t wall_clock_offset_s = 0;

    // AF_UNIX's view of files: numbers stand for descriptors. Those that were opened can be sockets.
    std::map<std::string, uint64_t> socket_nodes;
    uint64_t next_node = 1;
    std::map<int, net::port::passed_file*> open_files;
    void open_file(int descriptor, net::socket* socket); ///< the file owns the socket
    void close_file(int descriptor);

private:
    struct event {
        net::port::time_ns when;
        uint64_t order;
        event_function what;
        void* context;
        uint64_t argument;
        bool operator>(const event& other) const {
            return when != other.when ? when > other.when : order > other.order;
        }
    };

    void switch_to(fiber& which);
    void alarm(fiber& which);
    void set_alarm(fiber& which);
    void back_to_loop();
    bool step(net::port::time_ns limit);
    worker* find_worker(const net::stack& of);
    void wake(worker& which);
    static void entry();

    net::port::time_ns now_ = net::port::second;
    std::mt19937_64 random_;
    std::priority_queue<event, std::vector<event>, std::greater<>> events_;
    uint64_t event_order_ = 0;
    uint64_t steps_ = 0;
    std::vector<std::unique_ptr<fiber>> fibers_;
    std::deque<fiber*> ready_;
    fiber* running_ = nullptr;
    unsigned programs_alive_ = 0;
    /// In the order in which they were made: addresses of stacks differ from run to run.
    std::vector<std::unique_ptr<worker>> workers_;
    void* loop_stack_pointer_ = nullptr;
    void* loop_asan_stack_ = nullptr;
};

} // namespace sim
