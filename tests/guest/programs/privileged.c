/* What a program must not do to the processor: privileged instructions, software interrupts, wild jumps, odd
 * flags on the way into the kernel, segment bases of its own choice. Each attempt is made by a child, which
 * must end with the signal that Linux sends; that the next attempt can be made at all shows that the kernel
 * has survived. Lumos is stricter than Linux in three things: no memory is writable and executable, FSGSBASE
 * is off, and there are no 32-bit system calls (INT 0x80). */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "socket_test.h"

#define SYSCALL_GETPID 39
#define SYSCALL_ARCH_PRCTL 158
#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002

static long system_call(long number, long first, long second) {
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second)
                     : "rcx", "r11", "memory");
    return result;
}

/* The signal that ended a child that ran attempt(argument), or 0 if it came back. */
static int signal_of(void (*attempt)(uintptr_t), uintptr_t argument) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        attempt(argument);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return -1;
    }
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void check_signal(const char* name, void (*attempt)(uintptr_t), uintptr_t argument, int expected) {
    int seen = signal_of(attempt, argument);
    if (seen == expected) {
        printf("ok %s\n", name);
    } else {
        printf("FAIL %s: signal %d, expected %d\n", name, seen, expected);
        failures++;
    }
}

/* ---- privileged instructions ---- */

#define ATTEMPT(name, instruction)                                                                           \
    static void name(uintptr_t unused) {                                                                     \
        uint64_t scratch[4] = {0};                                                                           \
        (void)unused;                                                                                        \
        __asm__ volatile(instruction : : "a"(0), "b"(scratch), "c"(0xc0000080), "d"(0) : "memory");          \
    }

ATTEMPT(do_cli, "cli")
ATTEMPT(do_sti, "sti")
ATTEMPT(do_hlt, "hlt")
ATTEMPT(do_in, "inb $0x60, %%al")
ATTEMPT(do_out, "outb %%al, $0x80")
ATTEMPT(do_lgdt, "lgdt (%%rbx)")
ATTEMPT(do_lidt, "lidt (%%rbx)")
ATTEMPT(do_lldt, "lldt %%ax")
ATTEMPT(do_ltr, "ltr %%ax")
ATTEMPT(do_lmsw, "lmsw %%ax")
ATTEMPT(do_clts, "clts")
ATTEMPT(do_read_cr0, "mov %%cr0, %%rax")
ATTEMPT(do_write_cr3, "mov %%rax, %%cr3")
ATTEMPT(do_write_cr4, "mov %%rax, %%cr4")
ATTEMPT(do_read_dr7, "mov %%dr7, %%rax")
ATTEMPT(do_write_dr0, "mov %%rax, %%dr0")
ATTEMPT(do_rdmsr, "rdmsr")
ATTEMPT(do_wrmsr, "wrmsr")
ATTEMPT(do_invlpg, "invlpg (%%rbx)")
ATTEMPT(do_wbinvd, "wbinvd")
ATTEMPT(do_invd, "invd")
ATTEMPT(do_swapgs, "swapgs")
ATTEMPT(do_iret_to_kernel, "pushq $0x10; pushq %%rbx; pushq $0x202; pushq $0x08; pushq %%rbx; iretq")
ATTEMPT(do_load_kernel_ss, "mov $0x10, %%eax; mov %%eax, %%ss")
ATTEMPT(do_far_jump_32, "pushq $0x18; pushq %%rbx; lretq")
ATTEMPT(do_sysexit, "sysexitq")
ATTEMPT(do_wrgsbase, "wrgsbase %%rbx")
ATTEMPT(do_undefined, "ud2")
ATTEMPT(do_sgdt, "sgdt (%%rbx)")
ATTEMPT(do_sidt, "sidt (%%rbx)")

