#include "gmmx/version.hpp"

#ifndef _MSC_VER
namespace gmmx::abi {
const char GMMX_ABI_NAME(GMMX_VERSION_MAJOR, GMMX_VERSION_MINOR) = 0;
}
#endif
