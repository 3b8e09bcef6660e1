// Threads of one process share descriptors, memory and the working directory, which is where system calls
// get into each other's way.

#include "user/sysfuzz/worker.hpp"

#include "user/sysfuzz/calls.hpp"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr unsigned first_user = 2000;

round_state* the_round;
int process_index;

void nothing(int) {}

/// Calls may have changed how the watchdog's signal is taken.
void listen_to_watchdog() {
    struct sigaction action {};
    action.sa_handler = nothing;
    sigaction(watchdog_signal, &action, nullptr);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, watchdog_signal);
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void* make_calls(void* slot_address) {
    thread_slot& slot = *static_cast<thread_slot*>(slot_address);
    const auto index = static_cast<uint64_t>(&slot - the_round->slots[process_index]);
    random_source random(the_round->seed * 64 + static_cast<uint64_t>(process_index) * 8 + index);
    arguments made(random);
    slot.thread = static_cast<int>(syscall(SYS_gettid));
    slot.process = getpid();
    while (slot.calls < the_round->calls_per_thread) {
        if (slot.calls % 16 == 0) {
            listen_to_watchdog();
        }
        slot.number = static_cast<int32_t>(make_call(random, made));
        __atomic_fetch_add(&slot.calls, 1, __ATOMIC_RELAXED);
    }
    return nullptr;
}

void limit(int what, rlim_t to) {
    const rlimit both = {to, to};
    setrlimit(what, &both);
}

} // namespace

void run_process(round_state& round, int index) {
    the_round = &round;
    process_index = index;
    setsid();
    signal(SIGPIPE, SIG_IGN);
    limit(RLIMIT_AS, 64 << 20);
    limit(RLIMIT_FSIZE, 256 << 10);
    limit(RLIMIT_NPROC, 24);
    random_source random(round.seed + static_cast<uint64_t>(index) * 0x100000000);
    open_everything(random);
    // One process in four is root and may do everything that its arguments leave it.
    if (index != 0) {
        const unsigned user = first_user + static_cast<unsigned>(index);
        (void)setresgid(user, user, user);
        (void)setresuid(user, user, user);
    }
    pthread_t others[most_threads - 1];
    const auto count = random.below(most_threads);
    for (uint64_t other = 0; other < count; other++) {
        pthread_create(&others[other], nullptr, make_calls, &round.slots[index][other + 1]);
    }
    make_calls(&round.slots[index][0]);
    for (uint64_t other = 0; other < count; other++) {
        pthread_join(others[other], nullptr);
    }
    _exit(0);
}
