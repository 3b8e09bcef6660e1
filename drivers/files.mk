# The sources of drivers/, sorted.
DRIVERS_SRC := \
    drivers/e1000.cpp \
    drivers/e1000_hw.cpp \
    drivers/e1000_rx.cpp \
    drivers/e1000_tx.cpp \
    drivers/font.cpp \
    drivers/framebuffer.cpp \
    drivers/keyboard.cpp \
    drivers/pci.cpp \
    drivers/screen.cpp \
    drivers/serial.cpp \
    drivers/vga_text.cpp
