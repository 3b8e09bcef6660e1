#pragma once
/* The context a signal handler interrupts: see <signal.h>. */

#include <signal.h>
