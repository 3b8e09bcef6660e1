#pragma once
/* Processor time in ticks. */

#include <kernel/abi/time.h>
#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS

/// Times of the process and its children; ticks since some moment.
clock_t times(struct tms* result);

__END_DECLS
