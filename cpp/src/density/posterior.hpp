// From weighted log-densities to responsibilities, in place, with the row maximum taken out.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "linear_algebra.hpp"
#include "packets.hpp"

namespace gmmx {

// weighted_log_prob (n x K) becomes responsibilities; log_prob_norm (n) receives log p(x_n).
// A row so far away that every density underflows even in logarithms has log p = -inf; its responsibilities
// are then those before seeing it, the weights.
template <class T>
class Posterior {
 public:
  explicit Posterior(Index capacity) : maximum_(padded<T>(capacity)), sum_(padded<T>(capacity)) {}

  template <class Norms>
  void operator()(BlockOfColumns<T> resp, Norms&& log_prob_norm, const Vector<T>& weights) {
    find_maximum(resp);
    if (!(maximum_.head(resp.rows()) > -std::numeric_limits<T>::infinity()).all()) {
      repair_rows_without_density(resp, weights);
      find_maximum(resp);
    }
    exponentiate(resp);
    log_prob_norm = maximum_.head(resp.rows()) + sum_.head(resp.rows()).log();  // (7), (54)
    for (const Index n : rows_without_density_) log_prob_norm(n) = -std::numeric_limits<T>::infinity();
    rows_without_density_.clear();
  }

 private:
  void find_maximum(const BlockOfColumns<T>& resp) {
    for (Index n = 0; n < resp.rows(); n += packet_size<T>) {
      Packet<T> maximum = load(&resp(0, 0) + n);
      for (Index k = 1; k < resp.cols(); ++k) maximum = Eigen::internal::pmax(maximum, load(&resp(0, k) + n));
      store(maximum_.data() + n, maximum);
    }
  }

  // Packets may run past the last row into the room that block_results() leaves.
  void exponentiate(BlockOfColumns<T>& resp) {
    // Eigen's exp() of packets returns the least normal number where the result would be smaller: that is zero here.
    const Packet<T> tiny = broadcast(64 * std::numeric_limits<T>::min());
    const Packet<T> zero = broadcast(T(0));
    const Packet<T> one = broadcast(T(1));
    for (Index n = 0; n < resp.rows(); n += packet_size<T>) {
      const Packet<T> maximum = load(maximum_.data() + n);
      Packet<T> sum = zero;
      for (Index k = 0; k < resp.cols(); ++k) {
        T* const at = &resp(0, k) + n;
        const Packet<T> e = Eigen::internal::pexp(Eigen::internal::psub(load(at), maximum));
        const Packet<T> r = Eigen::internal::pmax(Eigen::internal::psub(e, tiny), zero);
        store(at, r);
        sum = Eigen::internal::padd(sum, r);
      }
      store(sum_.data() + n, sum);
      const Packet<T> inverse = Eigen::internal::pdiv(one, sum);
      for (Index k = 0; k < resp.cols(); ++k) {
        T* const at = &resp(0, k) + n;
        store(at, Eigen::internal::pmul(load(at), inverse));  // (8), (55)
      }
    }
  }

  void repair_rows_without_density(BlockOfColumns<T> resp, const Vector<T>& weights) {
    for (Index n = 0; n < resp.rows(); ++n) {
      bool found = false;
      for (Index k = 0; k < resp.cols(); ++k) {
        if (std::isnan(resp(n, k))) resp(n, k) = -std::numeric_limits<T>::infinity();
        found = found || resp(n, k) > -std::numeric_limits<T>::infinity();
      }
      if (found) continue;
      resp.row(n) = weights.array().log().transpose();
      rows_without_density_.push_back(n);
    }
  }

  Column<T> maximum_;
  Column<T> sum_;
  std::vector<Index> rows_without_density_;
};

}  // namespace gmmx
