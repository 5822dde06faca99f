// Criterion VVV: the volume of each group's own scatter, for a packet of candidate groups at a time.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "hierarchical/criterion.hpp"
#include "parallel/pool.hpp"

namespace gmmx {

namespace {

namespace lanes = Eigen::internal;
using Lanes = Packet<double>;

// A determinant as a product of pivots. Mantissas and exponents apart, it neither overflows nor vanishes.
struct Determinant {
  Lanes mantissa = broadcast(1.0);
  Lanes exponent = broadcast(0.0);

  void multiply(const Lanes& pivot) {
    Lanes of_product;
    mantissa = lanes::pfrexp(lanes::pmul(mantissa, pivot), of_product);
    exponent = lanes::padd(exponent, of_product);
  }

  // log(determinant + other), other > 0.
  Lanes log_of_sum(const Lanes& other) const {
    Lanes of_other;
    const Lanes other_mantissa = lanes::pfrexp(other, of_other);
    const Lanes is_zero = lanes::pcmp_eq(mantissa, broadcast(0.0));
    const Lanes larger = lanes::pselect(is_zero, of_other, lanes::pmax(exponent, of_other));
    const Lanes sum = lanes::padd(lanes::pldexp(mantissa, lanes::psub(exponent, larger)),
                                  lanes::pldexp(other_mantissa, lanes::psub(of_other, larger)));
    return lanes::pmadd(larger, broadcast(log_of_2), lanes::plog(sum));
  }

  static constexpr double log_of_2 = 0.69314718055994530941723212145818;
};

class OwnCovariances final : public Criterion {
 public:
  explicit OwnCovariances(Groups groups)
      : d_(groups.means.cols()),
        size_(d_ * (d_ + 1) / 2),
        n_slots_(groups.size()),
        alpha_(std::max(groups.mean_variance, std::numeric_limits<double>::epsilon())),
        columns_(Array<double>::Zero(column_stride<double>(n_slots_), first_scatter() + size_)) {
    columns_.col(count).head(n_slots_) = groups.counts;
    columns_.middleCols(first_mean, d_).topRows(n_slots_) = groups.means;
    if (groups.scatters.cols() > 0) columns_.rightCols(size_).topRows(n_slots_) = groups.scatters;
    for (Index q = 0, j = 0; j < d_; q += d_ - j++) columns_.col(trace) += columns_.col(first_scatter() + q);
    Workspace ws(size_, d_);
    for (Index slot = 0; slot < n_slots_; ++slot) columns_(slot, term) = term_of(slot, ws);
    total_ = columns_.col(term).head(n_slots_).sum();
  }

  double flops_per_cost(Index slot) const override {
    const auto d = static_cast<double>(d_);
    return columns_(slot, count) < d ? 4 * d + 40 : d * d * d / 3 + 5 * d * d + 4 * d + 40;
  }

  void costs(Index slot, Index begin, Index end, double* out) const override {
    const auto ws = pool_.lend([&] { return std::make_unique<Workspace>(size_, d_); });
    ws->take(columns_, slot);
    for (Index i = begin; i < end; i += packet_size<double>) store(out + i, costs_of(*ws, i));
  }

  OtherCosts merge(Index a, Index b) override {
    auto g = columns_.row(a);
    const auto h = columns_.row(b);
    const double n = g(count) + h(count);
    const double share = h(count) / n;
    total_ -= g(term) + h(term);
    for (Index j = 0, q = first_scatter(); j < d_; ++j) {  // (94)
      const double between = g(count) * share * (h(first_mean + j) - g(first_mean + j));
      for (Index i = j; i < d_; ++i, ++q) g(q) += h(q) + between * (h(first_mean + i) - g(first_mean + i));
    }
    g(trace) = 0;
    for (Index q = first_scatter(), j = 0; j < d_; q += d_ - j++) g(trace) += g(q);
    for (Index j = first_mean; j < first_mean + d_; ++j) g(j) += share * (h(j) - g(j));
    g(count) = n;
    columns_(b, count) = 0;
    const auto ws = pool_.lend([&] { return std::make_unique<Workspace>(size_, d_); });
    g(term) = term_of(a, *ws);
    total_ += g(term);
    return OtherCosts::stay;
  }

  void keep(const std::vector<Index>& slots) override {
    for (Index q = 0; q < columns_.cols(); ++q) {
      double* column = columns_.col(q).data();
      Index to = 0;
      for (const Index from : slots) column[to++] = column[from];
    }
    n_slots_ = static_cast<Index>(slots.size());
    columns_.col(count).tail(columns_.rows() - n_slots_).setZero();
  }

  double value() const override { return total_; }

 private:
  // Columns, one row a slot: number of rows, trace of the scatter, what the group adds to (93), mean, scatter.
  static constexpr Index count = 0;
  static constexpr Index trace = 1;
  static constexpr Index term = 2;
  static constexpr Index first_mean = 3;
  Index first_scatter() const { return first_mean + d_; }

  // One group, and what its unions with a packet of others are.
  struct Workspace {
    Workspace(Index size, Index d)
        : group(RowVector<double>::Zero(first_mean + d + size)),
          between(packets(d)),
          scatter(packets(size)),
          floors(packets(d)) {}
    static Index packets(Index n) { return n * packet_size<double>; }
    void take(const Array<double>& columns, Index slot) { group = columns.row(slot).matrix(); }

