// Where characters come together. One spinlock keeps the kernel's log and the programs' output apart, so
// that lines do not mix within a write; a panic does without it, for it may have interrupted its holder.

#include "kernel/console.hpp"

#include "drivers/keyboard.hpp"
#include "drivers/screen.hpp"
#include "drivers/serial.hpp"
#include "kernel/abi/errno.h"
#include "kernel/arch/panic_state.hpp"
#include "kernel/arch/spinlock.hpp"
#include "kernel/fs/devfs.hpp"
#include "kernel/fs/tty.hpp"
#include "kernel/lib/log.hpp"

namespace console {
namespace {

constinit arch::spinlock console_lock{lib::lock_rank::console};

constexpr unsigned console_port = 0;
constexpr unsigned second_port = 1;

void write_everywhere(const char* bytes, size_t length) {
    drv::serial_port_number(console_port).write(bytes, length);
    drv::write_screen(bytes, length);
}

/// Lines with their carriage returns.
void write_lines(const char* text, size_t length) {
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            write_everywhere(text + start, i - start);
            write_everywhere("\r\n", 2);
            start = i + 1;
        }
    }
    write_everywhere(text + start, length - start);
}

void write_console(fs::tty&, const char* bytes, size_t length) {
    arch::spin_guard guard(console_lock);
    write_everywhere(bytes, length);
}

void write_port(fs::tty& terminal, const char* bytes, size_t length) {
    arch::spin_guard guard(console_lock);
    static_cast<drv::serial_port*>(fs::tty_port(terminal))->write(bytes, length);
}

size_t room_of_port(fs::tty& terminal) {
    arch::spin_guard guard(console_lock);
    return static_cast<drv::serial_port*>(fs::tty_port(terminal))->room();
}

void sent(void* context) {
    fs::tty_wake_writers(*static_cast<fs::tty*>(context));
}

void receive(const char* bytes, size_t length, void* context) {
    fs::tty_receive(*static_cast<fs::tty*>(context), bytes, length);
}

// The console has room for everything: what the kernel says in between must not tear a program's line, and a
// screen needs no waiting. The second port carries data, of which nothing may be lost.
constexpr fs::tty_driver console_driver = {.name = "console", .write = write_console};
constexpr fs::tty_driver port_driver = {.name = "serial", .write = write_port, .room = room_of_port};

/// A source of input that is not there is no reason to have no console.
void report_absent(const char* what, const lib::result<void>& started) {
    if (!started.ok()) {
        LOG_INFO("console: no %s (error %d)", what, started.error().number);
    }
}

lib::result<void> start_second_port() {
    drv::serial_port& port = drv::serial_port_number(second_port);
    port.setup();
    if (!port.present()) {
        return {};
    }
    fs::tty* terminal = TRY(fs::make_tty(port_driver, &port, fs::tty_preset::raw));
    TRY(fs::register_tty("ttyS1", *terminal, fs::make_rdev(4, 65)));
    report_absent("second serial port", port.start({receive, sent, terminal}));
    return {};
}

} // namespace

void write_log(const char* text, size_t length) {
    if (arch::panicking()) {
        write_lines(text, length);
        return;
    }
    arch::spin_guard guard(console_lock);
    write_lines(text, length);
}

lib::result<void> start() {
    drv::serial_port& port = drv::serial_port_number(console_port);
    fs::tty* terminal = TRY(fs::make_tty(console_driver, &port, fs::tty_preset::cooked));
    if (const drv::screen_size size = drv::size_of_screen(); size.rows > 0) {
        fs::tty_set_window(*terminal, {size.rows, size.columns, 0, 0});
    }
    // Linux's numbers: majors 4 and 5.
    TRY(fs::register_tty("console", *terminal, fs::make_rdev(5, 1)));
    TRY(fs::register_tty("tty0", *terminal, fs::make_rdev(4, 0)));
    TRY(fs::register_tty("ttyS0", *terminal, fs::make_rdev(4, 64)));
    TRY(fs::register_controlling_tty());
    report_absent("serial port", port.start({receive, nullptr, terminal}));
    report_absent("keyboard", drv::start_keyboard(receive, terminal));
    return start_second_port();
}

} // namespace console
