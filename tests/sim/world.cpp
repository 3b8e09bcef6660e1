// The event loop of the simulation, and its fibers.
//
// The loop takes the next ready fiber and runs it until it sleeps or ends. When no fiber is ready the clock
// jumps to the next event. Order is strict: ready fibers first come, first served; events of one moment in
// the order in which they were made. That is all that determinism needs.

#include "sim/world.hpp"

#include "net/stack.hpp"
#include "sim/fiber.hpp"
#include "sim/program.hpp"

#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#    include <sanitizer/common_interface_defs.h>
#else
static void __sanitizer_start_switch_fiber(void**, const void*, size_t) {}
static void __sanitizer_finish_switch_fiber(void*, const void**, size_t*) {}
#endif

namespace sim {
namespace {

world* the_world = nullptr;
const void* loop_stack_bottom = nullptr;
size_t loop_stack_bytes = 0;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "simulation: %s\n", what);
    std::abort();
}

} // namespace

/// A stack's net worker: runs the stack whenever it is woken or its next deadline comes.
struct worker {
    net::stack& of;
    fiber* runner = nullptr;
    bool wanted = true;
    bool stop = false;
};

namespace {

void call_function(void* context, uint64_t) {
    const std::unique_ptr<std::function<void()>> what(static_cast<std::function<void()>*>(context));
    (*what)();
}

} // namespace

world::world(uint64_t seed) : random_(seed) {
    if (the_world != nullptr) {
        fail("two worlds at once");
    }
    the_world = this;
}

world::~world() {
    for (; !events_.empty(); events_.pop()) {
        if (events_.top().what == call_function) {
            delete static_cast<std::function<void()>*>(events_.top().context);
        }
    }
    workers_.clear();
    the_world = nullptr;
}

world& world::current() {
    if (the_world == nullptr) {
        fail("no world");
    }
    return *the_world;
}

// ---- fibers ----------------------------------------------------------------------------------------------

void world::entry() {
    __sanitizer_finish_switch_fiber(nullptr, &loop_stack_bottom, &loop_stack_bytes);
    world& in = current();
    fiber& self = *in.running_;
    try {
        leave_if_killed();
        self.body();
    } catch (const program_killed&) {
    }
    if (!self.held.empty()) {
        fail("a program ended while it held a lock");
    }
    self.finished = true;
    in.programs_alive_ -= self.daemon ? 0 : 1;
    if (self.joiner != nullptr) {
        in.make_ready(*self.joiner, wake_cause::woken);
    }
    __sanitizer_start_switch_fiber(nullptr, loop_stack_bottom, loop_stack_bytes);
    sim_switch_stack(&self.stack_pointer, in.loop_stack_pointer_);
    std::abort();
}

fiber& world::spawn(std::string name, std::function<void()> body) {
    fiber& fresh = spawn_daemon(std::move(name), std::move(body));
    fresh.daemon = false;
    programs_alive_++;
    return fresh;
}

fiber& world::spawn_daemon(std::string name, std::function<void()> body) {
    auto fresh = std::make_unique<fiber>();
    fresh->name = std::move(name);
    fresh->body = std::move(body);
    fresh->daemon = true;
    fresh->number = fibers_.size() + 1;
    fresh->prepare(&world::entry);
    fibers_.push_back(std::move(fresh));
    make_ready(*fibers_.back(), wake_cause::none);
    return *fibers_.back();
}

void world::switch_to(fiber& which) {
    running_ = &which;
    __sanitizer_start_switch_fiber(&loop_asan_stack_, which.stack.bottom(), fiber_stack::bytes);
    sim_switch_stack(&loop_stack_pointer_, which.stack_pointer);
    __sanitizer_finish_switch_fiber(loop_asan_stack_, nullptr, nullptr);
    running_ = nullptr;
    if (which.finished) {
        which.stack.give_back();
        which.body = nullptr;
    }
}

void world::back_to_loop() {
    fiber& self = *running_;
    __sanitizer_start_switch_fiber(&self.asan_stack, loop_stack_bottom, loop_stack_bytes);
    sim_switch_stack(&self.stack_pointer, loop_stack_pointer_);
    __sanitizer_finish_switch_fiber(self.asan_stack, &loop_stack_bottom, &loop_stack_bytes);
}

wake_cause world::sleep(net::port::time_ns deadline) {
    if (running_ == nullptr) {
        fail("a blocking call outside a program");
    }
    fiber& self = *running_;
    self.cause = wake_cause::none;
    self.sleeping = true;
    self.deadline = deadline;
    set_alarm(self);
    back_to_loop();
    self.sleeping = false;
    return self.cause;
}

/// Deadlines move often and come seldom. So a fiber has one event in the queue, which moves itself when it
/// finds that the deadline is later.
void world::set_alarm(fiber& which) {
    if (which.deadline >= which.alarm) {
        return;
    }
    which.alarm = which.deadline;
    at(
        which.alarm,
        [](void* context, uint64_t due) {
            auto& its = *static_cast<fiber*>(context);
            if (its.alarm == due) {
                current().alarm(its);
            }
        },
        &which, which.alarm);
}

