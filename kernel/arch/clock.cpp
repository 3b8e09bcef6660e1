// The clock: time-stamp counter times a factor. The factor is measured once against the PIT over a few
// milliseconds. A reading of the PIT takes three port accesses and may be delayed by the host, so each end
// of the interval is the quickest of several readings, framed by two reads of the counter; then 4 ms are
// enough for about one part in ten thousand. A host that stops us for longer than the PIT's 16 bits last
// would make the interval look short, so it is measured until two results agree.
//
// The timer: the local APIC's counter, measured in the same interval, or channel 0 of the PIT.

#include "kernel/arch/clock.hpp"

#include "kernel/arch/cpu.hpp"
#include "kernel/arch/irq.hpp"
#include "kernel/arch/irq_vectors.hpp"
#include "kernel/arch/panic.hpp"
#include "kernel/arch/pit.hpp"
#include "kernel/arch/rtc.hpp"
#include "kernel/arch/trap.hpp"
#include "kernel/lib/log.hpp"

namespace arch {
namespace {

constexpr uint64_t second_ns = 1'000'000'000;
constexpr uint16_t calibration_pit_ticks = 4773; ///< 4 ms
constexpr unsigned readings_per_end = 5;
constexpr unsigned most_calibrations = 16;
constexpr uint64_t pit_longest_ns = 50'000'000; ///< Its 16 bits last 54.9 ms.

uint64_t tsc_at_boot = 0;
uint64_t ns_per_tick_32 = 0;        ///< 32.32 fixed point.
uint64_t timer_ticks_per_ns_32 = 0; ///< Of the APIC timer, 32.32 fixed point.
uint64_t tsc_hz = 0;
int64_t realtime_offset_ns = 0; ///< Atomic.

uint64_t multiply_shift_32(uint64_t value, uint64_t factor) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(value) * factor >> 32);
}

/// All counters at one moment.
struct sample {
    uint64_t tsc;
    uint16_t pit;
    uint32_t apic;
};

sample take_sample() {
    sample best{};
    uint64_t best_width = ~0ull;
    for (unsigned reading = 0; reading < readings_per_end; ++reading) {
        const uint64_t before = read_tsc();
        const uint16_t pit = read_pit_reference();
        const uint32_t apic = apic_in_use() ? read_apic_timer() : 0;
        const uint64_t width = read_tsc() - before;
        if (width < best_width) {
            best_width = width;
            best = {.tsc = before + width / 2, .pit = pit, .apic = apic};
        }
    }
    return best;
}

/// The factors that one interval gives.
struct calibration {
    uint64_t ns_per_tick_32;
    uint64_t timer_ticks_per_ns_32;
    uint64_t tsc_hz;
};

calibration measure() {
    start_pit_reference();
    if (apic_in_use()) {
        setup_apic_timer();
        start_apic_timer(~0u);
    }
    const sample first = take_sample();
    while (first.pit - read_pit_reference() < calibration_pit_ticks) {
        cpu_relax();
    }
    const sample last = take_sample();
    if (apic_in_use()) {
        start_apic_timer(0);
    }
    const uint64_t elapsed_ns =
        uint64_t{static_cast<uint16_t>(first.pit - last.pit)} * second_ns / pit_frequency_hz;
    const uint64_t tsc_ticks = last.tsc - first.tsc;
    return {.ns_per_tick_32 = (elapsed_ns << 32) / tsc_ticks,
            .timer_ticks_per_ns_32 = (uint64_t{first.apic - last.apic} << 32) / elapsed_ns,
            .tsc_hz = tsc_ticks * second_ns / elapsed_ns};
}

bool agree(const calibration& one, const calibration& other) {
    const uint64_t difference =
        one.tsc_hz > other.tsc_hz ? one.tsc_hz - other.tsc_hz : other.tsc_hz - one.tsc_hz;
    return difference < one.tsc_hz / 64;
}

void calibrate() {
    calibration result = measure();
    for (unsigned attempt = 1; attempt < most_calibrations; ++attempt) {
        const calibration before = result;
        result = measure();
        if (agree(before, result)) {
            break;
        }
    }
    ns_per_tick_32 = result.ns_per_tick_32;
    timer_ticks_per_ns_32 = result.timer_ticks_per_ns_32;
    tsc_hz = result.tsc_hz;
}

void pit_interrupt(void*) {
    task::timer_interrupt();
}

/// Nanoseconds of a timer run, as many as the timer can count and at least one tick.
void start_timer_in(uint64_t delay_ns) {
    if (apic_in_use()) {
        constexpr uint64_t longest_ns = 4 * second_ns;
        const uint64_t ticks =
            multiply_shift_32(delay_ns < longest_ns ? delay_ns : longest_ns, timer_ticks_per_ns_32);
        start_apic_timer(ticks == 0 ? 1 : ticks > ~0u ? ~0u : static_cast<uint32_t>(ticks));
        return;
    }
    const uint64_t bounded_ns = delay_ns < pit_longest_ns ? delay_ns : pit_longest_ns;
    start_pit_timer(static_cast<uint16_t>(bounded_ns * pit_frequency_hz / second_ns + 1));
}

} // namespace

void setup_clock() {
    calibrate();
    tsc_at_boot = read_tsc();
    realtime_offset_ns = static_cast<int64_t>(read_rtc_seconds() * second_ns - clock_now_ns());
    if (!apic_in_use() && !request_irq(0, irq_trigger::edge, pit_interrupt, nullptr).ok()) {
        panic("the timer's interrupt line is taken");
    }
    LOG_INFO("clock: time-stamp counter at %lu kHz", tsc_hz / 1000);
}

uint64_t clock_now_ns() {
    return multiply_shift_32(read_tsc() - tsc_at_boot, ns_per_tick_32);
}

int64_t clock_realtime_offset_ns() {
    return __atomic_load_n(&realtime_offset_ns, __ATOMIC_RELAXED);
}

void set_clock_realtime_offset_ns(int64_t offset_ns) {
    __atomic_store_n(&realtime_offset_ns, offset_ns, __ATOMIC_RELAXED);
}

void arm_timer(uint64_t deadline_ns) {
    if (deadline_ns == timer_never) {
        if (apic_in_use()) {
            start_apic_timer(0);
        }
        return; // the PIT cannot be stopped; its interrupt finds nothing to do
    }
    const uint64_t now = clock_now_ns();
    start_timer_in(deadline_ns > now ? deadline_ns - now : 0);
}

void idle_wait() {
    // STI takes effect after the next instruction, so no interrupt slips in before HLT.
    asm volatile("sti\n\thlt" : : : "memory");
}

void delay_us(uint32_t microseconds) {
    const uint64_t end = clock_now_ns() + uint64_t{microseconds} * 1000;
    while (clock_now_ns() < end) {
        cpu_relax();
    }
}

uint64_t tsc_frequency_hz() {
    return tsc_hz;
}

} // namespace arch
