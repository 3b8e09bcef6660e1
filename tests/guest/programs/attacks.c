/* What a hostile program tries on the processor and on the way back from the kernel: privileged
 * instructions, wild jumps, software interrupts, forged signal frames, kernel addresses in FS and GS. The
 * answer is always a signal or an error for the program, and the kernel lives on. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

/* The signal that kills a child doing this; 0 if it survives. */
static int death_of(void (*deed)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        deed();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void expect_death(const char* name, void (*deed)(void), int wanted) {
    int got = death_of(deed);
    if (got == wanted || (wanted == -1 && got != 0)) {
        printf("ok %s\n", name);
    } else {
        printf("FAIL %s: signal %d, expected %d\n", name, got, wanted);
        failures++;
    }
}

#define INSTRUCTION(name, text)                                                                              \
    static void do_##name(void) {                                                                            \
        __asm__ volatile(text ::: "memory", "rax", "rcx", "rdx");                                            \
    }

INSTRUCTION(cli, "cli")
INSTRUCTION(sti, "sti")
INSTRUCTION(hlt, "hlt")
INSTRUCTION(in, "in $0x60, %%al")
INSTRUCTION(out, "out %%al, $0x80")
INSTRUCTION(read_cr0, "mov %%cr0, %%rax")
INSTRUCTION(write_cr3, "xor %%eax, %%eax; mov %%rax, %%cr3")
INSTRUCTION(read_dr0, "mov %%dr0, %%rax")
INSTRUCTION(rdmsr, "mov $0xc0000080, %%ecx; rdmsr")
INSTRUCTION(wrmsr, "mov $0xc0000080, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; wrmsr")
INSTRUCTION(swapgs, "swapgs")
INSTRUCTION(sysret, "sysretq")
INSTRUCTION(invlpg, "invlpg (%%rsp)")
INSTRUCTION(wbinvd, "wbinvd")
INSTRUCTION(clts, "clts")
INSTRUCTION(lgdt, "lgdt (%%rsp)")
INSTRUCTION(lidt, "lidt (%%rsp)")
INSTRUCTION(ltr, "xor %%eax, %%eax; ltr %%ax")
INSTRUCTION(ud2, "ud2")
INSTRUCTION(stac, "stac")
INSTRUCTION(int_page_fault, "int $0x0e")
INSTRUCTION(int_80, "mov $20, %%eax; int $0x80")
INSTRUCTION(int_timer, "int $0x20")
INSTRUCTION(int_apic, "int $0xff")
INSTRUCTION(kernel_data, "mov $0x10, %%eax; mov %%eax, %%ss")
INSTRUCTION(iret_ring_0,
            "pushq $0x10; pushq %%rsp; pushq $0x2; pushq $0x08; pushq $0xffffffff80100000; iretq")
INSTRUCTION(jump_kernel, "mov $0xffffffff80100000, %%rax; jmp *%%rax")
INSTRUCTION(jump_direct_map, "mov $0xffff888000100000, %%rax; jmp *%%rax")
INSTRUCTION(jump_non_canonical, "mov $0x800000000000, %%rax; jmp *%%rax")
INSTRUCTION(jump_null, "xor %%eax, %%eax; jmp *%%rax")
INSTRUCTION(read_kernel, "mov $0xffffffff80100000, %%rax; mov (%%rax), %%rax")
INSTRUCTION(write_kernel, "mov $0xffffffff80100000, %%rax; movb $0, (%%rax)")
INSTRUCTION(stack_kernel, "mov $0xffffffff80100000, %%rsp; push %%rax")
INSTRUCTION(stack_non_canonical, "mov $0x800000000100, %%rsp; push %%rax")

static void test_instructions(void) {
    static const struct {
        const char* name;
        void (*deed)(void);
        int wanted;
    } deeds[] = {
        {"cli", do_cli, SIGSEGV},
        {"sti", do_sti, SIGSEGV},
        {"hlt", do_hlt, SIGSEGV},
        {"in", do_in, SIGSEGV},
        {"out", do_out, SIGSEGV},
        {"read_cr0", do_read_cr0, SIGSEGV},
        {"write_cr3", do_write_cr3, SIGSEGV},
        {"read_dr0", do_read_dr0, SIGSEGV},
        {"rdmsr", do_rdmsr, SIGSEGV},
        {"wrmsr", do_wrmsr, SIGSEGV},
        {"swapgs", do_swapgs, -1},
        {"sysret", do_sysret, -1},
        {"invlpg", do_invlpg, SIGSEGV},
        {"wbinvd", do_wbinvd, SIGSEGV},
        {"clts", do_clts, SIGSEGV},
        {"lgdt", do_lgdt, SIGSEGV},
        {"lidt", do_lidt, SIGSEGV},
        {"ltr", do_ltr, SIGSEGV},
        {"ud2", do_ud2, SIGILL},
        {"stac", do_stac, SIGILL},
        {"int_page_fault", do_int_page_fault, SIGSEGV},
        {"int_timer", do_int_timer, SIGSEGV},
        {"int_apic", do_int_apic, SIGSEGV},
        {"kernel_data_segment", do_kernel_data, SIGSEGV},
        {"iret_to_ring_0", do_iret_ring_0, SIGSEGV},
        {"jump_kernel", do_jump_kernel, SIGSEGV},
        {"jump_direct_map", do_jump_direct_map, SIGSEGV},
        {"jump_non_canonical", do_jump_non_canonical, SIGSEGV},
        {"jump_null", do_jump_null, SIGSEGV},
        {"read_kernel", do_read_kernel, SIGSEGV},
        {"write_kernel", do_write_kernel, SIGSEGV},
        {"stack_kernel", do_stack_kernel, SIGSEGV},
        {"stack_non_canonical", do_stack_non_canonical, -1},
    };
    for (unsigned i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        expect_death(deeds[i].name, deeds[i].deed, deeds[i].wanted);
    }
    (void)do_int_80; /* Linux answers it; another kernel may not */
}

