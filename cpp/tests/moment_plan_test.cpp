// What is kept of second moments, and which kernel adds it up.
#include <doctest/doctest.h>

#include <string>

#include "gmmx/gmmx.hpp"
#include "moments/plan.hpp"
#include "problem.hpp"

using namespace gmmx;
using Shape = std::vector<Index>;

TEST_CASE("each form of second moments has its shape") {
  CHECK(second_moment_shape(SecondMoments::full, 4, 3) == Shape{4, 3, 3});
  CHECK(second_moment_shape(SecondMoments::pooled, 4, 3) == Shape{3, 3});
  CHECK(second_moment_shape(SecondMoments::diagonal, 4, 3) == Shape{4, 3});
  CHECK(second_moment_shape(SecondMoments::trace, 4, 3) == Shape{4});
  for (const SecondMoments form :
       {SecondMoments::full, SecondMoments::pooled, SecondMoments::diagonal, SecondMoments::trace}) {
    Index size = 1;
    for (const Index n : second_moment_shape(form, 4, 3)) size *= n;
    const SufficientStatistics statistics(form, 4, 3, std::vector<double>(12));
    CHECK(static_cast<Index>(statistics.second_moments.size()) == size);
    CHECK(SufficientStatistics::from_bytes(statistics.to_bytes()).second_moments == statistics.second_moments);
  }
}

TEST_CASE("the kernel of moments is planned from form, size and registers") {
  constexpr RegisterWidth sse{2, 16};
  constexpr RegisterWidth avx{4, 32};
  constexpr RegisterWidth avx512{8, 64};
  constexpr RegisterWidth avx512_float{16, 64};
  const auto plan = [](SecondMoments form, Index d, RegisterWidth width) {
    const MomentPlan found = plan_moments(form, d, width);
    return std::string(to_string(found.about_origin)) + ", " + to_string(found.centred);
  };
  for (const RegisterWidth width : {sse, avx, avx512, avx512_float}) {
    CHECK(plan(SecondMoments::full, 2, width) == "monomials, low-dim");
    CHECK(plan(SecondMoments::full, 4, width) == "monomials, low-dim");
    CHECK(plan(SecondMoments::full, 5, width) == "monomials, gathered-rows");
    CHECK(plan(SecondMoments::pooled, 4, width) == "monomials, low-dim");
    CHECK(plan(SecondMoments::pooled, 128, width) == "monomials, gathered-rows");
    CHECK(plan(SecondMoments::diagonal, 128, width) == "monomials, squares");
    CHECK(plan(SecondMoments::trace, 128, width) == "monomials, squares");
  }
  CHECK(plan(SecondMoments::full, 128, sse) == "monomials, gathered-rows");
  CHECK(plan(SecondMoments::full, 128, avx) == "scatter-matrix, gathered-rows");
  CHECK(plan(SecondMoments::full, 128, avx512) == "scatter-matrix, gathered-rows");
  // Where the two took the same time on a processor with AVX-512, within 5 %:
  CHECK(plan(SecondMoments::full, 32, avx) == "monomials, gathered-rows");
  CHECK(plan(SecondMoments::full, 40, avx) == "scatter-matrix, gathered-rows");
  CHECK(plan(SecondMoments::full, 32, avx512) == "monomials, gathered-rows");
  CHECK(plan(SecondMoments::full, 48, avx512) == "scatter-matrix, gathered-rows");
  CHECK(plan(SecondMoments::full, 32, avx512_float) == "monomials, gathered-rows");
  CHECK(plan(SecondMoments::full, 48, avx512_float) == "scatter-matrix, gathered-rows");
}

TEST_CASE("EM reports the kernels of its last pass") {
  const testing::Problem p = testing::make_problem(200, 3, 2);
  const Mixture mixture = p.mixture(CovarianceType::full);
  const EMResult result = em(*e_step_over(p.view()), mixture, MaximumLikelihood());
  CHECK(result.moment_kernel == to_string(plan_moments(SecondMoments::full, p.d, register_width<double>).about_origin));
  class Elsewhere : public EStep {
   public:
    explicit Elsewhere(const Rows<double>& rows) : rows_(rows) {}
    EStepResult operator()(const Mixture& at) override { return e_step(rows_, at); }

   private:
    Rows<double> rows_;
  };
  Elsewhere elsewhere(p.view());
  CHECK(em(elsewhere, mixture, MaximumLikelihood()).moment_kernel.empty());
}

TEST_CASE("many features share their scatter as outer products where registers are wide") {
  CHECK(suits_common_scatter_matrix(192, {8, 64}));
  CHECK(suits_common_scatter_matrix(1024, {4, 32}));
  CHECK_FALSE(suits_common_scatter_matrix(191, {8, 64}));
  CHECK_FALSE(suits_common_scatter_matrix(1024, {2, 16}));
}
