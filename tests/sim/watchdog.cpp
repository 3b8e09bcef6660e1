// See watchdog.hpp.

#include "sim/watchdog.hpp"

#include <csignal>
#include <sys/time.h>
#include <unistd.h>

namespace sim {
namespace {

void (*call)(void* context) = nullptr;
void* call_with = nullptr;

void set_timer(unsigned seconds) {
    const itimerval wanted = {.it_interval = {}, .it_value = {.tv_sec = seconds, .tv_usec = 0}};
    setitimer(ITIMER_PROF, &wanted, nullptr);
}

/// What is called may wait for a lock that was held when the signal came (of malloc, say): then the process
/// ends all the same.
void on_signal(int) {
    constexpr unsigned time_to_tell_s = 10;
    ::alarm(time_to_tell_s);
    call(call_with);
}

} // namespace

watchdog::watchdog(unsigned seconds, void (*what)(void* context), void* context) {
    call = what;
    call_with = context;
    std::signal(SIGPROF, on_signal);
    set_timer(seconds);
}

watchdog::~watchdog() {
    set_timer(0);
    std::signal(SIGPROF, SIG_DFL);
}

} // namespace sim
