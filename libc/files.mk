# The sources of libc/, sorted.
LIBC_SRC :=
