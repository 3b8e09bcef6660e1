# Host tests: net/ and the parts of kernel/lib that it uses, compiled for this machine with sanitizers, in the
# simulated world of tests/sim. `make test-unit` runs all; UNIT=filter chooses (GoogleTest's pattern).

HOST := build/host
UNIT ?= *

HOST_CXXFLAGS := -std=c++20 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-strict-aliasing \
    -fno-omit-frame-pointer $(WARNINGS) -I. -Itests -MMD -MP
HOST_KERNEL_SRC := $(NET_SRC) kernel/lib/chacha20.cpp kernel/lib/format.cpp kernel/lib/siphash.cpp
HOST_TEST_SRC := tests/port_sim.cpp $(filter-out %/main.cpp,$(sort $(wildcard tests/sim/*.cpp))) \
    $(sort $(shell find tests/unit -name '*_test.cpp')) $(WIRE_FAULTS_SRC) tests/wire/link/capture.cpp
HOST_KERNEL_OBJECTS := $(HOST_KERNEL_SRC:%=$(HOST)/%.o)
HOST_TEST_OBJECTS := $(HOST_TEST_SRC:%=$(HOST)/%.o)

.PHONY: test-unit
test-unit: $(HOST)/unit
	$(HOST)/unit --gtest_brief=1 --gtest_filter='$(UNIT)'

$(HOST)/unit: $(HOST_KERNEL_OBJECTS) $(HOST_TEST_OBJECTS)
	$(call say,LD)
	$(Q)$(CXX) -fsanitize=address,undefined -o $@ $^ -lgtest -lgtest_main -lpthread

# The headers of the host and of GoogleTest, compiled once.
$(HOST)/prelude.hpp.gch: tests/sim/prelude.hpp $(wildcard kernel/abi/*.h)
	@mkdir -p $(@D)
	$(call say,PCH)
	$(Q)echo '#include "tests/sim/prelude.hpp"' > $(HOST)/prelude.hpp
	$(Q)$(CXX) $(filter-out -MMD -MP,$(HOST_CXXFLAGS)) -x c++-header -o $@ $(HOST)/prelude.hpp

$(HOST_TEST_OBJECTS): $(HOST)/%.cpp.o: %.cpp $(HOST)/prelude.hpp.gch
	@mkdir -p $(@D)
	$(call say,HOST)
	$(Q)$(CXX) $(HOST_CXXFLAGS) -include $(HOST)/prelude.hpp -c $< -o $@

$(HOST_KERNEL_OBJECTS): $(HOST)/%.cpp.o: %.cpp
	@mkdir -p $(@D)
	$(call say,HOST)
	$(Q)$(CXX) $(HOST_CXXFLAGS) -c $< -o $@

-include $(HOST_KERNEL_OBJECTS:.o=.d) $(HOST_TEST_OBJECTS:.o=.d)
