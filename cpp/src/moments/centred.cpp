#include <utility>
#include <vector>

#include "kernels/moments_low_dim.hpp"
#include "kernels/scatter_matrix.hpp"
#include "moments/moments.hpp"
#include "moments/plan.hpp"
#include "moments/sums.hpp"
#include "statistics/second_moments.hpp"
#include "sum_of.hpp"

namespace gmmx {

namespace {

// Matrices of few features; a common one is their sum.
template <class T>
class LowDimMoments final : public Moments<T> {
 public:
  LowDimMoments(SecondMoments form, ConstMatrixMap shifts)
      : form_(form),
        shifts_(shifts.template cast<T>()),
        sums_(RowMajorMatrix<double>::Zero(shifts.rows(), traits_of(SecondMoments::full).n_monomials(shifts.cols()))) {}

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    clear_beyond(block, resp);
    const Panel<T> rows = block.as_given().panel();
    for (Index k = 0; k < resp.cols(); ++k) {
      add_moments_low_dim(rows, &resp(0, k), &shifts_(k, 0), &sums_(k, 0));
    }
  }

  void merge(Moments<T>& other) override {
    auto& source = static_cast<LowDimMoments&>(other);
    sums_ += source.sums_;
    source.sums_.setZero();
  }

  SufficientStatistics statistics() const override {
    SufficientStatistics result(SecondMoments::full, sums_.rows(), shifts_.cols(), as_held<T>(shifts_));
    unpack_features(RowMajorMatrix<double>(sums_.transpose()), result);
    result.second_moments = second_moments_as(result, form_);
    result.form = form_;
    return result;
  }

  KernelNames kernels() const override { return std::string_view(to_string(MomentKernel::low_dim)); }

 private:
  SecondMoments form_;
  RowMajorMatrix<T> shifts_;
  RowMajorMatrix<double> sums_;  // K x features
};

// Matrices of more features. A component takes only the rows that belong to it: of well separated clusters,
// that is one component a row, and the work shrinks by a factor of K.
template <class T>
class MatrixMoments final : public Moments<T> {
 public:
  MatrixMoments(SecondMoments form, ConstMatrixMap shifts)
      : form_(form),
        shifts_(shifts.template cast<T>()),
        sums_(shifts.cols(), shifts.rows(), form == SecondMoments::pooled) {}

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    used_ = true;
    const RowPanels<T> rows = block.as_given().row_panels();
    for (Index k = 0; k < resp.cols(); ++k) {
      find_members(resp.col(k));
      if (members_.empty()) continue;
      const auto n_members = static_cast<Index>(members_.size());
      const RowPanels<T> differences =
          gather_rows(rows, members_.data(), n_members, &shifts_(k, 0), block.panels_of_some_rows());
      sums_.add(differences, member_resp_.data(), sum_of(member_resp_.data(), n_members), k);
    }
  }

  void merge(Moments<T>& other) override {
    auto& source = static_cast<MatrixMoments&>(other);
    if (!std::exchange(source.used_, false)) return;
    sums_.merge(source.sums_);
    used_ = true;
  }

  SufficientStatistics statistics() const override {
    SufficientStatistics result(form_, shifts_.rows(), shifts_.cols(), as_held<T>(shifts_));
    if (used_) unpack_scatter(sums_, result);
    return result;
  }

  KernelNames kernels() const override { return std::string_view(to_string(MomentKernel::gathered_rows)); }

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

  SecondMoments form_;
  RowMajorMatrix<T> shifts_;
  ScatterMatrices<T> sums_;
  bool used_ = false;
  std::vector<Index> members_;
  std::vector<T> member_resp_;
};

// Sums of squares feature by feature, kept apart (diagonal) or added up (trace).
template <class T>
class SquareMoments final : public Moments<T> {
 public:
  SquareMoments(SecondMoments form, ConstMatrixMap shifts)
      : shifts_(shifts.template cast<T>()), sums_(form, shifts.rows(), shifts.cols(), as_held<T>(shifts_)) {}

  void add(Block<T>& block, BlockOfColumns<T> resp) override {
    used_ = true;
    const RowColumns<T>& rows = block.as_given();
    const Index d = rows.n_features();
    const bool features_apart = traits_of(sums_.form).n_feature_axes == 1;
    auto scratch = block.differences().col(0).array();
    for (Index k = 0; k < resp.cols(); ++k) {
      const auto r = resp.col(k);
      const T total = r.sum();
      if (total == T(0)) continue;
      sums_.counts[static_cast<std::size_t>(k)] += static_cast<double>(total);
      double* const first = sums_.first_moments.data() + k * d;
      double* const second = sums_.second_moments.data() + (features_apart ? k * d : k);
      for (Index j = 0; j < d; ++j) {
        const auto shifted = rows.column(j) - shifts_(k, j);
        scratch = r * shifted;
        first[j] += static_cast<double>(scratch.sum());
        second[features_apart ? j : 0] += static_cast<double>((scratch * shifted).sum());
      }
    }
  }

  void merge(Moments<T>& other) override {
    auto& source = static_cast<SquareMoments&>(other);
    if (!std::exchange(source.used_, false)) return;
    sums_ += source.sums_;
    source.sums_ = SufficientStatistics(sums_.form, sums_.n_components, sums_.n_features, sums_.shifts);
    used_ = true;
  }

  SufficientStatistics statistics() const override { return sums_; }

  KernelNames kernels() const override { return std::string_view(to_string(MomentKernel::squares)); }

 private:
  RowMajorMatrix<T> shifts_;
  SufficientStatistics sums_;
  bool used_ = false;
};

}  // namespace

template <class T>
std::unique_ptr<Moments<T>> make_centred_moments(SecondMoments form, ConstMatrixMap shifts) {
  switch (plan_moments(form, shifts.cols(), register_width<T>).centred) {
    case MomentKernel::low_dim:
      return std::make_unique<LowDimMoments<T>>(form, shifts);
    case MomentKernel::gathered_rows:
      return std::make_unique<MatrixMoments<T>>(form, shifts);
    default:
      return std::make_unique<SquareMoments<T>>(form, shifts);
  }
}

template std::unique_ptr<Moments<float>> make_centred_moments(SecondMoments, ConstMatrixMap);
template std::unique_ptr<Moments<double>> make_centred_moments(SecondMoments, ConstMatrixMap);

}  // namespace gmmx
