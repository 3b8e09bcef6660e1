; What cannot be written in C++: calls that return twice, and the first instructions of new threads.

bits 64

SYS_munmap          equ 11
SYS_rt_sigreturn    equ 15
SYS_rt_sigprocmask  equ 14
SYS_clone           equ 56
SYS_vfork           equ 58
SYS_exit            equ 60
SIG_SETMASK         equ 2
max_errno           equ 4095

extern __errno_location

; ---- vfork ------------------------------------------------------------------------------------------------
; The child runs on the parent's stack and overwrites the return address, so it is kept in a register.

section .text.vfork exec
global vfork:function
vfork:
        pop     rdx
        mov     eax, SYS_vfork
        syscall
        push    rdx
        cmp     rax, -max_errno
        jae     failed
        ret

section .text.failed exec
failed:
        push    rbx
        mov     rbx, rax
        call    __errno_location
        neg     ebx
        mov     [rax], ebx
        mov     rax, -1
        pop     rbx
        ret

; ---- setjmp and longjmp -----------------------------------------------------------------------------------
; jmp_buf: rbx rbp r12 r13 r14 r15 rsp rip, has_mask, mask (see <setjmp.h>)

section .text.setjmp exec
global setjmp:function
global _setjmp:function
setjmp:
_setjmp:
        xor     esi, esi
        jmp     sigsetjmp

section .text.sigsetjmp exec
global sigsetjmp:function
sigsetjmp:
        mov     [rdi], rbx
        mov     [rdi + 8], rbp
        mov     [rdi + 16], r12
        mov     [rdi + 24], r13
        mov     [rdi + 32], r14
        mov     [rdi + 40], r15
        lea     rax, [rsp + 8]          ; rsp as it is after the return
        mov     [rdi + 48], rax
        mov     rax, [rsp]
        mov     [rdi + 56], rax
        movsxd  rsi, esi
        mov     [rdi + 64], rsi
        xor     eax, eax
        test    rsi, rsi
        jz      .done
        lea     rdx, [rdi + 72]         ; rt_sigprocmask(SIG_BLOCK, null, &mask, 8)
        xor     edi, edi
        xor     esi, esi
        mov     r10d, 8
        mov     eax, SYS_rt_sigprocmask
        syscall
        xor     eax, eax
.done:
        ret

section .text.longjmp exec
global longjmp:function
global _longjmp:function
global siglongjmp:function
longjmp:
_longjmp:
siglongjmp:
        mov     r8, rdi
        mov     r9d, esi
        cmp     qword [r8 + 64], 0
        je      .registers
        lea     rsi, [r8 + 72]
        mov     edi, SIG_SETMASK
        xor     edx, edx
        mov     r10d, 8
        mov     eax, SYS_rt_sigprocmask
        syscall
.registers:
        mov     eax, r9d
        test    eax, eax
        jnz     .value
        inc     eax
.value:
        mov     rbx, [r8]
        mov     rbp, [r8 + 8]
        mov     r12, [r8 + 16]
        mov     r13, [r8 + 24]
        mov     r14, [r8 + 32]
        mov     r15, [r8 + 40]
        mov     rsp, [r8 + 48]
        jmp     [r8 + 56]

; ---- the end of a signal handler --------------------------------------------------------------------------

section .text.libc_signal_return exec
global libc_signal_return:function
libc_signal_return:
        mov     eax, SYS_rt_sigreturn
        syscall
        ud2

; ---- clone ------------------------------------------------------------------------------------------------
; long libc_clone(flags, stack, parent_tid, child_tid, tls, entry, argument [on the stack])
; The new thread finds entry and argument on its own stack; the value entry returns ends it.

section .text.libc_clone exec
global libc_clone:function
libc_clone:
        mov     rax, [rsp + 8]
        and     rsi, -16
        sub     rsi, 16
        mov     [rsi], r9
        mov     [rsi + 8], rax
        mov     r10, rcx                ; child_tid; the kernel takes it in r10
        mov     eax, SYS_clone
        syscall
        test    rax, rax
        jnz     .parent
        xor     ebp, ebp
        pop     rax
        pop     rdi
        call    rax
        mov     edi, eax
        mov     eax, SYS_exit
        syscall
        ud2
.parent:
        ret

; void libc_exit_thread(mapping, size): unmaps the caller's own stack and ends the thread without touching it.
section .text.libc_exit_thread exec
global libc_exit_thread:function
libc_exit_thread:
        mov     eax, SYS_munmap
        syscall
        xor     edi, edi
        mov     eax, SYS_exit
        syscall
        ud2

section .note.GNU-stack noalloc noexec nowrite progbits
