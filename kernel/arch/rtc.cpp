// MC146818 real-time clock behind ports 0x70 and 0x71. Its registers change once a second; a reading is
// right when two in a row agree and no update was in progress.

#include "kernel/arch/rtc.hpp"

#include "kernel/arch/io.hpp"

namespace arch {
namespace {

constexpr uint16_t index_port = 0x70, data_port = 0x71;
constexpr uint8_t status_a = 0x0a, update_in_progress = 0x80;
constexpr uint8_t status_b = 0x0b, mode_24_hours = 0x02, mode_binary = 0x04;
constexpr unsigned attempts = 1000; ///< A broken clock must not stop the boot.

struct reading {
    uint8_t second, minute, hour, day, month, year;
    bool operator==(const reading&) const = default;
};

uint8_t read_register(uint8_t index) {
    outb(index_port, index);
    return inb(data_port);
}

reading read_registers() {
    return {.second = read_register(0),
            .minute = read_register(2),
            .hour = read_register(4),
            .day = read_register(7),
            .month = read_register(8),
            .year = read_register(9)};
}

reading read_stable() {
    reading now = read_registers();
    for (unsigned attempt = 0; attempt < attempts; ++attempt) {
        const reading again = read_registers();
        if (again == now && (read_register(status_a) & update_in_progress) == 0) {
            break;
        }
        now = again;
    }
    return now;
}

uint8_t from_bcd(uint8_t value) {
    return static_cast<uint8_t>((value >> 4) * 10 + (value & 15));
}

/// Days from 1970-01-01 to a date, counting years from March so that the leap day comes last.
uint64_t days_since_1970(unsigned year, unsigned month, unsigned day) {
    const unsigned march_year = month > 2 ? year : year - 1;
    const unsigned march_month = (month + 9) % 12;
    const unsigned leap_days = march_year / 4 - march_year / 100 + march_year / 400;
    const unsigned days = march_year * 365 + leap_days + (march_month * 306 + 5) / 10 + day - 1;
    return days - 719468; // the same count for 1970-01-01
}

} // namespace

uint64_t read_rtc_seconds() {
    reading now = read_stable();
    const uint8_t mode = read_register(status_b);
    const bool afternoon = (mode & mode_24_hours) == 0 && (now.hour & 0x80) != 0;
    now.hour &= 0x7f;
    if ((mode & mode_binary) == 0) {
        now = {.second = from_bcd(now.second),
               .minute = from_bcd(now.minute),
               .hour = from_bcd(now.hour),
               .day = from_bcd(now.day),
               .month = from_bcd(now.month),
               .year = from_bcd(now.year)};
    }
    unsigned hour = now.hour;
    if ((mode & mode_24_hours) == 0) {
        hour = hour % 12 + (afternoon ? 12 : 0);
    }
    const uint64_t days = days_since_1970(2000u + now.year, now.month, now.day);
    return ((days * 24 + hour) * 60 + now.minute) * 60 + now.second;
}

} // namespace arch
