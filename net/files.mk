# The sources of net/, sorted.
NET_SRC := \
    net/core/dev.cpp \
    net/core/dev_offload.cpp \
    net/core/drop.cpp \
    net/core/iov_iter.cpp \
    net/core/loopback.cpp \
    net/core/sk_buff.cpp \
    net/core/skb_checksum.cpp \
    net/core/sock.cpp \
    net/core/sock_options.cpp \
    net/core/socket.cpp \
    net/core/timer.cpp \
    net/core/trace.cpp \
    net/ethernet/ethernet.cpp \
    net/stack.cpp \
    net/unix/unix.cpp \
    net/unix/unix_connect.cpp \
    net/unix/unix_control.cpp \
    net/unix/unix_names.cpp \
    net/unix/unix_receive.cpp \
    net/unix/unix_send.cpp \
    net/wire/checksum.cpp \
    net/wire/ipv4.cpp \
    net/wire/tcp.cpp \
    net/wire/tcp_options.cpp
