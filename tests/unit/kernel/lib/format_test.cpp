// lib::format against the C library's snprintf, which prints what ours is to print.

#include "kernel/lib/format.hpp"

#include <climits>
#include <cstdio>
#include <cstring>
#include <gtest/gtest.h>
#include <string>

namespace {

template <class... Arguments>
void expect_same(const char* text, Arguments... arguments) {
    char ours[128];
    char theirs[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    const size_t our_length = lib::format(ours, sizeof ours, text, arguments...);
    const int their_length = snprintf(theirs, sizeof theirs, text, arguments...);
#pragma GCC diagnostic pop
    EXPECT_STREQ(ours, theirs) << text;
    EXPECT_EQ(our_length, static_cast<size_t>(their_length)) << text;
}

TEST(format, numbers_in_every_shape) {
    for (const char* text : {"%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%.3d", "%8.3d", "%-8.3d|", "%08.3d",
                             "%+05d", "%.0d", "%i"}) {
        for (int value : {0, 1, -1, 42, -42, INT_MAX, INT_MIN}) {
            expect_same(text, value);
        }
    }
    for (const char* text :
         {"%u", "%x", "%X", "%o", "%#x", "%#X", "%#o", "%08x", "%#010x", "%-10x|", "%.5x"}) {
        for (unsigned value : {0u, 1u, 8u, 255u, 0xdeadbeefu, UINT_MAX}) {
            expect_same(text, value);
        }
    }
}

TEST(format, sizes) {
    expect_same("%ld %lu %lx", LONG_MIN, ULONG_MAX, 0x123456789abcdefl);
    expect_same("%lld %llu", LLONG_MIN, ULLONG_MAX);
    expect_same("%zu", SIZE_MAX);
    expect_same("%hd %hu", 70000, 70000);
    expect_same("%hhd %hhu", 300, 300);
}

TEST(format, strings_and_characters) {
    for (const char* text : {"%s", "%10s|", "%-10s|", "%.2s", "%10.2s|", "%-10.2s|", "%.0s"}) {
        expect_same(text, "hello");
        expect_same(text, "");
    }
    expect_same("%c%c", 'a', 'b');
    expect_same("%3c|%-3c|", 'a', 'b');
    expect_same("100 %%");
}

TEST(format, precision_bounds_a_string_without_end) {
    const char letters[3] = {'a', 'b', 'c'};
    char text[16];
    EXPECT_EQ(lib::format(text, sizeof text, "%.3s", letters), 3u);
    EXPECT_STREQ(text, "abc");
}

TEST(format, width_and_precision_as_arguments) {
    expect_same("%*d|", 6, 42);
    expect_same("%*d|", -6, 42);
    expect_same("%.*s|", 2, "hello");
    expect_same("%*.*d|", 8, 4, 42);
}

TEST(format, pointers) {
    char text[32];
    lib::format(text, sizeof text, "%p", reinterpret_cast<void*>(0xffff888000001000));
    EXPECT_STREQ(text, "0xffff888000001000");
}

TEST(format, a_null_string_is_shown_as_such) {
    char text[16];
    const char* const volatile nothing = nullptr;
    lib::format(text, sizeof text, "%s", nothing);
    EXPECT_STREQ(text, "(null)");
}

TEST(format, never_writes_past_the_buffer) {
    for (size_t size = 0; size <= 12; ++size) {
        char text[16];
        memset(text, '#', sizeof text);
        EXPECT_EQ(lib::format(text, size, "%s-%d", "abcde", 12345), 11u);
        const std::string whole = "abcde-12345";
        if (size != 0) {
            EXPECT_EQ(std::string(text), whole.substr(0, size - 1));
        }
        for (size_t index = size; index < sizeof text; ++index) {
            EXPECT_EQ(text[index], '#') << "size " << size;
        }
    }
}

TEST(format, an_unfinished_conversion_ends_the_text) {
    char text[16];
    const char* const volatile unfinished = "ab%";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
    EXPECT_EQ(lib::format(text, sizeof text, unfinished), 2u);
#pragma GCC diagnostic pop
    EXPECT_STREQ(text, "ab");
}

} // namespace
