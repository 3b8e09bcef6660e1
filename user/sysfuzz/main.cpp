// sysfuzz: makes random system calls until the kernel breaks or is shown to keep its books.
//
// A round is one to four processes of one to three threads each, in a fresh directory, with calls from one
// seed. A watchdog (this process) interrupts calls that block and kills a process that does not go on. When
// all calls are made, everything the kernel counts has to be back where it was after the first round.
//
//   sysfuzz [SEED [CALLS]]     one round's seed is SEED + its number: `sysfuzz SEED+n 1` repeats round n

#include "user/program.hpp"
#include "user/sysfuzz/counters.hpp"
#include "user/sysfuzz/worker.hpp"

#include "user/sysfuzz/random.hpp"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

namespace {

constexpr const char* work_folder = "/tmp/sysfuzz";
constexpr uint32_t calls_per_thread = 300;
constexpr int tick_us = 4000;
constexpr int stuck_ticks = 100;    ///< Without a call, before a process is killed.
constexpr int round_ticks = 2500;   ///< For all calls of a round.
constexpr int settle_seconds = 150; ///< Until connections that were closed are forgotten.
constexpr long free_tolerance_kib = 4096;

round_state* round_memory;

void remove_tree(const char* path) {
    struct stat status;
    if (lstat(path, &status) != 0) {
        return;
    }
    if (S_ISDIR(status.st_mode)) {
        DIR* const folder = opendir(path);
        while (const dirent* const entry = folder == nullptr ? nullptr : readdir(folder)) {
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
                char below[512];
                snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
                remove_tree(below);
            }
        }
        closedir(folder);
        rmdir(path);
    } else {
        unlink(path);
    }
}

/// What a folder above the work folder held before: a round can climb up there and leave things behind.
struct folder_above {
    static constexpr int most_entries = 64;

    const char* path;
    char names[most_entries][NAME_MAX + 1];
    int count;

    bool knows(const char* name) const {
        for (int index = 0; index < count; index++) {
            if (strcmp(names[index], name) == 0) {
                return true;
            }
        }
        return false;
    }
    void remember() {
        DIR* const folder = opendir(path);
        if (folder == nullptr) {
            err(1, "%s", path);
        }
        while (const dirent* const entry = readdir(folder)) {
            if (count == most_entries) {
                errx(1, "%s: more than %d entries", path, most_entries); // what is not known is removed
            }
            strcpy(names[count++], entry->d_name);
        }
        closedir(folder);
    }
    void remove_strangers() const {
        DIR* const folder = opendir(path);
        while (const dirent* const entry = folder == nullptr ? nullptr : readdir(folder)) {
            if (!knows(entry->d_name)) {
                char whole[512];
                snprintf(whole, sizeof whole, "%s/%s", path, entry->d_name);
                remove_tree(whole);
            }
        }
        closedir(folder);
    }
};

folder_above above[] = {{"/tmp", {}, 0}, {"/", {}, 0}};

/// Calls visit for the id of each process of the system.
template <class Visitor>
void for_each_process(Visitor visit) {
    DIR* const all = opendir("/proc");
    while (const dirent* const entry = all == nullptr ? nullptr : readdir(all)) {
        if (isdigit(static_cast<unsigned char>(entry->d_name[0])) != 0) {
            visit(static_cast<int>(strtol(entry->d_name, nullptr, 10)));
        }
    }
    closedir(all);
}

constexpr int most_bystanders = 64;
int bystanders[most_bystanders]; ///< Processes that were there before.
int bystander_count = 0;

void remember_bystanders() {
    for_each_process([](int id) {
        if (bystander_count < most_bystanders) {
            bystanders[bystander_count++] = id;
        }
    });
}

/// Kills all that came of the round; children whose parent died are ours (PR_SET_CHILD_SUBREAPER would be,
/// but calls change it) or init's.
bool kill_offspring() {
    bool any = false;
    for_each_process([&any](int id) {
        for (int index = 0; index < bystander_count; index++) {
            if (bystanders[index] == id) {
                return;
            }
        }
        any = true;
        kill(id, SIGKILL);
    });
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    return any;
}

/// Interrupts threads that made no call since the last tick, kills processes stuck for long. False when no
/// process is left.
class watchdog {
public:
    bool tick(const int (&children)[most_processes]) {
        bool any = false;
        for (int process = 0; process < most_processes; process++) {
            if (children[process] <= 0) {
                continue;
            }
            bool moved = false;
            for (int thread = 0; thread < most_threads; thread++) {
                const thread_slot& slot = round_memory->slots[process][thread];
                uint32_t& seen = seen_[process][thread];
                const uint32_t calls = __atomic_load_n(&slot.calls, __ATOMIC_RELAXED);
                if (slot.process != 0 && calls == seen && calls < calls_per_thread) {
                    interrupt(slot.process, slot.thread);
                }
                moved = moved || calls != seen;
                seen = calls;
            }
            stuck_[process] = moved ? 0 : stuck_[process] + 1;
            if (stuck_[process] > stuck_ticks) {
                kill(children[process], SIGKILL);
            }
            any = true;
        }
        return any;
    }

private:
    static void interrupt(int process, int thread) { syscall(SYS_tgkill, process, thread, SIGUSR1); }

    uint32_t seen_[most_processes][most_threads] = {};
    int stuck_[most_processes] = {};
};

