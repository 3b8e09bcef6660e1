# The sources of net/, sorted.
NET_SRC :=
