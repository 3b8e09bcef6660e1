; Switching from one thread of control to another, and the first instructions of a new one.

%define GS_CANARY 40                        ; struct percpu

section .text
bits 64

; switch_context(rdi: context& from, rsi: context& to). The System V ABI lets a function spoil all but six
; registers, so those six are the state, and the stack canary, which belongs to the stack.
global switch_context
switch_context:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    push qword [gs:GS_CANARY]
    mov [rdi], rsp
    mov rsp, [rsi]
    pop qword [gs:GS_CANARY]
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret

; Where prepare_context lets the first switch return to: R12 is the function, R13 its argument.
global thread_start
thread_start:
    mov rdi, r13
    xor ebp, ebp
    call r12
    ud2                                     ; it must not return
