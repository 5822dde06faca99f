// What the tests of kernels share: buffers of exactly the size that a kernel may touch, sums to compare with, shapes.
#pragma once

#include <cmath>
#include <initializer_list>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <vector>

#include "draws.hpp"
#include "gmmx/views.hpp"
#include "linear_algebra.hpp"
#include "simd.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) (static_cast<void>(address), static_cast<void>(size))
#endif

namespace gmmx::testing {

// Zeros at an address that packets can be loaded from, and nothing behind them: the address sanitizer reports whatever
// reads or writes past the end. A std::vector does the same where alignment does not matter.
template <class T>
class Exact {
 public:
  explicit Exact(Index size) : size_(size), data_(new (std::align_val_t{64}) T[static_cast<std::size_t>(size)]()) {}
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  Index size() const { return size_; }
  T& operator[](Index i) { return data_[static_cast<std::size_t>(i)]; }
  const T& operator[](Index i) const { return data_[static_cast<std::size_t>(i)]; }

 private:
  struct Delete {
    void operator()(T* data) const { ::operator delete[](data, std::align_val_t{64}); }
  };
  Index size_;
  std::unique_ptr<T[], Delete> data_;
};

// Columns of an array whose rows from `n_rows` on, and all that follows the last column, nobody may touch.
template <class T>
class ExactColumns {
 public:
  ExactColumns(Index stride, Index n_rows, Index n_columns) : n_rows_(n_rows), values_(stride, n_columns + 1) {
    values_.setZero();
    for_gaps([](T* gap, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(gap, bytes); });
  }
  ExactColumns(const ExactColumns&) = delete;
  ExactColumns& operator=(const ExactColumns&) = delete;
  ~ExactColumns() {
    for_gaps([](T* gap, std::size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(gap, bytes); });
  }

  T& operator()(Index n, Index k) { return values_.data()[k * values_.rows() + n]; }
  BlockOfColumns<T> block(Index n_rows) { return values_.block(0, 0, n_rows, values_.cols() - 1); }

 private:
  template <class Call>
  void for_gaps(const Call& call) {
    for (Index k = 0; k + 1 < values_.cols(); ++k) {
      call(&(*this)(n_rows_, k), sizeof(T) * static_cast<std::size_t>(values_.rows() - n_rows_));
    }
    call(&(*this)(0, values_.cols() - 1), sizeof(T) * static_cast<std::size_t>(values_.rows()));
  }

  Index n_rows_;
  Array<T> values_;
};

// A sum, and that of the magnitudes of its terms: rounding is a share of the latter.
struct Sum {
  long double value = 0;
  long double magnitude = 0;

  void add(long double term) {
    value += term;
    magnitude += std::abs(term);
  }
  Sum& operator+=(const Sum& other) {
    value += other.value;
    magnitude += other.magnitude;
    return *this;
  }
};

// The largest difference seen between a number and what it should be, in units of T's precision beside the magnitudes.
template <class T>
class Worst {
 public:
  void see(double got, const Sum& want) {
    const long double difference = std::abs(static_cast<long double>(got) - want.value);
    const long double unit = static_cast<long double>(std::numeric_limits<T>::epsilon()) * want.magnitude;
    const auto units = static_cast<double>(difference > 0 ? difference / unit : difference);
    if (!(units <= units_)) units_ = units;  // also where it is not a number
  }
  double units() const { return units_; }

 private:
  double units_ = 0;
};

class Random {
 public:
  explicit Random(Index seed) : engine_(static_cast<unsigned>(seed)) {}
  double normal() { return normal_(engine_); }
  double uniform() { return uniform_(engine_); }
  Index below(Index n) { return static_cast<Index>(engine_() % static_cast<unsigned>(n)); }

 private:
  std::mt19937 engine_;
  Normal normal_;
  Uniform uniform_;
};

// call(n_features, n_components)
template <class Call>
void for_shapes(Call call) {
  std::vector<Index> all_features;
  for (Index d = 1; d <= 40; ++d) all_features.push_back(d);
  for (const Index d : {49, 65}) all_features.push_back(d);
  for (const Index d : all_features) {
    for (Index k = 1; k <= 9; ++k) call(d, k);
    call(d, Index{17});
  }
}

}  // namespace gmmx::testing
