# The sources of kernel/, sorted.
KERNEL_SRC := \
    kernel/arch/random.cpp \
    kernel/lib/chacha20.cpp \
    kernel/lib/siphash.cpp