void world::alarm(fiber& which) {
    which.alarm = net::port::never;
    if (!which.sleeping) {
        return;
    }
    if (now_ >= which.deadline) {
        make_ready(which, wake_cause::timeout);
    } else {
        set_alarm(which);
    }
}

void world::make_ready(fiber& which, wake_cause cause) {
    if (which.queued || which.finished) {
        return;
    }
    which.cause = cause;
    which.queued = true;
    ready_.push_back(&which);
}

void world::interrupt(fiber& which) {
    which.interrupted = true;
    make_ready(which, wake_cause::woken);
}

void world::kill(fiber& which) {
    which.killed = true;
    make_ready(which, wake_cause::woken);
}

void leave_if_killed() {
    const fiber* self = world::current().running();
    if (self != nullptr && self->killed) {
        throw program_killed{};
    }
}

// ---- the loop --------------------------------------------------------------------------------------------

void world::at(net::port::time_ns when, std::function<void()> what) {
    at(when, call_function, new std::function<void()>(std::move(what)));
}

void world::at(net::port::time_ns when, event_function what, void* context, uint64_t argument) {
    events_.push({.when = when < now_ ? now_ : when,
                  .order = event_order_++,
                  .what = what,
                  .context = context,
                  .argument = argument});
}

/// Does one thing. False when nothing is left before the limit.
bool world::step(net::port::time_ns limit) {
    fiber* ran = nullptr;
    if (!ready_.empty()) {
        ran = ready_.front();
        ready_.pop_front();
        ran->queued = false;
        switch_to(*ran);
    } else {
        if (events_.empty() || events_.top().when > limit) {
            return false;
        }
        const event next = events_.top();
        events_.pop();
        now_ = next.when > now_ ? next.when : now_;
        next.what(next.context, next.argument);
    }
    steps_++;
    if (after_step != nullptr) {
        after_step(after_step_context, ran);
    }
    return true;
}

void world::run(net::port::time_ns limit) {
    const net::port::time_ns end = now_ + limit;
    while (programs_alive_ != 0) {
        if (step(end)) {
            continue;
        }
        std::string waiting;
        for (const auto& each : fibers_) {
            if (!each->finished && !each->daemon) {
                waiting += (waiting.empty() ? "\"" : ", \"") + each->name + "\"";
            }
        }
        if (on_stuck) {
            on_stuck(waiting);
        }
        std::fprintf(stderr, "simulation: %s still wait\n", waiting.c_str());
        fail("every program waits for ever, or the time limit is over");
    }
}

void world::leap(net::port::time_ns duration) {
    now_ += duration;
    for (const auto& each : workers_) {
        wake(*each);
    }
}

void world::run_for(net::port::time_ns duration) {
    const net::port::time_ns end = now_ + duration;
    while (step(end)) {
    }
    now_ = end > now_ ? end : now_;
}

void world::join(fiber& which) {
    which.joiner = running_;
    while (!which.finished) {
        leave_if_killed();
        sleep(net::port::never);
    }
}

void world::pass(net::port::time_ns duration) {
    if (running_ == nullptr) {
        run_for(duration);
        return;
    }
    const net::port::time_ns end = now_ + duration;
    while (now_ < end) {
        leave_if_killed();
        sleep(end);
    }
    leave_if_killed();
}

// ---- workers ---------------------------------------------------------------------------------------------

fiber& world::add_worker(net::stack& of) {
    worker& self = *workers_.emplace_back(new worker{.of = of});
    self.runner = &spawn_daemon("net worker", [this, &self] {
        while (!self.stop) {
            self.wanted = false;
            const net::port::time_ns next = self.of.run();
            if (!self.wanted && next > now_ && !self.stop) {
                sleep(next);
            }
        }
        self.runner = nullptr;
    });
    return *self.runner;
}

worker* world::find_worker(const net::stack& of) {
    for (const auto& each : workers_) {
        if (&each->of == &of) {
            return each.get();
        }
    }
    return nullptr;
}

void world::remove_worker(net::stack& of) {
    worker* its = find_worker(of);
    if (its == nullptr) {
        return;
    }
    its->stop = true;
    while (its->runner != nullptr) {
        make_ready(*its->runner, wake_cause::woken);
        step(now_);
    }
    std::erase_if(workers_, [its](const auto& each) { return each.get() == its; });
}

void world::wake_worker(net::stack& of) {
    if (worker* its = find_worker(of)) {
        wake(*its);
    }
}

void world::wake(worker& which) {
    which.wanted = true;
    if (which.runner != running_ && which.runner != nullptr) {
        make_ready(*which.runner, wake_cause::woken);
    }
}

} // namespace sim
