#include "cpu_features.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using gmmx::cpu::Registers;
using gmmx::cpu::supported_levels;
using Names = std::vector<std::string>;

namespace {

// As read from a server with AVX-512 whose system saves all registers.
Registers with_avx512() { return Registers{0xfffab223U, 0xd19f47abU, 0x00000121U, 0x2e7U}; }

}  // namespace

TEST_CASE("every level of a processor with AVX-512") {
  CHECK(supported_levels(with_avx512()) == Names{"baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"});
}

TEST_CASE("nothing is assumed of an unknown processor") { CHECK(supported_levels(Registers{}) == Names{"baseline"}); }

TEST_CASE("the operating system must save the wide registers") {
  Registers registers = with_avx512();
  registers.xcr0 = 0x07;
  CHECK(supported_levels(registers) == Names{"baseline", "x86-64-v2", "x86-64-v3"});
  registers.xcr0 = 0x03;
  CHECK(supported_levels(registers) == Names{"baseline", "x86-64-v2"});
}

TEST_CASE("one missing feature takes its level away, and all above it") {
  for (const int fma_movbe_osxsave_avx_f16c : {12, 22, 27, 28, 29}) {
    Registers registers = with_avx512();
    registers.leaf_1_ecx &= ~(1U << fma_movbe_osxsave_avx_f16c);
    CHECK(supported_levels(registers).back() == "x86-64-v2");
  }
  for (const int bmi1_avx2_bmi2 : {3, 5, 8}) {
    Registers registers = with_avx512();
    registers.leaf_7_ebx &= ~(1U << bmi1_avx2_bmi2);
    CHECK(supported_levels(registers).back() == "x86-64-v2");
  }
  for (const int avx512_feature : {16, 17, 28, 30, 31}) {
    Registers registers = with_avx512();
    registers.leaf_7_ebx &= ~(1U << avx512_feature);
    CHECK(supported_levels(registers).back() == "x86-64-v3");
  }
  Registers without_lzcnt = with_avx512();
  without_lzcnt.leaf_80000001_ecx &= ~(1U << 5);
  CHECK(supported_levels(without_lzcnt).back() == "x86-64-v2");
}

#if defined(__x86_64__) && defined(__GNUC__)
TEST_CASE("this processor: the compiler's own test agrees on the widest registers") {
  const Names levels = supported_levels(gmmx::cpu::read_registers());
  const auto claims = [&](const char* level) { return std::find(levels.begin(), levels.end(), level) != levels.end(); };
  CHECK((!claims("x86-64-v3") || (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0)));
  CHECK((!claims("x86-64-v4") || __builtin_cpu_supports("avx512vl") != 0));
}
#endif
