# Attacks (docs/limits.md): every known class of hostile network input against the stack in the simulated world.
# `make attack` runs all, ATTACK=filter chooses (GoogleTest's pattern). tests/attack/README.md says what is where.

ATTACK ?= *
ATTACK_SRC := $(sort $(wildcard tests/attack/*.cpp))
ATTACK_OBJECTS := $(ATTACK_SRC:%=$(HOST)/%.o)

.PHONY: attack
attack: deps-test
	+@$(SELF) $(HOST)/attack
	$(HOST)/attack --gtest_brief=1 --gtest_filter='$(ATTACK)'

$(HOST)/attack: $(HOST_KERNEL_OBJECTS) $(HOST_LAB_OBJECTS) $(HOST_PLAYER_OBJECTS) $(ATTACK_OBJECTS)
	$(call say,LD)
	$(Q)$(CXX) -fsanitize=address,undefined -o $@ $^ -lgtest -lgtest_main -lpthread

$(ATTACK_OBJECTS): $(HOST)/%.cpp.o: %.cpp $(HOST)/gtest/prelude.hpp.gch
	@mkdir -p $(@D)
	$(call say,HOST)
	$(Q)$(CXX) $(HOST_TEST_CXXFLAGS) -include $(HOST)/gtest/prelude.hpp -c $< -o $@

-include $(ATTACK_OBJECTS:.o=.d)

# What runs in the guests under attack.
ATTACK_PROGRAMS := $(patsubst tests/attack/%.c,$(TEST_ROOT)/tests/%,$(wildcard tests/attack/*.c))

$(ATTACK_PROGRAMS): $(TEST_ROOT)/tests/%: tests/attack/%.c $(SYSROOT)/stamp tools/lumos-cc
	@mkdir -p $(@D)
	$(call say,LUMOS)
	$(Q)MODE=$(MODE) tools/lumos-cc -O1 -Wall -Wextra -Werror -s -o $@ $<

$(TEST_INITRAMFS): $(ATTACK_PROGRAMS)
