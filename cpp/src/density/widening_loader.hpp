// Rows of any precision into blocks of double, for sums and densities that the rows' own precision cannot hold.
#pragma once

#include <type_traits>

#include "density/block.hpp"

namespace gmmx {

template <class T>
class WideningLoader {
 public:
  WideningLoader(Index capacity, Index n_features) {
    if constexpr (!std::is_same_v<T, double>) wide_.resize(capacity, n_features);
  }

  // Rows begin..end less the origin, which is subtracted in double.
  void load(MatrixView<const T> rows, Index begin, Index end, const RowVector<double>& origin, Block<double>& block) {
    if constexpr (std::is_same_v<T, double>) {
      block.load(rows, begin, end, origin);
    } else {
      for (Index n = begin; n < end; ++n) {
        for (Index j = 0; j < rows.cols(); ++j) wide_(n - begin, j) = static_cast<double>(rows(n, j));
      }
      block.load(MatrixView<const double>(wide_.data(), end - begin, rows.cols()), 0, end - begin, origin);
    }
  }

 private:
  RowMajorMatrix<double> wide_;
};

}  // namespace gmmx
