#include "moments/about_shifts.hpp"

#include <type_traits>
#include <utility>
#include <vector>

#include "density/columns.hpp"
#include "moments/sums.hpp"
#include "panels/few_features.hpp"
#include "panels/scatter.hpp"
#include "products.hpp"

namespace gmmx {

namespace {

// What the other forms share: counts, first moments and the hand-over. (46), (50)
template <class T>
class ShiftedMoments : public Moments<T> {
 public:
  ShiftedMoments(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts)
      : relative_shifts_(relative<T>(shifts, origin)), sums_(make_zero(form, origin, shifts)) {}

  void take(Moments<T>& other) override {
    auto& source = static_cast<ShiftedMoments&>(other);
    if (!source.used_) return;
    sums_ += source.sums_;
    source.sums_ = SufficientStatistics(sums_.form, sums_.n_components, sums_.n_features, sums_.shifts);
    source.used_ = false;
    used_ = true;
  }

  SufficientStatistics statistics() const override { return sums_; }

 protected:
  static SufficientStatistics make_zero(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts) {
    return {form, shifts.rows(), shifts.cols(), rounded_shifts<T>(shifts, origin)};
  }

  double& count(Index k) { return sums_.counts[static_cast<std::size_t>(k)]; }
  auto first(Index k) { return VectorMap(sums_.first_moments.data() + k * sums_.n_features, sums_.n_features); }
  double* second() { return sums_.second_moments.data(); }
  auto shifted(Block<T>& block, Index k, Index j) const { return block.column(j) - relative_shifts_(k, j); }

  Matrix<T> relative_shifts_;
  SufficientStatistics sums_;
  bool used_ = false;
};

// Full covariances of 1 to few_features features.
template <class T>
class FewFeaturesMoments final : public Moments<T> {
 public:
  FewFeaturesMoments(const RowVector<T>& origin, ConstMatrixMap shifts)
      : shifts_(rounded_shifts<T>(shifts, origin)),
        relative_shifts_(relative<T>(shifts, origin)),
        sums_(RowMajorMatrix<double>::Zero(shifts.rows(), n_features_of(SecondMomentForm::full, shifts.cols()))) {}

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    clear_beyond(block, resp);
    for (Index k = 0; k < resp.cols(); ++k) {
      add_moments_of_few(block.panel_of_rows(), &resp(0, k), &relative_shifts_(k, 0), &sums_(k, 0));
    }
  }

  void take(Moments<T>& other) override {
    auto& source = static_cast<FewFeaturesMoments&>(other);
    sums_ += source.sums_;
    source.sums_.setZero();
  }

  SufficientStatistics statistics() const override {
    SufficientStatistics result(SecondMomentForm::full, sums_.rows(), relative_shifts_.cols(), shifts_);
    unpack_features(sums_, result);
    return result;
  }

 private:
  std::vector<double> shifts_;
  RowMajorMatrix<T> relative_shifts_;
  RowMajorMatrix<double> sums_;  // K x features
};

// Full covariances of more features. A component takes only the rows that belong to it: of well separated clusters,
// that is one component a row, and the work shrinks by a factor of K.
template <class T>
class MatrixMoments final : public Moments<T> {
 public:
  MatrixMoments(const RowVector<T>& origin, ConstMatrixMap shifts)
      : shifts_(rounded_shifts<T>(shifts, origin)),
        relative_shifts_(relative<T>(shifts, origin)),
        sums_(shifts.cols(), shifts.rows()) {}

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    used_ = true;
    const RowPanels<T> rows = block.row_panels();
    for (Index k = 0; k < resp.cols(); ++k) {
      find_members(resp.col(k));
      if (members_.empty()) continue;
      const auto n_members = static_cast<Index>(members_.size());
      const RowPanels<T> differences =
          gather_rows(rows, members_.data(), n_members, &relative_shifts_(k, 0), block.panels_of_some_rows());
      sums_.add(differences, member_resp_.data(), sum_of(member_resp_.data(), n_members), k);
    }
  }

  void take(Moments<T>& other) override {
    auto& source = static_cast<MatrixMoments&>(other);
    if (!std::exchange(source.used_, false)) return;
    sums_.take(source.sums_);
    used_ = true;
  }

  SufficientStatistics statistics() const override {
    SufficientStatistics result(SecondMomentForm::full, relative_shifts_.rows(), relative_shifts_.cols(), shifts_);
    if (used_) unpack_scatter(sums_, result);
    return result;
  }

 private:
  template <class Resp>
  void find_members(const Resp& r) {
    members_.clear();
    member_resp_.clear();
    for (Index n = 0; n < r.size(); ++n) {
      if (!(r(n) > negligible_resp<T>)) continue;
      members_.push_back(n);
      member_resp_.push_back(r(n));
    }
  }

