#pragma once
// Terminals: the line discipline between a device (console, serial port) and the files of programs, and
// job control.
//
//   device irq --receive()--> input ring --discipline--> line buffer --read()--> program
//        ^----------------------- echo ------'
//   program --write()--> output processing (NL -> CR NL) --driver.write--> device
//
// POSIX.1-2017 chapter 11. A tty is never destroyed.

#include "kernel/arch/spinlock.hpp"
#include "kernel/fs/file.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/task/mutex.hpp"
#include "kernel/task/wait_queue.hpp"

#include <cstddef>
#include <cstdint>

namespace task {
struct session;
class wait_queue;
} // namespace task

namespace fs {

struct tty;

/// The device below a tty.
struct tty_driver {
    const char* name;
    /// Puts bytes on the device, all of them. Process or irq context (echo), must not sleep.
    void (*write)(tty& terminal, const char* bytes, size_t length);
    /// Bytes that write() would take now; programs sleep while it is too little, and tty_wake_writers() wakes
    /// them. Called as write(). Empty: any number.
    size_t (*room)(tty& terminal) = nullptr;
    /// A program opened or closed the terminal. EIO if it cannot be opened. Process context. May be empty.
    lib::result<void> (*opened)(tty& terminal) = nullptr;
    void (*closed)(tty& terminal) = nullptr;
};

/// The terminal's modes in the kernel's layout, which is that of Linux's TCGETS.
struct tty_modes {
    uint32_t input;   ///< c_iflag
    uint32_t output;  ///< c_oflag
    uint32_t control; ///< c_cflag
    uint32_t local;   ///< c_lflag
    uint8_t line;
    uint8_t characters[19]; ///< c_cc
};

struct tty_window {
    uint16_t rows, columns, pixels_x, pixels_y;
};

enum class tty_preset : unsigned char { cooked, raw };

/// A new terminal on a device. port is the driver's own. Process context, at boot. ENOMEM.
lib::result<tty*> make_tty(const tty_driver& driver, void* port, tty_preset preset);

/// The driver's port, as given to make_tty.
void* tty_port(tty& terminal);

/// Bytes from the device. irq or process context; bytes that do not fit are dropped (a bell is echoed).
void tty_receive(tty& terminal, const char* bytes, size_t length);

/// The device has room again. Any context.
void tty_wake_writers(tty& terminal);

/// How many bytes of input would be stored now rather than dropped.
size_t tty_input_room(tty& terminal);
/// The queue that is woken when a program has read or the modes have changed.
task::wait_queue& tty_changes(tty& terminal);

/// ioctl(2) on the terminal, for the other side of a pseudo-terminal. Process context.
lib::result<long> control_terminal(tty& terminal, uint32_t request, uint64_t argument);

/// Makes a terminal that was hung up like new, for the next to open it. Nobody may have it open.
void tty_reset(tty& terminal, tty_preset preset);

/// The device was unplugged or the line went down: SIGHUP to the session, reads give 0 from now on.
void tty_hang_up(tty& terminal);

/// Adds /dev/name for the terminal. EEXIST, ENOMEM.
lib::result<void> register_tty(const char* name, tty& terminal, uint64_t rdev);

/// Adds /dev/tty, the controlling terminal of whoever opens it.
lib::result<void> register_controlling_tty();

/// The size of the terminal, as the driver knows it; SIGWINCH to the foreground group if it changed.
void tty_set_window(tty& terminal, const tty_window& window);

/// The terminal of a session, for /proc/N/stat: no terminal is {0, -1}.
struct tty_identity {
    uint64_t rdev;
    int foreground_group;
};
tty_identity controlling_terminal(const task::session& of);

} // namespace fs
