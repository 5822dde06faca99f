# The instruction sets that the Python package is compiled for, each in a shared object of its own: sources of different
# -m flags never meet in one, because the linker keeps a single copy of an inline function, perhaps the AVX-512 one.
#
# The levels are those of the x86-64 psABI; python/gmmx/_core.py picks one at import, by what cpp/cpu reports.
# The features are spelt out, as -march=x86-64-v3 needs GCC 11 or Clang 12.
include(CheckCXXSourceCompiles)

set(gmmx_flags_baseline -march=x86-64 -mtune=generic)
set(gmmx_flags_x86_64_v3
    ${gmmx_flags_baseline} -mcx16 -msahf -mpopcnt -msse3 -mssse3 -msse4.1 -msse4.2
    -mavx -mavx2 -mbmi -mbmi2 -mf16c -mfma -mlzcnt -mmovbe -mxsave)
set(gmmx_flags_x86_64_v4 ${gmmx_flags_x86_64_v3} -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl)

if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang" AND NOT MSVC)
  check_cxx_source_compiles(
    "#ifndef __x86_64__
#error not x86-64
#endif
int main() { return 0; }" GMMX_TARGET_IS_X86_64)
endif()

if(GMMX_TARGET_IS_X86_64)
  set(gmmx_default_instruction_sets baseline x86-64-v3 x86-64-v4)
else()
  set(gmmx_default_instruction_sets baseline)
endif()
set(GMMX_INSTRUCTION_SETS "${gmmx_default_instruction_sets}" CACHE STRING
    "Instruction sets of the Python package: baseline, and on x86-64 with GCC or Clang also x86-64-v3, x86-64-v4")

# gmmx_instruction_set_flags(<level> <variable>): the compiler's flags for a level; none for an empty level.
function(gmmx_instruction_set_flags level variable)
  string(MAKE_C_IDENTIFIER "${level}" identifier)
  set(flags "")
  if(NOT level STREQUAL "")
    if(NOT level MATCHES "^(baseline|x86-64-v3|x86-64-v4)$")
      message(FATAL_ERROR "Unknown instruction set \"${level}\": use baseline, x86-64-v3 or x86-64-v4.")
    endif()
    if(GMMX_TARGET_IS_X86_64)
      set(flags ${gmmx_flags_${identifier}})
    elseif(NOT level STREQUAL "baseline")
      message(FATAL_ERROR "The instruction set ${level} needs GCC or Clang for x86-64; elsewhere use baseline.")
    endif()
  endif()
  set(${variable} "${flags}" PARENT_SCOPE)
endfunction()
