// Bounds that spare k-means most distances.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "linear_algebra.hpp"

namespace gmmx {

// What rounding does to the comparison of two centers by the fast formula of NearestCenter.
struct DistanceRounding {
  double unit;               // bound of the error of squared distances, relative to the square of norms
  double largest_norm;       // of a center, from the origin of the rows
  double least_squared_gap;  // of two centers that differ
};

// Hamerly's bounds (SIAM Conf. Data Mining 2010): how far a row's nearest center is at most, and the second nearest at
// least. When centers move, bounds give way by as much. A row whose bounds stay apart, by more than rounding could do,
// keeps its label: what k-means finds is what it would find without bounds.
//
// `slack` is the difference of the bounds less the margin for rounding, `lower` the bound of the second nearest center,
// both in coordinates that move with the centers, so that a pass changes nothing of the rows that it spares. They are
// floats, rounded down.
class DistanceBounds {
 public:
  // A pass in which no bounds are taken: none are known after it.
  void forget() { are_known_ = false; }

  // Returns whether bounds are known. If they are not, set() must be called for every row, and end_pass() then.
  bool begin_pass(const DistanceRounding& rounding, Index n_rows, Index n_centers) {
    constexpr double margin_for_change = 2;  // at least 1.2^2 1.35
    if (are_known_ && rounding.largest_norm <= 1.2 * rounding_.largest_norm &&
        rounding.least_squared_gap * 1.8 >= rounding_.least_squared_gap) {
      return true;
    }
    are_known_ = false;
    rounding_ = rounding;
    // (d_b - d_a) (d_b + d_a) = d_b^2 - d_a^2, where d_b + d_a is at least the gap of the centers.
    margin_unit_ = margin_for_change * rounding.unit / std::sqrt(rounding.least_squared_gap);
    slack_.resize(static_cast<std::size_t>(n_rows));
    lower_.resize(slack_.size());
    given_way_.assign(static_cast<std::size_t>(n_centers), Movement());
    return false;
  }
  void end_pass() { are_known_ = true; }

  void take_movements(const Vector<double>& movements) {
    if (!are_known_) return;
    constexpr double above_one = 1 + 1e-12;
    Index farthest = 0;
    movements.maxCoeff(&farthest);
    double second = 0;
    for (Index k = 0; k < movements.size(); ++k) {
      if (k != farthest) second = std::max(second, movements(k));
    }
    for (Index k = 0; k < movements.size(); ++k) {
      Movement& sum = given_way_[static_cast<std::size_t>(k)];
      const double others = above_one * (k == farthest ? second : movements(farthest));
      sum.of_others += others;
      sum.of_both += others + above_one * movements(k);
    }
  }

  // Writes the numbers of those rows of begin..end whose label is doubtful, and room for one more; returns how many.
  Index find_doubtful(Index begin, Index end, const std::int32_t* labels, Index* numbers) const {
    Index n_doubtful = 0;
    for (Index n = begin; n < end; ++n) {
      const double given_way = given_way_[static_cast<std::size_t>(labels[n])].of_both;
      numbers[n_doubtful] = n;
      n_doubtful += static_cast<double>(slack_[static_cast<std::size_t>(n)]) > given_way ? 0 : 1;
    }
    return n_doubtful;
  }

  // Takes the squared distances of these rows to their own centers as they are now. Keeps those that still are
  // doubtful, with their distances; returns how many. scratch: a number a row.
  Index tighten(Index* numbers, double* squared_distances, Index size, const std::int32_t* labels, double* scratch) {
    for (Index i = 0; i < size; ++i) scratch[i] = upper_and_margin(squared_distances[i]);
    Index n_doubtful = 0;
    for (Index i = 0; i < size; ++i) {
      const Index n = numbers[i];
      const Movement& given_way = given_way_[static_cast<std::size_t>(labels[n])];
      const double lower = static_cast<double>(lower_[static_cast<std::size_t>(n)]) - given_way.of_others;
      const double slack = lower - scratch[i];
      slack_[static_cast<std::size_t>(n)] = rounded_down(slack + given_way.of_both);
      numbers[n_doubtful] = n;
      squared_distances[n_doubtful] = squared_distances[i];
      n_doubtful += slack > 0 ? 0 : 1;
    }
    return n_doubtful;
  }

  // Of these rows, whose labels are those of their nearest centers: squared distances to these and to the second
  // nearest ones, which are overwritten.
  void set(const Index* numbers, Index size, const std::int32_t* labels, double* nearest, double* second) {
    for (Index i = 0; i < size; ++i) {
      const double squared_distance = nearest[i] > 0 ? nearest[i] : 0.0;
      const double norm = std::sqrt(squared_distance) + 3 * rounding_.largest_norm;
      const double square = second[i] - rounding_.unit * norm * norm;
      const double lower = std::sqrt(square > 0 ? square : 0.0);
      second[i] = lower < most ? lower : most;
      nearest[i] = upper_and_margin(squared_distance);
    }
    for (Index i = 0; i < size; ++i) {
      const auto n = static_cast<std::size_t>(numbers[i]);
      const Movement& given_way = given_way_[static_cast<std::size_t>(labels[i])];
      lower_[n] = rounded_down(second[i] + given_way.of_others);
      slack_[n] = rounded_down(second[i] - nearest[i] + given_way.of_both);
    }
  }

 private:
  struct Movement {
    double of_others = 0;  // the largest of the other centers' movements, over all passes
    double of_both = 0;    // that and its own
  };

  static constexpr double most = 1e38;

  static float rounded_down(double x) { return static_cast<float>(x - 3e-7 * std::abs(x) - 1e-37); }

  // No row is farther from the origin than its distance from a center and that one's norm together.
  double upper_and_margin(double squared_distance) const {
    const double norm = std::sqrt(squared_distance) + 3 * rounding_.largest_norm;
    const double norms = norm * norm;
    return std::sqrt(squared_distance + rounding_.unit * norms) + margin_unit_ * norms;
  }

  std::vector<float> slack_;
  std::vector<float> lower_;
  std::vector<Movement> given_way_;  // of each center
  DistanceRounding rounding_{};
  double margin_unit_ = 0;
  bool are_known_ = false;
};

}  // namespace gmmx
