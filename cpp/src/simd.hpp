// Vectors of numbers that fit a register of the instruction set: the one place that names Eigen's packets.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <type_traits>

#include "gmmx/views.hpp"

namespace gmmx {

template <class T>
using Packet = typename Eigen::internal::packet_traits<T>::type;

template <class T>
constexpr Index packet_size = Eigen::internal::unpacket_traits<Packet<T>>::size;

constexpr bool many_registers = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32;

// Rows are padded to whole packets, and columns begin at addresses that packets can be loaded from fast.
template <class T>
constexpr Index padded(Index n) {
  return (n + packet_size<T> - 1) / packet_size<T> * packet_size<T>;
}

// Distance between columns of so many rows: whole packets, and not a power of two, at which all columns would meet in
// the same places of the cache.
template <class T>
constexpr Index column_stride(Index n) {
  return padded<T>(n) + Index{64 / sizeof(T)};
}

template <class T>
Packet<T> broadcast(T value) {
  return Eigen::internal::pset1<Packet<T>>(value);
}
// Keeps a packet that several instructions use from being loaded anew by each of them: two loads a cycle would be the
// limit then.
template <class P>
inline void keep_in_register([[maybe_unused]] P& packet) {
#if defined(__GNUC__) && defined(__AVX512F__)
  __asm__("" : "+v"(packet));
#elif defined(__GNUC__) && defined(__x86_64__)
  __asm__("" : "+x"(packet));
#endif
}

template <class T>
Packet<T> load(const T* from) {
  return Eigen::internal::pload<Packet<T>>(from);
}
template <class T>
void store(T* to, const Packet<T>& value) {
  Eigen::internal::pstore(to, value);
}

// Adds the numbers of a packet to as many doubles.
template <class T>
void add_packet(const Packet<T>& packet, double* sums) {
  using namespace Eigen::internal;
  if constexpr (std::is_same_v<T, double>) {
    pstoreu(sums, padd(ploadu<Packet<double>>(sums), packet));
  } else {
    T numbers[packet_size<T>];
    pstoreu(numbers, packet);
    for (Index i = 0; i < packet_size<T>; ++i) sums[i] += static_cast<double>(numbers[i]);
  }
}

// The square of numbers of as many packets as each is long.
template <class P>
void transpose(P* packets) {
  constexpr int size = Eigen::internal::unpacket_traits<P>::size;
  Eigen::internal::PacketBlock<P, size> block;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled at once
  std::copy_n(packets, size, block.packet);
  Eigen::internal::ptranspose(block);
  std::copy_n(block.packet, size, packets);
}

}  // namespace gmmx
