#pragma once
/* Switching off. */

#include <kernel/abi/process.h>
#include <sys/cdefs.h>

#define RB_AUTOBOOT LINUX_REBOOT_CMD_RESTART
#define RB_HALT_SYSTEM LINUX_REBOOT_CMD_HALT
#define RB_ENABLE_CAD LINUX_REBOOT_CMD_CAD_ON
#define RB_DISABLE_CAD LINUX_REBOOT_CMD_CAD_OFF
#define RB_POWER_OFF LINUX_REBOOT_CMD_POWER_OFF

__BEGIN_DECLS

/// Restarts, halts or switches off; returns only on failure.
int reboot(int command);

__END_DECLS
