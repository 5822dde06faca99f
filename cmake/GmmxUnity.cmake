# Parsing and instantiating Eigen and pybind11 takes longer than compiling what uses them, and each translation unit does
# it again: the Python modules are compiled as a few units, the C++ library with -DCMAKE_UNITY_BUILD=ON. Fewer units take
# less time together, but processors must be busy to the end. Names in anonymous namespaces must therefore differ
# within a unit.

# Units of about the same work, each of folders and files that instantiate the same templates: the densities of rows; the
# kernels, k-means and products; and, of all other files, what works on parameters and sums.
set(gmmx_unit_rows density evaluation moments scoring em/e_step em/statistics_pass statistics/from_assignments)
set(gmmx_unit_kernels initialization kernels src statistics/row_checks)

# gmmx_group_into_units(<sources>...)
function(gmmx_group_into_units)
  foreach(source IN LISTS ARGN)
    get_filename_component(folder "${source}" DIRECTORY)
    get_filename_component(folder "${folder}" NAME)
    get_filename_component(file "${source}" NAME_WE)
    set(unit models)
    foreach(candidate IN ITEMS rows kernels)
      if(folder IN_LIST gmmx_unit_${candidate} OR "${folder}/${file}" IN_LIST gmmx_unit_${candidate})
        set(unit ${candidate})
      endif()
    endforeach()
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP ${unit})
  endforeach()
endfunction()

# gmmx_compile_in_units(<target>): its sources without a unit become one.
function(gmmx_compile_in_units target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(
      ${target}
      PRIVATE -Wno-subobject-linkage # takes the files of a unity build for headers
              --param=ggc-min-heapsize=800000) # a unit takes 1 GB anyway: GCC collects garbage from 0.8 GB on
  endif()
endfunction()
