#pragma once
// Notices what the virtual clock cannot: a run in which somebody works for ever, so that no time passes. It
// counts the processor time of this process, so that a busy machine makes nobody suspicious.

namespace sim {

/// Calls what(context), which must not return, once the process has used so many more seconds of processor
/// time; in a signal handler, wherever the work is then. One at a time.
class watchdog {
public:
    watchdog(unsigned seconds, void (*what)(void* context), void* context);
    ~watchdog();
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;
};

} // namespace sim
