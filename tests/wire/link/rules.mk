# The wire between guests (README.md in this folder). Its faults are linked into the unit tests, too.

WIRE_FAULTS_SRC := $(addprefix tests/wire/link/,frame.cpp script.cpp faults.cpp)
WIRE_SRC := $(WIRE_FAULTS_SRC) $(addprefix tests/wire/link/,capture.cpp end.cpp main.cpp)
WIRE_LINK := build/host/link

$(WIRE_LINK): $(WIRE_SRC) $(wildcard tests/wire/link/*.hpp)
	@mkdir -p $(@D)
	$(call say,HOST)
	$(Q)$(CXX) -std=c++20 -O2 -g $(WARNINGS) -I. -o $@ $(WIRE_SRC)
