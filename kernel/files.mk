# The sources of kernel/, sorted.
KERNEL_SRC := \
    kernel/arch/random.cpp \
    kernel/lib/chacha20.cpp \
    kernel/lib/siphash.cpp \
    kernel/net_port.cpp \
    kernel/net_port_trace.cpp \
    kernel/net_port_worker.cpp \
    kernel/syscall/socket.cpp \
    kernel/syscall/socket_file.cpp \
    kernel/syscall/socket_message.cpp \
    kernel/syscall/socketcall.cpp \
    kernel/task/exit.cpp \
    kernel/task/fork.cpp \
    kernel/task/futex.cpp \
    kernel/task/job_control.cpp \
    kernel/task/load.cpp \
    kernel/task/mutex.cpp \
    kernel/task/process.cpp \
    kernel/task/real_timer.cpp \
    kernel/task/reaper.cpp \
    kernel/task/scheduler.cpp \
    kernel/task/signal.cpp \
    kernel/task/signal_delivery.cpp \
    kernel/task/signal_frame.cpp \
    kernel/task/thread.cpp \
    kernel/task/timer.cpp \
    kernel/task/wait_child.cpp \
    kernel/task/wait_queue.cpp
