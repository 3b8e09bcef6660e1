# The sources of net/, sorted.
NET_SRC := \
    net/unix/unix.cpp \
    net/unix/unix_connect.cpp \
    net/unix/unix_control.cpp \
    net/unix/unix_names.cpp \
    net/unix/unix_receive.cpp \
    net/unix/unix_send.cpp
