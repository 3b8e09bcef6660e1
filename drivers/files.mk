# The sources of drivers/, sorted.
DRIVERS_SRC := \
    drivers/e1000.cpp \
    drivers/e1000_hw.cpp \
    drivers/e1000_rx.cpp \
    drivers/e1000_tx.cpp \
    drivers/pci.cpp \
    drivers/serial.cpp
