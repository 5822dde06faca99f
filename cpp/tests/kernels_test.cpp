// Kernels of densities and products against nested loops, on buffers of exactly the size that they may touch.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "density/columns.hpp"
#include "gemm.hpp"
#include "kernel_problem.hpp"
#include "kernels/linear_forms.hpp"
#include "kernels/mahalanobis.hpp"
#include "kernels/monomials.hpp"
#include "kernels/quadratic_forms.hpp"
#include "kernels/row_scores.hpp"
#include "kernels/rows_to_columns.hpp"

using namespace gmmx;
using namespace gmmx::testing;

namespace {

// Two columns of every product, of the block's rows.
std::vector<Factors> factors_of(Index n_products, Index n_columns, Index stride, Random& random) {
  std::vector<Factors> result;
  for (Index f = 0; f < n_products; ++f) {
    const Index left = random.below(n_columns);
    result.push_back({left * stride, random.below(n_columns) * stride});
  }
  return result;
}

template <class T>
std::vector<long double> products_of(const RowBlock<T>& rows, const std::vector<Factors>& factors, Index i) {
  std::vector<long double> result;
  for (const Factors& f : factors) {
    const T product = rows.values[f.left + i] * rows.values[f.right + i];  // rounded as the kernels round it
    result.push_back(product);
  }
  return result;
}

// coefficient_stride: at least K.
template <class T>
double error_of_linear_forms(Index d, Index k, Index coefficient_stride) {
  Random random(d * 100 + k);
  const RowBlock<T> rows(rows_for<T>(d, k), d, random);
  const std::vector<Factors> factors = factors_of(d, d, rows.stride, random);
  const auto coefficients = normals<T>((d - 1) * coefficient_stride + k, random);
  const Exact<T> start = RowBlock<T>(rows.n, k, random).values;
  const Index out_stride = rows.n + (k % 2) * packet_size<T>;
  Worst<T> worst;
  for (const bool of_products : {false, true}) {
    Exact<T> out((k - 1) * out_stride + rows.n);
    for (Index i = 0; i < out.size(); ++i) out[i] = start[i % start.size()];
    if (of_products) {
      const ProductPanel<T> panel{rows.values.data(), rows.stride, factors.data(), rows.n, d};
      add_linear_forms(panel, coefficients.data(), coefficient_stride, k, out.data(), out_stride);
    } else {
      add_linear_forms(rows.panel(), coefficients.data(), coefficient_stride, k, out.data(), out_stride);
    }
    for (Index i = 0; i < rows.n; ++i) {
      const auto products = products_of(rows, factors, i);
      for (Index c = 0; c < k; ++c) {
        Sum sum;
        sum.add(start[(c * out_stride + i) % start.size()]);
        for (Index j = 0; j < d; ++j) {
          sum.add((of_products ? at(products, j) : rows(i, j)) * at(coefficients, j * coefficient_stride + c));
        }
        worst.see(static_cast<double>(out[c * out_stride + i]), sum);
      }
    }
  }
  return worst.units();
}

// Rows in any order, some of them twice, row by row or column by column in memory.
template <class T>
double error_of_row_scores(Index d, Index k, bool by_columns) {
  Random random(d * 100 + k);
  const Index n = 11;
  const auto values = normals<T>(n * d, random);
  const MatrixView<const T> rows(values.data(), n, d, by_columns ? 1 : d, by_columns ? n : 1);
  const auto origin = normals<T>(d, random);
  const Index stride = padded<T>(k) + (k % 3) * packet_size<T>;
  const auto coefficients = normals<T>((d - 1) * stride + padded<T>(k), random);
  std::vector<Index> numbers;
  for (Index i = 0; i < (3 * d + k) % 29 + 1; ++i) numbers.push_back(random.below(n));
  const auto n_numbers = static_cast<Index>(numbers.size());
  Exact<T> out((n_numbers - 1) * stride + padded<T>(k));
  for (Index i = 0; i < out.size(); ++i) out[i] = T(0.5);
  add_row_scores({rows, numbers.data(), n_numbers}, origin.data(), coefficients.data(), k, stride, out.data());
  Worst<T> worst;
  for (Index i = 0; i < n_numbers; ++i) {
    for (Index c = 0; c < k; ++c) {
      Sum sum;
      sum.add(0.5);
      for (Index j = 0; j < d; ++j) {
        const T difference = rows(at(numbers, i), j) - at(origin, j);  // rounded as the kernel rounds it
        sum.add(static_cast<long double>(difference) * at(coefficients, j * stride + c));
      }
      worst.see(static_cast<double>(out[i * stride + c]), sum);
    }
  }
  return worst.units();
}

template <class T>
void check_two_largest(Index k) {
  CAPTURE(k);
  Random random(k);
  RowBlock<T> columns(19, k, random);
  if (k > 2) {  // equally large
    for (Index i = 0; i < 5; ++i) columns.values[columns.stride + i] = columns.values[(k - 1) * columns.stride + i] = 9;
  }
  Exact<T> index(columns.n);
  Exact<T> largest(columns.n);
  Exact<T> second(columns.n);
  two_largest_columns(columns.values.data(), columns.stride, k, 19, index.data(), largest.data(), second.data());
  for (Index i = 0; i < 19; ++i) {
    std::vector<std::pair<long double, Index>> order;
    for (Index c = 0; c < k; ++c) order.emplace_back(-columns(i, c), c);
    std::sort(order.begin(), order.end());
    CHECK(static_cast<Index>(index[i]) == order[0].second);
    CHECK(static_cast<long double>(largest[i]) == -order[0].first);
    CHECK((k == 1 ? second[i] == -std::numeric_limits<T>::infinity() : second[i] == -order[1].first));
  }
}

template <class T>
double error_of_weighted_sums(Index d, Index k) {
  Random random(d * 100 + k);
  const Index n = rows_for<T>(d, k);
  const RowBlock<T> rows(n, d, random);
  const std::vector<Factors> factors = factors_of(d, d, rows.stride, random);
  const RespBlock<T> resp(n, k, random);
  const Index sums_stride = k + d % 3;
  Worst<T> worst;
  for (const bool of_products : {false, true}) {
    std::vector<double> sums(static_cast<std::size_t>((d - 1) * sums_stride + k), 0.5);
    if (of_products) {
      const ProductPanel<T> panel{rows.values.data(), rows.stride, factors.data(), rows.n, d};
      add_weighted_sums(panel, resp.values.data(), resp.stride, k, sums.data(), sums_stride);
    } else {
      add_weighted_sums(rows.panel(), resp.values.data(), resp.stride, k, sums.data(), sums_stride);
    }
    std::vector<Sum> wanted(static_cast<std::size_t>(d * k));
    for (Index i = 0; i < n; ++i) {
      const auto products = products_of(rows, factors, i);
      for (Index j = 0; j < d; ++j) {
        for (Index c = 0; c < k; ++c) {
          wanted[static_cast<std::size_t>(j * k + c)].add(resp(i, c) * (of_products ? at(products, j) : rows(i, j)));
        }
      }
    }
    for (Index j = 0; j < d; ++j) {
      for (Index c = 0; c < k; ++c) {
        Sum& sum = wanted[static_cast<std::size_t>(j * k + c)];
        sum.add(0.5);
        worst.see(at(sums, j * sums_stride + c), sum);
      }
    }
  }
  return worst.units();
}

template <class T>
double error_of_quadratic_forms(Index d, Index k) {
  Random random(d * 100 + k);
  const RowBlock<T> rows(rows_for<T>(d, k), d, random);
  Matrix<double> coefficients(traits_of(SecondMoments::full).n_monomials(d), k);
  for (Index i = 0; i < coefficients.size(); ++i) coefficients.data()[i] = static_cast<T>(random.normal());
  const Index out_stride = rows.n + (k % 2) * packet_size<T>;
  Exact<T> out((k - 1) * out_stride + rows.n);
  QuadraticForms<T>(d, coefficients).evaluate(rows.panel(), out.data(), out_stride);
  Worst<T> worst;
  for (Index i = 0; i < rows.n; ++i) {
    for (Index c = 0; c < k; ++c) {
      Sum sum;
      Index at = 0;
      sum.add(coefficients(at++, c));
      for (Index j = 0; j < d; ++j) sum.add(coefficients(at++, c) * rows(i, j));
      for (Index j = 0; j < d; ++j) {
        for (Index l = j; l < d; ++l) sum.add(coefficients(at++, c) * rows(i, j) * rows(i, l));
      }
      worst.see(static_cast<double>(out[c * out_stride + i]), sum);
    }
  }
  return worst.units();
}

template <class T>
double error_of_mahalanobis(Index d) {
  Random random(d);
  const RowBlock<T> rows(rows_for<T>(d, 1), d, random);
  Matrix<T> upper = Matrix<T>::Zero(d, d);
  RowVector<T> mean(d);
  RowVector<T> correction = RowVector<T>::Zero(d);
  for (Index j = 0; j < d; ++j) {
    mean(j) = static_cast<T>(random.normal());
    // What T cannot hold of a mean: nothing of it is left in float64.
    if constexpr (!std::is_same_v<T, double>) correction(j) = static_cast<T>(1e-3 * random.normal());
    for (Index i = 0; i <= j; ++i) upper(i, j) = static_cast<T>(random.normal());
  }
  const MahalanobisKernel<T> kernel(std::make_shared<const PackedUpper<T>>(upper), mean, correction);
  Exact<T> differences(std::min(4 * packet_size<T>, rows.n) * d);
  Exact<T> out(rows.n);
  const T constant = T(0.75);
  kernel.evaluate(rows.panel(), constant, differences.data(), out.data());
  Worst<T> worst;
  for (Index i = 0; i < rows.n; ++i) {
    Sum log_prob;
    log_prob.add(constant);
    for (Index j = 0; j < d; ++j) {
      Sum y;
      y.add(-static_cast<long double>(correction(j)));
      for (Index l = 0; l <= j; ++l) y.add((rows(i, l) - static_cast<long double>(mean(l))) * upper(l, j));
      log_prob.value -= y.value * y.value / 2;
      log_prob.magnitude += y.magnitude * y.magnitude / 2;
    }
    worst.see(static_cast<double>(out[i]), log_prob);
  }
  return worst.units();
}

// Rows as users hand them over: without gaps, as part of wider rows, and feature by feature.
template <class T>
bool columns_are_the_rows(Index n, Index d, Index row_stride, Index col_stride) {
  Random random(n * 100 + d);
  const auto rows = normals<T>((n - 1) * row_stride + (d - 1) * col_stride + 1, random);
  const auto origin = normals<T>(d, random);
  const MatrixView<const T> view(rows.data(), n, d, row_stride, col_stride);
  const Index begin = n > 4 ? 1 : 0;
  const Index end = n > 4 ? n - 1 : n;
  const Index stride = end - begin + d % 3;
  std::vector<T> columns(static_cast<std::size_t>((d - 1) * stride + end - begin), T(99));
  copy_to_columns(view, begin, end, origin.data(), columns.data(), stride);
  for (Index j = 0; j < d; ++j) {
    for (Index i = begin; i < end; ++i) {
      if (at(columns, j * stride + i - begin) != at(rows, i * row_stride + j * col_stride) - at(origin, j))
        return false;
    }
    const bool has_gap = j + 1 < d && end - begin < stride;
    if (has_gap && at(columns, j * stride + end - begin) != T(99)) return false;
  }
  return true;
}

// a: n x d, b: d x k.
template <class T>
double error_of_products(Index n, Index d, Index k, bool upper) {
  Random random(d * 100 + k);
  Matrix<T> a(n, d);
  Matrix<T> b(d, k);
  for (Index i = 0; i < a.size(); ++i) a.data()[i] = static_cast<T>(random.normal());
  for (Index i = 0; i < b.size(); ++i) b.data()[i] = static_cast<T>(random.normal());
  Matrix<T> out(n, k);
  upper ? multiply_upper<T>(a, b, out) : multiply<T>(a, b, out);
  Worst<T> worst;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < k; ++j) {
      Sum sum;
      for (Index l = 0; l < d; ++l) {
        if (!upper || l <= j) sum.add(static_cast<long double>(a(i, l)) * b(l, j));
      }
      worst.see(static_cast<double>(out(i, j)), sum);
    }
  }
  return worst.units();
}

}  // namespace

