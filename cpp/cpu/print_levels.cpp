// A program of its own, compiled and run by cmake/GmmxInstructionSets.cmake: prints what this machine runs, as a list
// of CMake.
#include <cstdio>

#include "cpu_features.cpp"

int main() {
  for (const std::string& level : gmmx::cpu::supported_levels(gmmx::cpu::read_registers())) {
    std::printf("%s;", level.c_str());
  }
}
