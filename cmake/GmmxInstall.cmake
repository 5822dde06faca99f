# Installs the C++ library so that find_package(gmmx CONFIG) and pkg-config find it.
include(CMakePackageConfigHelpers)

set(gmmx_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/gmmx")

install(
  TARGETS gmmx
  EXPORT gmmx-targets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT gmmx-dev
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT gmmx NAMELINK_COMPONENT gmmx-dev
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT gmmx)
install(
  DIRECTORY cpp/include/gmmx
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  COMPONENT gmmx-dev
  FILES_MATCHING
  PATTERN "*.hpp"
  PATTERN "*.def")
install(
  EXPORT gmmx-targets
  NAMESPACE gmmx::
  DESTINATION "${gmmx_config_dir}"
  COMPONENT gmmx-dev)

# A static library leaves its own libraries to whoever links it.
set(gmmx_needs_openmp ${OpenMP_CXX_FOUND})
if(BUILD_SHARED_LIBS)
  set(gmmx_is_static FALSE)
else()
  set(gmmx_is_static TRUE)
endif()
configure_package_config_file(cmake/gmmx-config.cmake.in "${PROJECT_BINARY_DIR}/gmmx-config.cmake"
                              INSTALL_DESTINATION "${gmmx_config_dir}")
# Before version 1 a new minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/gmmx-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(
  FILES "${PROJECT_BINARY_DIR}/gmmx-config.cmake" "${PROJECT_BINARY_DIR}/gmmx-config-version.cmake"
  DESTINATION "${gmmx_config_dir}"
  COMPONENT gmmx-dev)

# pkg-config cannot tell static from shared by itself: the file speaks of the library that was built.
set(gmmx_pc_cflags "")
set(gmmx_pc_libs_private "${CMAKE_THREAD_LIBS_INIT}")
if(gmmx_is_static)
  set(gmmx_pc_cflags "-DGMMX_STATIC")
  list(APPEND gmmx_pc_libs_private -lstdc++ -lm)
  if(OpenMP_CXX_FOUND)
    list(APPEND gmmx_pc_libs_private ${OpenMP_CXX_FLAGS})
  endif()
endif()
list(JOIN gmmx_pc_libs_private " " gmmx_pc_libs_private)
string(STRIP "${gmmx_pc_libs_private}" gmmx_pc_libs_private)
foreach(kind IN ITEMS LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${kind}}")
    set(gmmx_pc_${kind} "${CMAKE_INSTALL_${kind}}")
  else()
    set(gmmx_pc_${kind} "\${prefix}/${CMAKE_INSTALL_${kind}}")
  endif()
endforeach()
# Relative to the file, so that the installed tree may be moved and `cmake --install --prefix` says where.
set(gmmx_pc_prefix "${CMAKE_INSTALL_PREFIX}")
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  file(RELATIVE_PATH gmmx_pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" gmmx_pc_prefix "\${pcfiledir}/${gmmx_pc_prefix}")
endif()
configure_file(cmake/gmmx.pc.in "${PROJECT_BINARY_DIR}/gmmx.pc" @ONLY)
install(
  FILES "${PROJECT_BINARY_DIR}/gmmx.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
  COMPONENT gmmx-dev)
