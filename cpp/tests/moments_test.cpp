// Responsibilities, and moments of blocks of rows, against nested loops.
#include "moments/moments.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "density/posterior.hpp"
#include "exact.hpp"
#include "statistics/second_moments.hpp"

using namespace gmmx;
using namespace gmmx::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

enum class Memberships { soft, hard, none_of_the_last };

// Rows around an origin, shifts of the components, and responsibilities, for some blocks of rows.
template <class T>
struct MomentProblem {
  MomentProblem(Index n_features, Index n_components, Memberships memberships)
      : d(n_features), k(n_components), rows(static_cast<std::size_t>(n * d)), origin(d), shifts(k, d), resp(n, k) {
    Random random(d * 100 + k);
    for (Index j = 0; j < d; ++j) origin(j) = static_cast<T>(random.normal());
    for (Index i = 0; i < n * d; ++i) rows[static_cast<std::size_t>(i)] = static_cast<T>(random.normal());
    for (Index i = 0; i < k * d; ++i) shifts.data()[i] = static_cast<T>(random.normal());
    for (Index i = 0; i < n; ++i) {
      const Index own = random.below(k);
      for (Index c = 0; c < k; ++c) {
        const double r = memberships == Memberships::hard ? static_cast<double>(c == own) : random.uniform();
        const bool none = memberships == Memberships::none_of_the_last && c == k - 1;
        resp(i, c) = none ? T(0) : static_cast<T>(r);
      }
    }
  }

  MatrixView<const T> view() const { return {rows.data(), n, d}; }
  ConstMatrixMap shift_map() const { return {shifts.data(), k, d}; }

  // Blocks of different lengths; what lies beyond their rows is not zero before.
  void add_blocks(Moments<T>& moments, Index begin, Index end) const {
    Block<T> block(capacity, d);
    while (begin < end) {
      const Index n_rows = std::min(capacity, end - begin);
      ExactColumns<T> columns(column_stride<T>(capacity), padded<T>(n_rows), k);
      for (Index c = 0; c < k; ++c) {
        for (Index i = 0; i < n_rows; ++i) columns(i, c) = resp(begin + i, c);
        for (Index i = n_rows; i < padded<T>(n_rows); ++i) columns(i, c) = T(7);
      }
      block.load(view(), begin, begin + n_rows, origin);
      moments.add(block, columns.block(n_rows));
      begin += n_rows;
    }
  }

  static constexpr Index capacity = 21;
  static constexpr Index n = 21 + 21 + 10;
  Index d;
  Index k;
  std::vector<T> rows;
  RowVector<T> origin;
  RowMajorMatrix<double> shifts;  // numbers that T holds
  Array<T> resp;
};

// Sums about the shifts. Those about the origin that are moved to them round as their magnitudes here do.
struct MomentSums {
  template <class T>
  explicit MomentSums(const MomentProblem<T>& p)
      : d(p.d),
        k(p.k),
        counts(static_cast<std::size_t>(k)),
        first(static_cast<std::size_t>(k * d)),
        full(static_cast<std::size_t>(k * d * d)) {
    for (Index n = 0; n < p.n; ++n) {
      for (Index c = 0; c < k; ++c) add(p, n, c);
    }
  }

  template <class T>
  void add(const MomentProblem<T>& p, Index n, Index c) {
    const long double r = p.resp(n, c);
    if (r == 0) return;
    std::vector<long double> z;
    std::vector<long double> reach;
    for (Index j = 0; j < d; ++j) {
      const long double x = p.view()(n, j);
      z.push_back(x - p.shifts(c, j));
      reach.push_back(std::abs(x - p.origin(j)) + std::abs(p.shifts(c, j) - static_cast<double>(p.origin(j))));
    }
    counts[static_cast<std::size_t>(c)].add(r);
    for (std::size_t i = 0; i < z.size(); ++i) {
      first[static_cast<std::size_t>(c) * z.size() + i] += {r * z[i], r * reach[i]};
      Sum* const row = &entry(c, static_cast<Index>(i), 0);
      for (std::size_t j = 0; j < z.size(); ++j) row[j] += {r * z[i] * z[j], r * reach[i] * reach[j]};
    }
  }

  Sum& entry(Index c, Index i, Index j) { return full[static_cast<std::size_t>((c * d + i) * d + j)]; }

  // The entries of second moments that a form keeps.
  std::vector<Sum> second(SecondMoments form) {
    if (form == SecondMoments::full) return full;
    std::vector<Sum> result(static_cast<std::size_t>(traits_of(form).size({k, d})));
    const auto at = [&](Index i) -> Sum& { return result[static_cast<std::size_t>(i)]; };
    for (Index c = 0; c < k; ++c) {
      for (Index i = 0; i < d; ++i) {
        if (form == SecondMoments::diagonal) at(c * d + i) += entry(c, i, i);
        if (form == SecondMoments::trace) at(c) += entry(c, i, i);
        for (Index j = 0; j < d && form == SecondMoments::pooled; ++j) at(i * d + j) += entry(c, i, j);
      }
    }
    return result;
  }

  Index d;
  Index k;
  std::vector<Sum> counts;
  std::vector<Sum> first;
  std::vector<Sum> full;
};

