# Sanitizers of the kernel; programs are built as always.
#
#   make test UBSAN=1      undefined behaviour
#   make test KASAN=1      (and both) memory that is not the code's to touch
#
# A sanitized kernel has a build folder of its own, $K, so that nothing is mixed.

KASAN ?=
UBSAN ?=
VARIANT := $(MODE)$(if $(KASAN),-kasan)$(if $(UBSAN),-ubsan)
K       := build/$(VARIANT)

# A function that ends with a call stays in the backtrace.
WHOLE_BACKTRACES := -fno-optimize-sibling-calls

# All that -fsanitize=undefined stands for and bounds-strict (arrays at the end of structures too), without
#   vptr                      needs RTTI, which the kernel has not
#   vla-bound                 there are no arrays of variable length
#   nonnull-attribute, returns-nonnull-attribute
#                             nothing in the kernel is declared so
#   object-size               says with -O2, and of objects the compiler sees, what KASAN says always
# Checks of floating point are not part of it; the kernel has no floating point.
UBSAN_CHECKS := -fsanitize=undefined,bounds-strict \
    -fno-sanitize=vptr,vla-bound,object-size,nonnull-attribute,returns-nonnull-attribute -fno-sanitize-recover=all

ifneq ($(UBSAN),)
SANITIZE     := $(UBSAN_CHECKS) -DLUMOS_UBSAN=1 $(WHOLE_BACKTRACES)
KERNEL_SRC   += kernel/sanitizer/ubsan.cpp kernel/crash_undefined.cpp
endif

# The look at the shadow is inlined: calls for it would make the kernel three times slower once more. Frames
# grow by their red zones, and kernel stacks with them (mm/vmap.hpp). What makes or keeps the shadow, and what
# touches free memory by design, looks at none.
KASAN_OFFSET := 0xdffffc0000000000
KASAN_CHECKS := -fsanitize=kernel-address -fsanitize-address-use-after-scope -fno-sanitize-recover=all \
    -fasan-shadow-offset=$(KASAN_OFFSET) --param asan-stack=1 --param asan-globals=1 \
    --param asan-instrumentation-with-call-threshold=1000000
KASAN_SRC    := kernel/sanitizer/kasan.cpp kernel/sanitizer/kasan_heap.cpp kernel/sanitizer/kasan_report.cpp \
    kernel/sanitizer/kasan_shadow.cpp kernel/sanitizer/kasan_string.cpp
KASAN_BLIND  := $(KASAN_SRC) kernel/lib/string.cpp kernel/mm/kmalloc.cpp
LARGEST_FRAME := 2048

ifneq ($(KASAN),)
LARGEST_FRAME := 4096
SANITIZE       += -DLUMOS_KASAN=1 $(WHOLE_BACKTRACES)
LOOK_AT_SHADOW := $(KASAN_CHECKS)
NASM_SANITIZE  := -DLUMOS_KASAN
LINK_SANITIZE  := $(foreach name,memcpy memmove memset memcmp strlen strcmp strncmp,--wrap=$(name))
KERNEL_SRC     += $(KASAN_SRC) kernel/crash_memory.cpp
$(KASAN_BLIND:%=$K/%.o): LOOK_AT_SHADOW :=
endif
