// The decomposition of symmetric matrices, compiled once: Eigen's takes as long to compile as all that uses it.
#pragma once

#include "linear_algebra.hpp"

namespace gmmx {

// Eigenvalues in ascending order, and the eigenvectors as columns in the same order.
struct Eigenvectors {
  Vector<double> values;
  Matrix<double> vectors;
};

// Of the symmetric matrix whose lower triangle is given.
Eigenvectors eigenvectors_of(const Matrix<double>& matrix);

}  // namespace gmmx
