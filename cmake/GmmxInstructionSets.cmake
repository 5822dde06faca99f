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
if(MSVC) # and clang-cl; the baseline is what x86-64 begins with
  set(gmmx_flags_baseline "")
  set(gmmx_flags_x86_64_v3 /arch:AVX2)
  set(gmmx_flags_x86_64_v4 /arch:AVX512)
endif()

check_cxx_source_compiles(
  "#if !defined __x86_64__ && !defined _M_X64
#error not x86-64
#endif
int main() { return 0; }" GMMX_TARGET_IS_X86_64)
if(NOT GMMX_TARGET_IS_X86_64)
  check_cxx_source_compiles(
    "#ifndef __i386__
#error not 32-bit x86
#endif
int main() { return 0; }" GMMX_TARGET_IS_X86_32)
endif()

# Lowest first. GCC for Windows puts vectors of 32 and 64 bytes on a stack that is aligned to 16 (its bug 54412).
if(GMMX_TARGET_IS_X86_64 AND NOT (WIN32 AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU"))
  set(gmmx_all_instruction_sets baseline x86-64-v3 x86-64-v4)
else()
  set(gmmx_all_instruction_sets baseline)
endif()
set(GMMX_INSTRUCTION_SETS "native" CACHE STRING
    "Instruction sets of the Python package: native, the best that this machine runs; all, for packages that leave this \
machine; or a list of baseline and, on x86-64, x86-64-v3 and x86-64-v4")

# gmmx_runnable_instruction_sets(<variable>): those that this machine runs, lowest first, asked from a program that is
# compiled and run here; nothing where the compiler is for another kind of machine.
function(gmmx_runnable_instruction_sets variable)
  set(runnable "")
  if(GMMX_TARGET_IS_X86_64 AND NOT CMAKE_CROSSCOMPILING)
    try_run(GMMX_LEVEL_STATUS GMMX_LEVEL_COMPILES "${PROJECT_BINARY_DIR}/best_level"
            "${PROJECT_SOURCE_DIR}/cpp/cpu/print_levels.cpp"
            CMAKE_FLAGS "-DCMAKE_CXX_STANDARD=17" RUN_OUTPUT_VARIABLE levels)
    if(GMMX_LEVEL_COMPILES AND GMMX_LEVEL_STATUS EQUAL 0)
      set(GMMX_MACHINE_LEVELS "${levels}" CACHE INTERNAL "What the machine that configured runs")
    endif()
    foreach(level IN LISTS gmmx_all_instruction_sets)
      if(level IN_LIST GMMX_MACHINE_LEVELS)
        list(APPEND runnable ${level})
      endif()
    endforeach()
  endif()
  set(${variable} "${runnable}" PARENT_SCOPE)
endfunction()

# gmmx_best_instruction_set(<variable>): the best that this machine runs; all where that cannot be known.
function(gmmx_best_instruction_set variable)
  gmmx_runnable_instruction_sets(best)
  if(best)
    list(GET best -1 best)
  else()
    set(best ${gmmx_all_instruction_sets})
  endif()
  set(${variable} "${best}" PARENT_SCOPE)
endfunction()

# gmmx_chosen_instruction_sets(<variable>): GMMX_INSTRUCTION_SETS as a list of levels.
function(gmmx_chosen_instruction_sets variable)
  set(chosen "${GMMX_INSTRUCTION_SETS}")
  if(chosen STREQUAL "all")
    set(chosen ${gmmx_all_instruction_sets})
  elseif(chosen STREQUAL "native")
    gmmx_best_instruction_set(chosen)
  endif()
  list(JOIN chosen ", " names)
  message(STATUS "gmmx: Python modules for ${names} (GMMX_INSTRUCTION_SETS=${GMMX_INSTRUCTION_SETS})")
  set(${variable} "${chosen}" PARENT_SCOPE)
endfunction()

# gmmx_instruction_set_flags(<level> <variable>): the compiler's flags for a level; none for an empty level.
function(gmmx_instruction_set_flags level variable)
  string(MAKE_C_IDENTIFIER "${level}" identifier)
  set(flags "")
  if(NOT level STREQUAL "")
    if(NOT level MATCHES "^(baseline|x86-64-v3|x86-64-v4)$")
      message(FATAL_ERROR "Unknown instruction set \"${level}\": use baseline, x86-64-v3 or x86-64-v4.")
    endif()
    if(NOT level IN_LIST gmmx_all_instruction_sets)
      message(FATAL_ERROR "The instruction set ${level} needs x86-64, and for Windows MSVC or Clang; use baseline.")
    endif()
    if(GMMX_TARGET_IS_X86_64)
      set(flags ${gmmx_flags_${identifier}})
    endif()
  endif()
  set(${variable} "${flags}" PARENT_SCOPE)
endfunction()
