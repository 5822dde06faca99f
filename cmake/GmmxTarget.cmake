# What all targets that compile cpp/src share.
include(GNUInstallDirs)
# No source imports a module: from C++20 on CMake would look for imports, with a program that not every clang has.
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
find_package(Threads REQUIRED)
find_package(OpenMP COMPONENTS CXX)
if(NOT OpenMP_CXX_FOUND)
  message(
    WARNING
      "gmmx: no OpenMP was found, so this build is serial: it accepts any number of threads and runs on one. To use "
      "more, install OpenMP and build again (Debian, Ubuntu: g++ has it, clang needs libomp-dev; Fedora: clang needs "
      "libomp-devel; macOS: brew install libomp, and -DOpenMP_ROOT=<what brew --prefix libomp prints>).")
endif()

# gmmx_set_warnings(<target>): strict about our own code; Eigen's and pybind11's headers are system headers. Whoever
# installs the Python package reads no warnings, and finding them takes a twentieth of the time.
function(gmmx_set_warnings target)
  if(SKBUILD AND NOT GMMX_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE $<IF:$<BOOL:${MSVC}>,/w,-w>)
    return()
  endif()
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 $<$<BOOL:${GMMX_WARNINGS_AS_ERRORS}>:/WX>)
  else()
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
                                             $<$<BOOL:${GMMX_WARNINGS_AS_ERRORS}>:-Werror>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # Warns of its own AVX-512 header: its "undefined" vectors are initialised with themselves. And, for ARM64, of Eigen:
    # resize() frees what the destructor frees again if memory runs out in between.
    target_compile_options(${target} PRIVATE -Wno-uninitialized -Wno-maybe-uninitialized -Wno-use-after-free)
  endif()
endfunction()

# gmmx_configure_target(<target> <instruction set or nothing>): how the core is compiled. Everything in one target has
# the same flags, and nothing uses link-time optimisation. Never -ffast-math: NaN, infinities and the order of sums count.
function(gmmx_configure_target target instruction_set)
  gmmx_instruction_set_flags("${instruction_set}" instruction_set_flags)
  set(options ${instruction_set_flags})
  if(MSVC)
    # MSVC would have us call functions of its own in place of standard ones.
    target_compile_definitions(${target} PRIVATE _CRT_SECURE_NO_WARNINGS)
  else()
    list(APPEND options -fno-math-errno -fno-trapping-math)
    if(GMMX_TARGET_IS_X86_32)
      # Without SSE2, sums are rounded when they leave a register, and what rounds by adding a large number does not.
      list(APPEND options -msse2 -mfpmath=sse)
    endif()
  endif()

  string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
  string(JOIN " " all_flags ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}} ${options})
  if(instruction_set STREQUAL "")
    set(instruction_set native-flags)
  endif()

  # Nothing but a shared library shows symbols (gmmx/export.hpp).
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL "SHARED_LIBRARY")
    target_compile_definitions(${target} PUBLIC GMMX_STATIC)
  endif()

  target_compile_features(${target} PUBLIC cxx_std_17)
  target_include_directories(
    ${target}
    PUBLIC "$<BUILD_INTERFACE:${gmmx_SOURCE_DIR}/cpp/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>"
    PRIVATE "${gmmx_SOURCE_DIR}/cpp/src")
  target_compile_options(${target} PRIVATE ${options})
  target_compile_definitions(
    ${target}
    PRIVATE EIGEN_DONT_PARALLELIZE
            EIGEN_MPL2_ONLY
            "GMMX_INSTRUCTION_SET=\"${instruction_set}\""
            "GMMX_BUILD_TYPE=\"${CMAKE_BUILD_TYPE}\""
            "GMMX_COMPILE_FLAGS=\"${all_flags}\""
            "GMMX_EIGEN_VERSION=\"${Eigen3_VERSION}\"")
  if(GMMX_CHECK_ALLOCATIONS)
    target_compile_definitions(${target} PRIVATE EIGEN_RUNTIME_NO_MALLOC)
  endif()
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:Eigen3::Eigen> Threads::Threads)
  if(OpenMP_CXX_FOUND)
    target_link_libraries(${target} PRIVATE OpenMP::OpenMP_CXX)
  endif()
  set_target_properties(
    ${target}
    PROPERTIES CXX_EXTENSIONS OFF
               CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON
               INTERPROCEDURAL_OPTIMIZATION OFF)
  gmmx_set_warnings(${target})
endfunction()
