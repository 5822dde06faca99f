// Criterion VVV: the volume of each group's own scatter, for a packet of candidate groups at a time.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "hierarchical/criterion.hpp"
#include "parallel/pool.hpp"

namespace gmmx {

namespace {

using Lanes = Packet<double>;

// A determinant as a product of pivots. Mantissas and exponents apart, it neither overflows nor vanishes.
struct Determinant {
  Lanes mantissa = broadcast(1.0);
  Lanes exponent = broadcast(0.0);

  void multiply(const Lanes& pivot) {
    Lanes of_product;
    mantissa = simd::mantissa_of(simd::multiply(mantissa, pivot), of_product);
    exponent = simd::add(exponent, of_product);
  }

  // log(determinant + other), other > 0.
  Lanes log_of_sum(const Lanes& other) const {
    Lanes of_other;
    const Lanes other_mantissa = simd::mantissa_of(other, of_other);
    const Lanes is_zero = simd::equal(mantissa, broadcast(0.0));
    const Lanes larger = simd::select(is_zero, of_other, simd::larger_of(exponent, of_other));
    const Lanes sum = simd::add(simd::times_power_of_two(mantissa, simd::subtract(exponent, larger)),
                                simd::times_power_of_two(other_mantissa, simd::subtract(of_other, larger)));
    return simd::multiply_add(larger, broadcast(log_of_2), simd::logarithm(sum));
  }

  static constexpr double log_of_2 = 0.69314718055994530941723212145818;
};

class VVVCriterion final : public Criterion {
 public:
  explicit VVVCriterion(Groups groups)
      : d_(groups.means.cols()),
        size_(d_ * (d_ + 1) / 2),
        n_slots_(groups.size()),
        alpha_(std::max(groups.mean_variance, std::numeric_limits<double>::epsilon())),
        packets_(Array<double>::Zero((first_scatter() + size_) * lane_count, padded<double>(n_slots_) / lane_count)) {
    for (Index slot = 0; slot < n_slots_; ++slot) {
      at(slot, count) = groups.counts(slot);
      for (Index j = 0; j < d_; ++j) at(slot, first_mean + j) = groups.means(slot, j);
      for (Index q = 0; q < groups.scatters.cols(); ++q) at(slot, first_scatter() + q) = groups.scatters(slot, q);
      sum_diagonal(slot);
    }
    Workspace ws(size_, d_);
    for (Index slot = 0; slot < n_slots_; ++slot) total_ += at(slot, term) = term_of(slot, ws);
  }

  double flops_per_cost(Index slot) const override {
    const auto d = static_cast<double>(d_);
    return at(slot, count) < d ? 4 * d + 40 : d * d * d / 3 + 5 * d * d + 4 * d + 40;
  }

  void costs(Index slot, Index begin, Index end, double* out) const override {
    const auto ws = pool_.lend([&] { return std::make_unique<Workspace>(size_, d_); });
    for (Index q = 0; q < ws->group.size(); ++q) ws->group(q) = at(slot, q);
    for (Index i = begin; i < end; i += lane_count) store(out + i, costs_of(*ws, i));
  }

  OtherCosts merge(Index a, Index b) override {
    const double n = at(a, count) + at(b, count);
    const double share = at(b, count) / n;
    const auto between = [&](Index j) { return at(b, first_mean + j) - at(a, first_mean + j); };
    total_ -= at(a, term) + at(b, term);
    for (Index j = 0, q = first_scatter(); j < d_; ++j) {  // (94)
      const double weighted = at(a, count) * share * between(j);
      for (Index i = j; i < d_; ++i, ++q) at(a, q) += at(b, q) + weighted * between(i);
    }
    sum_diagonal(a);
    for (Index j = 0; j < d_; ++j) at(a, first_mean + j) += share * between(j);
    at(a, count) = n;
    at(b, count) = 0;
    const auto ws = pool_.lend([&] { return std::make_unique<Workspace>(size_, d_); });
    total_ += at(a, term) = term_of(a, *ws);
    return OtherCosts::stay;
  }

