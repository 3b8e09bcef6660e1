; First code at the image's own address: this CPU's data through GS (the stack protector of every compiled
; function needs it), a stack of the kernel's, then C++.

%define MSR_GS_BASE 0xc0000101

extern kernel_main
%ifdef LUMOS_KASAN
extern kasan_early_setup                    ; sanitizer/kasan_shadow.cpp
%endif
extern boot_cpu                             ; arch/percpu.cpp
extern boot_thread_stack_top                ; arch/percpu.cpp

section .text
bits 64

; entry64(edi: loader's magic, esi: physical address of the loader's structure)
global entry64
entry64:
    mov rdx, boot_cpu
    mov [rdx], rdx                          ; percpu.self
    mov r8d, edi
    mov eax, edx
    shr rdx, 32
    mov ecx, MSR_GS_BASE
    wrmsr
    mov edi, r8d
    mov rsp, boot_thread_stack_top
    xor ebp, ebp                            ; end of backtraces
    push rbp
    push rbp
%ifdef LUMOS_KASAN
    push rdi
    push rsi
    call kasan_early_setup
    pop rsi
    pop rdi
%endif
    call kernel_main                        ; does not return
    ud2
