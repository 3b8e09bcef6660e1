#pragma once
/* An old home of <signal.h>. */

#include <signal.h>
