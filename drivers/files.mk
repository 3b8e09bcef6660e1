# The sources of drivers/, sorted.
DRIVERS_SRC :=
