/* Malformed ELF files: each is refused with ENOEXEC (or what the comment says), the caller goes on, and the
 * good file they are made from runs. Each damage is one field changed in an otherwise good program. (Linux
 * refuses most of these too, but starts some of them only to kill them.) */
#define _GNU_SOURCE
#include "socket_test.h"

#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* exit(42) as machine code: mov edi, 42; mov eax, 60; syscall */
static const unsigned char code[] = {0xbf, 42, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05};

struct image {
    Elf64_Ehdr header;
    Elf64_Phdr segments[3];
    unsigned char text[64];
};

static const char path[] = "/tmp/made.elf";
static const uint64_t base = 0x400000;

static struct image good_image(void) {
    struct image made;
    memset(&made, 0, sizeof made);
    memcpy(made.header.e_ident, ELFMAG, SELFMAG);
    made.header.e_ident[EI_CLASS] = ELFCLASS64;
    made.header.e_ident[EI_DATA] = ELFDATA2LSB;
    made.header.e_ident[EI_VERSION] = EV_CURRENT;
    made.header.e_type = ET_EXEC;
    made.header.e_machine = EM_X86_64;
    made.header.e_version = EV_CURRENT;
    made.header.e_entry = base + offsetof(struct image, text);
    made.header.e_phoff = offsetof(struct image, segments);
    made.header.e_ehsize = sizeof(Elf64_Ehdr);
    made.header.e_phentsize = sizeof(Elf64_Phdr);
    made.header.e_phnum = 2;
    made.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_X,
                                    .p_vaddr = base,
                                    .p_filesz = sizeof made,
                                    .p_memsz = sizeof made,
                                    .p_align = 4096};
    made.segments[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_W,
                                    .p_vaddr = base + 0x10000,
                                    .p_memsz = 8192,
                                    .p_align = 4096};
    made.segments[2] = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = 8, .p_filesz = 4, .p_memsz = 4};
    memcpy(made.text, code, sizeof code);
    return made;
}

static void write_image(const struct image* made, size_t length) {
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755);
    if (fd < 0 || write(fd, made, length) != (ssize_t)length) {
        perror(path);
        exit(2);
    }
    close(fd);
}

/* What executing the file gives: an exit code, 1000 + errno, or 2000 + signal. */
static int outcome_of(const struct image* made, size_t length) {
    write_image(made, length);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char* const none[] = {NULL};
        execve(path, none, none);
        int why = errno;
        int report[2] = {why, 0};
        _exit(report[0] == ENOEXEC ? 101 : report[0] == ENOMEM ? 102 : report[0] == EINVAL ? 103 : 104);
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2000 + WTERMSIG(status);
}

enum { refused = 101 };

static void expect(const char* name, const struct image* made, int wanted) {
    int got = outcome_of(made, sizeof *made);
    if (got == wanted) {
        printf("ok %s\n", name);
    } else {
        printf("FAIL %s: %d, expected %d\n", name, got, wanted);
        failures++;
    }
}

/* Damages one field and expects a refusal. */
#define REFUSED(name, change)                                                                                \
    do {                                                                                                     \
        struct image made = good_image();                                                                    \
        change;                                                                                              \
        expect(name, &made, refused);                                                                        \
    } while (0)

static void test_file_header(void) {
    REFUSED("magic", made.header.e_ident[1] = 'X');
    REFUSED("class_32", made.header.e_ident[EI_CLASS] = ELFCLASS32);
    REFUSED("big_endian", made.header.e_ident[EI_DATA] = ELFDATA2MSB);
    REFUSED("machine", made.header.e_machine = EM_AARCH64);
    REFUSED("relocatable", made.header.e_type = ET_REL);
    REFUSED("core", made.header.e_type = ET_CORE);
    REFUSED("phentsize", made.header.e_phentsize = 55);
    REFUSED("phentsize_0", made.header.e_phentsize = 0);
    REFUSED("phnum_0", made.header.e_phnum = 0);
    REFUSED("phnum_65535", made.header.e_phnum = 65535);
    REFUSED("phnum_beyond_file", made.header.e_phnum = 60);
    REFUSED("phoff_beyond_file", made.header.e_phoff = 1 << 20);
    REFUSED("phoff_wraps", made.header.e_phoff = UINT64_MAX - 8);
}

static void test_segments(void) {
    REFUSED("interpreter", made.header.e_phnum = 3);
    REFUSED("offset_beyond_file", made.segments[0].p_offset = 1 << 20);
    REFUSED("filesz_beyond_file", made.segments[0].p_filesz = made.segments[0].p_memsz = 1 << 20);
    REFUSED("filesz_above_memsz", made.segments[0].p_memsz = 10);
    REFUSED("filesz_wraps", made.segments[0].p_filesz = made.segments[0].p_memsz = UINT64_MAX);
    REFUSED("memsz_2_63", made.segments[1].p_memsz = (uint64_t)1 << 63);
    REFUSED("vaddr_kernel", made.segments[1].p_vaddr = 0xffffffff80000000);
    REFUSED("vaddr_non_canonical", made.segments[1].p_vaddr = (uint64_t)1 << 47);
    REFUSED("vaddr_zero_page", made.segments[0].p_vaddr = 0);
    REFUSED("vaddr_wraps", made.segments[1].p_vaddr = UINT64_MAX - 4095);
    REFUSED("offset_not_congruent", made.segments[0].p_vaddr = base + 1);
    REFUSED("align_3", made.segments[0].p_align = 3);
    REFUSED("overlap", made.segments[1].p_vaddr = base);
    REFUSED("order", made.segments[1].p_vaddr = base - 0x10000);
    REFUSED("writable_code", made.segments[0].p_flags = PF_R | PF_W | PF_X);
    REFUSED("entry_outside", made.header.e_entry = base + (1 << 20));
    REFUSED("entry_in_data", made.header.e_entry = base + 0x10000);
    REFUSED("entry_kernel", made.header.e_entry = 0xffffffff80100000);
    REFUSED("no_segment", made.segments[0].p_type = made.segments[1].p_type = PT_NOTE);
}

/* Cut off at every byte up to the end of the program headers: never anything but a refusal. */
static void test_truncated(void) {
    const struct image made = good_image();
    int wrong = 0;
    for (size_t length = 0; length < offsetof(struct image, text); length += 13) {
        wrong += outcome_of(&made, length) != refused;
    }
    CHECK("truncated", wrong == 0);
}

int main(void) {
    struct image made = good_image();
    expect("good", &made, 42);
    made.header.e_type = ET_DYN;
    made.header.e_entry -= base;
    made.segments[0].p_vaddr = 0;
    made.segments[1].p_vaddr = 0x10000;
    expect("position_independent", &made, 42);
    test_file_header();
    test_segments();
    test_truncated();
    unlink(path);
    return finish();
}
