# Fuzz targets: libFuzzer with address and undefined sanitizers, net/ compiled by clang for this machine.
#
#   make fuzz TARGET=frames FUZZ_S=600     one target for so many seconds (all of them when TARGET is empty)
#   make fuzz-coverage                     which lines of net/ the stored corpora reach
#   make test-fuzz                         replays every corpus and regression, then a moment of each target
#
# What a run finds worth keeping goes to build/fuzz/corpus/TARGET; `make fuzz-merge` moves the part of it that
# reaches something new into tests/fuzz/corpus/TARGET. A crash becomes tests/fuzz/regressions/TARGET/NAME.

FUZZ := build/fuzz
FUZZ_CXX := clang++
TARGET ?=
FUZZ_S ?= 60

# Targets that need a whole net/ under them, and those that need no more than the named sources.
FUZZ_NET_TARGETS := frames frames_and_calls calls wire
FUZZ_WIRE_TARGETS := wire_headers wire_ipv4_options wire_tcp_options wire_checksum
# Parsers of programs, of the C library and of the kernel; the last ones include what they test.
FUZZ_PARSER_TARGETS := libc_dns dhcp http_request http_response nslookup shell cpio elf multiboot
FUZZ_PRELUDE_cpio := -include tests/fuzz/support/prelude.hpp
FUZZ_PRELUDE_elf := $(FUZZ_PRELUDE_cpio)
FUZZ_PRELUDE_multiboot := $(FUZZ_PRELUDE_cpio)
FUZZ_SOURCES_dhcp := user/dhclient/message.cpp
FUZZ_SOURCES_http_request := user/httpd/request.cpp
FUZZ_SOURCES_http_response := user/wget/response.cpp user/wget/url.cpp
FUZZ_SOURCES_nslookup := user/nslookup/message.cpp user/nslookup/print.cpp
FUZZ_SOURCES_shell := user/sh/lexer.cpp user/sh/memory.cpp user/sh/parser.cpp
FUZZ_TARGETS := $(FUZZ_NET_TARGETS) $(FUZZ_WIRE_TARGETS) $(FUZZ_PARSER_TARGETS)

FUZZ_CXXFLAGS := -std=c++20 -O2 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-exceptions \
    -fno-rtti -fno-strict-aliasing -fno-omit-frame-pointer -I. -Itests -MMD -MP
# What guides the fuzzer is only the code under test, not the harness.
FUZZ_WATCHED := -fsanitize-coverage=inline-8bit-counters,pc-table
FUZZ_LINK := -fsanitize=address,undefined,fuzzer
FUZZ_NET_OBJECTS := $(HOST_KERNEL_SRC:%=$(FUZZ)/%.o)
FUZZ_SUPPORT_OBJECTS := $(patsubst %,$(FUZZ)/%.o,$(wildcard tests/fuzz/support/*.cpp))

FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=$(FUZZ)/%)
FUZZ_CHOSEN := $(if $(TARGET),$(TARGET),$(FUZZ_TARGETS))

# Kept, although make thinks of them as intermediate.
.SECONDARY: $(FUZZ_NET_TARGETS:%=$(FUZZ)/tests/fuzz/%.cpp.o) $(FUZZ_WIRE_TARGETS:%=$(FUZZ)/tests/fuzz/%.cpp.o) \
    $(FUZZ_PARSER_TARGETS:%=$(FUZZ)/parser/tests/fuzz/%.cpp.o)
.PHONY: fuzz fuzz-programs fuzz-net-programs test-fuzz fuzz-merge fuzz-coverage
fuzz-programs: $(FUZZ_PROGRAMS)
fuzz-net-programs: $(FUZZ_NET_TARGETS:%=$(FUZZ)/%) $(FUZZ_WIRE_TARGETS:%=$(FUZZ)/%)
fuzz: deps-test
	+@$(SELF) $(FUZZ_CHOSEN:%=$(FUZZ)/%)
	@tests/fuzz/run --seconds $(FUZZ_S) $(FUZZ_CHOSEN)
test-fuzz: fuzz-programs
	@tests/fuzz/run --replay --seconds 2 $(FUZZ_TARGETS)

# Only what reaches something that the inputs before it did not is kept: small corpora are quick to replay.
fuzz-merge: $(FUZZ_CHOSEN:%=$(FUZZ)/%)
	@for target in $(FUZZ_CHOSEN); do tests/fuzz/merge $$target; done

# The same programs with other counters in net/.
FUZZ_COVERAGE := build/fuzz-coverage
fuzz-coverage: deps-test
	+@$(MAKE) MODE=$(MODE) FUZZ=$(FUZZ_COVERAGE) FUZZ_WATCHED="-fprofile-instr-generate -fcoverage-mapping" \
	    FUZZ_LINK="$(FUZZ_LINK) -fprofile-instr-generate" fuzz-net-programs
	@tests/fuzz/coverage $(FUZZ_COVERAGE) $(FUZZ_NET_TARGETS) $(FUZZ_WIRE_TARGETS)

$(FUZZ)/net/%.cpp.o: net/%.cpp
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)$(FUZZ_CXX) $(FUZZ_CXXFLAGS) $(FUZZ_WATCHED) -c $< -o $@

$(FUZZ)/kernel/lib/%.cpp.o: kernel/lib/%.cpp
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)$(FUZZ_CXX) $(FUZZ_CXXFLAGS) $(FUZZ_WATCHED) -c $< -o $@

$(FUZZ)/tests/fuzz/%.cpp.o: tests/fuzz/%.cpp
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)$(FUZZ_CXX) $(FUZZ_CXXFLAGS) -include tests/fuzz/support/prelude.hpp -c $< -o $@

# Everything of net/ is linked into each: what a target does not call costs it nothing.
$(FUZZ_NET_TARGETS:%=$(FUZZ)/%) $(FUZZ_WIRE_TARGETS:%=$(FUZZ)/%): $(FUZZ)/%: $(FUZZ)/tests/fuzz/%.cpp.o \
    $(FUZZ_SUPPORT_OBJECTS) $(FUZZ_NET_OBJECTS)
	$(call say,LD)
	$(Q)$(FUZZ_CXX) $(FUZZ_LINK) -o $@ $^

# A parser and what it is made of. Here comparisons guide the fuzzer, too: they find magic words.
$(FUZZ)/parser/%.cpp.o: %.cpp
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)$(FUZZ_CXX) $(FUZZ_CXXFLAGS) -fsanitize=fuzzer-no-link $(FUZZ_PRELUDE_$(*F)) -c $< -o $@

$(FUZZ_PARSER_TARGETS:%=$(FUZZ)/%): $(FUZZ)/%: $(FUZZ)/parser/tests/fuzz/%.cpp.o \
    $(FUZZ)/parser/tests/fuzz/support/sanitizers.cpp.o
	$(call say,LD)
	$(Q)$(FUZZ_CXX) $(FUZZ_LINK) -o $@ $^

define fuzz_sources
$(FUZZ)/$(1): $$(FUZZ_SOURCES_$(1):%=$(FUZZ)/parser/%.o)
endef
$(foreach target,$(FUZZ_PARSER_TARGETS),$(eval $(call fuzz_sources,$(target))))

-include $(shell find $(FUZZ) -name '*.d' 2> /dev/null)
