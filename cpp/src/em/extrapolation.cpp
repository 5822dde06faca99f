#include "em/extrapolation.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

namespace gmmx {

namespace {

// (71) Where EM's step is the steepest ascent, its angle to a jump tells whether the jump goes up.
constexpr double least_cosine = 0.6;
constexpr double least_pivot = 1e-8;  // of a step's difference, in its own length: less is rounding noise

bool ascends(const Vector<double>& step, const Vector<double>& jump) {
  return step.dot(jump) > least_cosine * step.norm() * jump.norm();
}

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
  const Eigen::HouseholderQR<Matrix<double>> qr(differences);
  const Matrix<double>& r = qr.matrixQR();
  const Vector<double> projected = qr.householderQ().adjoint() * step;
  Index usable = 0;
  while (usable < memory && std::abs(r(usable, usable)) > least_pivot * differences.col(usable).norm()) ++usable;
  for (Index q = usable; q > 0; --q) {
    const Vector<double> gamma = r.topLeftCorner(q, q).triangularView<Eigen::Upper>().solve(projected.head(q));
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
  switch (acceleration) {
    case Acceleration::anderson:
      return {6, anderson_jump};
    case Acceleration::squarem:
      return {2, squarem_jump};
    case Acceleration::none:
      break;
  }
  return {0, nullptr};
}

}  // namespace gmmx
