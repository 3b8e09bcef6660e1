#pragma once
// The inside of a terminal, shared by tty.cpp (open files, ioctl), line_discipline.cpp (input and output
// processing) and job_control.cpp (sessions and signals).

#include "kernel/arch/spinlock.hpp"
#include "kernel/fs/tty.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/wait_queue.hpp"

namespace fs {

/// A line and the type-ahead; a power of two. A tester at the second serial port sends two frames of 8 KiB
/// without waiting, and bytes come faster than a program runs to take them.
constexpr uint32_t tty_input_bytes = 32768;

struct tty {
    tty(const tty_driver& device, void* device_port) : driver(&device), port(device_port) {}

    // Constant.
    const tty_driver* driver;
    void* port;
    uint64_t rdev = 0;

    /// Taken by interrupt handlers; no user memory is touched and no signal sent while it is held.
    arch::spinlock lock{lib::lock_rank::device};

    // Guarded by lock. Positions count bytes; they index input modulo its size.
    tty_modes modes{};
    tty_window window{24, 80, 0, 0};
    uint32_t head = 0;      ///< Where the next byte goes.
    uint32_t canonical = 0; ///< End of the last complete line.
    uint32_t tail = 0;      ///< What reads take next.
    char input[tty_input_bytes];
    uint64_t delimiters[tty_input_bytes / 64] = {}; ///< One bit per byte of input: it ends a line.
    uint32_t column = 0;                            ///< Of the cursor, to erase and expand tabs.
    uint32_t line_column = 0;                       ///< Where the line being typed began.
    bool literal_next = false;                      ///< ^V was typed.
    bool output_stopped = false;                    ///< ^S was typed.
    bool hung_up = false;

    // Guarded by the lock of job_control.cpp.
    lib::ref<task::session> session; ///< Whose controlling terminal this is.
    int foreground_group = 0;

    task::wait_queue readable;
    task::wait_queue writable;

    bool has(uint32_t tty_modes::*flags, uint32_t flag) const { return (modes.*flags & flag) != 0; }
    uint32_t waiting() const { return head - tail; }
};

// ---- line_discipline.cpp: lock held ----------------------------------------------------------------------

/// What a byte asks for beyond being stored; done by the caller once the lock is free.
struct tty_signals {
    bool interrupt = false;
    bool quit = false;
    bool suspend = false;
};

void set_preset_locked(tty& terminal, tty_preset preset);
void receive_byte_locked(tty& terminal, uint8_t byte, tty_signals& signals);
/// Processes and sends bytes to the device (OPOST).
void write_processed_locked(tty& terminal, const char* bytes, size_t length);
/// True if a read would find something: a line, or in raw mode VMIN bytes or more.
bool input_ready_locked(const tty& terminal, size_t wanted);

/// What take_input_locked found.
struct tty_taken {
    size_t length;
    bool ends_read; ///< A line's end was reached.
};
tty_taken take_input_locked(tty& terminal, char* to, size_t limit);
void flush_input_locked(tty& terminal);
/// Puts new modes in force.
void change_modes_locked(tty& terminal, const tty_modes& modes);

// ---- job_control.cpp -------------------------------------------------------------------------------------

/// Sends to the foreground group, if there is one. Any context.
void signal_foreground(tty& terminal, int number);
/// Before a read or a change by the calling process: stops it with SIGTTIN or SIGTTOU if it is in the
/// background (POSIX 11.1.4). EINTR (the signal is on its way), EIO (orphaned or the signal is ignored).
lib::result<void> check_foreground(tty& terminal, int number);
/// A session leader without a terminal that opens one gets it.
void acquire_by_open(tty& terminal, uint32_t open_flags);
lib::result<tty*> terminal_of_caller();

lib::result<long> control_job(tty& terminal, uint32_t request, uint64_t argument);

} // namespace fs