  std::vector<double> shifts_;
  RowMajorMatrix<T> relative_shifts_;
  ScatterSums<T> sums_;
  bool used_ = false;
  std::vector<Index> members_;
  std::vector<T> member_resp_;
};

// One matrix for all components: rank updates of the lower triangle; the upper one is filled when the sums are handed
// over.
template <class T>
class PooledMoments final : public ShiftedMoments<T> {
 public:
  PooledMoments(const RowVector<T>& origin, ConstMatrixMap shifts)
      : ShiftedMoments<T>(SecondMomentForm::pooled, origin, shifts), block_sum_(shifts.cols(), shifts.cols()) {}

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    this->used_ = true;
    for (Index k = 0; k < resp.cols(); ++k) {
      const auto r = resp.col(k);
      const Index n_members = count_above(r.data(), r.size(), negligible_resp<T>);
      if (n_members == 0) continue;
      auto differences = block.differences();
      auto weighted = block.whitened();
      if (2 * n_members > r.size()) {
        differences = block.rows().rowwise() - this->relative_shifts_.row(k);
        weighted = differences.array().colwise() * r;
        add_component(k, static_cast<double>(r.sum()), differences, weighted);
      } else {
        find_members(r);
        gather(block, k, r, differences, weighted);
        double total = 0;
        for (const Index n : members_) total += static_cast<double>(r(n));
        add_component(k, total, differences.topRows(n_members), weighted.topRows(n_members));
      }
    }
  }

  SufficientStatistics statistics() const override {
    SufficientStatistics result = this->sums_;
    const Index d = result.n_features;
    Eigen::Map<Matrix<double>> sum(result.second_moments.data(), d, d);
    sum.template triangularView<Eigen::StrictlyUpper>() = sum.transpose();
    return result;
  }

 private:
  template <class Resp>
  void find_members(const Resp& r) {
    members_.clear();
    for (Index n = 0; n < r.size(); ++n) {
      if (r(n) > negligible_resp<T>) members_.push_back(n);
    }
  }

  template <class Resp, class Differences, class Weighted>
  void gather(const Block<T>& block, Index k, const Resp& r, Differences& differences, Weighted& weighted) const {
    for (Index j = 0; j < block.n_features(); ++j) {
      const auto column = block.column(j);
      const T shift = this->relative_shifts_(k, j);
      Index at = 0;
      for (const Index n : members_) {
        const T difference = column(n) - shift;
        differences(at, j) = difference;
        weighted(at, j) = difference * r(n);
        ++at;
      }
    }
  }

  template <class Differences, class Weighted>
  void add_component(Index k, double total, const Differences& differences, const Weighted& weighted) {
    const Index d = differences.cols();
    this->count(k) += total;
    this->first(k) += weighted.colwise().sum().transpose().template cast<double>();
    // Row-major storage of the symmetric sum: its lower triangle is the upper one of the column-major map.
    Eigen::Map<Matrix<double>> sum(this->second(), d, d);
    if constexpr (std::is_same_v<T, double>) {
      multiply_to_lower<T>(differences, weighted, true, sum);
    } else {
      multiply_to_lower<T>(differences, weighted, false, block_sum_);
      sum.template triangularView<Eigen::Lower>() += block_sum_.template cast<double>();
    }
  }

  Matrix<T> block_sum_;
  std::vector<Index> members_;
};

// Sums of squares feature by feature, kept apart (diagonal) or added up (trace).
template <class T>
class SquareMoments final : public ShiftedMoments<T> {
 public:
  SquareMoments(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts)
      : ShiftedMoments<T>(form, origin, shifts), features_apart_(form == SecondMomentForm::diagonal) {}

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    this->used_ = true;
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
std::unique_ptr<Moments<T>> make_exact_moments(SecondMomentForm form, const RowVector<T>& origin,
                                               ConstMatrixMap shifts) {
  const bool full = form == SecondMomentForm::full;
  if (full && shifts.cols() <= few_features) return std::make_unique<FewFeaturesMoments<T>>(origin, shifts);
  if (full) return std::make_unique<MatrixMoments<T>>(origin, shifts);
  if (form == SecondMomentForm::pooled) return std::make_unique<PooledMoments<T>>(origin, shifts);
  return std::make_unique<SquareMoments<T>>(form, origin, shifts);
}

template std::unique_ptr<Moments<float>> make_exact_moments(SecondMomentForm, const RowVector<float>&, ConstMatrixMap);
template std::unique_ptr<Moments<double>> make_exact_moments(SecondMomentForm, const RowVector<double>&,
                                                             ConstMatrixMap);

}  // namespace gmmx
