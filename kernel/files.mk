# The sources of kernel/, sorted.
KERNEL_SRC := \
    kernel/lib/siphash.cpp
