#pragma once
/* Internet addresses. */

#include <netinet/in.h>
