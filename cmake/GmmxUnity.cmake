# Parsing Eigen and pybind11 takes longer than compiling what uses them: the files of one folder can be compiled as one, in
# half the time. The Python modules always are, the C++ library with -DCMAKE_UNITY_BUILD=ON. Names in anonymous namespaces
# must therefore differ within a folder. A folder of more than ten files becomes several units, so that processors are
# busy to the end.
function(gmmx_group_by_folder)
  foreach(source IN LISTS ARGN)
    get_filename_component(folder "${source}" DIRECTORY)
    get_filename_component(folder "${folder}" NAME)
    list(APPEND folders_so_far ${folder})
    set(same ${folders_so_far})
    list(FILTER same INCLUDE REGEX "^${folder}$")
    list(LENGTH same count)
    math(EXPR unit "(${count} - 1) / 10 + 1")
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP ${folder}_${unit})
  endforeach()
endfunction()

function(gmmx_compile_folders_as_one target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage) # takes the files of a unity build for headers
  endif()
endfunction()

# Parses Eigen and the standard library once for all files of a target; headers of ours would be taken for other files
# where their times change (#pragma once). Not through a launcher such as ccache, which keeps
# little of what is compiled with precompiled headers.
function(gmmx_precompile_eigen target)
  if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
    target_precompile_headers(${target} PRIVATE <Eigen/Core> <Eigen/Cholesky> <algorithm> <cmath> <functional> <memory>
                              <numeric> <optional> <string> <utility> <vector>)
    set_source_files_properties("${gmmx_SOURCE_DIR}/cpp/bindings/build.cpp" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()
