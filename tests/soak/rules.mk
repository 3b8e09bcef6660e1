# Whole guests on a faulty wire, for long: `make soak` runs tests/soak with its full lengths, `make test` the short
# edition. Its programs for the guest lie below /tests with the others.

SOAK_PROGRAMS := $(patsubst tests/soak/programs/%.c,$(TEST_ROOT)/tests/%,$(wildcard tests/soak/programs/*.c))

$(SOAK_PROGRAMS): $(TEST_ROOT)/tests/%: tests/soak/programs/%.c $(SYSROOT)/stamp tools/lumos-cc
	@mkdir -p $(@D)
	$(call say,LUMOS)
	$(Q)MODE=$(MODE) tools/lumos-cc -O1 -Wall -Wextra -Werror -s -o $@ $<

$(TEST_INITRAMFS): $(SOAK_PROGRAMS)

.PHONY: soak
soak: deps-test
	+@$(SELF) all test-programs $(WIRE_LINK)
	@rm -f build/reports/soak.txt
	@SOAK=full MODE=$(MODE) /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/soak
	@cat build/reports/soak.txt
