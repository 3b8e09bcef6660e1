#pragma once
// A pcapng file of what a wire was given and what it gave, with a comment on each frame that met a fault.
// Format: draft-ietf-opsawg-pcapng, sections 4.1 to 4.3.

#include "tests/wire/link/frame.hpp"

#include <cstdio>
#include <string_view>

namespace wire {

class capture {
public:
    /// Throws std::system_error.
    explicit capture(const char* path);
    ~capture();
    capture(const capture&) = delete;
    capture& operator=(const capture&) = delete;

    /// Interfaces are numbered in the order in which they are added, from 0.
    void add_interface(std::string_view name);
    /// Time is in nanoseconds since 1970.
    void write(unsigned interface, uint64_t time_ns, const frame& content, std::string_view comment);
    void flush();

private:
    void write_block(uint32_t type, const frame& body);

    std::FILE* file_;
};

} // namespace wire
