; Entries into the kernel and ways out of it: exceptions and interrupts, the paranoid ones on stacks of
; their own, SYSCALL, and the return to ring 3.
;
; All of them make the same struct trap_frame (trap_frame.hpp). Rules that hold here:
;   * GS points at this CPU's data whenever C++ runs. Entries from ring 3 swap it in, exits to ring 3 swap
;     it out. NMI, #DB, #MC and #DF can come between an entry and its SWAPGS, so for them the sign of the
;     GS base decides: kernel addresses are negative (CVE-2015-3290, CVE-2018-8897).
;   * The direction flag is clear and SMAP closed before C++ runs: an interrupt or exception leaves DF and
;     AC as the program had them (SYSCALL clears them by SFMASK).
;   * The frame of an entry from ring 3 lies at the very top of the thread's kernel stack.
;   * SYSRET is used only where it does what IRETQ would do: it takes RIP from RCX and flags from R11, and
;     on Intel processors it faults in ring 0 on a non-canonical RCX (CVE-2012-0217).

%define MSR_GS_BASE 0xc0000101
%define USER_CODE 0x2b
%define USER_DATA 0x23
%define USER_END 0x7ffffffff000
%define VECTOR_SYSCALL 256
%define FLAGS_SYSRET_SPOILS 0x10100         ; RF is lost by SYSRET, TF would trap in the wrong place

%define GS_KERNEL_STACK_TOP 16              ; struct percpu
%define GS_USER_RSP 24
%define GS_USER_WORK 32

%define FRAME_R11 48                        ; struct trap_frame
%define FRAME_RCX 88
%define FRAME_VECTOR 120
%define FRAME_RIP 136
%define FRAME_CS 144
%define FRAME_RFLAGS 152
%define FRAME_RSP 160
%define FRAME_BYTES 176

%define syscall_dispatch _ZN7syscall8dispatchERN4arch10trap_frameE
%define on_return_to_user _ZN4task17on_return_to_userERN4arch10trap_frameE

extern trap_handler                         ; traps.cpp: trap_handler(trap_frame*)
extern smap_enabled                         ; cpu.cpp: 1 if SMAP is on
extern syscall_dispatch
extern on_return_to_user

section .text
bits 64

%macro PUSH_REGISTERS 0
    push rdi
    push rsi
    push rdx
    push rcx
    push rax
    push r8
    push r9
    push r10
    push r11
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
%endmacro

; Leaves RSP at the frame's vector.
%macro POP_REGISTERS 0
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    pop r11
    pop r10
    pop r9
    pop r8
    pop rax
    pop rcx
    pop rdx
    pop rsi
    pop rdi
%endmacro

; STAC and CLAC are invalid opcodes on a processor without SMAP.
%macro CLOSE_SMAP 0
    cmp byte [rel smap_enabled], 0
    je %%without
    clac
%%without:
%endmacro

; One stub of 16 bytes for each vector, so that stub i is at trap_stubs + 16 * i. #DF, #TS, #NP, #SS, #GP,
; #PF, #AC, #CP push an error code, the others get a zero (Intel SDM 3A, table 6-1).
align 16
global trap_stubs
trap_stubs:
%assign vector 0
%rep 256
    align 16
    %if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21
    push 0
    %endif
    push vector
    %if vector = 1 || vector = 2 || vector = 8 || vector = 18
    jmp near paranoid_entry
    %else
    jmp near trap_entry
    %endif
%assign vector vector + 1
%endrep

align 16
trap_entry:
    test byte [rsp + FRAME_CS - FRAME_VECTOR], 3
    jz .from_kernel
    swapgs
    lfence                                  ; no guess past a swap that was not done (CVE-2019-1125)
    PUSH_REGISTERS
    xor ebp, ebp                            ; backtraces end at the border to ring 3
    cld
    CLOSE_SMAP
    mov rdi, rsp
    call trap_handler
    jmp return_to_user

.from_kernel:
    lfence
    PUSH_REGISTERS
    cld
    CLOSE_SMAP
    mov rdi, rsp
    call trap_handler
    POP_REGISTERS
    add rsp, 16                             ; vector, error code
    iretq

; On an IST stack, from anywhere. RBX remembers whether GS was swapped: C++ preserves it.
align 16
paranoid_entry:
    PUSH_REGISTERS
    cld
    CLOSE_SMAP
    mov ecx, MSR_GS_BASE
    rdmsr
    xor ebx, ebx
    test edx, edx
    js .kernel_gs
    swapgs
    inc ebx
.kernel_gs:
    lfence
    cmp qword [rsp + FRAME_VECTOR], 1
    jne .on_this_stack
    test byte [rsp + FRAME_CS], 3
    jnz debug_from_user
.on_this_stack:
    mov rdi, rsp
    call trap_handler
    test ebx, ebx
    jz .swapped_back
    swapgs
.swapped_back:
    POP_REGISTERS
    add rsp, 16
    iretq

; A program's single step becomes a signal, and making one may sleep: go on on the thread's own stack.
debug_from_user:
    mov rsi, rsp
    mov rdi, [gs:GS_KERNEL_STACK_TOP]
    sub rdi, FRAME_BYTES
    mov rax, rdi
    mov ecx, FRAME_BYTES / 8
    rep movsq
    mov rsp, rax
    xor ebp, ebp
    mov rdi, rsp
    call trap_handler
    jmp return_to_user

; SYSCALL: RIP is in RCX, flags in R11, RSP still the program's; SFMASK has cleared IF, DF, AC, TF, NT.
align 16
global syscall_entry
syscall_entry:
    swapgs
    mov [gs:GS_USER_RSP], rsp
    mov rsp, [gs:GS_KERNEL_STACK_TOP]
    push USER_DATA
    push qword [gs:GS_USER_RSP]
    push r11
    push USER_CODE
    push rcx
    push rax                                ; error_code: the number as given
    push VECTOR_SYSCALL
    PUSH_REGISTERS
    xor ebp, ebp
    sti
    mov rdi, rsp
    call syscall_dispatch
    cli
    cmp dword [gs:GS_USER_WORK], 0
    jne return_to_user
    mov rcx, [rsp + FRAME_RIP]
    mov r11, [rsp + FRAME_RFLAGS]
    cmp rcx, [rsp + FRAME_RCX]
    jne return_to_user
    cmp r11, [rsp + FRAME_R11]
    jne return_to_user
    test r11d, FLAGS_SYSRET_SPOILS
    jnz return_to_user
    mov rdx, USER_END
    cmp rcx, rdx
    jae return_to_user
    cmp qword [rsp + FRAME_CS], USER_CODE
    jne return_to_user
    POP_REGISTERS
    mov rsp, [rsp + FRAME_RSP - FRAME_VECTOR]
    swapgs
    o64 sysret

; enter_user(rdi: frame at the top of the kernel stack)
global enter_user_frame
enter_user_frame:
    mov rsp, rdi
    xor ebp, ebp
; RSP: a frame whose CS is ring 3's.
return_to_user:
    cli
    cmp dword [gs:GS_USER_WORK], 0
    je .no_work
    sti
    mov rdi, rsp
    call on_return_to_user
    jmp return_to_user
.no_work:
    POP_REGISTERS
    swapgs
    add rsp, 16
    iretq