TEST_CASE_TEMPLATE("scores of single rows", T, float, double) {
  for (const Index d : {1, 2, 3, 8, 17, 47, 48, 49, 100}) {
    for (const Index k : {1, 2, 4, 5, 8, 9, 12, 16, 17, 25, 33, 64, 71}) {
      CAPTURE(d);
      CAPTURE(k);
      for (const bool by_columns : {false, true}) CHECK(error_of_row_scores<T>(d, k, by_columns) < allowed);
    }
  }
}

TEST_CASE_TEMPLATE("the two largest of each row", T, float, double) {
  for (const Index k : {1, 2, 3, 5, 16, 40}) check_two_largest<T>(k);
}

TEST_CASE_TEMPLATE("linear forms of features and of products", T, float, double) {
  for_shapes([](Index d, Index k) {
    CAPTURE(d);
    CAPTURE(k);
    CHECK(error_of_linear_forms<T>(d, k, k + d % 2) <= allowed);
  });
  CHECK(error_of_linear_forms<T>(150, 17, 1000) <= allowed);  // more coefficients than are worked on at once
}

TEST_CASE_TEMPLATE("weighted sums of features and of products", T, float, double) {
  for_shapes([](Index d, Index k) {
    CAPTURE(d);
    CAPTURE(k);
    CHECK(error_of_weighted_sums<T>(d, k) <= allowed);
  });
}