template <class T>
double error_of_statistics(const SufficientStatistics& got, const MomentProblem<T>& p, SecondMoments form,
                           MomentSums& sums) {
  Worst<T> worst;
  const auto compare = [&](const std::vector<double>& numbers, const std::vector<Sum>& wanted) {
    REQUIRE(numbers.size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) worst.see(numbers[i], wanted[i]);
  };
  CHECK(got.form == form);
  compare(got.counts, sums.counts);
  compare(got.first_moments, sums.first);
  compare(got.second_moments, sums.second(form));
  CHECK(std::equal(got.shifts.begin(), got.shifts.end(), p.shifts.data()));
  return worst.units();
}

// The first block by one accumulator, each of the others by another that is then merged into it.
template <class T>
double error_of_moments(const MomentProblem<T>& p, SecondMoments form, double squared_reach, MomentSums& sums) {
  const auto make = [&] { return make_moments<T>(form, p.origin, p.shift_map(), squared_reach); };
  const auto moments = make();
  const auto others = make();
  p.add_blocks(*moments, 0, p.capacity);
  for (Index begin = p.capacity; begin < p.n; begin += p.capacity) {
    p.add_blocks(*others, begin, std::min(begin + p.capacity, p.n));
    moments->merge(*others);
    moments->merge(*others);  // which hold nothing any more
  }
  return error_of_statistics(moments->statistics(), p, form, sums);
}

// Log-densities as they come: far apart, equal, without density for one component or for all, or not a number.
template <class T>
void fill_with_log_densities(ExactColumns<T>& log_prob, Index n, Index k, Random& random) {
  for (Index i = 0; i < n; ++i) {
    for (Index c = 0; c < k; ++c) {
      const double spread = i % 3 == 0 ? 1 : 40;
      const double far = i % 5 == 0 ? -1e5 : 0;
      log_prob(i, c) = static_cast<T>(far + spread * random.normal());
      if (i % 7 == 3 && c == i % k) log_prob(i, c) = -static_cast<T>(infinity);
      if (i % 11 == 4) log_prob(i, c) = i % 2 == 0 ? -static_cast<T>(infinity) : std::numeric_limits<T>::quiet_NaN();
    }
  }
}

template <class T>
double error_of_responsibilities(Index n, Index k) {
  Random random(n * 100 + k);
  ExactColumns<T> resp(n + k % 3, n, k);
  fill_with_log_densities(resp, n, k, random);
  std::vector<long double> log_prob;
  for (Index i = 0; i < n; ++i) {
    for (Index c = 0; c < k; ++c) log_prob.push_back(resp(i, c));
  }
  Vector<T> weights = Vector<T>::Constant(k, T(1) / static_cast<T>(k));
  weights(0) = T(0.5) / static_cast<T>(k);
  weights(k - 1) += T(1) - weights.sum();
  Column<T> norms(n);
  Posterior<T> posterior(n);
  posterior(resp.block(n), norms, weights);

  Worst<T> worst;
  for (Index i = 0; i < n; ++i) {
    const auto logs = [&](Index c) { return log_prob[static_cast<std::size_t>(i * k + c)]; };
    long double largest = -std::numeric_limits<long double>::infinity();
    for (Index c = 0; c < k; ++c) largest = logs(c) > largest ? logs(c) : largest;
    if (!(largest > -std::numeric_limits<long double>::infinity())) {
      CHECK(norms(i) == -static_cast<T>(infinity));
      for (Index c = 0; c < k; ++c) worst.see(static_cast<double>(resp(i, c)), {weights(c), weights(c)});
      continue;
    }
    long double sum = 0;
    for (Index c = 0; c < k; ++c) sum += std::exp(logs(c) - largest);
    const long double norm = largest + std::log(sum);
    worst.see(static_cast<double>(norms(i)), {norm, std::abs(largest) + 1});
    for (Index c = 0; c < k; ++c) {
      // The difference of logarithms is rounded, and what is smaller than normal numbers is zero.
      const long double share = std::exp(logs(c) - largest) / sum;
      const long double rounded = share > 0 ? share * (1 + std::abs(logs(c) - largest)) : 0;
      constexpr long double least = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon();
      worst.see(static_cast<double>(resp(i, c)), {share, rounded + 4 * least});
    }
  }
  return worst.units();
}

}  // namespace

TEST_CASE_TEMPLATE("moments about the origin and about the shifts", T, float, double) {
  for_shapes([](Index d, Index k) {
    const auto memberships = static_cast<Memberships>((d + k) % 3);
    const MomentProblem<T> p(d, k, memberships);
    MomentSums sums(p);
    for (const SecondMoments form :
         {SecondMoments::full, SecondMoments::pooled, SecondMoments::diagonal, SecondMoments::trace}) {
      // All blocks about the origin, none of them, some.
      for (const double squared_reach : {infinity, 0.0, 2.0 * static_cast<double>(d)}) {
        CAPTURE(d);
        CAPTURE(k);
        CAPTURE(static_cast<int>(form));
        CAPTURE(static_cast<int>(memberships));
        CAPTURE(squared_reach);
        CHECK(error_of_moments(p, form, squared_reach, sums) <= 8);
      }
    }
  });
}

TEST_CASE_TEMPLATE("responsibilities and the logarithms of densities", T, float, double) {
  for (const Index n : {1, 2, 3, 5, 8, 15, 16, 17, 31, 127, 128, 129, 300}) {
    for (const Index k : {1, 2, 3, 4, 5, 6, 7, 8, 9, 17}) {
      CAPTURE(n);
      CAPTURE(k);
      CHECK(error_of_responsibilities<T>(n, k) <= 4);
    }
  }
}
