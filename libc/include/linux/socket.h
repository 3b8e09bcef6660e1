#pragma once
/* Sockets. */

#include <sys/socket.h>
