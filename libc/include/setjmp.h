#pragma once
/* Jumps out of functions. */

#include <sys/cdefs.h>

/* rbx rbp r12 r13 r14 r15 rsp rip, whether the mask was saved, the mask. */
typedef struct __jump_buffer {
    unsigned long registers[8];
    unsigned long has_mask;
    unsigned long mask;
} jmp_buf[1];
typedef jmp_buf sigjmp_buf;

__BEGIN_DECLS

/// Remembers this place; 0 now, longjmp()'s value when it comes back.
int setjmp(jmp_buf buffer) __attribute__((__returns_twice__));
/// The same.
int _setjmp(jmp_buf buffer) __attribute__((__returns_twice__));
/// The same with the signal mask if `save_mask`.
int sigsetjmp(sigjmp_buf buffer, int save_mask) __attribute__((__returns_twice__));
/// Back to setjmp(), which returns `value`, or 1 if that is 0.
void longjmp(jmp_buf buffer, int value) __no_return;
/// The same.
void _longjmp(jmp_buf buffer, int value) __no_return;
/// Back to sigsetjmp().
void siglongjmp(sigjmp_buf buffer, int value) __no_return;

#define setjmp(buffer) setjmp(buffer)
#define sigsetjmp(buffer, save_mask) sigsetjmp(buffer, save_mask)

__END_DECLS
