// Names of the kernels that a pass used: a few, without memory of their own.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace gmmx {

class KernelNames {
 public:
  KernelNames() = default;
  KernelNames(std::string_view name) { add(name); }  // NOLINT(google-explicit-constructor): a set of one

  // name: a literal. Kernels beyond the capacity, which no pass has, stay unnamed.
  void add(std::string_view name) {
    const auto end = names_.begin() + size_;
    const auto at = std::lower_bound(names_.begin(), end, name);
    if ((at != end && *at == name) || size_ == capacity) return;
    std::move_backward(at, end, end + 1);
    *at = name;
    ++size_;
  }
  void add_all(const KernelNames& others) {
    for (std::ptrdiff_t i = 0; i < others.size_; ++i) add(others.names_[static_cast<std::size_t>(i)]);
  }
  void clear() { size_ = 0; }

  // In alphabetical order.
  std::string joined() const {
    std::string result;
    for (std::ptrdiff_t i = 0; i < size_; ++i) {
      result.append(result.empty() ? "" : "+").append(names_[static_cast<std::size_t>(i)]);
    }
    return result;
  }

 private:
  static constexpr std::ptrdiff_t capacity = 8;
  std::array<std::string_view, capacity> names_;
  std::ptrdiff_t size_ = 0;
};

}  // namespace gmmx
