# Lumos. `make help` lists the targets and the variables.
#
# Sources are listed by hand in <folder>/files.mk, so that a reader sees what belongs to the system and
# a stray file does not; only user/ is different: a file dropped there is a program in /bin.

MODE ?= release
O    := build/$(MODE)

# What `make run` boots. Every one can be set on the command line: make run MEM=32 SMP=2
SMP     ?= 1
MEM     ?= 128
NIC     ?= e1000
NET     ?= user
MAC     ?=
ACCEL   ?= tcg
EXTRA   ?=
CMDLINE ?=
HOSTFWD ?= tcp:8080:80,tcp:2323:23
PCAP    ?=
DEPS    ?= yes
# The environment's DISPLAY names an X server and is not meant for us.
ifneq ($(origin DISPLAY),command line)
override DISPLAY := none
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

# One short line per file; V=1 shows the whole commands.
ifndef V
Q := @
endif
say = @printf '  %-6s %s\n' $(1) $(@:build/%=%)

include boot/files.mk kernel/files.mk drivers/files.mk net/files.mk libc/files.mk kernel/sanitizer/rules.mk

# ---- tools and flags -------------------------------------------------------------------------------------

CXX  := g++
CC   := gcc
NASM := nasm

OPTIMISE_release := -O2 -g
OPTIMISE_debug   := -Og -g3
OPTIMISE := $(OPTIMISE_$(MODE)) -fno-omit-frame-pointer
WARNINGS := -Wall -Wextra -Wshadow -Werror

KERNEL_CXXFLAGS := -std=c++20 -ffreestanding -fno-exceptions -fno-rtti -mno-red-zone -mgeneral-regs-only \
    -mcmodel=kernel -fno-pic -fno-pie -fcf-protection=none -fno-strict-aliasing \
    -fno-delete-null-pointer-checks -fno-threadsafe-statics -fno-asynchronous-unwind-tables \
    -fstack-protector-strong -mstack-protector-guard=tls -mstack-protector-guard-reg=gs \
    -mstack-protector-guard-offset=40 -Wframe-larger-than=$(LARGEST_FRAME) $(OPTIMISE) $(WARNINGS) -I. -MMD -MP
# Variables without a value hold nothing of what was on the stack before: programs cannot be shown it, and in
# debug builds it is a pattern that does not pass for a value.
ifeq ($(MODE),debug)
KERNEL_CXXFLAGS += -DLUMOS_DEBUG=1 -ftrivial-auto-var-init=pattern
else
KERNEL_CXXFLAGS += -ftrivial-auto-var-init=zero
endif

# ---- kernel ----------------------------------------------------------------------------------------------

KERNEL_SOURCES := $(BOOT_SRC) $(KERNEL_SRC) $(DRIVERS_SRC) $(NET_SRC)
KERNEL_OBJECTS := $(KERNEL_SOURCES:%=$K/%.o)

LINK_KERNEL := ld -nostdlib -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments -T build.lds $(LINK_SANITIZE)

# Linked twice: the names of functions that a panic prints come from the first link.
$K/kernel.elf: $(KERNEL_OBJECTS) build.lds tools/mksymbols.awk
	$(call say,LD)
	$(Q)awk -f tools/mksymbols.awk /dev/null > $K/symbols.asm
	$(Q)$(NASM) -f elf64 $K/symbols.asm -o $K/symbols.o
	$(Q)$(LINK_KERNEL) -o $K/kernel-first.elf $(KERNEL_OBJECTS) $K/symbols.o
	$(Q)nm -n -C $K/kernel-first.elf | awk -f tools/mksymbols.awk > $K/symbols.asm
	$(Q)$(NASM) -f elf64 $K/symbols.asm -o $K/symbols.o
	$(Q)$(LINK_KERNEL) -o $@ $(KERNEL_OBJECTS) $K/symbols.o

$K/%.cpp.o: %.cpp
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) $(KERNEL_CXXFLAGS) $(SANITIZE) $(LOOK_AT_SHADOW) -c $< -o $@

$K/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(call say,NASM)
	$(Q)$(NASM) -f elf64 -g -F dwarf -I. $(NASM_SANITIZE) -MD $@.d $< -o $@

-include $(KERNEL_OBJECTS:.o=.d)

# ---- libc, programs, tests -------------------------------------------------------------------------------

-include tests/wire/link/rules.mk
-include libc/rules.mk user/rules.mk tests/rules.mk tests/sim/rules.mk tests/threads/rules.mk tests/guest/rules.mk
-include tests/conformance/rules.mk
-include tests/differential/rules.mk
-include tests/fuzz/rules.mk
-include tests/soak/rules.mk
-include tests/attack/rules.mk

# ---- the ISO ---------------------------------------------------------------------------------------------

ISO := $K/lumos.iso

