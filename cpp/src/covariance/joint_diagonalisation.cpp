#include "covariance/joint_diagonalisation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "covariance/axes.hpp"
#include "covariance/matrix_family.hpp"
#include "covariance/volume_and_shape.hpp"

namespace gmmx {

RotatedMatrices::RotatedMatrices(const std::vector<double>& matrices, Matrix<double> axes) : axes_(std::move(axes)) {
  const Index d = axes_.rows();
  const auto size = static_cast<std::size_t>(d * d);
  Matrix<double> half(d, d);
  for (std::size_t first = 0; first < matrices.size(); first += size) {
    const Matrix<double> matrix = ConstMatrixMap(matrices.data() + first, d, d);
    half.noalias() = matrix.lazyProduct(axes_);
    Matrix<double> rotated = axes_.transpose().lazyProduct(half);
    for (Index i = 0; i < d; ++i) {
      for (Index j = 0; j < i; ++j) rotated(i, j) = rotated(j, i);
    }
    matrices_.push_back(std::move(rotated));
  }
}

void RotatedMatrices::rotate(Index i, Index j, Angle angle) {
  const double cos = angle.cos, sin = angle.sin;
  const Index d = n_features();
  const auto turn = [cos, sin, i, j, d](Matrix<double>& matrix) {
    double* __restrict first = matrix.data() + i * d;
    double* __restrict second = matrix.data() + j * d;
    for (Index l = 0; l < d; ++l) {
      const double before = first[l];
      first[l] = cos * before + sin * second[l];
      second[l] = cos * second[l] - sin * before;
    }
  };
  turn(axes_);
  for (Matrix<double>& a : matrices_) {
    const double ii = a(i, i), jj = a(j, j), ij = a(i, j);
    turn(a);
    a(i, i) = cos * cos * ii + 2 * cos * sin * ij + sin * sin * jj;
    a(j, j) = sin * sin * ii - 2 * cos * sin * ij + cos * cos * jj;
    a(i, j) = a(j, i) = (cos * cos - sin * sin) * ij + cos * sin * (jj - ii);
    for (Index l = 0; l < d; ++l) {
      if (l == i || l == j) continue;
      a(i, l) = a(l, i);
      a(j, l) = a(l, j);
    }
  }
}

RowMajorMatrix<double> RotatedMatrices::variances() const {
  RowMajorMatrix<double> result(count(), n_features());
  for (Index k = 0; k < count(); ++k) {
    for (Index j = 0; j < n_features(); ++j) result(k, j) = (*this)(k, j, j);
  }
  return result;
}

double RotatedMatrices::error() const {
  double largest = 0;
  for (const Matrix<double>& a : matrices_) {
    for (Index j = 0; j < a.cols(); ++j) {
      for (Index i = 0; i < j; ++i) {
        const double share = std::abs(a(i, j)) / std::sqrt(a(i, i) * a(j, j));
        if (!(share <= largest)) largest = share;
      }
    }
  }
  return largest;
}

namespace {

constexpr int most_sweeps = 1000;
constexpr int first_sweeps = 3;       // of each start, before the best goes on
constexpr double least_gain = 1e-15;  // of a sweep, in the criterion per unit of weight
// The criterion itself says nothing of smaller ones, as it changes by the square. In units of the smaller of two
// standard deviations beside the larger: to a flat component, even an angle of 1e-6 may be a long way.
constexpr double small_angle = 1e-5;
constexpr double slope_noise = 1e-15;
// Within EM a search stops when a sweep gains less than this share of the first: the next M-step takes it up again.
constexpr double worth_a_sweep = 1e-3;

// Minimises the criterion over D, two axes at a time.
class Search {
 public:
  Search(RotatedMatrices start, const std::vector<double>& counts, OrientationCriterion criterion)
      : a_(std::move(start)), counts_(counts), criterion_(criterion), slopes_(counts) {
    for (Index k = 0; k < a_.count(); ++k) {
      const double log_own = log_volume(k);
      if (!own_volumes()) slopes_[static_cast<std::size_t>(k)] *= std::exp(log_own) / d();
    }
  }

  double value() const {
    double sum = 0;
    for (Index k = 0; k < a_.count(); ++k) {
      if (count(k) > 0) sum += count(k) * (own_volumes() ? d() * log_volume(k) : std::exp(log_volume(k)));
    }
    return sum;
  }

