// Reading and writing of parameters as text. Which there are is in net/sysctl.cpp.

#include "net/core/sysctl.hpp"

#include "kernel/abi/errno.h"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr unsigned most_numbers = 3;

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n';
}

/// The value of a digit, or something larger than any base.
unsigned digit_value(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a' + 10) : 16;
}

/// What is left of the text that was written.
struct scanner {
    const char* at;
    const char* end;

    void skip_spaces() {
        while (at != end && is_space(*at)) {
            at++;
        }
    }

    unsigned take_base() {
        if (at == end || *at != '0') {
            return 10;
        }
        if (end - at > 2 && (at[1] | 0x20) == 'x') {
            at += 2;
            return 16;
        }
        return 8;
    }

    /// The next number within int; it ends at white space or with the text.
    lib::result<int> take_number() {
        const bool negative = at != end && *at == '-';
        at += negative ? 1 : 0;
        const unsigned base = take_base();
        const char* first = at;
        int64_t value = 0;
        while (at != end && digit_value(*at) < base && value <= INT32_MAX) {
            value = value * base + digit_value(*at++);
        }
        value = negative ? -value : value;
        if (at == first || (at != end && !is_space(*at)) || value < INT32_MIN || value > INT32_MAX) {
            return lib::error{EINVAL};
        }
        return static_cast<int>(value);
    }
};

} // namespace

void sysctl_read(stack& in, const sysctl& which, report_writer& to) {
    if (which.numbers == nullptr) {
        which.read(in, to);
        return;
    }
    const parameter* numbers = which.numbers(in.settings);
    for (unsigned i = 0; i < which.count; i++) {
        to.print("%s%d", i == 0 ? "" : "\t", static_cast<int>(numbers[i]));
    }
    to.print("\n");
}

lib::result<void> sysctl_write(stack& in, const sysctl& which, const char* text, size_t length) {
    if (which.numbers == nullptr) {
        return which.write == nullptr ? lib::result<void>(lib::error{EPERM}) : which.write(in, text, length);
    }
    parameter* numbers = which.numbers(in.settings);
    int values[most_numbers];
    for (unsigned i = 0; i < which.count; i++) {
        values[i] = numbers[i];
    }
    scanner from = {text, text + length};
    from.skip_spaces();
    for (unsigned i = 0; i < which.count && (i == 0 || from.at != from.end); i++) {
        values[i] = TRY(from.take_number());
        if (values[i] < which.lowest || values[i] > which.highest) {
            return lib::error{EINVAL};
        }
        from.skip_spaces();
    }
    if (which.agree != nullptr && !which.agree(in.settings, values)) {
        return lib::error{EINVAL};
    }
    for (unsigned i = 0; i < which.count; i++) {
        numbers[i] = values[i];
    }
    return {};
}

} // namespace net
