#pragma once
// The parts of a request, as text: what httpd needs to know of RFC 9110 and RFC 9112. No state, no sockets.

#include <stddef.h>
#include <sys/types.h>

/// True when `request` holds a whole header; `length` is then its size, the empty line included.
bool has_whole_request(const char* request, size_t& length);

/// Decodes %XX in place; false for a bad code or a zero byte.
bool decode(char* text);

/// True when no part of the path is "..": then it cannot leave the root folder.
bool is_safe(const char* path);

/// The value of a field in a header (lines that end in CR LF or LF), copied; false when it is not there.
bool field(const char* header, const char* name, char* value, size_t size);

/// Reads "bytes=FIRST-LAST", "bytes=FIRST-" or "bytes=-COUNT" (RFC 9110 14.1.2); false for other ranges.
bool parse_range(const char* text, off_t size, off_t& first, off_t& last);