  void run(int n_sweeps, double share_of_first = 0) {
    double worth_it = 0;
    for (int sweep = 0; sweep < n_sweeps; ++sweep) {
      double gain = 0;
      for (Index i = 0; i < a_.n_features(); ++i) {
        for (Index j = i + 1; j < a_.n_features(); ++j) gain += turn(i, j);
      }
      if (sweep == 0) worth_it = share_of_first * gain;
      if (!(gain > std::max(noise(), worth_it))) break;
    }
  }

  RotatedMatrices result() && { return std::move(a_); }

 private:
  // A turn of a pair of axes: what the criterion gains by it, and how much the criterion of each component grows, in
  // units of its slope.
  struct Turn {
    Angle angle{0};
    double gain = 0;
    std::vector<double> growths;
  };

  // What a sweep gains by rounding: in proportion to the criterion as it is now, which falls to zero with the volumes.
  double noise() const { return least_gain * std::accumulate(slopes_.begin(), slopes_.end(), 0.0); }
  bool own_volumes() const { return criterion_ == OrientationCriterion::own_volumes; }
  double d() const { return static_cast<double>(a_.n_features()); }
  double count(Index k) const { return counts_[static_cast<std::size_t>(k)]; }
  // How fast the criterion grows with log((a_k)_ii (a_k)_jj).
  double slope(Index k) const { return slopes_[static_cast<std::size_t>(k)]; }
  double log_volume(Index k) const {
    double sum = 0;
    for (Index j = 0; j < a_.n_features(); ++j) {
      if (a_(k, j, j) <= 0) throw_collapsed(k);
      sum += std::log(a_(k, j, j));
    }
    return sum / d();
  }

  // log of the product of both variances after a turn, against before.
  double log_growth(Index k, Index i, Index j, Angle turn) const {
    const double ii = a_(k, i, i), jj = a_(k, j, j), ij = a_(k, i, j);
    const double c = turn.cos, s = turn.sin;
    const double first = c * c * ii + 2 * c * s * ij + s * s * jj;
    const double second = s * s * ii - 2 * c * s * ij + c * c * jj;
    return std::log(first / ii * (second / jj));
  }

  void consider(double theta, Index i, Index j, Turn& turn) const {
    turn.angle = Angle(theta);
    turn.gain = 0;
    turn.growths.assign(counts_.size(), 0.0);
    for (Index k = 0; k < a_.count(); ++k) {
      if (count(k) == 0) continue;
      const double log = log_growth(k, i, j, turn.angle);
      const double growth = own_volumes() ? log : d() * std::expm1(log / d());
      turn.growths[static_cast<std::size_t>(k)] = growth;
      turn.gain -= slope(k) * growth;
    }
  }

  void take(const Turn& turn, Index i, Index j) {
    if (!own_volumes()) {
      for (std::size_t k = 0; k < slopes_.size(); ++k) slopes_[k] *= 1 + turn.growths[k] / d();
    }
    a_.rotate(i, j, turn.angle);
  }

  // Turns a pair and returns what that gains, by the better of two angles: (84), (85) with the variances held fixed the
  // best angle has a closed form, and never loses; Newton's step for the criterion itself is longer where matrices keep
  // something off the diagonal.
  double turn(Index i, Index j) {
    double cosine = 0, sine = 0, curvature = 0, total = 0, flattest = 1;
    for (Index k = 0; k < a_.count(); ++k) {
      if (count(k) == 0) continue;
      const double ii = a_(k, i, i), jj = a_(k, j, j), ij = a_(k, i, j);
      flattest = std::min({flattest, ii / jj, jj / ii});
      const double difference = 1 / ii - 1 / jj;
      cosine += slope(k) * difference * (ii - jj) / 2;
      sine += slope(k) * difference * ij;
      curvature += slope(k) * ij * ij * (1 / (ii * ii) + 1 / (jj * jj));
      if (!own_volumes()) curvature -= slope(k) * ij * ij * difference * difference / d();
      total += slope(k);
    }
    const double bend = -2 * cosine - 2 * curvature;
    const double newton = -sine / bend;
    const bool has_newton = bend > slope_noise * total && std::abs(newton) < 1;
    if (has_newton && std::abs(newton) < small_angle * std::sqrt(flattest)) {
      best_.angle = Angle(newton);
      if (!own_volumes()) consider(newton, i, j, best_);
      take(best_, i, j);
      return sine * sine / bend;
    }
    if (!(std::abs(sine) > slope_noise * total)) return 0;
    consider(0.5 * std::atan2(-sine, -cosine), i, j, best_);
    if (has_newton) {
      consider(newton, i, j, other_);
      if (other_.gain > best_.gain) std::swap(best_, other_);
    }
    if (!(best_.gain > 0)) return 0;
    take(best_, i, j);
    return best_.gain;
  }

