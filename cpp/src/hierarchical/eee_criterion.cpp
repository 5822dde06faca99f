// Criterion EEE: the volume of the scatter that all groups share. A merge costs a quadratic form, so that in the right
// coordinates the cheapest pair is the nearest.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "eigenvectors.hpp"
#include "hierarchical/criterion.hpp"

namespace gmmx {

namespace {

constexpr double rounding_of_limit = 1.0 / (1 << 26);  // within rounding of it counts as reached
constexpr double rounding_of_forms = 1e-28;            // of equal means, squared and beside the largest row
constexpr double infinity = std::numeric_limits<double>::infinity();

// log(exp(a) + exp(b)).
double log_of_sum(double a, double b) {
  const double larger = std::max(a, b);
  return larger == -infinity ? larger : larger + std::log1p(std::exp(std::min(a, b) - larger));
}

class EEECriterion final : public Criterion {
 public:
  explicit EEECriterion(Groups groups)
      : d_(groups.means.cols()),
        n_rows_(static_cast<double>(groups.n_rows)),
        log_limit_(std::log(groups.mean_variance + std::numeric_limits<double>::epsilon()) - rounding_of_limit),
        groups_(std::move(groups)),
        floor_(rounding_of_forms * groups_.largest_square),
        within_(Matrix<double>::Zero(d_, d_)),
        places_(Array<double>::Zero(column_stride<double>(groups_.size()), d_ + 1)) {
    if (groups_.scatters.cols() > 0) {
      for (Index j = 0, q = 0; j < d_; ++j) {
        for (Index i = j; i < d_; ++i, ++q) within_(i, j) = groups_.scatters.col(q).sum() / n_rows_;
      }
    }
    groups_.scatters.resize(0, 0);
    place();
  }

  double flops_per_cost(Index /*slot*/) const override { return 3 * static_cast<double>(d_) + 30; }

  void costs(Index slot, Index begin, Index end, double* out) const override {  // (97)
    const auto own_count = broadcast(places_(slot, d_));
    const double* counts = places_.col(d_).data();
    for (Index i = begin; i < end; i += packet_size<double>) {
      auto distance = broadcast(0.0);
      for (Index j = 0; j < d_; ++j) {
        const auto between = simd::subtract(load(places_.col(j).data() + i), broadcast(places_(slot, j)));
        distance = simd::multiply_add(between, between, distance);
      }
      const auto count = load(counts + i);
      const auto weight = simd::divide(simd::multiply(own_count, count), simd::add(own_count, count));
      const auto costs = simd::add(
          simd::logarithm(simd::larger_of(simd::multiply(weight, distance), broadcast(floor_))), broadcast(log_scale_));
      const auto is_empty = simd::equal(count, broadcast(0.0));
      store(out + i, simd::select(is_empty, broadcast(infinity), rounded(costs)));
    }
  }

  bool changes_before(Index a, Index b) override {
    if (!regularised_) return false;
    Matrix<double> united = within_;
    add_between(a, b, united);
    const auto d = static_cast<double>(d_);
    if (d * std::log(united.trace() / d) < log_limit_) return false;  // a bound of the determinant
    if (Spectrum(united).log_values.sum() < log_limit_) return false;
    regularised_ = false;
    place();
    return true;
  }

  OtherCosts merge(Index a, Index b) override {
    add_between(a, b, within_);
    const double n = groups_.counts(a) + groups_.counts(b);
    groups_.means.row(a) += groups_.counts(b) / n * (groups_.means.row(b) - groups_.means.row(a));
    groups_.counts(a) = n;
    groups_.counts(b) = 0;
    place();
    return OtherCosts::rise;
  }

  void keep(const std::vector<Index>& slots) override {
    Index to = 0;
    for (const Index from : slots) {
      groups_.counts(to) = groups_.counts(from);
      groups_.means.row(to) = groups_.means.row(from);
      places_.row(to++) = places_.row(from);
    }
    groups_.counts.conservativeResize(to);
    groups_.means.conservativeResize(to, d_);
    places_.bottomRows(places_.rows() - to).setZero();
  }

  // (96)
  double value() const override {
    return n_rows_ * log_of_sum(log_determinant_, regularised_ ? std::log(within_.trace()) : -infinity);
  }

 private:
  // Eigenvectors, and logarithms of the eigenvalues; one that is there by rounding alone counts as 0.
  struct Spectrum {
    explicit Spectrum(const Matrix<double>& matrix) {
      Eigenvectors eigen = eigenvectors_of(matrix);
      vectors = std::move(eigen.vectors);
      const auto& values = eigen.values;
      const double largest = values(values.size() - 1);
      const double rounding = static_cast<double>(values.size()) * std::numeric_limits<double>::epsilon() * largest;
      log_values.resize(values.size());
      for (Index k = 0; k < values.size(); ++k) log_values(k) = values(k) > rounding ? std::log(values(k)) : -infinity;
    }
    Matrix<double> vectors;
    Column<double> log_values;
  };

  void add_between(Index a, Index b, Matrix<double>& within) const {
    const double weight = groups_.counts(a) * groups_.counts(b) / ((groups_.counts(a) + groups_.counts(b)) * n_rows_);
    const Vector<double> between = (groups_.means.row(a) - groups_.means.row(b)).matrix();
    within.selfadjointView<Eigen::Lower>().rankUpdate(between, weight);
  }

  // Puts the means where squared distances are the forms of (97). Their matrix |W| W^-1 (+ I) has the eigenvectors of
  // W, and as eigenvalues the products of the other eigenvalues (+ 1), also where W is singular.
  void place() {
    const Spectrum spectrum(within_);
    log_determinant_ = spectrum.log_values.sum();
    Column<double> log_metric(d_);
    for (Index k = 0; k < d_; ++k) {
      double others = 0;
      for (Index i = 0; i < d_; ++i) others += i == k ? 0 : spectrum.log_values(i);
      log_metric(k) = regularised_ ? log_of_sum(others, 0) : others;
    }
    const double largest = log_metric.maxCoeff();
    log_scale_ = largest - std::log(n_rows_);
    const Matrix<double> to_places = spectrum.vectors * (0.5 * (log_metric - largest)).exp().matrix().asDiagonal();
    const Index n = groups_.size();
    places_.topLeftCorner(n, d_).matrix().noalias() = groups_.means.matrix() * to_places;
    places_.col(d_).head(n) = groups_.counts;
  }

  Index d_;
  double n_rows_;
  double log_limit_;
  Groups groups_;
  double floor_;           // of weighted squared distances between places
  Matrix<double> within_;  // lower triangle of W / n
  double log_determinant_ = -infinity;
  bool regularised_ = true;
  Array<double> places_;  // of the means, and the counts; one row a slot
  double log_scale_ = 0;  // of squared distances between places
};

}  // namespace

std::unique_ptr<Criterion> eee_criterion(Groups groups) { return std::make_unique<EEECriterion>(std::move(groups)); }

}  // namespace gmmx
