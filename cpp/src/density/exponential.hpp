// exp() of numbers that are not positive, in a form that compilers turn into vectors: no branch, no table, no division.
//
// exp(x) = 2^n exp(r) with n = round(x / log 2), |r| <= log(2) / 2, and exp(r) = 1 + r + r^2 q(r). The coefficients of
// q interpolate it at Chebyshev's nodes; that leaves a relative error of 1.6e-17 (float: 1.1e-8) before rounding.
#pragma once

#include <cstdint>
#include <cstring>

#include "linear_algebra.hpp"

namespace gmmx {

template <class T>
struct ExponentialConstants;

template <>
struct ExponentialConstants<double> {
  using Bits = std::uint64_t;
  static constexpr int mantissa_bits = 52;
  static constexpr double rounder = 0x1.8p52;  // added and subtracted: rounds to an integer, kept in the low bits
  static constexpr double least = -708;        // below, the result is smaller than normal numbers: zero here
  static constexpr double log2_high = 0x1.62e42fee00000p-1;
  static constexpr double log2_low = 0x1.a39ef35793c76p-33;
  static constexpr double q[] = {0x1.0000000000001p-1,  0x1.5555555555556p-3,  0x1.5555555553d56p-5,
                                 0x1.11111111109afp-7,  0x1.6c16c17890eb4p-10, 0x1.a01a01a7c73c0p-13,
                                 0x1.a019b8f9792eep-16, 0x1.71de0da24602dp-19, 0x1.28919ccaf9211p-22,
                                 0x1.af38c67fbb53fp-26};
};

template <>
struct ExponentialConstants<float> {
  using Bits = std::uint32_t;
  static constexpr int mantissa_bits = 23;
  static constexpr float rounder = 0x1.8p23F;
  static constexpr float least = -87;
  static constexpr float log2_high = 0x1.63p-1F;
  static constexpr float log2_low = -0x1.bd0106p-13F;
  static constexpr float q[] = {0x1.0p-1F, 0x1.5554dcp-3F, 0x1.55551ap-5F, 0x1.120b9p-7F, 0x1.6d112cp-10F};
};

EIGEN_ALWAYS_INLINE double exponential_quotient(double r) {
  constexpr auto& q = ExponentialConstants<double>::q;
  const double s = r * r;
  const double even = q[0] + s * (q[2] + s * (q[4] + s * (q[6] + s * q[8])));
  const double odd = q[1] + s * (q[3] + s * (q[5] + s * (q[7] + s * q[9])));
  return even + r * odd;
}

EIGEN_ALWAYS_INLINE float exponential_quotient(float r) {
  constexpr auto& q = ExponentialConstants<float>::q;
  const float s = r * r;
  return (q[0] + s * (q[2] + s * q[4])) + r * (q[1] + s * q[3]);
}

// exp(x) for x <= 0, within a unit in the last place. A loop over it is vectorised only where it is inlined, which a
// compiler left alone decides by the size of the translation unit.
template <class T>
EIGEN_ALWAYS_INLINE T exponential(T x) {
  using Constants = ExponentialConstants<T>;
  constexpr T per_log2 = T(1.4426950408889634074);
  const T kept = x > Constants::least ? x : Constants::least;
  const T shifted = kept * per_log2 + Constants::rounder;
  const T n = shifted - Constants::rounder;
  const T r = (kept - n * Constants::log2_high) - n * Constants::log2_low;
  const T power = T(1) + (r + r * r * exponential_quotient(r));
  typename Constants::Bits exponent;
  typename Constants::Bits bits;
  std::memcpy(&exponent, &shifted, sizeof(T));
  std::memcpy(&bits, &power, sizeof(T));
  bits += exponent << Constants::mantissa_bits;  // the low bits of `shifted` are n
  T result;
  std::memcpy(&result, &bits, sizeof(T));
  return x < Constants::least ? T(0) : result;
}

}  // namespace gmmx
