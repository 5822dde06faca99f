#include "gmmx/scorer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "covariance/model.hpp"
#include "density/exponential.hpp"
#include "linear_algebra.hpp"
#include "simd.hpp"

namespace gmmx {

namespace {

template <class T>
constexpr T minus_infinity = -std::numeric_limits<T>::infinity();

// U_k as a matrix, whatever it is stored as.
Matrix<double> factor_of(const Mixture& mixture, Index k) {
  Matrix<double> factor = Matrix<double>::Identity(mixture.n_features(), mixture.n_features());
  model_of(mixture.covariance_type()).whiten(mixture, k, factor);
  return factor;
}

// U is kept a few columns at a time, of each the rows down to the last diagonal element: sums that do not wait for each
// other.
constexpr Index columns_at_once = 4;

Index place_of_factor(Index i, Index j) {
  const Index block = j / columns_at_once;
  const Index before = columns_at_once * columns_at_once * (block * (block + 1) / 2);
  return before + i * columns_at_once + j % columns_at_once;
}

Index n_factors_of_columns(Index d) {
  const Index block = (d - 1) / columns_at_once;
  return place_of_factor(d - 1, block * columns_at_once) + columns_at_once;
}

// log(exp(a) + exp(b) + ...) of numbers that come one after the other.
template <class T>
struct LogSum {
  T maximum = minus_infinity<T>;
  T sum = 0;  // relative to the maximum

  void add(const T* numbers, Index size) noexcept {
    T largest = maximum;
    for (Index i = 0; i < size; ++i) largest = std::max(largest, numbers[i]);
    if (!(largest > minus_infinity<T>)) return;
    sum *= exponential(maximum - largest);
    for (Index i = 0; i < size; ++i) sum += exponential(numbers[i] - largest);
    maximum = largest;
  }

