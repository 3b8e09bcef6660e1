# The same system calls on Lumos and on the host's Linux, compared (tests/differential/test_differential.py). The
# agent of user/sysagent makes them on both; on Linux it is compiled with the host's C library.

LINUX_AGENT := $(HOST)/sysagent

$(LINUX_AGENT): $(wildcard user/sysagent/*) user/program.hpp
	@mkdir -p $(@D)
	$(call say,HOST)
	$(Q)$(CXX) -std=c++20 -O1 $(WARNINGS) -I. -o $@ $(filter %.cpp,$^) -lpthread

# SEED=n and SCRIPTS=n choose the random scripts.
.PHONY: differential
differential: deps-test
	+@$(SELF) all $(LINUX_AGENT)
	/usr/bin/python3 -m pytest -q -p no:cacheprovider tests/differential
