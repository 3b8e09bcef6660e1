#pragma once
/* ELF files, and the auxiliary vector's keys. */

#include <kernel/abi/elf.h>
#include <kernel/abi/process.h>
