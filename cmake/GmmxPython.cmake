# The Python extension modules: the core once an instruction set, and _cpu, which tells which of them this CPU can run.
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)
set(PYBIND11_FINDPYTHON ON)
if(NOT pybind11_DIR)
  # Outside scikit-build-core nothing else tells where the pybind11 of this Python is.
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -m pybind11 --cmakedir
    OUTPUT_VARIABLE gmmx_pybind11_hint
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF) # otherwise pybind11 tests link-time optimisation
find_package(pybind11 3.0 CONFIG REQUIRED HINTS "${gmmx_pybind11_hint}")

# As many compilers as processors. Ninja would start one or two more, and then each takes a twentieth longer, waiting for
# what the others threw out of the caches.
include(ProcessorCount)
ProcessorCount(gmmx_processors)
if(gmmx_processors GREATER 0)
  set_property(GLOBAL APPEND PROPERTY JOB_POOLS "gmmx_compilers=${gmmx_processors}")
  set(CMAKE_JOB_POOL_COMPILE gmmx_compilers)
endif()

# The bindings see the public headers alone, no Eigen: they are compiled once, for the baseline, and linked into the
# module of every instruction set. build.cpp, which names the module and tells how it was built, is compiled for each; it
# sees no header of pybind11.
file(GLOB gmmx_binding_sources CONFIGURE_DEPENDS "${gmmx_SOURCE_DIR}/cpp/bindings/*.cpp")
set(gmmx_build_source "${gmmx_SOURCE_DIR}/cpp/bindings/build.cpp")
list(REMOVE_ITEM gmmx_binding_sources ${gmmx_build_source})

gmmx_chosen_instruction_sets(gmmx_instruction_sets)
foreach(instruction_set IN LISTS gmmx_instruction_sets)
  string(MAKE_C_IDENTIFIER "_core_${instruction_set}" module)
  # NO_EXTRAS: pybind11 would turn link-time optimisation on.
  pybind11_add_module(${module} MODULE NO_EXTRAS ${gmmx_sources} ${gmmx_build_source} $<TARGET_OBJECTS:gmmx_bindings>)
  gmmx_configure_target(${module} "${instruction_set}")
  gmmx_compile_in_units(${module})
  target_compile_definitions(${module} PRIVATE GMMX_MODULE_INIT=PyInit_${module})
  list(APPEND gmmx_modules ${module})
endforeach()

# After the modules: tools build in the order of targets, and what takes longest begins first.
set_source_files_properties(${gmmx_binding_sources} PROPERTIES UNITY_GROUP bindings)
add_library(gmmx_bindings OBJECT ${gmmx_binding_sources})
gmmx_configure_target(gmmx_bindings baseline)
set_target_properties(gmmx_bindings PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_link_libraries(gmmx_bindings PRIVATE pybind11::module)
if(NOT MSVC)
  target_compile_options(gmmx_bindings PRIVATE -O1) # they call, and compute nothing: half the time of -O3
endif()
gmmx_compile_in_units(gmmx_bindings)

# _cpu runs before anything is known about the CPU: the baseline's flags and no part of the core.
python_add_library(_cpu MODULE WITH_SOABI cpp/cpu/module.cpp cpp/cpu/cpu_features.cpp)
gmmx_instruction_set_flags(baseline gmmx_baseline_flags)
target_compile_options(_cpu PRIVATE ${gmmx_baseline_flags})
target_compile_features(_cpu PRIVATE cxx_std_17)
set_target_properties(_cpu PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
gmmx_set_warnings(_cpu)
list(APPEND gmmx_modules _cpu)

install(TARGETS ${gmmx_modules} LIBRARY DESTINATION gmmx COMPONENT python)
include(GmmxSbom)