/* Flags that must not leak into the kernel nor stick: the call works and the program goes on. */
static void test_flags(void) {
    long pid = 0;
    __asm__ volatile("std; syscall; cld" : "=a"(pid) : "a"(SYS_getpid) : "rcx", "r11", "memory");
    CHECK("flags.direction", pid == getpid());
    __asm__ volatile("pushfq; orq $0x40000, (%%rsp); popfq; syscall; pushfq; andq $~0x40000, (%%rsp); popfq"
                     : "=a"(pid)
                     : "a"(SYS_getpid)
                     : "rcx", "r11", "memory", "cc");
    CHECK("flags.alignment", pid == getpid());
    __asm__ volatile("pushfq; orq $0x4000, (%%rsp); popfq; syscall; pushfq; andq $~0x4000, (%%rsp); popfq"
                     : "=a"(pid)
                     : "a"(SYS_getpid)
                     : "rcx", "r11", "memory", "cc");
    CHECK("flags.nested_task", pid == getpid());
}

/* Handlers that forge what rt_sigreturn takes over. */
static void install(int number, void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(number, &action, NULL);
}

static uint64_t forged_rip, forged_rsp, forged_flags;
static int forge_what;

static void forge(int number, siginfo_t* info, void* context) {
    ucontext_t* frame = context;
    (void)number;
    (void)info;
    switch (forge_what) {
    case 0:
        frame->uc_mcontext.gregs[REG_RIP] = (long long)forged_rip;
        break;
    case 1:
        frame->uc_mcontext.gregs[REG_RSP] = (long long)forged_rsp;
        break;
    case 2:
        frame->uc_mcontext.gregs[REG_EFL] |= (long long)forged_flags;
        break;
    case 3:
        frame->uc_mcontext.gregs[REG_CSGSFS] = 0x10 << 16 | 0x08;
        break;
    default:
        frame->uc_mcontext.fpregs = (void*)0xffffffff80100000;
        break;
    }
}

static void return_forged(void) {
    install(SIGUSR1, forge);
    raise(SIGUSR1);
}

static void test_forged_frames(void) {
    forge_what = 0;
    forged_rip = 0xffffffff80100000;
    expect_death("sigreturn.rip_kernel", return_forged, SIGSEGV);
    forged_rip = 0x800000000000;
    expect_death("sigreturn.rip_non_canonical", return_forged, SIGSEGV);
    forge_what = 4;
    expect_death("sigreturn.fpu_kernel", return_forged, SIGSEGV);
    forge_what = 2;
    forged_flags = 0x3000 | 0x20000 | 0x4000; /* IOPL 3, VM, NT */
    expect_death("sigreturn.flags_masked", return_forged, 0);
    install(SIGUSR1, forge);
    raise(SIGUSR1);
    expect_death("sigreturn.still_unprivileged", do_cli, SIGSEGV);
}

static void bare_sigreturn(void) {
    syscall(SYS_rt_sigreturn);
}

static void sigreturn_on_bad_stack(void) {
    __asm__ volatile("mov $0x1000, %%rsp; mov $15, %%eax; syscall" ::: "memory", "rax");
}

static void handler_without_stack(void) {
    install(SIGUSR1, forge);
    __asm__ volatile("mov %0, %%rdi; mov $0x10, %%rsp; mov $10, %%rsi; mov $62, %%eax; syscall"
                     :
                     : "r"((long)getpid())
                     : "memory", "rax", "rdi", "rsi");
}

static void test_segments(void) {
    CHECK_ERROR("arch_prctl.fs_kernel", syscall(SYS_arch_prctl, 0x1002, 0xffffffff80100000), EPERM);
    CHECK_ERROR("arch_prctl.gs_kernel", syscall(SYS_arch_prctl, 0x1001, 0xffff888000000000), EPERM);
    CHECK_ERROR("arch_prctl.gs_non_canonical", syscall(SYS_arch_prctl, 0x1001, 0x800000000000), EPERM);
    CHECK("arch_prctl.gs_user", syscall(SYS_arch_prctl, 0x1001, 0x1234000) == 0);
    uint64_t gs = 0;
    CHECK("arch_prctl.gs_back", syscall(SYS_arch_prctl, 0x1004, &gs) == 0 && gs == 0x1234000);
}

/* SYSCALL as the very last instruction of user space: its return address would not be canonical. */
static void test_last_page(void) {
    void* last = mmap((void*)0x7fffffffe000, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK("last_page.below_limit", last == (void*)0x7fffffffe000 || last == MAP_FAILED);
    CHECK_ERROR("last_page.above",
                mmap((void*)0x7ffffffff000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                ENOMEM);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_instructions();
    test_flags();
    test_forged_frames();
    expect_death("sigreturn.bare", bare_sigreturn, SIGSEGV);
    expect_death("sigreturn.bad_stack", sigreturn_on_bad_stack, SIGSEGV);
    expect_death("handler.no_stack", handler_without_stack, SIGSEGV);
    test_segments();
    test_last_page();
    return finish();
}