    RowVector<double> group;
    Column<double> between;  // d packets
    Column<double> scatter;  // lower triangle by columns
    Column<double> floors;   // d packets
  };

  static double* packet(Column<double>& packets, Index q) { return packets.data() + q * packet_size<double>; }

  // Unions of a group with those of slots i, i + 1, ...
  Lanes costs_of(Workspace& ws, Index i) const {
    const auto column = [&](Index q) { return load(columns_.col(q).data() + i); };
    const auto own = [&](Index q) { return broadcast(ws.group(q)); };
    const Lanes n_other = column(count);
    const Lanes n = lanes::padd(own(count), n_other);
    const Lanes weight = lanes::pdiv(lanes::pmul(own(count), n_other), n);
    Lanes distance = broadcast(0.0);
    for (Index j = 0; j < d_; ++j) {
      const Lanes between = lanes::psub(column(first_mean + j), own(first_mean + j));
      distance = lanes::pmadd(between, between, distance);
      store(packet(ws.between, j), between);
    }
    const Lanes traces = lanes::pmadd(weight, distance, lanes::padd(own(trace), column(trace)));
    const bool have_volume = lanes::predux_max(n) > static_cast<double>(d_);
    if (have_volume) {
      for (Index j = 0, q = 0; j < d_; ++j) {  // (94)
        const Lanes weighted = lanes::pmul(weight, load(packet(ws.between, j)));
        for (Index k = j; k < d_; ++k, ++q) {
          const Lanes within = lanes::padd(own(first_scatter() + q), column(first_scatter() + q));
          store(packet(ws.scatter, q), lanes::pmadd(weighted, load(packet(ws.between, k)), within));
        }
      }
    }
    const Lanes apart = lanes::padd(own(term), column(term));
    const Lanes costs = rounded(lanes::psub(terms(n, traces, have_volume, ws), apart));
    const Lanes is_empty = lanes::pcmp_eq(n_other, broadcast(0.0));
    return lanes::pselect(is_empty, broadcast(std::numeric_limits<double>::infinity()), costs);
  }

  // Of one group, in the same way.
  double term_of(Index slot, Workspace& ws) const {
    for (Index q = 0; q < size_; ++q) store(packet(ws.scatter, q), broadcast(columns_(slot, first_scatter() + q)));
    const double n = columns_(slot, count);
    const bool has_volume = n > static_cast<double>(d_);
    return lanes::pfirst(terms(broadcast(n), broadcast(columns_(slot, trace)), has_volume, ws));
  }

  // (93) n log(|W / n| + (tr W + alpha) / n) of groups whose scatters stand in the workspace, and are destroyed. At
  // most d rows span no volume.
  Lanes terms(const Lanes& n, const Lanes& traces, bool have_volume, Workspace& ws) const {
    const Lanes spread = lanes::pdiv(lanes::padd(traces, broadcast(alpha_)), n);
    if (!have_volume) return lanes::pmul(n, lanes::plog(spread));
    Determinant determinant = eliminate(lanes::pdiv(broadcast(1.0), n), ws);
    const Lanes has_volume = lanes::pcmp_lt(broadcast(static_cast<double>(d_)), n);
    determinant.mantissa = lanes::pand(has_volume, determinant.mantissa);
    return lanes::pmul(n, determinant.log_of_sum(spread));
  }

  // |W / n| by elimination. A pivot that is rounding, beside the diagonal that it is left of, counts as 0.
  Determinant eliminate(const Lanes& one_over_n, Workspace& ws) const {
    const Lanes rounding = broadcast(static_cast<double>(d_) * std::numeric_limits<double>::epsilon());
    for (Index k = 0, kk = 0; k < d_; kk += d_ - k++) {
      store(packet(ws.floors, k), lanes::pmul(rounding, load(packet(ws.scatter, kk))));
    }
    Determinant determinant;
    for (Index k = 0, kk = 0; k < d_; kk += d_ - k++) {
      const Lanes pivot = load(packet(ws.scatter, kk));
      const Lanes is_pivot = lanes::pcmp_lt(load(packet(ws.floors, k)), pivot);
      determinant.multiply(lanes::pand(is_pivot, lanes::pmul(pivot, one_over_n)));
      const Lanes inverse = lanes::pand(is_pivot, lanes::pdiv(broadcast(-1.0), pivot));
      const double* below = packet(ws.scatter, kk);
      double* to = packet(ws.scatter, kk + d_ - k);
      for (Index j = k + 1; j < d_; ++j) {
        below += packet_size<double>;
        const Lanes factor = lanes::pmul(inverse, load(below));
        const double* from = below;
        for (Index i = j; i < d_; ++i, from += packet_size<double>, to += packet_size<double>) {
          store(to, lanes::pmadd(factor, load(from), load(to)));
        }
      }
    }
    return determinant;
  }

  Index d_;
  Index size_;  // of a lower triangle
  Index n_slots_;
  double alpha_;
  Array<double> columns_;
  double total_ = 0;
  mutable Pool<Workspace> pool_;
};

}  // namespace

std::unique_ptr<Criterion> criterion_with_own_covariances(Groups groups) {
  return std::make_unique<OwnCovariances>(std::move(groups));
}

}  // namespace gmmx
