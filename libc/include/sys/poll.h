#pragma once
/* An old home of <poll.h>. */

#include <poll.h>