  void keep(const std::vector<Index>& slots) override {
    Index to = 0;
    for (const Index from : slots) {
      for (Index q = 0; q < first_scatter() + size_; ++q) at(to, q) = at(from, q);
      ++to;
    }
    for (; to < n_slots_; ++to) at(to, count) = 0;
    n_slots_ = static_cast<Index>(slots.size());
  }

  double value() const override { return total_; }

 private:
  // Numbers of a slot: how many rows, trace of the scatter, what the group adds to (93), mean, scatter.
  static constexpr Index count = 0;
  static constexpr Index trace = 1;
  static constexpr Index term = 2;
  static constexpr Index first_mean = 3;
  Index first_scatter() const { return first_mean + d_; }

  // The slots of a packet stand together, number by number: what a pass needs lies in one piece.
  static constexpr Index lane_count = packet_size<double>;
  double& at(Index slot, Index q) { return packets_(q * lane_count + slot % lane_count, slot / lane_count); }
  double at(Index slot, Index q) const { return packets_(q * lane_count + slot % lane_count, slot / lane_count); }

  void sum_diagonal(Index slot) {
    double sum = 0;
    for (Index q = first_scatter(), j = 0; j < d_; q += d_ - j++) sum += at(slot, q);
    at(slot, trace) = sum;
  }

  // One group, and what its unions with a packet of others are.
  struct Workspace {
    Workspace(Index size, Index d)
        : group(RowVector<double>::Zero(first_mean + d + size)),
          between(packets(d)),
          scatter(packets(size)),
          factors(packets(d)),
          inverses(packets(d)) {}
    static Index packets(Index n) { return n * lane_count; }

    RowVector<double> group;
    Column<double> between;  // d packets
    Column<double> scatter;  // lower triangle by columns
    // Of an elimination, d packets each: factors of the columns before, and -1 / pivots.
    Column<double> factors;
    Column<double> inverses;
  };

  static double* packet(Column<double>& packets, Index q) { return packets.data() + q * lane_count; }

  // Unions of a group with those of slots i, i + 1, ...
  Lanes costs_of(Workspace& ws, Index i) const {
    const double* others = packets_.col(i / lane_count).data();
    const auto other = [&](Index q) { return load(others + q * lane_count); };
    const auto own = [&](Index q) { return broadcast(ws.group(q)); };
    const Lanes n_other = other(count);
    const Lanes n = simd::add(own(count), n_other);
    const Lanes weight = simd::divide(simd::multiply(own(count), n_other), n);
    Lanes distance = broadcast(0.0);
    for (Index j = 0; j < d_; ++j) {
      const Lanes between = simd::subtract(other(first_mean + j), own(first_mean + j));
      distance = simd::multiply_add(between, between, distance);
      store(packet(ws.between, j), between);
    }
    const Lanes traces = simd::multiply_add(weight, distance, simd::add(own(trace), other(trace)));
    const bool have_volume = simd::largest_of(n) > static_cast<double>(d_);
    if (have_volume) {
      for (Index j = 0, q = 0; j < d_; ++j) {  // (94)
        const Lanes weighted = simd::multiply(weight, load(packet(ws.between, j)));
        for (Index k = j; k < d_; ++k, ++q) {
          const Lanes within = simd::add(own(first_scatter() + q), other(first_scatter() + q));
          store(packet(ws.scatter, q), simd::multiply_add(weighted, load(packet(ws.between, k)), within));
        }
      }
    }
    const Lanes apart = simd::add(own(term), other(term));
    const Lanes costs = rounded(simd::subtract(terms(n, traces, have_volume, ws), apart));
    const Lanes is_empty = simd::equal(n_other, broadcast(0.0));
    return simd::select(is_empty, broadcast(std::numeric_limits<double>::infinity()), costs);
  }

