#include "kernel/task/run_queue.hpp"
#include "kernel/task/scheduler.hpp"

// Load averages, as Linux counts them: every five seconds the number of threads that run or could run is
// mixed into three averages that forget with time constants of 1, 5 and 15 minutes. Numbers are fixed
// point with 16 fraction bits. One timer per five seconds is all the ticking an idle machine does.

#include "kernel/arch/clock.hpp"

namespace task {

namespace {

constexpr uint64_t sample_interval_ns = 5'000'000'000;
constexpr uint32_t one = 1 << 16;
// one * e^(-5s/60s), e^(-5s/300s), e^(-5s/900s)
constexpr uint32_t decay[3] = {60296, 64453, 65173};

uint32_t averages_now[3];

void sample(timer& self, void*) {
    const uint64_t active = uint64_t{runnable_threads()} * one;
    for (int i = 0; i < 3; i++) {
        const uint64_t mixed = averages_now[i] * uint64_t{decay[i]} + active * (one - decay[i]);
        __atomic_store_n(&averages_now[i], static_cast<uint32_t>(mixed >> 16), __ATOMIC_RELAXED);
    }
    self.start(self.deadline_ns() + sample_interval_ns);
}

timer sampling(sample, nullptr);

} // namespace

void start_load_sampling() {
    sampling.start(arch::clock_now_ns() + sample_interval_ns);
}

unsigned runnable_threads() {
    unsigned sum = 0;
    for (unsigned cpu = 0; cpu < arch::max_cpus; cpu++) {
        if (run_queue* queue = queue_of_cpu(cpu); queue != nullptr) {
            const arch::spin_guard guard(queue->lock);
            sum += queue->ready_count + (queue->running != queue->idle ? 1 : 0);
        }
    }
    return sum;
}

void load_averages(uint32_t (&averages)[3]) {
    for (int i = 0; i < 3; i++) {
        averages[i] = __atomic_load_n(&averages_now[i], __ATOMIC_RELAXED);
    }
}

uint64_t idle_time_ns() {
    run_queue& queue = *queue_of_cpu(0);
    const arch::spin_guard guard(queue.lock);
    uint64_t total_ns = queue.idle_ns;
    if (queue.running == queue.idle) {
        total_ns += arch::clock_now_ns() - queue.idle->started_ns;
    }
    return total_ns;
}

} // namespace task
