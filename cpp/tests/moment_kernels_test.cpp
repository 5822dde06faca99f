// Kernels of moments against nested loops, on buffers of exactly the size that they may touch.
#include <doctest/doctest.h>

#include <vector>

#include "kernel_problem.hpp"
#include "kernels/moments_low_dim.hpp"
#include "kernels/monomials.hpp"
#include "kernels/scatter_matrix.hpp"

using namespace gmmx;
using namespace gmmx::testing;

namespace {

// sum_n r_n (1, z_i, z_i z_j for i <= j) with z = x_n - shift: what the kernels of moments yield.
template <class T>
std::vector<Sum> moments(const RowBlock<T>& rows, const RespBlock<T>& resp, Index k, Index n_rows, const T* shift) {
  std::vector<Sum> sums(static_cast<std::size_t>(traits_of(SecondMoments::full).n_monomials(rows.d)));
  for (Index n = 0; n < n_rows; ++n) {
    const auto z = [&](Index j) { return static_cast<long double>(rows.values[j * rows.stride + n] - shift[j]); };
    std::size_t next = 0;
    sums[next++].add(resp(n, k));
    for (Index i = 0; i < rows.d; ++i) sums[next++].add(resp(n, k) * z(i));
    for (Index i = 0; i < rows.d; ++i) {
      for (Index j = i; j < rows.d; ++j) sums[next++].add(resp(n, k) * z(i) * z(j));
    }
  }
  return sums;
}

template <class T>
double error_of_moments_low_dim(Index d, Index n) {
  Random random(d * 100 + n);
  const RowBlock<T> rows(n, d, random);
  const RespBlock<T> resp(n, 1, random);
  const auto shift = normals<T>(d, random);
  std::vector<double> sums(static_cast<std::size_t>(traits_of(SecondMoments::full).n_monomials(d)));
  add_moments_low_dim(rows.panel(), resp.values.data(), shift.data(), sums.data());
  Worst<T> worst;
  const auto wanted = moments(rows, resp, 0, n, shift.data());
  for (std::size_t i = 0; i < sums.size(); ++i) worst.see(sums[i], wanted[i]);
  return worst.units();
}

// Some of the rows, about a shift, are added to each component; sums of two halves are merged.
template <class T>
double error_of_scatter_matrices(Index d, Index k, bool common) {
  Random random(d * 100 + k);
  const Index n = rows_for<T>(d, k);
  const RowBlock<T> rows(n, d, random);
  const RespBlock<T> resp(n, k, random);
  const auto shift = normals<T>(d, random);
  const Index stride = (rows.n + k % 2) * packet_size<T>;
  Exact<T> panels((n_panels_of<T>(d) - 1) * stride + rows.n * packet_size<T>);
  pack_rows(rows.panel(), panels.data(), stride);
  const RowPanels<T> packed{panels.data(), stride, rows.n, d};

  ScatterMatrices<T> sums(d, k, common);
  ScatterMatrices<T> others(d, k, common);
  for (Index c = 0; c < k; ++c) {
    std::vector<Index> which[2];
    for (Index i = 0; i < n; ++i) which[i % 2].push_back(i);
    for (const bool second : {false, true}) {
      const auto n_rows = static_cast<Index>(which[second].size());
      if (n_rows == 0) continue;
      std::vector<T> r;
      double total = 0;
      for (const Index i : which[second]) {
        r.push_back(resp.values[c * resp.stride + i]);
        total += static_cast<double>(r.back());
      }
      Exact<T> gathered((n_panels_of<T>(d) - 1) * stride + n_rows * packet_size<T>);
      const RowPanels<T> some = gather_rows(packed, which[second].data(), n_rows, shift.data(), gathered.data());
      CHECK(some.n_rows == n_rows);
      (second ? others : sums).add(some, r.data(), total, c);
    }
  }
  sums.merge(others);
  sums.merge(others);  // which hold nothing any more

  Worst<T> worst;
  std::vector<Sum> all(static_cast<std::size_t>(d * d));
  std::vector<double> first(static_cast<std::size_t>(d));
  std::vector<double> second(static_cast<std::size_t>(d * d));
  for (Index c = 0; c < k; ++c) {
    const auto wanted = moments(rows, resp, c, n, shift.data());
    worst.see(sums.count(c), wanted[0]);
    sums.copy_first(c, first.data());
    for (Index j = 0; j < d; ++j) worst.see(at(first, j), wanted[static_cast<std::size_t>(1 + j)]);
    if (!common) sums.copy_second(c, second.data());
    auto next = static_cast<std::size_t>(1 + d);
    for (Index i = 0; i < d; ++i) {
      for (Index j = i; j < d; ++j, ++next) {
        all[static_cast<std::size_t>(i * d + j)] += wanted[next];
        if (common) continue;
        worst.see(at(second, i * d + j), wanted[next]);
        worst.see(at(second, j * d + i), wanted[next]);
      }
    }
  }
  CHECK(sums.n_second() == (common ? 1 : k));
  if (!common) return worst.units();
  sums.copy_second(0, second.data());
  for (Index i = 0; i < d; ++i) {
    for (Index j = i; j < d; ++j) worst.see(at(second, j * d + i), all[static_cast<std::size_t>(i * d + j)]);
  }
  return worst.units();
}

}  // namespace

TEST_CASE_TEMPLATE("moments of low dimension", T, float, double) {
  for (Index d = 1; d <= most_low_dim_features; ++d) {
    for (Index n = 1; n <= 5 * packet_size<T>; ++n) {
      CAPTURE(d);
      CAPTURE(n);
      CHECK(error_of_moments_low_dim<T>(d, n) <= allowed);
    }
  }
}

TEST_CASE_TEMPLATE("scatter matrices", T, float, double) {
  for_shapes([](Index d, Index k) {
    CAPTURE(d);
    CAPTURE(k);
    CHECK(error_of_scatter_matrices<T>(d, k, false) <= allowed);
    CHECK(error_of_scatter_matrices<T>(d, k, true) <= allowed);
  });
}

TEST_CASE("the monomials of a form are those that are columns and the products") {
  for_shapes([](Index d, Index k) {
    if (k > 1) return;
    for (const SecondMoments form :
         {SecondMoments::full, SecondMoments::pooled, SecondMoments::diagonal, SecondMoments::trace}) {
      const auto products = product_monomials(form, d, 1);
      CHECK(n_plain_monomials(form, d) + static_cast<Index>(products.size()) == traits_of(form).n_monomials(d));
      for (const Factors& pair : products) {
        CHECK((1 <= pair.left && pair.left <= pair.right && pair.right <= d));
      }
    }
  });
}
