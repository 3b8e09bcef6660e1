#pragma once
// Printing what a name server answered.

#include <stddef.h>
#include <stdint.h>

/// Prints the answer to a query of `query_size` bytes about `name`; the exit status.
int print_reply(const uint8_t* reply, size_t size, size_t query_size, const char* name);
