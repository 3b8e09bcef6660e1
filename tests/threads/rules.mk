# The scenarios of tests/sim/scenarios over real threads, under ThreadSanitizer:
#   make sim-threads                         three seeds of today over all scenarios
#   make sim-threads SEEDS=10 FIRST=1        more, or others
#   make sim-threads SEED=17 SCENARIO=bulk   one run

THREADS := build/threads
THREADS_CXXFLAGS := -std=c++20 -O1 -g -fsanitize=thread -fno-strict-aliasing -fno-omit-frame-pointer $(WARNINGS) \
    -I. -Itests -MMD -MP
THREADS_TEST_SRC := tests/port_threads.cpp tests/sim/program.cpp tests/sim/rules.cpp tests/sim/stack_rules.cpp \
    $(sort $(wildcard tests/threads/*.cpp tests/sim/scenarios/*.cpp))
THREADS_KERNEL_OBJECTS := $(HOST_KERNEL_SRC:%=$(THREADS)/%.o)
THREADS_TEST_OBJECTS := $(THREADS_TEST_SRC:%=$(THREADS)/%.o)

.PHONY: sim-threads
sim-threads: deps-test
	+@$(SELF) $(THREADS)/sim-threads
	$(Q)$(THREADS)/sim-threads $(SCENARIO) \
	    $(if $(SEED),--first $(SEED),--seeds $(or $(SEEDS),3) $(if $(FIRST),--first $(FIRST)))

$(THREADS)/sim-threads: $(THREADS_KERNEL_OBJECTS) $(THREADS_TEST_OBJECTS)
	$(call say,LD)
	$(Q)$(CXX) -fsanitize=thread -o $@ $^ -lpthread

$(THREADS)/prelude.hpp.gch: tests/sim/prelude.hpp $(wildcard kernel/abi/*.h)
	@mkdir -p $(@D)
	$(call say,PCH)
	$(Q)echo '#include "tests/sim/prelude.hpp"' > $(THREADS)/prelude.hpp
	$(Q)$(CXX) $(filter-out -MMD -MP,$(THREADS_CXXFLAGS)) -x c++-header -o $@ $(THREADS)/prelude.hpp

$(THREADS_TEST_OBJECTS): $(THREADS)/%.cpp.o: %.cpp $(THREADS)/prelude.hpp.gch
	@mkdir -p $(@D)
	$(call say,TSAN)
	$(Q)$(CXX) $(THREADS_CXXFLAGS) -include $(THREADS)/prelude.hpp -c $< -o $@

$(THREADS_KERNEL_OBJECTS): $(THREADS)/%.cpp.o: %.cpp
	@mkdir -p $(@D)
	$(call say,TSAN)
	$(Q)$(CXX) $(THREADS_CXXFLAGS) -c $< -o $@

-include $(THREADS_KERNEL_OBJECTS:.o=.d) $(THREADS_TEST_OBJECTS:.o=.d)
