; The only code that touches user memory. SMAP is open between STAC and CLAC here and nowhere else. Each
; instruction that may fault is listed in .exception_table with the place to go on: when a page cannot be
; brought in, traps.cpp continues there. Addresses were checked to be in user space before.
;
; Blocks of 64 bytes in 64-bit moves; under emulation that beats all string instructions. A fault in a block
; goes on byte by byte from the block's start, so the count of what was copied is exact.

extern smap_enabled

section .exception_table progbits alloc noexec nowrite align=8

section .text
bits 64

; The next instruction may fault; then go on at %1.
%macro MAY_FAULT 1
    %%here:
    [section .exception_table]
    dq %%here, %1
    __?SECT?__
%endmacro

%macro OPEN_SMAP 0
    cmp byte [rel smap_enabled], 0
    je %%without
    stac
%%without:
%endmacro

%macro CLOSE_SMAP 0
    cmp byte [rel smap_enabled], 0
    je %%without
    clac
%%without:
%endmacro

; size_t user_copy(rdi: to, rsi: from, rdx: length): bytes that were not copied
align 16
global user_copy
user_copy:
    OPEN_SMAP
    mov rcx, rdx
    shr rcx, 6
    jz .words
.block:
%assign offset 0
%rep 2
    MAY_FAULT .words
    mov rax, [rsi + offset]
    MAY_FAULT .words
    mov r8, [rsi + offset + 8]
    MAY_FAULT .words
    mov r9, [rsi + offset + 16]
    MAY_FAULT .words
    mov r10, [rsi + offset + 24]
    MAY_FAULT .words
    mov [rdi + offset], rax
    MAY_FAULT .words
    mov [rdi + offset + 8], r8
    MAY_FAULT .words
    mov [rdi + offset + 16], r9
    MAY_FAULT .words
    mov [rdi + offset + 24], r10
%assign offset offset + 32
%endrep
    add rsi, 64
    add rdi, 64
    sub rdx, 64
    dec rcx
    jnz .block
.words:
    cmp rdx, 8
    jb .double_word
    MAY_FAULT .bytes
    mov rax, [rsi]
    MAY_FAULT .bytes
    mov [rdi], rax
    add rsi, 8
    add rdi, 8
    sub rdx, 8
    jmp .words
.double_word:                               ; one move, so that a futex word is read at once
    cmp rdx, 4
    jb .bytes
    MAY_FAULT .bytes
    mov eax, [rsi]
    MAY_FAULT .bytes
    mov [rdi], eax
    add rsi, 4
    add rdi, 4
    sub rdx, 4
.bytes:
    test rdx, rdx
    jz .done
    MAY_FAULT .done
    mov al, [rsi]
    MAY_FAULT .done
    mov [rdi], al
    inc rsi
    inc rdi
    dec rdx
    jmp .bytes
.done:
    CLOSE_SMAP
    mov rax, rdx
    ret

; size_t user_clear(rdi: to, rsi: length): bytes that were not set to zero
align 16
global user_clear
user_clear:
    OPEN_SMAP
    xor eax, eax
.words:
    cmp rsi, 8
    jb .bytes
    MAY_FAULT .bytes
    mov [rdi], rax
    add rdi, 8
    sub rsi, 8
    jmp .words
.bytes:
    test rsi, rsi
    jz .done
    MAY_FAULT .done
    mov [rdi], al
    inc rdi
    dec rsi
    jmp .bytes
.done:
    CLOSE_SMAP
    mov rax, rsi
    ret

; long user_copy_string(rdi: to, rsi: from, rdx: size): bytes copied without the NUL; size if none was
; found; -1 after a fault
align 16
global user_copy_string
user_copy_string:
    OPEN_SMAP
    xor eax, eax
.byte:
    cmp rax, rdx
    jae .done
    MAY_FAULT .fault
    mov cl, [rsi + rax]
    mov [rdi + rax], cl
    test cl, cl
    jz .done
    inc rax
    jmp .byte
.fault:
    mov rax, -1
.done:
    CLOSE_SMAP
    ret

; int user_compare_exchange(rdi: uint32_t* at, esi: expected, edx: desired, rcx: uint32_t* seen): 0, or -1
; after a fault; *seen is what was there
align 16
global user_compare_exchange
user_compare_exchange:
    OPEN_SMAP
    mov eax, esi
    MAY_FAULT .fault
    lock cmpxchg [rdi], edx
    mov [rcx], eax
    xor eax, eax
    CLOSE_SMAP
    ret
.fault:
    CLOSE_SMAP
    mov eax, -1
    ret
