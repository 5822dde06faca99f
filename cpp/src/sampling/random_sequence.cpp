// Loops without branches or tables, which compilers turn into code for vectors.
#include "sampling/random_sequence.hpp"

#include <cmath>
#include <cstring>

namespace gmmx {

namespace {

constexpr std::uint64_t increment = 0x9E3779B97F4A7C15;

inline std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

inline std::uint64_t bits_of(double number) {
  std::uint64_t bits;
  std::memcpy(&bits, &number, sizeof bits);
  return bits;
}

inline double from_bits(std::uint64_t bits) {
  double number;
  std::memcpy(&number, &bits, sizeof number);
  return number;
}

constexpr int mantissa_bits = 52;
constexpr std::uint64_t mantissa = (std::uint64_t{1} << mantissa_bits) - 1;
constexpr std::uint64_t bits_of_one = 0x3FF0000000000000;

// In [1, 2): its mantissa is the upper bits.
inline double between_one_and_two(std::uint64_t bits) {
  return from_bits((bits >> (64 - mantissa_bits)) | bits_of_one);
}

// The sum of coefficients[i] x^i.
template <int N>
inline double polynomial(const double (&coefficients)[N], double x) {
  double sum = coefficients[N - 1];
  for (int i = N - 2; i >= 0; --i) sum = sum * x + coefficients[i];
  return sum;
}

// For 2^-52 <= x <= 1. With x = 2^e m and m between the roots of 1/2 and 2, log m = 2 artanh((m - 1) / (m + 1)).
inline double log_of(double x) {
  constexpr double artanh[] = {1.0,      1.0 / 3,  1.0 / 5,  1.0 / 7,  1.0 / 9, 1.0 / 11,
                               1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21};
  constexpr double log_2 = 0.69314718055994530942;
  constexpr std::uint64_t bits_of_root = 0x3FE6A09E667F3BCD;  // of 1/2
  constexpr std::uint64_t bits_of_2_to_52 = 0x4330000000000000;
  const std::uint64_t above_root = bits_of(x) + (bits_of_one - bits_of_root);
  const double exponent = from_bits((above_root >> mantissa_bits) | bits_of_2_to_52) - (0x1p52 + 1023);
  const double m = from_bits((above_root & mantissa) + bits_of_root);
  const double s = (m - 1) / (m + 1);
  return exponent * log_2 + 2 * s * polynomial(artanh, s * s);
}

// For |x| <= pi / 4, by Taylor's series in the square of x.
inline double cosine_of(double square) {
  constexpr double series[] = {1.0,
                               -1.0 / 2,
                               1.0 / 24,
                               -1.0 / 720,
                               1.0 / 40320,
                               -1.0 / 3628800,
                               1.0 / 479001600,
                               -1.0 / 87178291200,
                               1.0 / 20922789888000};
  return polynomial(series, square);
}
inline double sine_of(double x, double square) {
  constexpr double series[] = {1.0,          -1.0 / 6,        1.0 / 120,        -1.0 / 5040,
                               1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000};
  return x * polynomial(series, square);
}

}  // namespace

RandomSequence::RandomSequence(std::uint64_t seed, std::uint64_t stream)
    : begin_(mixed(mixed(seed + increment) + (stream + 1) * increment)) {}

void RandomSequence::uniform(std::uint64_t first, Index n, double* out) const {
  const std::uint64_t begin = begin_ + first * increment;
  for (Index i = 0; i < n; ++i) {
    out[i] = between_one_and_two(mixed(begin + static_cast<std::uint64_t>(i) * increment)) - 1;
  }
}

void RandomSequence::normal_pairs(std::uint64_t first, std::uint64_t step, Index n, double* __restrict one,
                                  double* __restrict other) const {
  constexpr double quarter_pi = 0.78539816339744830962;
  const std::uint64_t begin = begin_ + first * increment;
  const std::uint64_t apart = step * increment;
  for (Index i = 0; i < n; ++i) {
    const std::uint64_t place = begin + static_cast<std::uint64_t>(i) * apart;
    const double radius = std::sqrt(-2 * log_of(2 - between_one_and_two(mixed(place))));
    // A point of a quarter of the circle; two of the lower bits tell of which.
    const std::uint64_t bits = mixed(place + increment);
    const double angle = (2 * between_one_and_two(bits) - 3) * quarter_pi;
    const double square = angle * angle;
    const std::uint64_t cosine = bits_of(radius * cosine_of(square)) ^ (bits << 63);
    const std::uint64_t sine = bits_of(radius * sine_of(angle, square));
    const std::uint64_t exchange = (cosine ^ sine) & (0 - ((bits >> 1) & 1));
    one[i] = from_bits(cosine ^ exchange);
    other[i] = from_bits(sine ^ exchange);
  }
}

}  // namespace gmmx
