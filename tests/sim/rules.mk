# The simulation: whole stacks in one process on a network with seeded faults (docs/simulation.md).
#   make sim                         2,000 seeds of today over all scenarios, and the table of goodput
#   make sim SEEDS=200000 FIRST=1    more, or others
#   make sim SEED=17 SCENARIO=bulk   one run again, with a capture and a trace in build/sim/
#   make sim STRICT=1                all rules after every step of every run
#   make sim-goodput                 measures tests/sim/goodput.txt anew
#   make sim-short                   the same as `make sim`, for `make test`

SIM := build/sim
JOBS ?= $(shell nproc)
COMPARE_GOODPUT = $(Q)nice $(SIM)/sim --goodput tests/sim/goodput.txt

# Everything else it is made of is compiled for the unit tests, too.
SIM_SRC := tests/sim/main.cpp $(sort $(wildcard tests/sim/scenarios/*.cpp))
SIM_OBJECTS := $(SIM_SRC:%=$(HOST)/%.o)

.PHONY: sim sim-goodput sim-short
sim: deps-test
	+@$(SELF) $(SIM)/sim
	$(Q)nice $(SIM)/sim $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(STRICT),--strict) \
	    $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),2000) --jobs $(JOBS) $(if $(FIRST),--first $(FIRST)))
	$(if $(SEED)$(SCENARIO),,$(COMPARE_GOODPUT))

sim-goodput: deps-test
	+@$(SELF) $(SIM)/sim
	$(Q)nice $(SIM)/sim --write-goodput tests/sim/goodput.txt

sim-short: $(SIM)/sim
	$(Q)nice $(SIM)/sim --seeds $(or $(SEEDS),2000) --jobs $(JOBS)
	$(COMPARE_GOODPUT)

$(SIM)/sim: $(HOST_KERNEL_OBJECTS) $(HOST_LAB_OBJECTS) $(SIM_OBJECTS)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CXX) -fsanitize=address,undefined -o $@ $^

$(SIM_OBJECTS): $(HOST)/%.cpp.o: %.cpp $(HOST)/prelude.hpp.gch
	@mkdir -p $(@D)
	$(call say,HOST)
	$(Q)$(CXX) $(HOST_CXXFLAGS) -include $(HOST)/prelude.hpp -c $< -o $@

-include $(SIM_OBJECTS:.o=.d)