static void test_instructions(void) {
    static const struct {
        const char* name;
        void (*attempt)(uintptr_t);
        int signal_number;
    } cases[] = {
        {"cli", do_cli, SIGSEGV},
        {"sti", do_sti, SIGSEGV},
        {"hlt", do_hlt, SIGSEGV},
        {"in", do_in, SIGSEGV},
        {"out", do_out, SIGSEGV},
        {"lgdt", do_lgdt, SIGSEGV},
        {"lidt", do_lidt, SIGSEGV},
        {"lldt", do_lldt, SIGSEGV},
        {"ltr", do_ltr, SIGSEGV},
        {"lmsw", do_lmsw, SIGSEGV},
        {"clts", do_clts, SIGSEGV},
        {"read cr0", do_read_cr0, SIGSEGV},
        {"write cr3", do_write_cr3, SIGSEGV},
        {"write cr4", do_write_cr4, SIGSEGV},
        {"read dr7", do_read_dr7, SIGSEGV},
        {"write dr0", do_write_dr0, SIGSEGV},
        {"rdmsr", do_rdmsr, SIGSEGV},
        {"wrmsr", do_wrmsr, SIGSEGV},
        {"invlpg", do_invlpg, SIGSEGV},
        {"wbinvd", do_wbinvd, SIGSEGV},
        {"invd", do_invd, SIGSEGV},
        {"swapgs", do_swapgs, SIGSEGV},
        {"iret to ring 0", do_iret_to_kernel, SIGSEGV},
        {"load the kernel's SS", do_load_kernel_ss, SIGSEGV},
        {"far return to 32-bit code", do_far_jump_32, SIGSEGV},
        {"wrgsbase, switched off", do_wrgsbase, SIGILL},
        {"ud2", do_undefined, SIGILL},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_signal(cases[i].name, cases[i].attempt, 0, cases[i].signal_number);
    }
    /* In 64-bit mode SYSEXIT is unknown to AMD's processors and forbidden on Intel's. */
    int sysexit = signal_of(do_sysexit, 0);
    CHECK("sysexit", sysexit == SIGSEGV || sysexit == SIGILL);
    /* UMIP forbids these where the processor has it; then both fail alike. */
    int umip = signal_of(do_sgdt, 0);
    CHECK("sgdt is forbidden or harmless", umip == SIGSEGV || umip == 0);
    CHECK("sidt does what sgdt does", signal_of(do_sidt, 0) == umip);
}

/* ---- INT n, for every n, made at run time ---- */

static unsigned char* code_page;

static void run_code(uintptr_t unused) {
    (void)unused;
    ((void (*)(void))code_page)();
}

static int try_code(const unsigned char* code, size_t length) {
    if (mprotect(code_page, 4096, PROT_READ | PROT_WRITE) != 0) {
        return -1;
    }
    memset(code_page, 0xc3, 64);
    memcpy(code_page, code, length);
    if (mprotect(code_page, 4096, PROT_READ | PROT_EXEC) != 0) {
        return -1;
    }
    return signal_of(run_code, 0);
}

static void test_interrupts(void) {
    code_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK("memory for code", code_page != MAP_FAILED);
    int wrong = 0;
    for (int vector = 0; vector < 256; vector++) {
        const unsigned char code[] = {0xcd, (unsigned char)vector, 0xc3};
        int expected = vector == 3 ? SIGTRAP : SIGSEGV;
        int seen = try_code(code, sizeof code);
        if (seen != expected) {
            printf("FAIL int %d: signal %d, expected %d\n", vector, seen, expected);
            wrong++;
        }
    }
    failures += wrong;
    if (wrong == 0) {
        printf("ok int n for all n\n");
    }
    /* MOV SS delays a trap over the next instruction (CVE-2018-8897). */
    static const unsigned char mov_ss_int3[] = {0x8c, 0xd0, 0x8e, 0xd0, 0xcc, 0xc3};
    CHECK("mov ss, int3", try_code(mov_ss_int3, sizeof mov_ss_int3) == SIGTRAP);
    /* pushfq; or $0x100, (%rsp); popfq; mov $39, %eax; syscall; ret: a single step into the kernel. */
    static const unsigned char step_syscall[] = {0x9c, 0x48, 0x81, 0x0c, 0x24, 0x00, 0x01, 0x00, 0x00,
                                                 0x9d, 0xb8, 0x27, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xc3};
    CHECK("single step over syscall", try_code(step_syscall, sizeof step_syscall) == SIGTRAP);
}

/* ---- wild jumps ---- */

static void jump(uintptr_t target) {
    ((void (*)(void))target)();
}

static void push_at(uintptr_t address) {
    __asm__ volatile("mov %0, %%rsp; push %%rax" : : "r"(address) : "memory");
}

