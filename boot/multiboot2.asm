; Where loaders enter: GRUB by the multiboot2 header (Multiboot2 specification 1.6, 3.1), `qemu -kernel` by
; the PVH note (Xen, docs/misc/pvh.pandoc). Both enter in 32-bit protected mode without paging, interrupts
; off, a structure's physical address in EBX. From here: make page tables, switch to long mode, go to
; entry64.asm. Everything here is linked at its physical address.
;
; The page tables made here map the first 4 GiB three times, in 2 MiB pages, writable and executable: at 0
; (for the switch), in the direct map and, the first GiB, at the image's address. mm/paging.cpp replaces
; them by the final ones before anything untrusted runs.

%include "boot/layout.inc"

extern entry64

; The header asks for no frame buffer: under BIOS that would make GRUB 2.06 set a VGA mode, which it does not
; survive in Bochs. Under UEFI GRUB passes one unasked (grub.cfg names the mode).
section .multiboot2 progbits alloc noexec nowrite align=8
header:
    dd 0xe85250d6                           ; magic
    dd 0                                    ; architecture: 32-bit protected mode of i386
    dd header_end - header
    dd 0x100000000 - (0xe85250d6 + 0 + (header_end - header))
    align 8
    ; Module alignment: whole pages, so that the initramfs can be given back as frames.
    dw 6, 0
    dd 8
    align 8
    dw 0, 0                                 ; end tag
    dd 8
header_end:

section .note.pvh note alloc noexec nowrite align=4
    dd 4, 4, 18                             ; name and value of 4 bytes, XEN_ELFNOTE_PHYS32_ENTRY
    db "Xen", 0
    dd pvh_entry

section .boot.text progbits alloc exec nowrite align=16
bits 32

global pvh_entry
pvh_entry:
    mov eax, PVH_MAGIC                      ; PVH leaves EAX undefined: from here on it names the loader
    ; falls through

global multiboot_entry
multiboot_entry:
    cli
    cld
    mov esp, boot_stack_top
    mov ebp, eax                            ; loader's magic
    call clear_boot_tables
    push ebx                                ; CPUID spoils it
    call require_long_mode
    pop ebx
    call fill_page_tables
    call enable_long_mode
    lgdt [boot_gdt_pointer]
    jmp 0x08:long_mode

; GRUB clears what an ELF file does not contain, but the specification does not promise it for all.
clear_boot_tables:
    mov edi, boot_pml4
    mov ecx, (boot_tables_end_of_file - boot_pml4) / 4
    xor eax, eax
    rep stosd
    ret

; A processor without long mode cannot say much: 'L' in the corner of a text screen and on the serial port.
require_long_mode:
    mov eax, 0x80000000
    cpuid
    cmp eax, 0x80000001
    jb .none
    mov eax, 0x80000001
    cpuid
    test edx, 1 << 29                       ; LM
    jz .none
    ret
.none:
    mov word [0xb8000], 0x4f4c
    mov dx, 0x3f8
    mov al, 'L'
    out dx, al
.stop:
    hlt
    jmp .stop

fill_page_tables:
    mov eax, boot_pdpt_low + 3              ; present, writable
    mov [boot_pml4], eax
    mov [boot_pml4 + 8 * DIRECT_MAP_SLOT], eax
    mov dword [boot_pml4 + 8 * IMAGE_SLOT], boot_pdpt_image + 3
    mov dword [boot_pdpt_image + 8 * 510], boot_page_directories + 3
    mov ecx, 4                              ; four directories of 1 GiB
    mov edi, boot_pdpt_low
    mov eax, boot_page_directories + 3
.directory:
    mov [edi], eax
    add edi, 8
    add eax, 4096
    loop .directory
    mov ecx, 4 * 512                        ; 2 MiB pages of 4 GiB
    mov edi, boot_page_directories
    mov eax, 0x83                           ; present, writable, large
.page:
    mov [edi], eax
    add edi, 8
    add eax, 0x200000
    loop .page
    ret

enable_long_mode:
    mov eax, cr4
    or eax, 1 << 5                          ; PAE
    mov cr4, eax
    mov eax, boot_pml4
    mov cr3, eax
    mov ecx, 0xc0000080                     ; EFER
    rdmsr
    or eax, 1 << 8                          ; LME
    wrmsr
    mov eax, cr0
    and eax, ~((1 << 2) | (1 << 3) | (1 << 29) | (1 << 30)) ; EM, TS, NW, CD
    or eax, (1 << 31) | (1 << 16) | (1 << 5) | (1 << 1) | 1 ; PG, WP, NE, MP, PE
    mov cr0, eax
    ret

bits 64
long_mode:
    mov edi, ebp                            ; entry64(magic, address)
    mov esi, ebx
    xor eax, eax
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov fs, eax
    mov gs, eax
    mov rax, entry64
    jmp rax

align 8
boot_gdt:
    dq 0
    dq 0x00209a0000000000                   ; 64-bit code
boot_gdt_pointer:
    dw 15
    dd boot_gdt

section .boot.bss nobits alloc noexec write align=4096
global boot_pml4
boot_pml4:             resb 4096
boot_pdpt_low:         resb 4096
boot_pdpt_image:       resb 4096
boot_page_directories: resb 4 * 4096
boot_tables_end_of_file:
boot_stack:            resb 4096
boot_stack_top:
