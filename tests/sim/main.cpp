// The runner of the simulation: build/sim/sim [--scenario NAME] [--seed N] [--seeds N] [--first N] [--jobs N]
//                                             [--strict]
//
//   --seed N             one run, with a capture and a trace in build/sim/
//   --seeds N            N runs, each with a seed of its own that also chooses the scenario, in --jobs
//                        processes; --first is the first seed, drawn from the date if not given
//   --strict             all rules are checked after every step of every run: else of one run in 32, and of
//                        those that are played alone or again
//   --list               names of the scenarios
//   --goodput FILE       compares the table of goodput with what is measured now
//   --write-goodput FILE makes it anew
//
// A worker process makes run after run and dies of the first that fails. The parent then lets that run happen
// once more, recorded, tells what it was in one line, and starts another worker for the seeds that are left.

#include "sim/goodput.hpp"
#include "sim/simulation.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/// Memory comes back from AddressSanitizer's quarantine while it is still in the cache, and is not filled
/// twice (the port fills it): a third of the time otherwise.
extern "C" const char* __asan_default_options() {
    return "quarantine_size_mb=2:max_malloc_fill_size=0:malloc_context_size=5";
}

namespace sim {
namespace {

constexpr const char* folder = "build/sim/";
constexpr unsigned most_failures = 10; ///< told about, before a series gives up
constexpr unsigned most_workers = 64;
constexpr unsigned strict_every = 32; ///< runs of a series; the others are checked by samples

struct arguments {
    const scenario* only = nullptr;
    bool single = false;
    uint64_t first = 0;
    uint64_t count = 1;
    unsigned jobs = 1;
    bool strict = false;
};

/// What a worker tells its parent, in memory that both see.
struct shared_slot {
    uint64_t seed;
    net::port::time_ns clock;
    uint64_t runs;
    uint64_t verified_bytes;
    uint64_t tcp_bytes; ///< of the verified ones
    double tcp_cpu_s;   ///< of the runs whose bytes come over TCP
    uint64_t steps;
    net::port::time_ns virtual_time;
    char failure[256];
};
shared_slot* my_slot = nullptr;

[[noreturn]] void usage() {
    std::fprintf(
        stderr,
        "usage: sim [--scenario NAME] [--seed N | --seeds N [--first N]] [--jobs N] [--strict] [--list]\n");
    std::exit(2);
}

double seconds_of(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// A new series every day, the same one all day long.
uint64_t seed_of_today() {
    const time_t now = std::time(nullptr);
    return static_cast<uint64_t>(now / 86400) * 1'000'000;
}

const scenario& scenario_of(const arguments& wanted, uint64_t seed) {
    if (wanted.only != nullptr) {
        return *wanted.only;
    }
    unsigned random_ones = 0;
    for (const scenario& each : all_scenarios()) {
        random_ones += each.random ? 1 : 0;
    }
    uint64_t chosen = (seed * 0x9e3779b97f4a7c15 >> 32) % random_ones;
    for (const scenario& each : all_scenarios()) {
        if (each.random && chosen-- == 0) {
            return each;
        }
    }
    std::abort();
}

std::string record_path(const plan& of) {
    return folder + std::string(of.what->name) + "-" + std::to_string(of.seed);
}

void count_into(shared_slot& slot, const scenario& what, const outcome& made, double cpu_s) {
    slot.runs++;
    slot.verified_bytes += made.verified_bytes;
    if (what.over_tcp) {
        slot.tcp_bytes += made.verified_bytes;
        slot.tcp_cpu_s += cpu_s;
    }
    slot.steps += made.steps;
    slot.virtual_time += made.duration;
}

// ---- one run ---------------------------------------------------------------------------------------------

int run_single(const arguments& wanted) {
    const plan its = draw_plan(scenario_of(wanted, wanted.first), wanted.first);
    std::printf("%s", its.text().c_str());
    std::printf("capture and trace: %s.pcapng, %s.trace\n", record_path(its).c_str(),
                record_path(its).c_str());
    std::fflush(stdout);
    const outcome made = run_simulation(its, {.record_to = record_path(its)});
    std::printf("ok %s: %llu bytes verified, %.3f s, %llu steps, history %016llx\n", its.what->name,
                static_cast<unsigned long long>(made.verified_bytes),
                static_cast<double>(made.duration) / 1e9, static_cast<unsigned long long>(made.steps),
                static_cast<unsigned long long>(made.hash));
    return 0;
}

// ---- many ------------------------------------------------------------------------------------------------

[[noreturn]] void note_failure(const plan&, const char* text, net::port::time_ns when) {
    my_slot->clock = when;
    std::snprintf(my_slot->failure, sizeof(my_slot->failure), "%s", text);
    std::_Exit(1);
}

[[noreturn]] void work(const arguments& wanted, uint64_t from, unsigned step, shared_slot& slot) {
    my_slot = &slot;
    for (uint64_t seed = from; seed < wanted.first + wanted.count; seed += step) {
        slot.seed = seed;
        slot.clock = 0;
        const scenario& what = scenario_of(wanted, seed);
        const bool strict = wanted.strict || seed % strict_every == 0;
        const double started = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        const outcome made =
            run_simulation(draw_plan(what, seed), {.record_to = "",
                                                   .failed = note_failure,
                                                   .clock = &slot.clock,
                                                   .when = strict ? checks::strict : checks::sampled});
        count_into(slot, what, made, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - started);
    }
    std::_Exit(0);
}

/// Starts a process whose output goes to a file.
template <class Body>
pid_t start_process(const std::string& output, Body body) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        if (std::freopen(output.c_str(), "w", stdout) == nullptr || dup2(STDOUT_FILENO, STDERR_FILENO) < 0) {
            std::perror(output.c_str());
            std::_Exit(1);
        }
        body();
        std::_Exit(0);
    }
    return child;
}

/// The failed run once more, with a capture and a trace.
void record_again(const plan& its) {
    const pid_t child = start_process(record_path(its) + ".log", [&] {
        std::printf("%s", its.text().c_str());
        run_simulation(its, {.record_to = record_path(its)});
        std::printf("did not fail again\n");
        std::fflush(stdout);
    });
    int status = 0;
    waitpid(child, &status, 0);
}

void tell_failure(const arguments& wanted, const shared_slot& slot) {
    const plan its = draw_plan(scenario_of(wanted, slot.seed), slot.seed);
    const std::string why = slot.failure[0] != '\0' ? slot.failure : "crashed";
    std::printf("FAIL %s: %s; see %s.{log,pcapng,trace}\n", why.c_str(),
                describe_run(its, slot.clock).c_str(), record_path(its).c_str());
    std::fflush(stdout);
    record_again(its);
}

int run_many(const arguments& wanted) {
    auto* slots = static_cast<shared_slot*>(mmap(nullptr, sizeof(shared_slot) * wanted.jobs,
                                                 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    std::printf(
        "seeds %llu to %llu, 1 in %u checked strictly\n", static_cast<unsigned long long>(wanted.first),
        static_cast<unsigned long long>(wanted.first + wanted.count - 1), wanted.strict ? 1 : strict_every);
    const double started = seconds_of(CLOCK_MONOTONIC);
    pid_t workers[most_workers];
    const auto start_worker = [&](unsigned number, uint64_t from) {
        slots[number].failure[0] = '\0';
        workers[number] = start_process(folder + ("worker-" + std::to_string(number)) + ".log",
                                        [&] { work(wanted, from, wanted.jobs, slots[number]); });
    };
    for (unsigned i = 0; i < wanted.jobs; i++) {
        start_worker(i, wanted.first + i);
    }
    unsigned failures = 0;
    for (unsigned running = wanted.jobs; running != 0;) {
        int status = 0;
        const pid_t ended = wait(&status);
        for (unsigned i = 0; i < wanted.jobs; i++) {
            if (workers[i] != ended) {
                continue;
            }
            running--;
            if (status != 0) {
                failures++;
                tell_failure(wanted, slots[i]);
                if (failures < most_failures) {
                    start_worker(i, slots[i].seed + wanted.jobs);
                    running++;
                }
            }
        }
    }
    shared_slot all = {};
    for (unsigned i = 0; i < wanted.jobs; i++) {
        all.runs += slots[i].runs;
        all.verified_bytes += slots[i].verified_bytes;
        all.tcp_bytes += slots[i].tcp_bytes;
        all.tcp_cpu_s += slots[i].tcp_cpu_s;
        all.steps += slots[i].steps;
        all.virtual_time += slots[i].virtual_time;
    }
    rusage used = {};
    getrusage(RUSAGE_CHILDREN, &used);
    const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    const double megabytes = static_cast<double>(all.verified_bytes) / 1e6;
    std::printf(
        "%llu runs, %u failed; %.0f s (virtual: %.0f s), %.1f MB verified, %.1f MB/s and %.0f steps/s of "
        "processor time\n",
        static_cast<unsigned long long>(all.runs), failures, seconds_of(CLOCK_MONOTONIC) - started,
        static_cast<double>(all.virtual_time) / 1e9, megabytes, megabytes / cpu,
        static_cast<double>(all.steps) / cpu);
    const double tcp_megabytes = static_cast<double>(all.tcp_bytes) / 1e6;
    std::printf("TCP: %.1f MB verified, %.1f MB/s of all processor time, %.1f MB/s of that of its runs\n",
                tcp_megabytes, tcp_megabytes / cpu, all.tcp_cpu_s > 0 ? tcp_megabytes / all.tcp_cpu_s : 0);
    std::printf("%s random seeds\n", failures == 0 ? "ok" : "FAIL");
    return failures == 0 ? 0 : 1;
}

arguments parse(int argc, char** argv) {
    arguments out;
    out.first = seed_of_today();
    for (int i = 1; i < argc; i++) {
        const std::string name = argv[i];
        if (name == "--list") {
            for (const scenario& each : all_scenarios()) {
                std::printf("%s\n", each.name);
            }
            std::exit(0);
        }
        if (name == "--strict") {
            out.strict = true;
            continue;
        }
        if (i + 1 == argc) {
            usage();
        }
        const char* value = argv[++i];
        const uint64_t number = std::strtoull(value, nullptr, 0);
        if (name == "--goodput") {
            std::exit(compare_goodput(value));
        } else if (name == "--write-goodput") {
            std::exit(write_goodput(value));
        } else if (name == "--scenario") {
            out.only = find_scenario(value);
            if (out.only == nullptr) {
                std::fprintf(stderr, "sim: no scenario \"%s\"; --list tells their names\n", value);
                std::exit(2);
            }
        } else if (name == "--seed") {
            out.single = true;
            out.first = number;
        } else if (name == "--first") {
            out.first = number;
        } else if (name == "--seeds") {
            out.count = number;
        } else if (name == "--jobs" && number > 0 && number <= most_workers) {
            out.jobs = static_cast<unsigned>(number);
        } else {
            usage();
        }
    }
    return out;
}

} // namespace
} // namespace sim

int main(int argc, char** argv) {
    const sim::arguments wanted = sim::parse(argc, argv);
    std::filesystem::create_directories(sim::folder);
    return wanted.single ? sim::run_single(wanted) : sim::run_many(wanted);
}
