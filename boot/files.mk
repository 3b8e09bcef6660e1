# The sources of boot/, sorted.
BOOT_SRC := \
    boot/boot_info.cpp \
    boot/entry64.asm \
    boot/multiboot2.asm