# The GRUB modules are the few that grub.cfg needs: the image stays small and boots under BIOS and UEFI.
$(ISO): $K/kernel.elf $(INITRAMFS) boot/grub.cfg
	$(call say,ISO)
	@mkdir -p $K/iso/boot/grub
	$(Q)strip --strip-debug -o $K/iso/boot/kernel.elf $K/kernel.elf
	$(Q)cp $(INITRAMFS) $K/iso/boot/initramfs.cpio
	$(Q)sed 's|@CMDLINE@|$(CMDLINE)|' boot/grub.cfg > $K/iso/boot/grub/grub.cfg
	$(Q)grub-mkrescue --install-modules="multiboot2 normal part_msdos part_gpt iso9660 fat serial terminal boot echo all_video" \
	    --modules="" --locales="" --themes="" --fonts="" -o $@ $K/iso 2> $K/grub-mkrescue.log \
	    || { cat $K/grub-mkrescue.log; exit 1; }

# A changed CMDLINE changes the ISO.
$(shell mkdir -p $K && echo '$(CMDLINE)' | cmp -s - $K/cmdline || echo '$(CMDLINE)' > $K/cmdline)
$(ISO): $K/cmdline

.PHONY: all iso
all: $K/kernel.elf $(INITRAMFS) compile_commands.json
iso: $(ISO)

build/lumos.iso: $(ISO)
	$(Q)cp $< $@

compile_commands.json: Makefile $(wildcard */*.mk) tools/compile_commands
	$(Q)tools/compile_commands $@ "$(CXX) $(KERNEL_CXXFLAGS)" "$(filter %.cpp,$(KERNEL_SOURCES))"

# ---- running ---------------------------------------------------------------------------------------------

# Everything below first sees to its packages and then builds in a second make, so that a machine that has
# no compiler yet gets one before it is needed.
SELF := $(MAKE) MODE=$(MODE) EXTRA="$(EXTRA)" CMDLINE="$(CMDLINE)"
MACHINE = --memory $(MEM) --cpus $(SMP) --nic $(NIC) --net $(NET) --accel $(ACCEL) --display $(DISPLAY) \
    --hostfwd "$(HOSTFWD)" $(if $(MAC),--mac $(MAC)) $(if $(PCAP),--pcap $(PCAP))

.PHONY: run debug bochs sysagent test bench lint format clean help
# Named one by one: make looks for no pattern rule to make a phony target.
DEPS_TARGETS := deps-run deps-test deps-bochs deps-debug
.PHONY: $(DEPS_TARGETS)
$(DEPS_TARGETS): deps-%:
	@DEPS=$(DEPS) tools/install_deps $*

run: deps-run
ifdef FAST
	+@$(SELF) all
	@tools/run_qemu $(MACHINE) --kernel $K/kernel.elf --initrd $(INITRAMFS) --append "$(CMDLINE)"
else
	+@$(SELF) build/lumos.iso
	@tools/run_qemu $(MACHINE) --iso build/lumos.iso
endif

debug: MODE := debug
debug: deps-debug
	+@$(SELF) $(patsubst build/release%,build/debug%,$(ISO))
	@tools/debug $(MACHINE) --iso build/debug/lumos.iso --symbols build/debug/kernel.elf

bochs: deps-bochs
	+@$(SELF) build/lumos.iso
	@tools/run_bochs --memory $(MEM) --display $(DISPLAY) --iso build/lumos.iso

# The agent of a tester outside (user/sysagent/): its line is a unix socket, its network is NET.
AGENT_LINE ?= unix:build/sysagent.sock,server=on,wait=off
sysagent: deps-run
	+@$(SELF) all
	@tools/run_qemu $(MACHINE) --second-serial "$(AGENT_LINE)" --kernel $K/kernel.elf --initrd $(INITRAMFS) \
	    --append "ip=192.168.0.1/16,gw=192.168.0.254 shell=/bin/sysagent $(CMDLINE)"

test: deps-test
	+@$(SELF) $(ISO) all test-programs $(HOST)/unit $(THREADS)/sim-threads $(HOST)/attack $(WIRE_LINK) $(SIM)/sim $(LINUX_AGENT)
	+@$(SELF) fuzz-programs
	@MODE=$(MODE) VARIANT=$(VARIANT) tools/run_tests

bench: deps-test
	+@$(SELF) build/lumos.iso all
	@tools/bench/bench

# ---- checks ----------------------------------------------------------------------------------------------

CXX_FILES = $(shell git ls-files '*.cpp' '*.hpp')

lint: deps-test
	clang-format --dry-run -Werror $(CXX_FILES)
	tools/check_includes
	tools/check_rfc_map
	+@$(SELF) all
	tools/check_state $K $(NET_SRC)

format:
	clang-format -i $(CXX_FILES)

clean:
	rm -rf build compile_commands.json

help:
	@cat tools/help.txt
