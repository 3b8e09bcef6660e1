# The root file system that the guest tests boot: the usual one plus, below /tests, the test programs (built
# against our libc and, as *.musl and *.glibc, as static Linux programs) and Debian's busybox.

TEST_ROOT     := $O/test-root
TEST_PROGRAMS := $(basename $(notdir $(sort $(wildcard tests/guest/programs/*.c))))
TEST_BINARIES := $(TEST_PROGRAMS:%=$(TEST_ROOT)/tests/%) $(TEST_PROGRAMS:%=$(TEST_ROOT)/tests/%.musl) \
    $(LIBC_OWN:%=$(TEST_ROOT)/tests/libc/%) \
    $(TEST_ROOT)/tests/hello.glibc $(TEST_ROOT)/tests/busybox $(TEST_ROOT)/tests/sh
TEST_INITRAMFS := $O/test-initramfs.cpio

.PHONY: test-programs
test-programs: $(TEST_INITRAMFS)

$(TEST_ROOT)/tests/%.musl: tests/guest/programs/%.c
	@mkdir -p $(@D)
	$(call say,MUSL)
	$(Q)musl-gcc -static -O1 -Wall -Wextra -Werror -o $@ $<

$(TEST_ROOT)/tests/%.glibc: tests/guest/programs/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -static -O1 -Wall -Wextra -Werror -o $@ $<
	$(Q)strip $@

$(TEST_ROOT)/tests/%: tests/guest/programs/%.c $(SYSROOT)/stamp tools/lumos-cc
	@mkdir -p $(@D)
	$(call say,LUMOS)
	$(Q)MODE=$(MODE) tools/lumos-cc -O1 -Wall -Wextra -Werror -s -o $@ $<

$(TEST_ROOT)/tests/busybox: /bin/busybox
	@mkdir -p $(@D)
	$(Q)cp $< $@

# The scripts that the shell is tested with.
$(TEST_ROOT)/tests/sh: $(wildcard tests/guest/sh/*)
	@mkdir -p $(TEST_ROOT)/tests
	$(Q)rm -rf $@ && cp -r tests/guest/sh $@

$(TEST_INITRAMFS): $(TEST_BINARIES) $(USER_BINARIES) tools/mkinitrd FORCE
	$(call say,CPIO)
	$(Q)$(call mkinitrd,$@,$(TEST_ROOT))

# Random system calls in the guest: make sysfuzz SEED=7 CALLS=100000, with KASAN=1 UBSAN=1 on the sanitized kernel.
.PHONY: sysfuzz
sysfuzz: deps-test
	+@$(SELF) all
	@MODE=$(MODE) VARIANT=$(VARIANT) tests/guest/run_sysfuzz --seed $(or $(SEED),1) --calls $(or $(CALLS),1000000)
