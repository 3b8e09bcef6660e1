# The C library: objects, libc.a, crt0, and a sysroot for programs built outside the tree.
#
#   make sysroot       $O/sysroot/include and $O/sysroot/lib, what tools/lumos-cc compiles against
#   make test-libc     the library's tests, run as Linux programs on this machine

LIBC_A  := $O/libc/libc.a
CRT0    := $O/libc/crt0.asm.o
SYSROOT := $O/sysroot

# Small, because every program carries a copy; fast where bytes are moved.
LIBC_OPTIMISE := $(OPTIMISE) $(if $(filter release,$(MODE)),-Os)
FAST_LIBC     := memory_blocks string file_io malloc

CXX_INCLUDES  := -nostdinc++ -isystem libc/include/c++
LIBC_INCLUDES := -nostdinc -isystem libc/include -isystem $(shell $(CC) -print-file-name=include) -I.
# Containers, strings and algorithms of C++ come from the compiler's own headers, behind ours.
CXX_VERSION   := $(shell $(CXX) -dumpversion)
CXX_TEMPLATES := -idirafter /usr/include/c++/$(CXX_VERSION) \
    -idirafter /usr/include/$(shell $(CXX) -dumpmachine)/c++/$(CXX_VERSION)
LIBC_CXXFLAGS = -std=c++20 -ffreestanding -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-pic -fno-pie \
    -fcf-protection=none -fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing \
    -fno-tree-loop-distribute-patterns -fno-tree-vectorize -fno-tree-slp-vectorize -ffunction-sections \
    -fdata-sections -ftls-model=local-exec $(LIBC_OPTIMISE) $(WARNINGS) $(CXX_INCLUDES) $(LIBC_INCLUDES) -MD -MP

LIBC_OBJECTS := $(LIBC_SRC:%=$O/%.o)
LIBC_HEADERS := $(sort $(shell find libc/include -type f) $(wildcard kernel/abi/*.h))

$O/libc/src/%.cpp.o: libc/src/%.cpp libc/rules.mk
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) $(LIBC_CXXFLAGS) -c $< -o $@

$(CRT0): libc/crt0.asm
	@mkdir -p $(@D)
	$(call say,NASM)
	$(Q)$(NASM) -f elf64 -g -F dwarf $< -o $@

$(FAST_LIBC:%=$O/libc/src/%.cpp.o): LIBC_OPTIMISE := $(OPTIMISE)

$(LIBC_A): $(LIBC_OBJECTS)
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcsD $@ $^

# Headers keep their paths: <stdio.h> beside <kernel/abi/errno.h>.
$(SYSROOT)/stamp: $(LIBC_A) $(CRT0) $(LIBC_HEADERS)
	@rm -rf $(SYSROOT)
	@mkdir -p $(SYSROOT)/lib $(SYSROOT)/include/kernel
	$(Q)cp -r libc/include/. $(SYSROOT)/include/
	$(Q)cp -r kernel/abi $(SYSROOT)/include/kernel/abi
	$(Q)cp $(LIBC_A) $(SYSROOT)/lib/libc.a
	$(Q)cp $(CRT0) $(SYSROOT)/lib/crt0.o
	@touch $@

.PHONY: sysroot libc
libc: $(LIBC_A) $(CRT0)
sysroot: $(SYSROOT)/stamp

-include $(LIBC_OBJECTS:.o=.d)

# ---- tests: our library and the host's must print the same; programs of ours must report no failure --------

LIBC_TEST := $O/tests/libc
TEST_ROOT := $O/test-root
LIBC_SAME := $(basename $(notdir $(wildcard tests/libc/same_*.c tests/libc/near_*.c)))
LIBC_OWN  := $(notdir $(wildcard tests/libc/test_*.c tests/libc/test_*.cpp))

$(LIBC_TEST)/%.host: tests/libc/%.c tests/libc/random.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -w -O1 -fno-builtin -o $@ $< -lm

$(LIBC_TEST)/%.ours: tests/libc/%.c tests/libc/random.h $(SYSROOT)/stamp tools/lumos-cc
	@mkdir -p $(@D)
	$(call say,LUMOS)
	$(Q)MODE=$(MODE) tools/lumos-cc -w -O1 -fno-builtin -o $@ $<

$(LIBC_TEST)/%.c.test: tests/libc/%.c tests/libc/check.h $(SYSROOT)/stamp tools/lumos-cc
	@mkdir -p $(@D)
	$(call say,LUMOS)
	$(Q)MODE=$(MODE) tools/lumos-cc -Wall -O1 -g -o $@ $<

$(LIBC_TEST)/%.cpp.test: tests/libc/%.cpp tests/libc/check.h $(SYSROOT)/stamp tools/lumos-c++ tools/lumos-cc
	@mkdir -p $(@D)
	$(call say,LUMOS)
	$(Q)MODE=$(MODE) tools/lumos-c++ -std=c++20 -Wall -O1 -g -o $@ $<

$(LIBC_TEST)/run_on_linux: tests/libc/run_on_linux.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -Wall -Wextra -O1 -o $@ $<

# Parsers are also thrown at random bytes, compiled for this machine with sanitizers. They see the host's
# headers, apart from those whose structures are ours.
LIBC_FUZZ := $(basename $(notdir $(wildcard tests/libc/fuzz_*.cpp)))

$(LIBC_TEST)/include/%.h: libc/include/%.h
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(LIBC_TEST)/fuzz_%: tests/libc/fuzz_%.cpp tests/libc/random.h $(LIBC_OBJECTS) \
    $(LIBC_TEST)/include/regex.h $(LIBC_TEST)/include/fnmatch.h
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) -std=c++20 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all $(WARNINGS) \
	    -I$(LIBC_TEST)/include -I. -o $@ $<

# The same programs run in the guest, from /tests/libc.
$(TEST_ROOT)/tests/libc/%: $(LIBC_TEST)/%.test
	@mkdir -p $(@D)
	$(Q)strip -s -o $@ $<

.PHONY: test-libc
test-libc: $(LIBC_SAME:%=$(LIBC_TEST)/%.host) $(LIBC_SAME:%=$(LIBC_TEST)/%.ours) \
    $(LIBC_OWN:%=$(LIBC_TEST)/%.test) $(LIBC_TEST)/run_on_linux $(LIBC_FUZZ:%=$(LIBC_TEST)/%)
	@MODE=$(MODE) tests/libc/run_tests $(LIBC_TEST)
