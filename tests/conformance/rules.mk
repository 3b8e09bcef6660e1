# The packet-level suite: scapy crafts and checks every segment, the agent makes the socket calls.
#   make conformance                    everything; TESTS="-k urgent" chooses (pytest's options)
#   make conformance ON=linux           the same scripts against the kernel of this machine, as root

ON    ?= lumos
TESTS ?=

.PHONY: conformance
conformance: deps-test
	+@$(SELF) all
	@MODE=$(MODE) ON=$(ON) /usr/bin/python3 -m pytest -q -p no:cacheprovider --durations=10 $(TESTS) tests/conformance
