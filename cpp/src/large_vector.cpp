#include "large_vector.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstdint>

namespace gmmx {

std::vector<double> large_vector(std::size_t capacity) {
  std::vector<double> result;
  result.reserve(capacity);
#ifdef MADV_HUGEPAGE
  constexpr std::uintptr_t page = 4096;  // or a multiple, where the advice is refused, which does no harm
  constexpr std::size_t many = std::size_t{4} << 20;
  const std::size_t n_bytes = capacity * sizeof(double);
  if (n_bytes >= many) {
    const auto begin = reinterpret_cast<std::uintptr_t>(result.data());
    const std::uintptr_t to_page = (page - begin % page) % page;
    madvise(reinterpret_cast<char*>(result.data()) + to_page, n_bytes - to_page, MADV_HUGEPAGE);
  }
#endif
  return result;
}

}  // namespace gmmx
