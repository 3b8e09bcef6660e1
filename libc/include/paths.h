#pragma once
/* Where things are. */

#define _PATH_BSHELL "/bin/sh"
#define _PATH_CONSOLE "/dev/console"
#define _PATH_DEVNULL "/dev/null"
#define _PATH_TTY "/dev/tty"
#define _PATH_TMP "/tmp/"
#define _PATH_VARRUN "/var/run/"
#define _PATH_LOG "/dev/log"
#define _PATH_DEFPATH "/bin:/usr/bin:/sbin:/usr/sbin"
#define _PATH_STDPATH _PATH_DEFPATH
