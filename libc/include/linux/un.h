#pragma once
/* AF_UNIX addresses. */

#include <sys/un.h>
