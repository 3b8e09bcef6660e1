// Terminals as files: read, write, poll and ioctl, and the way in for the device's bytes. What the bytes
// mean is line_discipline.cpp's business, who may have them job_control.cpp's.
//
// Bytes go between the ring and a program through a small buffer on the stack, since user memory must not
// be touched under the terminal's spinlock.

#include "kernel/fs/tty.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/termios.h"
#include "kernel/arch/clock.hpp"
#include "kernel/fs/devfs.hpp"
#include "kernel/fs/tty_internal.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/signal.hpp"

namespace fs {

static_assert(sizeof(tty_modes) == sizeof(kernel_termios) && sizeof(tty_window) == sizeof(winsize));

namespace {

constexpr size_t piece_bytes = 256;
constexpr uint64_t ns_per_decisecond = 100'000'000;

tty& tty_of(file& f) {
    return *static_cast<tty*>(f.private_data);
}

// ---- reading ---------------------------------------------------------------------------------------------

/// When a read returns: with how many bytes at least, and how long after the last byte or the call
/// (termios(3), VMIN and VTIME).
struct read_rule {
    size_t minimum;
    uint64_t timeout_ns; ///< 0: none.
    bool starts_with_first_byte;
};

read_rule rule_of(tty& terminal, size_t wanted) {
    arch::spin_guard guard(terminal.lock);
    if (terminal.has(&tty_modes::local, ICANON)) {
        return {1, 0, false};
    }
    const size_t minimum = terminal.modes.characters[VMIN];
    const uint64_t timeout_ns = terminal.modes.characters[VTIME] * ns_per_decisecond;
    return {minimum < wanted ? minimum : wanted, timeout_ns, minimum > 0};
}

bool input_ready(tty& terminal, size_t wanted) {
    arch::spin_guard guard(terminal.lock);
    return terminal.hung_up || input_ready_locked(terminal, wanted);
}

/// Sleeps until the rule lets the read go on. False: there will be nothing (a timeout).
lib::result<bool> wait_for_input(tty& terminal, const read_rule& rule) {
    const auto any = [&] { return input_ready(terminal, 1); };
    const auto enough = [&] { return input_ready(terminal, rule.minimum); };
    if (rule.starts_with_first_byte || rule.timeout_ns == 0) {
        if (rule.minimum == 0) {
            return any();
        }
        if (rule.timeout_ns == 0) {
            TRY(terminal.readable.wait(enough));
            return true;
        }
        TRY(terminal.readable.wait(any));
    }
    const uint64_t deadline_ns = arch::clock_now_ns() + rule.timeout_ns;
    const auto waited = terminal.readable.wait(enough, deadline_ns);
    if (!waited.ok() && waited.error().number != ETIMEDOUT) {
        return waited.error();
    }
    return any();
}

/// Takes what is there. True: the read is over, be it with nothing.
lib::result<bool> take_input(tty& terminal, io_buffer& buffer) {
    char piece[piece_bytes];
    for (;;) {
        tty_taken taken;
        {
            arch::spin_guard guard(terminal.lock);
            const size_t limit = buffer.remaining() < piece_bytes ? buffer.remaining() : piece_bytes;
            taken = take_input_locked(terminal, piece, limit);
            taken.ends_read = taken.ends_read || terminal.hung_up;
        }
        TRY(buffer.copy_out(piece, taken.length));
        if (taken.ends_read || taken.length == 0 || buffer.remaining() == 0) {
            return taken.ends_read || buffer.done() > 0;
        }
    }
}

lib::result<size_t> read_tty(file& f, io_buffer& buffer, uint64_t&) {
    tty& terminal = tty_of(f);
    if (buffer.remaining() == 0) {
        return size_t{0};
    }
    for (;;) {
        TRY(check_foreground(terminal, SIGTTIN));
        const read_rule rule = rule_of(terminal, buffer.remaining());
        if (f.nonblocking()) {
            if (!input_ready(terminal, 1)) {
                return lib::error{EAGAIN};
            }
        } else if (!TRY(wait_for_input(terminal, rule))) {
            return size_t{0};
        }
        const bool over = TRY(take_input(terminal, buffer));
        terminal.writable.wake_all(); // Who types through a pseudo-terminal may wait for room.
        if (over) {
            return buffer.done();
        } // Else another reader was faster.
    }
}

// ---- writing ---------------------------------------------------------------------------------------------

/// Bytes of a program that the device takes now: each may become two (NL -> CR NL). Lock held.
size_t output_room_locked(tty& terminal) {
    if (terminal.output_stopped) {
        return 0;
    }
    return terminal.driver->room == nullptr ? piece_bytes : terminal.driver->room(terminal) / 2;
}

bool output_goes(tty& terminal) {
    arch::spin_guard guard(terminal.lock);
    return terminal.hung_up || output_room_locked(terminal) > 0;
}

/// Writes as much as goes now and returns how much that is. EIO after a hang-up.
lib::result<size_t> write_some(tty& terminal, const char* piece, size_t length) {
    arch::spin_guard guard(terminal.lock);
    if (terminal.hung_up) {
        return lib::error{EIO};
    }
    const size_t room = output_room_locked(terminal);
    const size_t now = length < room ? length : room;
    write_processed_locked(terminal, piece, now);
    return now;
}

/// Writes the piece, sleeping while the output is stopped. done tells how much went.
lib::result<void> write_all(tty& terminal, const char* piece, size_t length, bool nonblocking, size_t& done) {
    done = 0;
    for (;;) {
        done += TRY(write_some(terminal, piece + done, length - done));
        if (done == length) {
            return {};
        }
        if (nonblocking) {
            return lib::error{EAGAIN};
        }
        TRY(terminal.writable.wait([&] { return output_goes(terminal); }));
    }
}

lib::result<size_t> write_tty(file& f, io_buffer& buffer, uint64_t&) {
    tty& terminal = tty_of(f);
    if (terminal.has(&tty_modes::local, TOSTOP)) {
        TRY(check_foreground(terminal, SIGTTOU));
    }
    char piece[piece_bytes];
    while (buffer.remaining() > 0) {
        const size_t length = buffer.remaining() < piece_bytes ? buffer.remaining() : piece_bytes;
        size_t done = 0;
        auto moved = buffer.copy_in(piece, length);
        if (moved.ok()) {
            moved = write_all(terminal, piece, length, f.nonblocking(), done);
            buffer.rewind(length - done);
        }
        if (!moved.ok()) {
            return buffer.done() > 0 ? lib::result<size_t>(buffer.done()) : moved.error();
        }
    }
    return buffer.done();
}

short poll_tty(file& f, poll_table* table) {
    tty& terminal = tty_of(f);
    if (table != nullptr) {
        table->add(terminal.readable);
        table->add(terminal.writable);
    }
    arch::spin_guard guard(terminal.lock);
    int ready = input_ready_locked(terminal, 1) ? POLLIN | POLLRDNORM : 0;
    ready |= output_room_locked(terminal) > 0 ? POLLOUT | POLLWRNORM : 0;
    ready |= terminal.hung_up ? POLLHUP | POLLIN : 0;
    return static_cast<short>(ready);
}

// ---- ioctl -----------------------------------------------------------------------------------------------

lib::result<long> get_modes(tty& terminal, uint64_t argument) {
    tty_modes modes;
    {
        arch::spin_guard guard(terminal.lock);
        modes = terminal.modes;
    }
    TRY(mm::store(mm::user_ptr<tty_modes>(argument), modes));
    return 0L;
}

lib::result<long> set_modes(tty& terminal, uint32_t request, uint64_t argument) {
    const tty_modes modes = TRY(mm::fetch(mm::user_ptr<const tty_modes>(argument)));
    TRY(check_foreground(terminal, SIGTTOU));
    {
        arch::spin_guard guard(terminal.lock);
        if (request == TCSETSF) {
            flush_input_locked(terminal);
        }
        change_modes_locked(terminal, modes);
    }
    terminal.readable.wake_all();
    terminal.writable.wake_all();
    return 0L;
}

lib::result<long> get_window(tty& terminal, uint64_t argument) {
    tty_window window;
    {
        arch::spin_guard guard(terminal.lock);
        window = terminal.window;
    }
    TRY(mm::store(mm::user_ptr<tty_window>(argument), window));
    return 0L;
}

lib::result<long> flush(tty& terminal, uint64_t queue) {
    if (queue > TCIOFLUSH) {
        return lib::error{EINVAL};
    }
    TRY(check_foreground(terminal, SIGTTOU));
    if (queue != TCOFLUSH) { // Output is never queued.
        arch::spin_guard guard(terminal.lock);
        flush_input_locked(terminal);
    }
    return 0L;
}

lib::result<long> set_flow(tty& terminal, uint64_t action) {
    if (action > TCION) {
        return lib::error{EINVAL};
    }
    {
        arch::spin_guard guard(terminal.lock);
        if (action == TCOOFF || action == TCOON) {
            terminal.output_stopped = action == TCOOFF;
        } else {
            const char byte = static_cast<char>(terminal.modes.characters[action == TCIOFF ? VSTOP : VSTART]);
            terminal.driver->write(terminal, &byte, 1);
        }
    }
    terminal.writable.wake_all();
    return 0L;
}

lib::result<long> tell_waiting(tty& terminal, uint64_t argument) {
    int waiting = 0;
    {
        arch::spin_guard guard(terminal.lock);
        const bool canonical = terminal.has(&tty_modes::local, ICANON);
        waiting = static_cast<int>((canonical ? terminal.canonical : terminal.head) - terminal.tail);
    }
    TRY(mm::store(mm::user_ptr<int>(argument), waiting));
    return 0L;
}

/// TIOCSTI: as if typed. A way to run commands as somebody else, so for root only.
lib::result<long> simulate_typing(tty& terminal, uint64_t argument) {
    if (!task::current_credentials().is_root()) {
        return lib::error{EPERM};
    }
    const char byte = TRY(mm::fetch(mm::user_ptr<const char>(argument)));
    tty_receive(terminal, &byte, 1);
    return 0L;
}

lib::result<long> control_tty(file& f, uint32_t request, uint64_t argument) {
    return control_terminal(tty_of(f), request, argument);
}

void release_tty(file& f) {
    tty& terminal = tty_of(f);
    if (terminal.driver->closed != nullptr) {
        terminal.driver->closed(terminal);
    }
}

const file_ops tty_ops = {
    .name = "tty",
    .read = read_tty,
    .write = write_tty,
    .poll = poll_tty,
    .ioctl = control_tty,
    .release = release_tty,
};

lib::result<void> note_open(tty& terminal) {
    return terminal.driver->opened != nullptr ? terminal.driver->opened(terminal) : lib::result<void>{};
}

lib::result<void> open_tty(file& f, void* context) {
    tty& terminal = *static_cast<tty*>(context);
    TRY(note_open(terminal));
    acquire_by_open(terminal, f.status_flags());
    return {};
}

/// /dev/console is where messages go; opening it makes nobody its owner (as in Linux).
lib::result<void> open_console(file&, void*) {
    return {};
}

lib::result<void> open_controlling_tty(file& f, void*) {
    tty* terminal = TRY(terminal_of_caller());
    TRY(note_open(*terminal));
    f.private_data = terminal;
    return {};
}

} // namespace

lib::result<tty*> make_tty(const tty_driver& driver, void* port, tty_preset preset) {
    auto* terminal = new (mm::mem_tag::tty) tty(driver, port);
    if (terminal == nullptr) {
        return lib::error{ENOMEM};
    }
    set_preset_locked(*terminal, preset);
    return terminal;
}

lib::result<long> control_terminal(tty& terminal, uint32_t request, uint64_t argument) {
    switch (request) {
    case TCGETS:
        return get_modes(terminal, argument);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_modes(terminal, request, argument);
    case TIOCGWINSZ:
        return get_window(terminal, argument);
    case TIOCSWINSZ:
        tty_set_window(terminal, TRY(mm::fetch(mm::user_ptr<const tty_window>(argument))));
        return 0L;
    case TCFLSH:
        return flush(terminal, argument);
    case TCXONC:
        return set_flow(terminal, argument);
    case FIONREAD:
        return tell_waiting(terminal, argument);
    case TIOCOUTQ:
        TRY(mm::store(mm::user_ptr<int>(argument), 0));
        return 0L;
    case TIOCSTI:
        return simulate_typing(terminal, argument);
    case TCSBRK: // Output is sent when write() returns, and a break has no line to go to.
    case TCSBRKP:
    case TIOCEXCL:
    case TIOCNXCL:
        return 0L;
    default:
        return control_job(terminal, request, argument);
    }
}

size_t tty_input_room(tty& terminal) {
    arch::spin_guard guard(terminal.lock);
    if (terminal.has(&tty_modes::local, ICANON) && terminal.canonical == terminal.tail) {
        return tty_input_bytes; // No line to be read: what is too much for one is dropped.
    }
    return tty_input_bytes - 1 - terminal.waiting();
}

task::wait_queue& tty_changes(tty& terminal) {
    return terminal.writable;
}

void tty_wake_writers(tty& terminal) {
    terminal.writable.wake_all();
}

void tty_reset(tty& terminal, tty_preset preset) {
    arch::spin_guard guard(terminal.lock);
    terminal.modes = {};
    set_preset_locked(terminal, preset);
    flush_input_locked(terminal);
    terminal.column = terminal.line_column = 0;
    terminal.output_stopped = terminal.hung_up = false;
    terminal.window = {24, 80, 0, 0};
}

void* tty_port(tty& terminal) {
    return terminal.port;
}

void tty_receive(tty& terminal, const char* bytes, size_t length) {
    tty_signals signals;
    {
        arch::spin_guard guard(terminal.lock);
        for (size_t i = 0; i < length; i++) {
            receive_byte_locked(terminal, static_cast<uint8_t>(bytes[i]), signals);
        }
    }
    if (signals.interrupt) {
        signal_foreground(terminal, SIGINT);
    }
    if (signals.quit) {
        signal_foreground(terminal, SIGQUIT);
    }
    if (signals.suspend) {
        signal_foreground(terminal, SIGTSTP);
    }
    terminal.readable.wake_all();
    terminal.writable.wake_all();
}

lib::result<void> register_tty(const char* name, tty& terminal, uint64_t rdev) {
    const bool is_console = rdev == make_rdev(5, 1);
    if (!is_console) {
        terminal.rdev = rdev;
    }
    return register_device(name, S_IFCHR | (is_console ? 0600 : 0620), rdev, tty_ops, &terminal,
                           is_console ? open_console : open_tty);
}

lib::result<void> register_controlling_tty() {
    return register_device("tty", S_IFCHR | 0666, make_rdev(5, 0), tty_ops, nullptr, open_controlling_tty);
}

void tty_set_window(tty& terminal, const tty_window& window) {
    bool changed = false;
    {
        arch::spin_guard guard(terminal.lock);
        changed = memcmp(&terminal.window, &window, sizeof window) != 0;
        terminal.window = window;
    }
    if (changed) {
        signal_foreground(terminal, SIGWINCH);
    }
}

} // namespace fs