static void test_jumps(void) {
    static unsigned char data[16] = {0xc3};
    unsigned char stack[16] = {0xc3};
    check_signal("jump to 0", jump, 0, SIGSEGV);
    check_signal("jump to kernel code", jump, 0xffffffff80110000, SIGSEGV);
    check_signal("jump to the direct map", jump, 0xffff888000100000, SIGSEGV);
    check_signal("jump to a non-canonical address", jump, 0x8000000000000000, SIGSEGV);
    check_signal("jump to the end of user space", jump, 0x7ffffffff000, SIGSEGV);
    check_signal("jump to data", jump, (uintptr_t)data, SIGSEGV);
    check_signal("jump to the stack", jump, (uintptr_t)stack, SIGSEGV);
    check_signal("push at a kernel address", push_at, 0xffff888000100000, SIGSEGV);
    CHECK_ERROR(
        "writable and executable memory is refused",
        (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        EACCES);
    CHECK_ERROR("nothing can be mapped below user space",
                (long)mmap((void*)0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EPERM);
    /* A SYSCALL at the very end of user space would return to a non-canonical address (CVE-2012-0217). */
    CHECK_ERROR(
        "the last page of user space cannot be mapped",
        (long)mmap((void*)0x7ffffffff000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
        ENOMEM);
}

/* ---- flags on the way in ---- */

static void set_flags_and_fault(uintptr_t flags) {
    __asm__ volatile("pushfq; orq %0, (%%rsp); popfq; movl $1, 0" : : "r"(flags) : "memory", "cc");
}

static void set_flags_and_call(uintptr_t flags) {
    long result;
    unsigned long after;
    __asm__ volatile("pushfq; orq %3, (%%rsp); popfq; syscall; pushfq; popq %1; cld"
                     : "=a"(result), "=&r"(after)
                     : "a"(SYSCALL_GETPID), "r"(flags)
                     : "rcx", "r11", "memory", "cc");
    /* AC and NT are the program's own and come back as they were. */
    _exit(result == (long)getpid() && (after & flags) == flags ? 0 : 1);
}

static void spin_with_flags(uintptr_t flags) {
    __asm__ volatile("pushfq; orq %0, (%%rsp); popfq" : : "r"(flags) : "memory", "cc");
    for (volatile long i = 0; i < 20 * 1000 * 1000; i++) { /* timer interrupts come meanwhile */
    }
    __asm__ volatile("cld" : : : "cc");
}

static void test_flags(void) {
    static const struct {
        const char* name;
        uintptr_t flags;
    } cases[] = {{"direction flag", 0x400}, {"alignment check flag", 0x40000}, {"nested task flag", 0x4000}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s and a page fault", cases[i].name);
        check_signal(name, set_flags_and_fault, cases[i].flags, SIGSEGV);
        snprintf(name, sizeof name, "%s and a system call", cases[i].name);
        check_signal(name, set_flags_and_call, cases[i].flags, 0);
        snprintf(name, sizeof name, "%s and interrupts", cases[i].name);
        check_signal(name, spin_with_flags, cases[i].flags, 0);
    }
}

/* ---- segment bases ---- */

static void load_selectors(uintptr_t selector) {
    __asm__ volatile("mov %0, %%gs; mov %0, %%fs" : : "r"((uint32_t)selector) : "memory");
    system_call(SYSCALL_GETPID, 0, 0);
    _exit(0);
}

static void test_segments(void) {
    CHECK("GS base in the kernel",
          system_call(SYSCALL_ARCH_PRCTL, ARCH_SET_GS, (long)0xffff888000000000) == -EPERM);
    CHECK("GS base not canonical",
          system_call(SYSCALL_ARCH_PRCTL, ARCH_SET_GS, (long)0x800000000000) == -EPERM);
    CHECK("FS base in the kernel",
          system_call(SYSCALL_ARCH_PRCTL, ARCH_SET_FS, (long)0xffffffff80000000) == -EPERM);
    check_signal("null selectors", load_selectors, 0, 0);
    check_signal("local descriptor table", load_selectors, 7, SIGSEGV);
    check_signal("the kernel's data selector", load_selectors, 0x10, SIGSEGV);
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    test_instructions();
    test_interrupts();
    test_jumps();
    test_flags();
    test_segments();
    return finish();
}