  RotatedMatrices a_;
  const std::vector<double>& counts_;
  OrientationCriterion criterion_;
  std::vector<double> slopes_;
  Turn best_, other_;
};

// sum_k weight_k C_k / tr C_k
RowMajorMatrix<double> pooled(const std::vector<double>& covariances, Index d, const std::vector<double>& weights) {
  RowMajorMatrix<double> sum = RowMajorMatrix<double>::Zero(d, d);
  Index k = 0;
  for (const double weight : weights) {
    const ConstMatrixMap own = matrix_of(covariances, k++, d);
    if (weight > 0 && own.trace() > 0) sum += weight / own.trace() * own;
  }
  return sum;
}

// One sweep of Jacobi's rotations for several matrices at once. (87)
void diagonalise_together(RotatedMatrices& a) {
  for (Index i = 0; i < a.n_features(); ++i) {
    for (Index j = i + 1; j < a.n_features(); ++j) {
      double hh = 0, ho = 0, oo = 0;
      for (Index k = 0; k < a.count(); ++k) {
        const double scale = a(k, i, i) * a(k, j, j);
        const double difference = a(k, i, i) - a(k, j, j), twice = 2 * a(k, i, j);
        hh += difference * difference / scale;
        ho += difference * twice / scale;
        oo += twice * twice / scale;
      }
      // The principal direction (cos 2 theta, sin 2 theta) of the sum of (difference, twice)(difference, twice)^T.
      const double theta = 0.25 * std::atan2(2 * ho, hh - oo);
      if (theta != 0 && std::isfinite(theta)) a.rotate(i, j, Angle(theta));
    }
  }
}

}  // namespace

RotatedMatrices best_orientation(const std::vector<double>& covariances, const Scatter& s,
                                 OrientationCriterion criterion) {
  const Index d = s.n_features;
  if (s.previous) {
    Search search({covariances, common_orientation(s.previous->covariances(), s.n_components, d).axes()}, s.counts,
                  criterion);
    search.run(most_sweeps, worth_a_sweep);
    return std::move(search).result();
  }
  std::optional<Search> best;
  const auto try_from = [&](Matrix<double> axes) {
    Search search({covariances, std::move(axes)}, s.counts, criterion);
    search.run(first_sweeps);
    if (!best || search.value() < best->value()) best.emplace(std::move(search));
  };
  try_from(Matrix<double>::Identity(d, d));  // so that the model is never worse than the one along the features
  try_from(axes_of(pooled(covariances, d, s.counts)).directions);
  for (Index k = 0; k < s.n_components; ++k) {
    if (s.counts[static_cast<std::size_t>(k)] > 0) try_from(axes_of(matrix_of(covariances, k, d)).directions);
  }
  best->run(most_sweeps);
  return std::move(*best).result();
}

RotatedMatrices common_orientation(const std::vector<double>& covariances, Index n_components, Index d) {
  constexpr int most_joint_sweeps = 30;
  constexpr double good = 1e-14;
  // Weights that differ, so that axes in which the matrices differ are not mixed in the sum.
  std::vector<double> weights;
  for (Index k = 0; k < n_components; ++k) weights.push_back(1 / (1 + 0.618 * static_cast<double>(k)));
  RotatedMatrices rotated(covariances, axes_of(pooled(covariances, d, weights)).directions);
  double error = rotated.error();
  for (int sweep = 0; sweep < most_joint_sweeps && error > good; ++sweep) {
    RotatedMatrices next = rotated;
    diagonalise_together(next);
    const double now = next.error();
    if (!(now < 0.5 * error)) break;
    error = now;
    rotated = std::move(next);
  }
  RowVector<double> shape = RowVector<double>::Zero(d);
  const RowMajorMatrix<double> variances = rotated.variances();
  for (Index k = 0; k < n_components; ++k) shape += variances.row(k).array().log().matrix();
  return {covariances, in_order(shape, rotated.axes()).directions};
}

}  // namespace gmmx
