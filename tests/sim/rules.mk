# The simulation: whole stacks in one process on a network with seeded faults (docs/simulation.md).
#   make sim                         2,000 fresh seeds over all scenarios
#   make sim SEED=17 SCENARIO=bulk   one run again

SIM := build/sim

SIM_CXXFLAGS := $(filter-out -O1,$(HOST_CXXFLAGS)) -O2
# tcp_peer and packet are for the unit tests only.
SIM_SRC := $(HOST_KERNEL_SRC) tests/port_sim.cpp $(filter-out %/tcp_peer.cpp %/packet.cpp, \
    $(sort $(wildcard tests/sim/*.cpp tests/sim/scenarios/*.cpp)))
SIM_OBJECTS := $(SIM_SRC:%=$(SIM)/%.o)

.PHONY: sim
sim: $(SIM)/sim
	$(Q)$(SIM)/sim $(SCENARIO) $(SEED)

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
