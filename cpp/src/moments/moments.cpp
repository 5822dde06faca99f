#include "moments/moments.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

#include "density/columns.hpp"
#include "moments/forms.hpp"
#include "panels/triangle.hpp"
#include "products.hpp"

namespace gmmx {

namespace {

// Memberships that change no sum of a component by more than 1e-12 (float: 1e-7) of it, be its weight as small as 1e-10
// (float: 1e-6).
template <class T>
constexpr T negligible_resp = std::is_same_v<T, double> ? T(1e-25) : T(1e-15);

// Shifts are rounded to T relative to the origin; the rounded ones are what the moments are about.
template <class T>
Matrix<T> relative(ConstMatrixMap shifts, const RowVector<T>& origin) {
  return (shifts.rowwise() - origin.template cast<double>()).template cast<T>();
}

template <class T>
std::vector<double> rounded_shifts(ConstMatrixMap shifts, const RowVector<T>& origin) {
  std::vector<double> result(static_cast<std::size_t>(shifts.size()));
  MatrixMap(result.data(), shifts.rows(), shifts.cols()) =
      relative<T>(shifts, origin).template cast<double>().rowwise() + origin.template cast<double>();
  return result;
}

// What the four forms share: counts, first moments and the hand-over. (46), (50)
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

// Symmetric matrices: rank updates of the lower triangle; the upper one is filled when the sums are handed over.
// A component's update takes only the rows that belong to it where these are few: of well separated clusters, that is
// one component a row, and the work shrinks by a factor of K.
template <class T>
class MatrixMoments final : public ShiftedMoments<T> {
 public:
  MatrixMoments(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts)
      : ShiftedMoments<T>(form, origin, shifts),
        components_apart_(form == SecondMomentForm::full),
        block_sum_(shifts.cols(), shifts.cols()) {}

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
    const auto size = static_cast<Index>(result.second_moments.size());
    for (Index start = 0; start < size; start += d * d) {
      Eigen::Map<Matrix<double>> sum(result.second_moments.data() + start, d, d);
      sum.template triangularView<Eigen::StrictlyUpper>() = sum.transpose();
    }
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
    Eigen::Map<Matrix<double>> sum(this->second() + (components_apart_ ? k * d * d : 0), d, d);
    if constexpr (std::is_same_v<T, double>) {
      multiply_to_lower<T>(differences, weighted, true, sum);
    } else {
      multiply_to_lower<T>(differences, weighted, false, block_sum_);
      sum.template triangularView<Eigen::Lower>() += block_sum_.template cast<double>();
    }
  }

  bool components_apart_;
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

template <class T>
std::unique_ptr<Moments<T>> make_exact(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts) {
  const bool matrices = form == SecondMomentForm::full || form == SecondMomentForm::pooled;
  if (matrices) return std::make_unique<MatrixMoments<T>>(form, origin, shifts);
  return std::make_unique<SquareMoments<T>>(form, origin, shifts);
}

// (66) Sums of features about the origin, R^T phi(X), one matrix product a block; moved to the shifts when handed over.
template <class T>
class FeatureMoments final : public Moments<T> {
 public:
  FeatureMoments(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts, double squared_reach)
      : form_(form),
        origin_(origin),
        shifts_(shifts),
        squared_reach_(squared_reach),
        sums_(RowMajorMatrix<double>::Zero(n_features_of(form, origin.size()), shifts.rows())) {
    if (form == SecondMomentForm::pooled) scatter_.setZero(origin.size(), origin.size());
  }

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    if (!(block.squared_radius() < squared_reach_) || rows_have_one_component_each(block, resp)) {
      exact().add(block, resp);
      return;
    }
    used_ = true;
    T* const first = resp.data();
    const Index stride = resp.outerStride();
    // Packets run past the last row.
    Eigen::Map<Array<T>, 0, Eigen::OuterStride<>>(first + block.size(), block.padded_size() - block.size(), resp.cols(),
                                                  Eigen::OuterStride<>(stride))
        .setZero();
    const Index k = sums_.cols();
    const Panel<T> plain = block.plain_features(form_);
    if (form_ == SecondMomentForm::full && TriangleSums<T>::suits(plain.n_features, k)) {
      triangle_sums_.add(plain, first, stride, k, sums_.data());
      return;
    }
    add_weighted_sums(plain, first, stride, k, sums_.data(), k);
    add_weighted_sums(block.products(form_), first, stride, k, sums_.data() + plain.n_features * k, k);
    if (form_ == SecondMomentForm::pooled) add_common_scatter(block, resp);
  }

  void take(Moments<T>& other) override {
    auto& source = static_cast<FeatureMoments&>(other);
    if (source.exact_) exact().take(*source.exact_);
    if (!source.used_) return;
    if (used_) {
      sums_ += source.sums_;
      scatter_ += source.scatter_;
    } else {
      sums_.swap(source.sums_);
      scatter_.swap(source.scatter_);
    }
    used_ = true;
    source.sums_.setZero();
    source.scatter_.setZero();
    source.used_ = false;
  }

