#include "moments/moments.hpp"

#include <type_traits>
#include <utility>

#include "moments/forms.hpp"
#include "products.hpp"

namespace gmmx {

namespace {

// What the four forms share: counts, first moments and the hand-over. (46), (50)
// Shifts are rounded to T relative to the origin; the rounded ones are what the moments are about.
template <class T>
class ShiftedMoments : public Moments<T> {
 public:
  ShiftedMoments(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts)
      : relative_shifts_((shifts.rowwise() - origin.template cast<double>()).template cast<T>()),
        sums_(make_zero(form, origin)) {}

  void flush(SufficientStatistics& total) override {
    total += sums_;
    sums_ = zero();
  }

  SufficientStatistics zero() const override {
    return {sums_.form, sums_.n_components, sums_.n_features, sums_.shifts};
  }

 protected:
  SufficientStatistics make_zero(SecondMomentForm form, const RowVector<T>& origin) const {
    const Index k = relative_shifts_.rows();
    const Index d = relative_shifts_.cols();
    std::vector<double> absolute(static_cast<std::size_t>(k * d));
    Eigen::Map<RowMajorMatrix<double>>(absolute.data(), k, d) =
        relative_shifts_.template cast<double>().rowwise() + origin.template cast<double>();
    return {form, k, d, std::move(absolute)};
  }

  double& count(Index k) { return sums_.counts[static_cast<std::size_t>(k)]; }
  auto first(Index k) { return VectorMap(sums_.first_moments.data() + k * sums_.n_features, sums_.n_features); }
  double* second() { return sums_.second_moments.data(); }
  auto shifted(Block<T>& block, Index k, Index j) const { return block.column(j) - relative_shifts_(k, j); }

  Matrix<T> relative_shifts_;
  SufficientStatistics sums_;
};

// Symmetric matrices: rank updates of the lower triangle; the upper one is filled when the sums are handed over.
template <class T>
class MatrixMoments final : public ShiftedMoments<T> {
 public:
  MatrixMoments(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts)
      : ShiftedMoments<T>(form, origin, shifts),
        components_apart_(form == SecondMomentForm::full),
        block_sum_(shifts.cols(), shifts.cols()) {}

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    const Index d = block.n_features();
    auto differences = block.differences();
    auto weighted = block.whitened();
    for (Index k = 0; k < resp.cols(); ++k) {
      const auto r = resp.col(k);
      const T total = r.sum();
      if (total == T(0)) continue;
      differences = block.rows().rowwise() - this->relative_shifts_.row(k);
      weighted = differences.array().colwise() * r;
      this->count(k) += static_cast<double>(total);
      this->first(k) += weighted.colwise().sum().transpose().template cast<double>();
      // Row-major storage of the symmetric sum: its lower triangle is the upper one of the column-major map.
      Eigen::Map<Matrix<double>> sum(this->second() + (components_apart_ ? k * d * d : 0), d, d);
      if constexpr (std::is_same_v<T, double>) {
        multiply_to_lower<T>(differences, weighted, true, sum);
      } else {
        multiply_to_lower<T>(differences, weighted, false, block_sum_);
        sum.template triangularView<Eigen::Lower>() += block_sum_.template cast<double>();
      }
    }
  }

  void flush(SufficientStatistics& total) override {
    const Index d = this->sums_.n_features;
    const auto size = static_cast<Index>(this->sums_.second_moments.size());
    for (Index start = 0; start < size; start += d * d) {
      Eigen::Map<Matrix<double>> sum(this->second() + start, d, d);
      sum.template triangularView<Eigen::StrictlyUpper>() = sum.transpose();
    }
    ShiftedMoments<T>::flush(total);
  }

 private:
  bool components_apart_;
  Matrix<T> block_sum_;
};

// Sums of squares feature by feature, kept apart (diagonal) or added up (trace).
template <class T>
class SquareMoments final : public ShiftedMoments<T> {
 public:
  SquareMoments(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts)
      : ShiftedMoments<T>(form, origin, shifts), features_apart_(form == SecondMomentForm::diagonal) {}

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    const Index d = block.n_features();
    auto scratch = block.differences().col(0).array();
    for (Index k = 0; k < resp.cols(); ++k) {
      const auto r = resp.col(k);
      const T total = r.sum();
      if (total == T(0)) continue;
      this->count(k) += static_cast<double>(total);
      auto first = this->first(k);
      for (Index j = 0; j < d; ++j) {
        scratch = r * this->shifted(block, k, j);
        first(j) += static_cast<double>(scratch.sum());
        this->second()[features_apart_ ? k * d + j : k] +=
            static_cast<double>((scratch * this->shifted(block, k, j)).sum());
      }
    }
  }

 private:
  bool features_apart_;
};

}  // namespace

template <class T>
std::unique_ptr<Moments<T>> make_moments(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts) {
  const bool matrices = form == SecondMomentForm::full || form == SecondMomentForm::pooled;
  if (matrices) return std::make_unique<MatrixMoments<T>>(form, origin, shifts);
  return std::make_unique<SquareMoments<T>>(form, origin, shifts);
}

template std::unique_ptr<Moments<float>> make_moments(SecondMomentForm, const RowVector<float>&, ConstMatrixMap);
template std::unique_ptr<Moments<double>> make_moments(SecondMomentForm, const RowVector<double>&, ConstMatrixMap);

}  // namespace gmmx
