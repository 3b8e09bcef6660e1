#pragma once
// The C string functions that kernel and net use. In the kernel they are in string.cpp; a host build
// takes them from its C library.

#include <cstddef>

extern "C" {
void* memcpy(void* __restrict to, const void* __restrict from, size_t length);
void* memmove(void* to, const void* from, size_t length);
void* memset(void* at, int byte, size_t length);
int memcmp(const void* left, const void* right, size_t length);
size_t strlen(const char* text);
int strcmp(const char* left, const char* right);
int strncmp(const char* left, const char* right, size_t limit);
}
