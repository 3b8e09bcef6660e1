#pragma once
/* uname(): who we are (Linux x86-64 layout). */

struct utsname {
    char sysname[65];
    char nodename[65];
    char release[65];
    char version[65];
    char machine[65];
    char domainname[65];
};