  T value() const noexcept { return maximum + std::log(sum); }
};

}  // namespace

template <class T>
Scorer<T>::Scorer(const Mixture& mixture)
    : n_components_(mixture.n_components()),
      n_features_(mixture.n_features()),
      diagonal_(true),
      means_(static_cast<std::size_t>(n_groups() * n_features_ * lanes), T(0)),
      starts_(means_.size(), T(0)),
      constants_(static_cast<std::size_t>(n_groups() * lanes), T(0)) {
  const Index d = n_features_;
  const SplitMeans<T> means(mixture);
  for (Index k = 0; k < n_components_ && diagonal_; ++k) diagonal_ = factor_of(mixture, k).isDiagonal(0.0);
  const Index n_factors = diagonal_ ? d : n_factors_of_columns(d);
  factors_.assign(static_cast<std::size_t>(n_groups() * n_factors * lanes), T(0));
  for (Index k = 0; k < n_components_; ++k) {
    const Index group = k / lanes;
    const Index lane = k % lanes;
    const Matrix<double> factor = factor_of(mixture, k);
    const RowVector<double> correction = means.low.row(k).lazyProduct(factor);
    for (Index j = 0; j < d; ++j) {
      const auto place = static_cast<std::size_t>((group * d + j) * lanes + lane);
      means_[place] = means.high(k, j);
      starts_[place] = static_cast<T>(-correction(j));
      for (Index i = diagonal_ ? j : 0; i <= j; ++i) {
        const Index at = group * n_factors + (diagonal_ ? j : place_of_factor(i, j));
        factors_[static_cast<std::size_t>(at * lanes + lane)] = static_cast<T>(factor(i, j));
      }
    }
    constants_[static_cast<std::size_t>(k)] =
        static_cast<T>(std::log(mixture.weights()[static_cast<std::size_t>(k)]) -
                       0.5 * static_cast<double>(d) * log_2_pi + factor.diagonal().array().log().sum());
  }
}

template <class T>
void Scorer<T>::weighted_log_prob(const T* x, Index group, T* out) const noexcept {
  using namespace simd;
  using P = PacketOfAtMost<T, lanes>;
  constexpr Index size = size_of_packet<P>;
  const Index n_factors = static_cast<Index>(factors_.size()) / n_groups();
  for (Index lane = 0; lane < lanes; lane += size) {
    const T* mean = means_.data() + group * n_features_ * lanes + lane;
    const T* factor = factors_.data() + group * n_factors + lane;
    const T* start = starts_.data() + group * n_features_ * lanes + lane;
    const auto difference = [&](Index i) { return subtract(fill<P>(x[i]), load_unaligned<P>(mean + i * lanes)); };
    P distance = fill<P>(T(0));
    if (diagonal_) {
      for (Index j = 0; j < n_features_; ++j, factor += lanes) {
        const P y =
            multiply_add(difference(j), load_unaligned<P>(factor), load_unaligned<P>(start + j * lanes));  // (112)
        distance = multiply_add(y, y, distance);
      }
    } else {
      for (Index first = 0; first < n_features_; first += columns_at_once) {
        P y[columns_at_once];
        for (Index j = 0; j < columns_at_once; ++j) {
          y[j] = first + j < n_features_ ? load_unaligned<P>(start + (first + j) * lanes) : fill<P>(T(0));
        }
        for (Index i = 0; i < std::min(first + columns_at_once, n_features_); ++i) {
          const P z = difference(i);
          for (P& sum : y) {
            sum = multiply_add(z, load_unaligned<P>(factor), sum);
            factor += lanes;
          }
        }
        for (const P& sum : y) distance = multiply_add(sum, sum, distance);
      }
    }
    const P constant = load_unaligned<P>(constants_.data() + group * lanes + lane);
    store_unaligned(out + lane, multiply_add(fill<P>(T(-0.5)), distance, constant));  // (1), (6), (53)
  }
  // An overflow on the way to a distance that is larger than all numbers.
  for (Index l = 0; l < lanes; ++l) out[l] = std::isnan(out[l]) ? minus_infinity<T> : out[l];
}

template <class T>
double Scorer<T>::careful_log_prob(const T* x, Index k) const noexcept {
  const Index group = k / lanes;
  const Index n_factors = static_cast<Index>(factors_.size()) / (n_groups() * lanes);
  const auto at = [&](const std::vector<T>& numbers, Index place, Index n_places) {
    return static_cast<double>(numbers[static_cast<std::size_t>((group * n_places + place) * lanes + k % lanes)]);
  };
  double distance = 0;
  for (Index j = 0; j < n_features_; ++j) {
    double y = at(starts_, j, n_features_);
    for (Index i = diagonal_ ? j : 0; i <= j; ++i) {
      const double difference = static_cast<double>(x[i]) - at(means_, i, n_features_);
      y += difference * at(factors_, diagonal_ ? j : place_of_factor(i, j), n_factors);
    }
    distance += y * y;
  }
  const double log_prob = at(constants_, 0, 1) - 0.5 * distance;
  if (std::isnan(log_prob)) return minus_infinity<double>;
  return log_prob;
}

template <class T>
Index Scorer<T>::careful_predict(const T* x) const noexcept {
  double largest = minus_infinity<double>;
  Index best = -1;
  for (Index k = 0; k < n_components_; ++k) {
    const double log_prob = careful_log_prob(x, k);
    if (!(log_prob > largest)) continue;
    largest = log_prob;
    best = k;
  }
  return best;
}

template <class T>
T Scorer<T>::careful_responsibilities(const T* x, T* out) const noexcept {
  LogSum<double> total;
  for (Index k = 0; k < n_components_; ++k) {
    const double log_prob = careful_log_prob(x, k);
    total.add(&log_prob, 1);
  }
  if (!(total.maximum > minus_infinity<double>)) {
    std::fill(out, out + n_components_, std::numeric_limits<T>::quiet_NaN());
    return minus_infinity<T>;
  }
  for (Index k = 0; k < n_components_; ++k) {
    out[k] = static_cast<T>(exponential(careful_log_prob(x, k) - total.maximum) / total.sum);
  }
  return static_cast<T>(total.value());
}

template <class T>
bool Scorer<T>::is_finite(const T* x) const noexcept {
  return std::all_of(x, x + n_features_, [](T number) { return std::isfinite(number); });
}

template <class T>
T Scorer<T>::score(const T* x) const noexcept {
  if (!is_finite(x)) return std::numeric_limits<T>::quiet_NaN();
  LogSum<T> total;
  for (Index group = 0; group < n_groups(); ++group) {
    T log_prob[lanes];
    weighted_log_prob(x, group, log_prob);
    total.add(log_prob, n_lanes(group));
  }
  return total.value();
}

template <class T>
Index Scorer<T>::predict(const T* x) const noexcept {
  if (!is_finite(x)) return -1;
  T largest = minus_infinity<T>;
  Index best = 0;
  for (Index group = 0; group < n_groups(); ++group) {
    T log_prob[lanes];
    weighted_log_prob(x, group, log_prob);
    for (Index l = 0; l < n_lanes(group); ++l) {
      if (!(log_prob[l] > largest)) continue;
      largest = log_prob[l];
      best = group * lanes + l;
    }
  }
  return largest > minus_infinity<T> ? best : careful_predict(x);
}

template <class T>
T Scorer<T>::responsibilities(const T* x, T* out) const noexcept {
  if (!is_finite(x)) {
    std::fill(out, out + n_components_, std::numeric_limits<T>::quiet_NaN());
    return std::numeric_limits<T>::quiet_NaN();
  }
  LogSum<T> total;
  for (Index group = 0; group < n_groups(); ++group) {
    T log_prob[lanes];
    weighted_log_prob(x, group, log_prob);
    std::copy(log_prob, log_prob + n_lanes(group), out + group * lanes);
    total.add(log_prob, n_lanes(group));
  }
  if (!(total.maximum > minus_infinity<T>)) return careful_responsibilities(x, out);
  for (Index k = 0; k < n_components_; ++k) out[k] = exponential(out[k] - total.maximum) / total.sum;
  return total.value();
}

template class Scorer<float>;
template class Scorer<double>;

}  // namespace gmmx