  SufficientStatistics statistics() const override {
    std::vector<double> shifts = rounded_shifts<T>(shifts_, origin_);
    if (!used_)
      return exact_ ? exact_->statistics() : SufficientStatistics(form_, sums_.cols(), origin_.size(), shifts);
    std::vector<double> origins(shifts.size());
    MatrixMap(origins.data(), sums_.cols(), origin_.size()).rowwise() = origin_.template cast<double>();
    SufficientStatistics total(form_, sums_.cols(), origin_.size(), std::move(origins));
    unpack(total);
    total.move_to(shifts);
    if (exact_) total += exact_->statistics();
    return total;
  }

 private:
  Moments<T>& exact() {
    if (!exact_) exact_ = make_exact<T>(form_, origin_, shifts_);
    return *exact_;
  }

  // Then gathering rows is less work than summing all features, from about this many features on.
  bool rows_have_one_component_each(const Block<T>& block, const BlockOfColumns<T>& resp) const {
    constexpr Index least_features = 16;
    if (form_ != SecondMomentForm::full || block.n_features() < least_features) return false;
    Index n_members = 0;
    for (Index k = 0; k < resp.cols(); ++k) n_members += count_above(&resp(0, k), resp.rows(), negligible_resp<T>);
    return 4 * n_members < resp.size();
  }

  // What all components share: sum_n w_n x_n x_n^T, lower triangle.
  void add_common_scatter(Block<T>& block, const BlockOfColumns<T>& resp) {
    constexpr Index group = 4;
    auto weighted = block.whitened();
    auto total = block.differences().col(0).array();
    total = resp.rowwise().sum();
    weighted = block.rows().array().colwise() * total;
    const Index stride = weighted.outerStride();
    Eigen::Map<Matrix<T>, 0, Eigen::OuterStride<>>(weighted.data() + block.size(), block.padded_size() - block.size(),
                                                   weighted.cols(), Eigen::OuterStride<>(stride))
        .setZero();
    const Panel<T> rows = block.panel_of_rows();
    const Index d = rows.n_features;
    for (Index j = 0; j < d; j += group) {
      const Panel<T> below{rows.values + j * rows.stride, rows.stride, rows.n_rows, d - j};
      add_weighted_sums(below, weighted.data() + j * stride, stride, std::min(group, d - j), &scatter_(j, j), d);
    }
  }

  void unpack(SufficientStatistics& s) const {
    const Index d = origin_.size();
    const Index k_count = sums_.cols();
    VectorMap(s.counts.data(), k_count) = sums_.row(0);
    MatrixMap(s.first_moments.data(), k_count, d) = sums_.middleRows(1, d).transpose();
    if (form_ == SecondMomentForm::pooled) {
      MatrixMap second(s.second_moments.data(), d, d);
      second = scatter_;
      second.template triangularView<Eigen::StrictlyUpper>() = scatter_.transpose();
      return;
    }
    const Index n_second = n_second_features(form_, d);
    if (form_ != SecondMomentForm::full) {
      MatrixMap(s.second_moments.data(), k_count, n_second) = sums_.bottomRows(n_second).transpose();
      return;
    }
    for (Index k = 0; k < k_count; ++k) {
      MatrixMap second(s.second_moments.data() + k * d * d, d, d);
      Index at = 1 + d;
      for (Index i = 0; i < d; ++i) {
        for (Index j = i; j < d; ++j) second(i, j) = second(j, i) = sums_(at++, k);
      }
    }
  }

  SecondMomentForm form_;
  RowVector<T> origin_;
  ConstMatrixMap shifts_;
  std::unique_ptr<Moments<T>> exact_;  // made when the first block needs it
  double squared_reach_;
  bool used_ = false;
  TriangleSums<T> triangle_sums_;
  RowMajorMatrix<double> sums_;     // features x K
  RowMajorMatrix<double> scatter_;  // lower triangle; pooled alone
};

}  // namespace

template <class T>
std::unique_ptr<Moments<T>> make_moments(SecondMomentForm form, const RowVector<T>& origin, ConstMatrixMap shifts,
                                         double squared_reach) {
  if (squared_reach <= 0) return make_exact<T>(form, origin, shifts);
  return std::make_unique<FeatureMoments<T>>(form, origin, shifts, squared_reach);
}

template std::unique_ptr<Moments<float>> make_moments(SecondMomentForm, const RowVector<float>&, ConstMatrixMap,
                                                      double);
template std::unique_ptr<Moments<double>> make_moments(SecondMomentForm, const RowVector<double>&, ConstMatrixMap,
                                                       double);

}  // namespace gmmx
