#pragma once
// DNS messages (RFC 1035 4): building a question, and reading an answer without trusting it.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

constexpr size_t header_bytes = 12;
constexpr size_t query_limit = 512;

struct record_type {
    uint16_t number;
    const char* name;
};

constexpr record_type types[] = {{1, "A"},    {2, "NS"},  {5, "CNAME"}, {6, "SOA"},
                                 {12, "PTR"}, {15, "MX"}, {16, "TXT"},  {28, "AAAA"}};

/// The name of a record type, "?" for one that is not in the table.
const char* type_name(uint16_t number);

/// Header with "recursion desired" and one question; the size, or 0 for a name that is none.
size_t build_query(uint8_t (&query)[query_limit], const char* name, uint16_t type, uint16_t identifier);

/// A message with a position that never leaves it: after a read beyond the end, `good` is false and all reads
/// give 0.
class message_reader {
public:
    message_reader(const uint8_t* data, size_t size, size_t start) : data_(data), size_(size), next_(start) {}

    uint8_t byte() {
        good_ = good_ && next_ < size_;
        return good_ ? data_[next_++] : 0;
    }
    uint16_t word() {
        uint16_t high = byte();
        return static_cast<uint16_t>(high << 8 | byte());
    }
    uint32_t number() {
        uint32_t high = word();
        return high << 16 | word();
    }
    /// A name, its compression followed (RFC 1035 4.1.4). Every jump must go backwards, so jumps end.
    void name(char* to, size_t size) {
        size_t used = 0;
        size_t at = next_;
        size_t lowest = next_;
        bool jumped = false;
        while (good_) {
            if (at >= size_) {
                good_ = false;
                break;
            }
            uint8_t length = data_[at++];
            if ((length & 0xc0) == 0xc0) {
                size_t target = at < size_ ? static_cast<size_t>(length & 0x3f) << 8 | data_[at] : size_;
                if (!jumped) {
                    next_ = at + 1;
                }
                jumped = true;
                good_ = target < lowest;
                at = lowest = target;
                continue;
            }
            good_ = (length & 0xc0) == 0 && length <= size_ - at && used + length + 2 < size;
            if (length == 0 || !good_) {
                break;
            }
            memcpy(to + used, data_ + at, length);
            used += length;
            to[used++] = '.';
            at += length;
        }
        to[used > 1 ? used - 1 : used] = '\0';
        if (!jumped) {
            next_ = at;
        }
    }
    void skip_to(size_t position) {
        good_ = good_ && position <= size_;
        next_ = position;
    }
    size_t position() const { return next_; }
    bool good() const { return good_; }

private:
    const uint8_t* data_;
    size_t size_;
    size_t next_;
    bool good_ = true;
};
