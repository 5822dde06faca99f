#include "moments/moments.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "density/columns.hpp"
#include "moments/plan.hpp"
#include "moments/sums.hpp"
#include "sum_of.hpp"

namespace gmmx {

namespace {

// (66) Sums of features about the origin, R^T phi(X), one matrix product a block; moved to the shifts when handed over.
template <class T>
class MonomialMoments final : public Moments<T> {
 public:
  MonomialMoments(SecondMoments form, const RowVector<T>& origin, ConstMatrixMap shifts, double squared_reach)
      : form_(form),
        kernel_(plan_moments(form, origin.size(), register_width<T>).about_origin),
        origin_(origin),
        shifts_(shifts),
        squared_reach_(squared_reach) {
    const Index d = origin.size();
    if (kernel_ == MomentKernel::scatter_matrix) {
      scatter_sums_.emplace(d, shifts.rows(), false);
    } else {
      sums_.setZero(traits_of(form).n_monomials(d), shifts.rows());
    }
    if (form != SecondMoments::pooled) return;
    if (suits_common_scatter_matrix(d, register_width<T>)) {
      common_scatter_.emplace(d, 1, true);
    } else {
      scatter_.setZero(d, d);
    }
  }

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    if (!(block.squared_radius() < squared_reach_) || rows_have_one_component_each(block, resp)) {
      centred().add(block, resp);
      return;
    }
    used_ = true;
    T* const first = resp.data();
    const Index stride = resp.outerStride();
    clear_beyond(block, resp);
    const Index k = shifts_.rows();
    if (scatter_sums_) {
      const RowPanels<T> rows = block.about_origin().row_panels();
      for (Index i = 0; i < k; ++i) {
        const T* const column = first + i * stride;
        scatter_sums_->add(rows, column, sum_of(column, block.size()), i);
      }
      return;
    }
    const Panel<T> plain = block.plain_monomials(form_);
    add_weighted_sums(plain, first, stride, k, sums_.data(), k);
    add_weighted_sums(block.products(form_), first, stride, k, sums_.data() + plain.n_features * k, k);
    if (form_ == SecondMoments::pooled) add_common_scatter(block, resp);
  }

  void merge(Moments<T>& other) override {
    auto& source = static_cast<MonomialMoments&>(other);
    if (source.centred_) centred().merge(*source.centred_);
    if (!std::exchange(source.used_, false)) return;
    if (scatter_sums_) scatter_sums_->merge(*source.scatter_sums_);
    if (common_scatter_) common_scatter_->merge(*source.common_scatter_);
    sums_ += source.sums_;
    scatter_ += source.scatter_;
    used_ = true;
    source.sums_.setZero();
    source.scatter_.setZero();
  }

  SufficientStatistics statistics() const override {
    const std::vector<double> shifts = as_held<T>(shifts_);
    if (!used_)
      return centred_ ? centred_->statistics() : SufficientStatistics(form_, shifts_.rows(), origin_.size(), shifts);
    std::vector<double> origins(shifts.size());
    MatrixMap(origins.data(), shifts_.rows(), origin_.size()).rowwise() = origin_.template cast<double>();
    SufficientStatistics total(form_, shifts_.rows(), origin_.size(), std::move(origins));
    unpack(total);
    total.move_to(shifts);
    if (centred_) total += centred_->statistics();
    return total;
  }

  KernelNames kernels() const override {
    KernelNames names;
    if (centred_) names = centred_->kernels();
    if (used_) names.add(to_string(kernel_));
    return names;
  }

 private:
  Moments<T>& centred() {
    if (!centred_) centred_ = make_centred_moments<T>(form_, shifts_);
    return *centred_;
  }

  // Then gathering rows is less work than summing all features, from about this many features on.
  bool rows_have_one_component_each(const Block<T>& block, const BlockOfColumns<T>& resp) const {
    constexpr Index least_features = 16;
    if (form_ != SecondMoments::full || block.n_features() < least_features) return false;
    Index n_members = 0;
    for (Index k = 0; k < resp.cols(); ++k) n_members += count_above(&resp(0, k), resp.rows(), negligible_resp<T>);
    return 2 * n_members < resp.size();
  }

  // What all components share: sum_n w_n x_n x_n^T, lower triangle.
  void add_common_scatter(Block<T>& block, const BlockOfColumns<T>& resp) {
    constexpr Index group = 4;
    auto totals = block.differences().leftCols(1);
    totals.col(0).array() = resp.rowwise().sum();
    const auto total = totals.col(0).array();
    if (common_scatter_) {
      clear_beyond(block, totals);
      common_scatter_->add(block.about_origin().row_panels(), totals.data(), 0.0, 0);  // counts are among the sums
      return;
    }
    auto weighted = block.whitened();
    weighted = block.about_origin().rows().array().colwise() * total;
    const Index stride = weighted.outerStride();
    clear_beyond(block, weighted);
    const Panel<T> rows = block.about_origin().panel();
    const Index d = rows.n_features;
    for (Index j = 0; j < d; j += group) {
      const Panel<T> below{rows.values + j * rows.stride, rows.stride, rows.n_rows, d - j};
      add_weighted_sums(below, weighted.data() + j * stride, stride, std::min(group, d - j), &scatter_(j, j), d);
    }
  }

  void unpack(SufficientStatistics& s) const {
    if (scatter_sums_) {
      unpack_scatter(*scatter_sums_, s);
      return;
    }
    unpack_features(sums_, s);
    if (form_ != SecondMoments::pooled) return;
    if (common_scatter_) return common_scatter_->copy_second(0, s.second_moments.data());
    MatrixMap second(s.second_moments.data(), s.n_features, s.n_features);
    for (Index i = 0; i < s.n_features; ++i) {
      for (Index j = 0; j <= i; ++j) second(i, j) = second(j, i) = scatter_(i, j);
    }
  }

  SecondMoments form_;
  MomentKernel kernel_;  // of blocks within reach
  const RowVector<T>& origin_;
  ConstMatrixMap shifts_;
  std::unique_ptr<Moments<T>> centred_;  // made when the first block needs it
  double squared_reach_;
  bool used_ = false;
  std::optional<ScatterMatrices<T>> scatter_sums_;  // as the kernel says; has sums of its own
  RowMajorMatrix<double> sums_;                     // features x K
  // What components share; pooled alone, one of both.
  std::optional<ScatterMatrices<T>> common_scatter_;
  RowMajorMatrix<double> scatter_;  // lower triangle
};

}  // namespace

template <class T>
std::unique_ptr<Moments<T>> make_moments(SecondMoments form, const RowVector<T>& origin, ConstMatrixMap shifts,
                                         double squared_reach) {
  if (squared_reach <= 0) return make_centred_moments<T>(form, shifts);
  return std::make_unique<MonomialMoments<T>>(form, origin, shifts, squared_reach);
}

template std::unique_ptr<Moments<float>> make_moments(SecondMoments, const RowVector<float>&, ConstMatrixMap, double);
template std::unique_ptr<Moments<double>> make_moments(SecondMoments, const RowVector<double>&, ConstMatrixMap, double);

}  // namespace gmmx
