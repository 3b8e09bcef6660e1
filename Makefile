# Lumos. `make help` lists the targets and the variables.
#
# Sources are listed by hand in <folder>/files.mk, so that a reader sees what belongs to the system and
# a stray file does not; only user/ is different: a file dropped there is a program in /bin.

MODE ?= release
O    := build/$(MODE)

include boot/files.mk kernel/files.mk drivers/files.mk net/files.mk libc/files.mk

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

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
    -mstack-protector-guard-offset=40 $(OPTIMISE) $(WARNINGS) -I. -MMD -MP
ifeq ($(MODE),debug)
KERNEL_CXXFLAGS += -DLUMOS_DEBUG=1
endif

# ---- kernel ----------------------------------------------------------------------------------------------

KERNEL_SOURCES := $(BOOT_SRC) $(KERNEL_SRC) $(DRIVERS_SRC) $(NET_SRC)
KERNEL_OBJECTS := $(KERNEL_SOURCES:%=$O/%.o)

$O/kernel.elf: $(KERNEL_OBJECTS) build.lds
	ld -nostdlib -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments -T build.lds -o $@ $(KERNEL_OBJECTS)

$O/%.cpp.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(KERNEL_CXXFLAGS) -c $< -o $@

$O/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(NASM) -f elf64 -g -F dwarf -I. -MD $@.d $< -o $@

-include $(KERNEL_OBJECTS:.o=.d)
