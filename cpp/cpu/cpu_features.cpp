#include "cpu_features.hpp"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <cpuid.h>
#define GMMX_HAS_CPUID
#elif defined(_M_X64)
#include <immintrin.h>
#include <intrin.h>
#endif

namespace gmmx::cpu {

namespace {

constexpr std::uint32_t bit(int position) { return std::uint32_t{1} << position; }

// A level is there if all of these bits are set in all four places.
struct Level {
  const char* name = nullptr;
  Registers needs;
};

constexpr std::uint32_t osxsave = bit(27);                        // leaf 1, ecx
constexpr std::uint64_t avx_state = bit(1) | bit(2);              // XMM and upper halves of YMM
constexpr std::uint64_t avx512_state = bit(5) | bit(6) | bit(7);  // masks, upper halves of ZMM, ZMM16 to ZMM31

constexpr Level levels[] = {
    {"x86-64-v2",
     {bit(0) | bit(9) | bit(13) | bit(19) | bit(20) | bit(23),  // SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT
      0,
      bit(0),  // LAHF and SAHF
      0}},
    {"x86-64-v3",
     {bit(12) | bit(22) | osxsave | bit(28) | bit(29),  // FMA, MOVBE, OSXSAVE, AVX, F16C
      bit(3) | bit(5) | bit(8),                         // BMI1, AVX2, BMI2
      bit(5),                                           // LZCNT
      avx_state}},
    {"x86-64-v4",
     {0,
      bit(16) | bit(17) | bit(28) | bit(30) | bit(31),  // AVX512F, AVX512DQ, AVX512CD, AVX512BW, AVX512VL
      0, avx512_state}},
};

bool has(const Registers& registers, const Registers& needs) {
  return (registers.leaf_1_ecx & needs.leaf_1_ecx) == needs.leaf_1_ecx &&
         (registers.leaf_7_ebx & needs.leaf_7_ebx) == needs.leaf_7_ebx &&
         (registers.leaf_80000001_ecx & needs.leaf_80000001_ecx) == needs.leaf_80000001_ecx &&
         (registers.xcr0 & needs.xcr0) == needs.xcr0;
}

}  // namespace

Registers read_registers() {
  Registers registers;
#ifdef GMMX_HAS_CPUID
  std::uint32_t eax = 0;
  std::uint32_t ebx = 0;
  std::uint32_t ecx = 0;
  std::uint32_t edx = 0;
  // __get_cpuid and __get_cpuid_count leave their results alone where the processor does not know the leaf.
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0) registers.leaf_1_ecx = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) registers.leaf_7_ebx = ebx;
  if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) != 0) registers.leaf_80000001_ecx = ecx;
  if ((registers.leaf_1_ecx & osxsave) != 0) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    registers.xcr0 = (std::uint64_t{high} << 32) | low;
  }
#elif defined(_M_X64)
  const auto highest = [](int first) {
    int leaf[4];
    __cpuid(leaf, first);
    return static_cast<std::uint32_t>(leaf[0]);
  };
  const auto read = [](int number, int part) {  // part: 1 for ebx, 2 for ecx
    int leaf[4];
    __cpuidex(leaf, number, 0);
    return static_cast<std::uint32_t>(leaf[part]);
  };
  constexpr int extended = static_cast<int>(0x80000000);
  registers.leaf_1_ecx = read(1, 2);
  if (highest(0) >= 7) registers.leaf_7_ebx = read(7, 1);
  if (highest(extended) > 0x80000000) registers.leaf_80000001_ecx = read(extended + 1, 2);
  if ((registers.leaf_1_ecx & osxsave) != 0) registers.xcr0 = _xgetbv(0);
#endif
  return registers;
}

std::vector<std::string> supported_levels(const Registers& registers) {
  std::vector<std::string> names = {"baseline"};
  for (const Level& level : levels) {
    if (!has(registers, level.needs)) break;  // each level contains the ones before it
    names.emplace_back(level.name);
  }
  return names;
}

}  // namespace gmmx::cpu
