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

// (66) Sums of features about the origin, R^T phi(X), one matrix product a block; moved to the shifts when handed over.
template <class T>
class FeatureMoments final : public Moments<T> {
 public:
  FeatureMoments(SecondMomentForm form, const RowVector<T>& origin, std::unique_ptr<Moments<T>> exact,
                 Index n_components, double squared_reach)
      : form_(form),
        origin_(origin.template cast<double>()),
        exact_(std::move(exact)),
        squared_reach_(squared_reach),
        sums_(Matrix<double>::Zero(n_components, n_features_of(form, origin.size()))),
        block_sums_(n_components, sums_.cols()),
        scatter_(Matrix<double>::Zero(origin.size(), origin.size())),
        block_scatter_(origin.size(), origin.size()) {}

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    if (!(block.squared_radius() < squared_reach_)) {
      exact_->add(block, resp);
      return;
    }
    multiply_transposed<T>(as_matrix<T>(resp), block.features(form_), block_sums_);
    sums_ += block_sums_.template cast<double>();
    used_ = true;
    if (form_ != SecondMomentForm::pooled) return;
    // What all components share: sum_n w_n x_n x_n^T.
    auto weighted = block.whitened();
    weighted = block.rows().array().colwise() * resp.rowwise().sum();
    multiply_to_lower<T>(block.rows(), weighted, false, block_scatter_);
    scatter_.template triangularView<Eigen::Lower>() += block_scatter_.template cast<double>();
  }

  void flush(SufficientStatistics& total) override {
    exact_->flush(total);
    if (!used_) return;
    SufficientStatistics about_origin = zero();
    for (Index k = 0; k < sums_.rows(); ++k) {
      Eigen::Map<RowVector<double>>(about_origin.shifts.data() + k * origin_.size(), origin_.size()) = origin_;
    }
    unpack(about_origin);
    about_origin.move_to(total.shifts);
    total += about_origin;
    sums_.setZero();
    scatter_.setZero();
    used_ = false;
  }

  SufficientStatistics zero() const override { return exact_->zero(); }

 private:
  void unpack(SufficientStatistics& s) {
    const Index d = origin_.size();
    VectorMap(s.counts.data(), sums_.rows()) = sums_.col(0);
    MatrixMap(s.first_moments.data(), sums_.rows(), d) = sums_.middleCols(1, d);
    if (form_ == SecondMomentForm::pooled) {
      scatter_.template triangularView<Eigen::StrictlyUpper>() = scatter_.transpose();
      MatrixMap(s.second_moments.data(), d, d) = scatter_;
      return;
    }
    const Index n_second = n_second_features(form_, d);
    if (form_ != SecondMomentForm::full) {
      MatrixMap(s.second_moments.data(), sums_.rows(), n_second) = sums_.rightCols(n_second);
      return;
    }
    for (Index k = 0; k < sums_.rows(); ++k) {
      MatrixMap second(s.second_moments.data() + k * d * d, d, d);
      Index at = 1 + d;
      for (Index i = 0; i < d; ++i) {
        for (Index j = i; j < d; ++j) second(i, j) = second(j, i) = sums_(k, at++);
      }
    }
  }

  SecondMomentForm form_;
  RowVector<double> origin_;
  std::unique_ptr<Moments<T>> exact_;
  double squared_reach_;
  bool used_ = false;
  Matrix<double> sums_;
  Matrix<T> block_sums_;
  Matrix<double> scatter_;  // lower triangle; pooled alone
  Matrix<T> block_scatter_;
};

template <class T>
std::unique_ptr<Moments<T>> make_exact(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts) {
  const bool matrices = form == SecondMomentForm::full || form == SecondMomentForm::pooled;
  if (matrices) return std::make_unique<MatrixMoments<T>>(form, origin, shifts);
  return std::make_unique<SquareMoments<T>>(form, origin, shifts);
}

}  // namespace

template <class T>
std::unique_ptr<Moments<T>> make_moments(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts,
                                         double squared_reach) {
  auto exact = make_exact<T>(form, origin, shifts);
  if (squared_reach <= 0) return exact;
  return std::make_unique<FeatureMoments<T>>(form, origin, std::move(exact), shifts.rows(), squared_reach);
}

template std::unique_ptr<Moments<float>> make_moments(SecondMomentForm, const RowVector<float>&, ConstMatrixMap,
                                                      double);
template std::unique_ptr<Moments<double>> make_moments(SecondMomentForm, const RowVector<double>&, ConstMatrixMap,
                                                       double);

}  // namespace gmmx
