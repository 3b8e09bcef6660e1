# The simulation: whole stacks in one process on a network with seeded faults (docs/simulation.md).
#   make sim                         2,000 seeds of today over all scenarios
#   make sim SEEDS=200000 FIRST=1    more, or others
#   make sim SEED=17 SCENARIO=bulk   one run again, with a capture and a trace in build/sim/
#   make sim-goodput                 measures tests/sim/goodput.txt anew
#   make sim-short                   what `make test` runs: 500 seeds and the table of goodput

SIM := build/sim
SEEDS ?= 2000
# Always the same ones: a seed that nobody has looked at fails `make sim`, not the tests of a change.
SHORT_SEEDS := 500
JOBS ?= $(shell nproc)

SIM_CXXFLAGS := $(filter-out -O1,$(HOST_CXXFLAGS)) -O2
# Two files are for the unit tests only: they use GoogleTest.
SIM_SRC := $(HOST_KERNEL_SRC) tests/port_sim.cpp $(WIRE_FAULTS_SRC) tests/wire/link/capture.cpp \
    $(filter-out %/tcp_peer.cpp %/sysctl.cpp, $(sort $(wildcard tests/sim/*.cpp tests/sim/scenarios/*.cpp)))
SIM_OBJECTS := $(SIM_SRC:%=$(SIM)/%.o)

.PHONY: sim sim-goodput sim-short
sim: $(SIM)/sim
	$(Q)nice $(SIM)/sim $(if $(SCENARIO),--scenario $(SCENARIO)) \
	    $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --jobs $(JOBS) $(if $(FIRST),--first $(FIRST)))

sim-goodput: $(SIM)/sim
	$(Q)nice $(SIM)/sim --write-goodput tests/sim/goodput.txt

sim-short: $(SIM)/sim
	$(Q)nice $(SIM)/sim --first 1 --seeds $(SHORT_SEEDS) --jobs $(JOBS)
	$(Q)nice $(SIM)/sim --goodput tests/sim/goodput.txt

$(SIM)/sim: $(SIM_OBJECTS)
	$(call say,LD)
	$(Q)$(CXX) -fsanitize=address,undefined -o $@ $^

$(SIM)/prelude.hpp.gch: tests/sim/prelude.hpp $(wildcard kernel/abi/*.h)
	@mkdir -p $(@D)
	$(call say,PCH)
	$(Q)echo '#include "tests/sim/prelude.hpp"' > $(SIM)/prelude.hpp
	$(Q)$(CXX) $(filter-out -MMD -MP,$(SIM_CXXFLAGS)) -x c++-header -o $@ $(SIM)/prelude.hpp

$(filter $(SIM)/tests/%,$(SIM_OBJECTS)): $(SIM)/%.cpp.o: %.cpp $(SIM)/prelude.hpp.gch
	@mkdir -p $(@D)
	$(call say,SIM)
	$(Q)$(CXX) $(SIM_CXXFLAGS) -include $(SIM)/prelude.hpp -c $< -o $@

$(filter-out $(SIM)/tests/%,$(SIM_OBJECTS)): $(SIM)/%.cpp.o: %.cpp
	@mkdir -p $(@D)
	$(call say,SIM)
	$(Q)$(CXX) $(SIM_CXXFLAGS) -c $< -o $@

-include $(SIM_OBJECTS:.o=.d)
