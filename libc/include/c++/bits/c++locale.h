// The locale behind C++ streams, which are not here.
#ifndef LUMOS_CXX_LOCALE
#define LUMOS_CXX_LOCALE

#include <clocale>

namespace std {
using __c_locale = void*;
}

#endif
