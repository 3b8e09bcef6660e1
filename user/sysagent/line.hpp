#pragma once
// The serial line: frames delimited as in SLIP (RFC 1055).

#include "user/sysagent/request.hpp"

/// Opens the line raw, on a descriptor out of the tester's way. Ends the program when that fails.
void open_line(const char* path);
/// The line's descriptor, which a reset must leave alone.
int line_fd();
/// Waits for the next well-formed request; all others are dropped silently.
void read_request(request& r);
/// Sends a reply; either thread. "out" goes along unless the result is negative.
void send_frame(char type, uint16_t id, long result, const output& out);
