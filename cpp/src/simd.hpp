// Vectors of numbers that fit a register of the instruction set: the one file that names what is internal to Eigen.
// Its operations are always inlined: left alone, compilers decide that by the size of the translation unit.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <type_traits>
#include <utility>

#include "gmmx/views.hpp"

namespace gmmx {

template <class T>
using Packet = typename Eigen::internal::packet_traits<T>::type;

template <class T>
constexpr Index packet_size = Eigen::internal::unpacket_traits<Packet<T>>::size;

constexpr bool many_registers = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32;

// What choices among kernels depend on.
struct RegisterWidth {
  Index n_numbers;
  Index n_bytes;
};
template <class T>
constexpr RegisterWidth register_width{packet_size<T>, packet_size<T>* Index{sizeof(T)}};

// Rows are padded to whole packets, and columns begin at addresses that packets can be loaded from fast.
template <class T>
constexpr Index padded(Index n) {
  return (n + packet_size<T> - 1) / packet_size<T> * packet_size<T>;
}

// Distance between columns of this many rows: whole packets, but not a power of two, at which all columns would share
// the same cache sets.
template <class T>
constexpr Index column_stride(Index n) {
  return padded<T>(n) + Index{64 / sizeof(T)};
}

// The largest packet of at most this many numbers.
template <class T, int Most>
using PacketOfAtMost = typename Eigen::internal::find_best_packet<T, Most>::type;
template <class P>
constexpr int size_of_packet = Eigen::internal::unpacket_traits<P>::size;

// Arithmetic, number by number, under names of our own. Comparisons return masks, for select() and keep_where().
// Packets are passed by value: GCC keeps sums in memory that inlined functions take by reference.
namespace simd {

#define GMMX_NAME(ours, of_eigen)                 \
  template <class... P>                           \
  EIGEN_ALWAYS_INLINE auto ours(P... packets) {   \
    return Eigen::internal::of_eigen(packets...); \
  }
GMMX_NAME(add, padd)
GMMX_NAME(subtract, psub)
GMMX_NAME(multiply, pmul)
GMMX_NAME(divide, pdiv)
GMMX_NAME(multiply_add, pmadd)  // a b + c, rounded once where the processor can
GMMX_NAME(larger_of, pmax)
GMMX_NAME(smaller_of, pmin)
GMMX_NAME(logarithm, plog)
GMMX_NAME(times_power_of_two, pldexp)
GMMX_NAME(less, pcmp_lt)
GMMX_NAME(equal, pcmp_eq)
GMMX_NAME(select, pselect)
GMMX_NAME(keep_where, pand)  // zero elsewhere
GMMX_NAME(first_of, pfirst)  // these return one number of a packet
GMMX_NAME(total_of, predux)
GMMX_NAME(largest_of, predux_max)
#undef GMMX_NAME

// As std::frexp.
template <class P>
EIGEN_ALWAYS_INLINE P mantissa_of(const P& a, P& exponent) {
  return Eigen::internal::pfrexp(a, exponent);
}

// To and from addresses that need not be aligned.
template <class P, class T>
EIGEN_ALWAYS_INLINE P load_unaligned(const T* from) {
  return Eigen::internal::ploadu<P>(from);
}
template <class T, class P>
EIGEN_ALWAYS_INLINE void store_unaligned(T* to, const P& value) {
  Eigen::internal::pstoreu(to, value);
}
template <class P, class T>
EIGEN_ALWAYS_INLINE P fill(T value) {
  return Eigen::internal::pset1<P>(value);
}
template <class T>
EIGEN_ALWAYS_INLINE void prefetch(const T* address) {
  Eigen::internal::prefetch(address);
}

template <int By, class P, int... Lanes>
EIGEN_ALWAYS_INLINE P turned_by(const P& packet, std::integer_sequence<int, Lanes...>) {
  constexpr int size = sizeof...(Lanes);
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define GMMX_HAS_SHUFFLES
#endif
#endif
  if constexpr (By % size == 0) {
    return packet;
  } else {
#ifdef GMMX_HAS_SHUFFLES
    return __builtin_shufflevector(packet, packet, (Lanes + By) % size...);
#else
    using T = typename Eigen::internal::unpacket_traits<P>::type;
    T twice[2 * size];
    store_unaligned(twice, packet);
    store_unaligned(twice + size, packet);
    return load_unaligned<P>(twice + By);
#endif
  }
}
// Lane i holds what lane i + By held, counted round the packet.
template <int By, class P>
EIGEN_ALWAYS_INLINE P turned(const P& packet) {
  return turned_by<By>(packet, std::make_integer_sequence<int, size_of_packet<P>>());
}

// The totals of four packets each, at once: halved down to four numbers, then transposed and added.
template <class T, class P>
EIGEN_ALWAYS_INLINE void four_totals(const P& a, const P& b, const P& c, const P& d, T* totals) {
  using namespace Eigen::internal;
  if constexpr (size_of_packet < P >> 4) {
    four_totals<T>(predux_half_dowto4(a), predux_half_dowto4(b), predux_half_dowto4(c), predux_half_dowto4(d), totals);
  } else {
    PacketBlock<P, 4> block{{a, b, c, d}};
    ptranspose(block);
    pstoreu(totals, padd(padd(block.packet[0], block.packet[1]), padd(block.packet[2], block.packet[3])));
  }
}

}  // namespace simd

template <class T>
EIGEN_ALWAYS_INLINE Packet<T> broadcast(T value) {
  return simd::fill<Packet<T>>(value);
}
// Prevents each instruction that uses a packet from reloading it, which would limit them to two loads per cycle.
template <class P>
EIGEN_ALWAYS_INLINE void keep_in_register([[maybe_unused]] P& packet) {
#if defined(__GNUC__) && defined(__AVX512F__)
  __asm__("" : "+v"(packet));
#elif defined(__GNUC__) && defined(__x86_64__)
  __asm__("" : "+x"(packet));
#endif
}

template <class T>
EIGEN_ALWAYS_INLINE Packet<T> load(const T* from) {
  return Eigen::internal::pload<Packet<T>>(from);
}
template <class T>
EIGEN_ALWAYS_INLINE void store(T* to, const Packet<T>& value) {
  Eigen::internal::pstore(to, value);
}

// Adds the numbers of a packet to as many doubles.
template <class T>
EIGEN_ALWAYS_INLINE void add_packet(const Packet<T>& packet, double* sums) {
  if constexpr (std::is_same_v<T, double>) {
    simd::store_unaligned(sums, simd::add(simd::load_unaligned<Packet<double>>(sums), packet));
  } else {
    T numbers[packet_size<T>];
    simd::store_unaligned(numbers, packet);
    for (Index i = 0; i < packet_size<T>; ++i) sums[i] += static_cast<double>(numbers[i]);
  }
}

// The square of numbers of as many packets as each is long.
template <class P>
EIGEN_ALWAYS_INLINE void transpose(P* packets) {
  constexpr int size = size_of_packet<P>;
  Eigen::internal::PacketBlock<P, size> block;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled at once
  std::copy_n(packets, size, block.packet);
  Eigen::internal::ptranspose(block);
  std::copy_n(block.packet, size, packets);
}

// In builds that check it: whether Eigen may allocate memory, in any thread; if not, allocations fail an assertion.
inline void let_eigen_allocate([[maybe_unused]] bool allowed) {
#ifdef EIGEN_RUNTIME_NO_MALLOC
  Eigen::internal::set_is_malloc_allowed(allowed);
#endif
}

}  // namespace gmmx
