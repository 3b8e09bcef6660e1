// The configuration of the compiler's own C++ headers (libstdc++), taken over and told what this library lacks:
// wide strings, streams and locales, exceptions' home, threads behind std::mutex. What is left are the parts
// that live in headers: containers, strings, algorithms, smart pointers, std::function.
#ifndef LUMOS_CXX_CONFIG
#define LUMOS_CXX_CONFIG

#include_next <bits/c++config.h>

#undef _GLIBCXX_USE_WCHAR_T
#undef _GLIBCXX_HAS_GTHREADS
#undef _GLIBCXX_EXTERN_TEMPLATE
#define _GLIBCXX_EXTERN_TEMPLATE 0

#endif
