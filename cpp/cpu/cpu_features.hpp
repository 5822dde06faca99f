// Which instruction sets this CPU and its operating system can run together.
//
// The levels are those of the x86-64 psABI supplement, section 3.1.1 "Processor Architecture"; the bits are those of
// the Intel Software Developer's Manual, volume 2, CPUID, and volume 1, chapter 13, "Managing state using the XSAVE
// feature set": a CPU that has AVX must not use it before the operating system saves the wide registers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gmmx::cpu {

// What the processor answers; all zero where there is no answer.
struct Registers {
  std::uint32_t leaf_1_ecx = 0;
  std::uint32_t leaf_7_ebx = 0;
  std::uint32_t leaf_80000001_ecx = 0;
  std::uint64_t xcr0 = 0;  // which registers the operating system saves; read only if it says that it may be read
};

// Asks this processor. All zero on anything but x86-64.
Registers read_registers();

// The levels that these answers allow, lowest first: "baseline", then of "x86-64-v2", "x86-64-v3", "x86-64-v4" as many
// as there are without a gap.
std::vector<std::string> supported_levels(const Registers& registers);

}  // namespace gmmx::cpu
