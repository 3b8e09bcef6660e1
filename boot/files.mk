# The sources of boot/, sorted.
BOOT_SRC :=
