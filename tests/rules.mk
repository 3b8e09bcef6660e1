# Host tests: net/ and the parts of kernel/lib that it uses, compiled for this machine with sanitizers, in the
# simulated world of tests/sim. `make test-unit` runs all; UNIT=filter chooses (GoogleTest's pattern).

HOST := build/host
UNIT ?= *

# net/ and the world around it, of which the simulation is made, too (tests/sim/rules.mk): what runs most.
HOST_CXXFLAGS := -std=c++20 -O2 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-strict-aliasing \
    -fno-omit-frame-pointer $(WARNINGS) -I. -Itests -MMD -MP
HOST_KERNEL_SRC := $(NET_SRC) kernel/lib/chacha20.cpp kernel/lib/format.cpp kernel/lib/siphash.cpp
HOST_WITH_GTEST := tests/sim/sysctl.cpp tests/sim/tcp_peer.cpp
HOST_LAB_SRC := tests/port_sim.cpp $(WIRE_FAULTS_SRC) tests/wire/link/capture.cpp \
    $(filter-out %/main.cpp $(HOST_WITH_GTEST),$(sort $(wildcard tests/sim/*.cpp)))
HOST_KERNEL_OBJECTS := $(HOST_KERNEL_SRC:%=$(HOST)/%.o)
HOST_LAB_OBJECTS := $(HOST_LAB_SRC:%=$(HOST)/%.o)

# Files with GoogleTest in them: compiling them takes most of the time, running them next to none.
HOST_TEST_CXXFLAGS := $(filter-out -O2 -g -fsanitize=%,$(HOST_CXXFLAGS)) -O0 -g1 -fsanitize=address
HOST_PLAYER_OBJECTS := $(HOST_WITH_GTEST:%=$(HOST)/%.o)
HOST_UNIT_SRC := $(sort $(shell find tests/unit -name '*_test.cpp'))
HOST_UNIT_OBJECTS := $(HOST_UNIT_SRC:%=$(HOST)/%.o)
HOST_TEST_OBJECTS := $(HOST_PLAYER_OBJECTS) $(HOST_UNIT_OBJECTS)

.PHONY: test-unit
test-unit: deps-test
	+@$(SELF) $(HOST)/unit
	$(HOST)/unit --gtest_brief=1 --gtest_filter='$(UNIT)'

$(HOST)/unit: $(HOST_KERNEL_OBJECTS) $(HOST_LAB_OBJECTS) $(HOST_TEST_OBJECTS)
	$(call say,LD)
	$(Q)$(CXX) -fsanitize=address,undefined -o $@ $^ -lgtest -lgtest_main -lpthread

# The headers of the host and of GoogleTest, compiled once for each set of flags.
$(HOST)/prelude.hpp.gch: PRELUDE_FLAGS = $(HOST_CXXFLAGS)
$(HOST)/gtest/prelude.hpp.gch: PRELUDE_FLAGS = $(HOST_TEST_CXXFLAGS)
$(HOST)/prelude.hpp.gch $(HOST)/gtest/prelude.hpp.gch: tests/sim/prelude.hpp $(wildcard kernel/abi/*.h)
	@mkdir -p $(@D)
	$(call say,PCH)
	$(Q)echo '#include "tests/sim/prelude.hpp"' > $(@D)/prelude.hpp
	$(Q)$(CXX) $(filter-out -MMD -MP,$(PRELUDE_FLAGS)) -x c++-header -o $@ $(@D)/prelude.hpp

$(HOST_LAB_OBJECTS): $(HOST)/%.cpp.o: %.cpp $(HOST)/prelude.hpp.gch
	@mkdir -p $(@D)
	$(call say,HOST)
	$(Q)$(CXX) $(HOST_CXXFLAGS) -include $(HOST)/prelude.hpp -c $< -o $@

$(HOST_TEST_OBJECTS): $(HOST)/%.cpp.o: %.cpp $(HOST)/gtest/prelude.hpp.gch
	@mkdir -p $(@D)
	$(call say,HOST)
	$(Q)$(CXX) $(HOST_TEST_CXXFLAGS) -include $(HOST)/gtest/prelude.hpp -c $< -o $@

$(HOST_KERNEL_OBJECTS): $(HOST)/%.cpp.o: %.cpp
	@mkdir -p $(@D)
	$(call say,HOST)
	$(Q)$(CXX) $(HOST_CXXFLAGS) -c $< -o $@

-include $(patsubst %.o,%.d,$(HOST_KERNEL_OBJECTS) $(HOST_LAB_OBJECTS) $(HOST_TEST_OBJECTS))