TEST_CASE_TEMPLATE("quadratic forms", T, float, double) {
  for_shapes([](Index d, Index k) {
    CAPTURE(d);
    CAPTURE(k);
    CHECK(error_of_quadratic_forms<T>(d, k) <= allowed);
  });
  CHECK(error_of_quadratic_forms<T>(100, 7) <= allowed);  // more coefficients than are worked on at once
}

TEST_CASE_TEMPLATE("Mahalanobis distances", T, float, double) {
  for_shapes([](Index d, Index k) {
    if (k > 1) return;  // one component a call
    CAPTURE(d);
    CHECK(error_of_mahalanobis<T>(d) <= allowed);
  });
}

TEST_CASE_TEMPLATE("rows to columns", T, float, double) {
  for_shapes([](Index d, Index k) {
    if (k > 1) return;
    for (const Index n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 18, 19, 33, 40}) {
      CAPTURE(d);
      CAPTURE(n);
      CHECK(columns_are_the_rows<T>(n, d, d, 1));
      CHECK(columns_are_the_rows<T>(n, d, d + 3, 1));
      CHECK(columns_are_the_rows<T>(n, d, 1, n));
      CHECK(columns_are_the_rows<T>(n, d, 2 * d, 2));
    }
  });
}

TEST_CASE_TEMPLATE("products of matrices", T, float, double) {
  for_shapes([](Index d, Index k) {
    CAPTURE(d);
    CAPTURE(k);
    CHECK(error_of_products<T>(11, d, k, false) <= allowed);
    if (k == 1) CHECK(error_of_products<T>(11, d, d, true) <= allowed);
  });
}

TEST_CASE("the precision of a triangular factor") {
  for_shapes([](Index d, Index k) {
    if (k > 1) return;
    Random random(d);
    RowMajorMatrix<double> factor = RowMajorMatrix<double>::Zero(d, d);
    for (Index i = 0; i < d; ++i) {
      for (Index j = i; j < d; ++j) factor(i, j) = random.normal();
    }
    Matrix<double> precision(d, d);
    precision_of_factor({factor.data(), d, d}, precision);
    Worst<double> worst;
    for (Index i = 0; i < d; ++i) {
      for (Index j = 0; j < d; ++j) {
        Sum sum;
        for (Index l = 0; l < d; ++l) sum.add(static_cast<long double>(factor(i, l)) * factor(j, l));
        worst.see(precision(i, j), sum);
      }
    }
    CAPTURE(d);
    CHECK(worst.units() <= allowed);
  });
}