  // Of one group, in the same way.
  double term_of(Index slot, Workspace& ws) const {
    for (Index q = 0; q < size_; ++q) store(packet(ws.scatter, q), broadcast(at(slot, first_scatter() + q)));
    const double n = at(slot, count);
    const bool has_volume = n > static_cast<double>(d_);
    return simd::first_of(terms(broadcast(n), broadcast(at(slot, trace)), has_volume, ws));
  }

  // (93) n log(|W / n| + (tr W + alpha) / n) of groups whose scatters stand in the workspace, and are destroyed. At
  // most d rows span no volume.
  Lanes terms(const Lanes& n, const Lanes& traces, bool have_volume, Workspace& ws) const {
    const Lanes spread = simd::divide(simd::add(traces, broadcast(alpha_)), n);
    if (!have_volume) return simd::multiply(n, simd::logarithm(spread));
    Determinant determinant = eliminate(simd::divide(broadcast(1.0), n), ws);
    const Lanes has_volume = simd::less(broadcast(static_cast<double>(d_)), n);
    determinant.mantissa = simd::keep_where(has_volume, determinant.mantissa);
    return simd::multiply(n, determinant.log_of_sum(spread));
  }

  // |W / n| by elimination, column by column. A pivot that is rounding, beside the diagonal that it is left of, counts
  // as 0.
  Determinant eliminate(const Lanes& one_over_n, Workspace& ws) const {
    const Lanes rounding = broadcast(static_cast<double>(d_) * std::numeric_limits<double>::epsilon());
    Determinant determinant;
    for (Index j = 0, jj = 0; j < d_; jj += d_ - j++) {
      const Lanes floor = simd::multiply(rounding, load(packet(ws.scatter, jj)));
      for (Index k = 0, kj = j; k < j; kj += d_ - 1 - k++) {
        store(packet(ws.factors, k), simd::multiply(load(packet(ws.inverses, k)), load(packet(ws.scatter, kj))));
      }
      Index i = j;
      for (; i + 4 <= d_; i += 4) subtract_columns_before<4>(i, j, ws);
      for (; i < d_; ++i) subtract_columns_before<1>(i, j, ws);
      const Lanes pivot = load(packet(ws.scatter, jj));
      const Lanes is_pivot = simd::less(floor, pivot);
      determinant.multiply(simd::keep_where(is_pivot, simd::multiply(pivot, one_over_n)));
      store(packet(ws.inverses, j), simd::keep_where(is_pivot, simd::divide(broadcast(-1.0), pivot)));
    }
    return determinant;
  }

  // In column j, rows i and on.
  template <int n_rows>
  void subtract_columns_before(Index i, Index j, Workspace& ws) const {
    double* to = packet(ws.scatter, place_of(i, j));
    Lanes sums[n_rows];
    for (int r = 0; r < n_rows; ++r) sums[r] = load(to + r * lane_count);
    const double* from = packet(ws.scatter, i);
    for (Index k = 0; k < j; ++k) {
      const Lanes factor = load(packet(ws.factors, k));
      for (int r = 0; r < n_rows; ++r) sums[r] = simd::multiply_add(factor, load(from + r * lane_count), sums[r]);
      from += (d_ - k - 1) * lane_count;
    }
    for (int r = 0; r < n_rows; ++r) store(to + r * lane_count, sums[r]);
  }

  // Where a lower triangle by columns has row i, column j.
  Index place_of(Index i, Index j) const { return j * d_ - j * (j - 1) / 2 + i - j; }

  Index d_;
  Index size_;  // of a lower triangle
  Index n_slots_;
  double alpha_;
  Array<double> packets_;
  double total_ = 0;
  mutable Pool<Workspace> pool_;
};

}  // namespace

std::unique_ptr<Criterion> vvv_criterion(Groups groups) { return std::make_unique<VVVCriterion>(std::move(groups)); }

}  // namespace gmmx
