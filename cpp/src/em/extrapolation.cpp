#include "em/extrapolation.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "checks.hpp"

namespace gmmx {

namespace {

// (71) Where EM's step is the steepest ascent, its angle to a jump tells whether the jump goes up.
constexpr double least_cosine = 0.6;
constexpr double least_pivot = 1e-8;  // of a step's difference, in its own length: less is rounding noise

bool ascends(const Vector<double>& step, const Vector<double>& jump) {
  return step.dot(jump) > least_cosine * step.norm() * jump.norm();
}

// Least squares by the first q of some columns, for every q: QR by Gram-Schmidt, each column orthogonalised twice,
// which leaves rounding error alone. Written out, as Eigen's decomposition is blocked for hundreds of columns and takes
// seconds to compile.
class LeastSquares {
 public:
  LeastSquares(const Matrix<double>& columns, const Vector<double>& target)
      : q_(columns), r_(Matrix<double>::Zero(columns.cols(), columns.cols())), projected_(columns.cols()) {
    for (; usable_ < columns.cols(); ++usable_) {
      auto column = q_.col(usable_);
      const double length = column.norm();
      for (int pass = 0; pass < 2; ++pass) {
        for (Index i = 0; i < usable_; ++i) {
          const double along = q_.col(i).dot(column);
          column -= along * q_.col(i);
          r_(i, usable_) += along;
        }
      }
      const double pivot = column.norm();
      if (!(pivot > least_pivot * length)) break;
      column /= pivot;
      r_(usable_, usable_) = pivot;
      projected_(usable_) = column.dot(target);
    }
  }

  // Columns before the first that depends on those before it.
  Index usable() const { return usable_; }

  Vector<double> coefficients(Index q) const {
    Vector<double> result(q);
    for (Index i = q - 1; i >= 0; --i) {
      double rest = projected_(i);
      for (Index j = i + 1; j < q; ++j) rest -= r_(i, j) * result(j);
      result(i) = rest / r_(i, i);
    }
    return result;
  }

 private:
  Matrix<double> q_;
  Matrix<double> r_;
  Vector<double> projected_;
  Index usable_ = 0;
};

}  // namespace

std::optional<Vector<double>> anderson_jump(const Trail& trail) {
  const Matrix<double> steps = trail.images - trail.points;
  const Index last = steps.cols() - 1;
  const Index memory = std::min(last, steps.rows());
  if (memory < 1) return std::nullopt;
  const Vector<double> step = steps.col(last);
  // Newest differences first: the first q columns are the problem with a memory of q.
  Matrix<double> differences(steps.rows(), memory);
  Matrix<double> moves(steps.rows(), memory);
  for (Index j = 0; j < memory; ++j) {
    differences.col(j) = steps.col(last - j) - steps.col(last - j - 1);
    moves.col(j) = trail.images.col(last - j) - trail.images.col(last - j - 1);
  }
  const LeastSquares fit(differences, step);
  for (Index q = fit.usable(); q > 0; --q) {
    const Vector<double> gamma = fit.coefficients(q);
    const Vector<double> jump = -moves.leftCols(q).lazyProduct(gamma);
    if (ascends(step, jump)) return jump;
  }
  return std::nullopt;
}

std::optional<Vector<double>> squarem_jump(const Trail& trail) {
  const Index last = trail.points.cols() - 1;
  if (last < 1 || trail.images.col(last - 1) != trail.points.col(last)) return std::nullopt;
  const Vector<double> r = trail.points.col(last) - trail.points.col(last - 1);
  const Vector<double> step = trail.images.col(last) - trail.points.col(last);
  const Vector<double> v = step - r;
  const double alpha = -r.norm() / v.norm();
  if (!(alpha < -1) || !std::isfinite(alpha)) return std::nullopt;
  const Vector<double> jump = trail.points.col(last - 1) - 2 * alpha * r + alpha * alpha * v - trail.images.col(last);
  if (!ascends(step, jump)) return std::nullopt;
  return jump;
}

Extrapolation extrapolation_of(Acceleration acceleration) {
  // In the order of Acceleration.
  constexpr Extrapolation table[] = {{0, nullptr}, {6, anderson_jump}, {2, squarem_jump}};
  return table[place_of(acceleration, std::size(table), "Acceleration")];
}

}  // namespace gmmx
