// Rows of float into blocks of double, for sums and densities that float cannot hold.
#pragma once

#include "density/block.hpp"

namespace gmmx {

class WideningLoader {
 public:
  WideningLoader(Index capacity, Index n_features) : wide_(capacity, n_features) {}

  // Rows begin to end - 1 less the origin, which is subtracted in double.
  void load(MatrixView<const float> rows, Index begin, Index end, const RowVector<double>& origin,
            Block<double>& block) {
    for (Index n = begin; n < end; ++n) {
      for (Index j = 0; j < rows.cols(); ++j) wide_(n - begin, j) = static_cast<double>(rows(n, j));
    }
    block.load(MatrixView<const double>(wide_.data(), end - begin, rows.cols()), 0, end - begin, origin);
  }

 private:
  RowMajorMatrix<double> wide_;
};

}  // namespace gmmx
