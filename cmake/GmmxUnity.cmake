# Parsing and instantiating Eigen and pybind11 takes longer than compiling what uses them, and each translation unit does
# it again: the Python modules are compiled as a few units, the C++ library with -DCMAKE_UNITY_BUILD=ON. Fewer units take
# less time together, but processors must be busy to the end. Names in anonymous namespaces must therefore differ
# within a unit.

# Units of folders and files that instantiate the same templates: densities of rows; kernels with moments and k-means;
# products and decompositions of matrices; and, of all other files, what works on parameters and sums. In the order
# below two processors begin with the first two, go on with models on one and products and the bindings on the other, and
# end at about the same time.
set(gmmx_unit_rows density evaluation scoring em/e_step em/statistics_pass statistics/from_assignments)
set(gmmx_unit_kernels initialization kernels moments)
set(gmmx_unit_products src statistics/row_checks)

# gmmx_group_into_units(<list>): gives each source of the list its unit, and sorts the list by units.
function(gmmx_group_into_units sources)
  foreach(source IN LISTS ${sources})
    get_filename_component(folder "${source}" DIRECTORY)
    get_filename_component(folder "${folder}" NAME)
    get_filename_component(file "${source}" NAME_WE)
    set(unit models)
    foreach(candidate IN ITEMS rows kernels products)
      if(folder IN_LIST gmmx_unit_${candidate} OR "${folder}/${file}" IN_LIST gmmx_unit_${candidate})
        set(unit ${candidate})
      endif()
    endforeach()
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP ${unit})
    list(APPEND of_${unit} "${source}")
  endforeach()
  set(${sources} ${of_rows} ${of_kernels} ${of_models} ${of_products} PARENT_SCOPE)
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
