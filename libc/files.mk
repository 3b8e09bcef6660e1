# The sources of libc/, sorted.
LIBC_SRC := \
    libc/src/big_decimal.cpp \
    libc/src/clock.cpp \
    libc/src/ctype.cpp \
    libc/src/cxx.cpp \
    libc/src/dirent.cpp \
    libc/src/entry.asm \
    libc/src/environment.cpp \
    libc/src/err.cpp \
    libc/src/exec.cpp \
    libc/src/exit.cpp \
    libc/src/file.cpp \
    libc/src/file_io.cpp \
    libc/src/file_open.cpp \
    libc/src/file_seek.cpp \
    libc/src/files.cpp \
    libc/src/format.cpp \
    libc/src/format_floating.cpp \
    libc/src/getcwd.cpp \
    libc/src/getopt.cpp \
    libc/src/malloc.cpp \
    libc/src/memory_blocks.cpp \
    libc/src/messages.cpp \
    libc/src/mman.cpp \
    libc/src/names.cpp \
    libc/src/poll.cpp \
    libc/src/printf.cpp \
    libc/src/process.cpp \
    libc/src/qsort.cpp \
    libc/src/signal.cpp \
    libc/src/stack_protector.cpp \
    libc/src/start.cpp \
    libc/src/string.cpp \
    libc/src/strtod.cpp \
    libc/src/strtol.cpp \
    libc/src/terminal.cpp