uint64_t calls_made() {
    uint64_t sum = 0;
    for (const auto& process : round_memory->slots) {
        for (const thread_slot& slot : process) {
            sum += slot.calls;
        }
    }
    return sum;
}

/// What calls of root may have changed for everybody.
void restore_system(const char* host_name, long clock_offset) {
    sethostname(host_name, strlen(host_name));
    timespec monotonic;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    const timespec real = {monotonic.tv_sec + clock_offset, monotonic.tv_nsec};
    clock_settime(CLOCK_REALTIME, &real);
}

long current_clock_offset() {
    timespec monotonic, real;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_REALTIME, &real);
    return real.tv_sec - monotonic.tv_sec;
}

/// One round; returns the number of calls it made.
uint64_t run_round(uint64_t seed) {
    memset(round_memory, 0, sizeof *round_memory);
    round_memory->seed = seed;
    round_memory->calls_per_thread = calls_per_thread;
    mkdir(work_folder, 0777);
    chmod(work_folder, 0777);
    if (chdir(work_folder) != 0) {
        err(1, "%s", work_folder);
    }
    random_source random(seed);
    const int count = 1 + static_cast<int>(random.below(most_processes));
    int children[most_processes] = {};
    fflush(stdout);
    for (int index = 0; index < count; index++) {
        children[index] = fork();
        if (children[index] == 0) {
            run_process(*round_memory, index);
        }
    }
    watchdog guard;
    for (int ticks = 0; ticks < round_ticks && guard.tick(children); ticks++) {
        usleep(tick_us);
        int ended;
        while ((ended = waitpid(-1, nullptr, WNOHANG)) > 0) {
            for (int& child : children) {
                child = child == ended ? 0 : child;
            }
        }
    }
    for (int ticks = 0; kill_offspring(); ticks++) {
        usleep(tick_us);
        if (ticks > round_ticks) {
            errx(1, "FAIL sysfuzz: a process does not die, seed %lu", seed);
        }
    }
    (void)chdir("/");
    for (const folder_above& each : above) {
        each.remove_strangers();
    }
    return calls_made();
}

/// What the kernel keeps once it was used: tables of folders that had many entries, and a pair for each
/// number of a pseudo-terminal.
void fill_caches() {
    for (const folder_above& each : above) {
        for (int number = 0; number < 128; number++) {
            char path[64];
            snprintf(path, sizeof path, "%s/sysfuzz.%d", each.path, number);
            mkdir(path, 0700);
        }
        each.remove_strangers();
    }
    constexpr int most = 64;
    int opened[most];
    int count = 0;
    while (count < most && (opened[count] = open("/dev/ptmx", O_RDWR | O_NOCTTY)) >= 0) {
        count++;
    }
    while (count > 0) {
        close(opened[--count]);
    }
}

/// The counters, once they stand still: the system may have just started.
counters read_calm_counters() {
    counters last = counters::now();
    for (int second = 0, calm = 0; second < settle_seconds && calm < 3; second++) {
        sleep(1);
        const counters next = counters::now();
        calm = next.difference(last) == nullptr ? calm + 1 : 0;
        last = next;
    }
    return last;
}

/// Waits until the kernel's books are as they were. False, after saying what is not, if they never are.
bool settle(const counters& before) {
    counters after = counters::now();
    for (int second = 0; second < settle_seconds; second++) {
        if (after.difference(before) == nullptr) {
            break;
        }
        sleep(1);
        after = counters::now();
    }
    after.print_against(before);
    return after.difference(before) == nullptr && after.free_kib + free_tolerance_kib > before.free_kib;
}

} // namespace

int main(int argc, char** argv) {
    constexpr const char* usage =
        "usage: sysfuzz [SEED [CALLS]]\nMakes CALLS random system calls. As root, in Lumos.\n";
    answer_help(argc, argv, usage);
    const auto seed = static_cast<uint64_t>(argc > 1 ? parse_number(argv[1], 0, 1L << 60, "seed") : 1);
    const auto wanted = static_cast<uint64_t>(argc > 2 ? parse_number(argv[2], 1, 1L << 60, "calls") : 30000);
    char host_name[64] = "";
    gethostname(host_name, sizeof host_name - 1);
    const long clock_offset = current_clock_offset();
    round_memory = static_cast<round_state*>(
        mmap(nullptr, sizeof *round_memory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    if (round_memory == MAP_FAILED) {
        err(1, "mmap");
    }
    for (folder_above& each : above) {
        each.remember();
    }
    fill_caches();
    (void)read_calm_counters();
    remember_bystanders();
    printf("sysfuzz: seed %lu, %lu calls\n", seed, wanted);
    uint64_t made = run_round(seed); // what is made once, is made now
    const counters before = read_calm_counters();
    uint64_t rounds = 1;
    for (; made < wanted; rounds++) {
        made += run_round(seed + rounds);
        restore_system(host_name, clock_offset);
        if (rounds % 64 == 0) {
            printf("sysfuzz: round %lu, %lu calls\n", rounds, made);
            fflush(stdout);
        }
    }
    const bool back = settle(before);
    printf("%s sysfuzz: %lu calls in %lu rounds, seed %lu\n", back ? "ok" : "FAIL", made, rounds, seed);
    return finish(back ? 0 : 1);
}
