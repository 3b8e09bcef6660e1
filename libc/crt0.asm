; crt0: the first instructions of every program.
;
; The kernel enters here with rsp pointing at argc, the argument and environment pointers and the auxiliary
; vector (System V ABI, AMD64 supplement 3.4.1), rsp a multiple of 16. libc_start never returns.

bits 64

section .text._start exec
global _start:function
extern libc_start

_start:
        xor     ebp, ebp                ; the end of the chain of frames, for backtraces
        mov     rdi, rsp
        and     rsp, -16
        call    libc_start
        ud2

section .note.GNU-stack noalloc noexec nowrite progbits
