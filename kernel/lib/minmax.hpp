#pragma once
// The smaller, the larger, the nearest inside: <algorithm> without its 27,000 lines.

namespace lib {

template <class T>
constexpr T min(T left, T right) {
    return right < left ? right : left;
}
template <class T>
constexpr T max(T left, T right) {
    return left < right ? right : left;
}
template <class T>
constexpr T clamp(T value, T lowest, T highest) {
    return max(lowest, min(value, highest));
}
/// The next multiple at or above, or at or below, a value.
constexpr unsigned long round_up(unsigned long value, unsigned long multiple) {
    return (value + multiple - 1) / multiple * multiple;
}
constexpr unsigned long round_down(unsigned long value, unsigned long multiple) {
    return value / multiple * multiple;
}

} // namespace lib
