# Finds Eigen 3.4 and defines Eigen3::Eigen. In this order: the system's, CMAKE_PREFIX_PATH's or conan's; then the one of
# the PyPI package cmeel-eigen, which puts its files below cmeel.prefix/ of site-packages. Inside pip's isolated build,
# scikit-build-core lists the site-packages of the build environment in CMAKE_PREFIX_PATH.
find_package(Eigen3 3.4 CONFIG QUIET)

if(NOT Eigen3_FOUND)
  set(gmmx_cmeel_prefixes ${CMAKE_PREFIX_PATH})
  list(TRANSFORM gmmx_cmeel_prefixes APPEND "/cmeel.prefix")
  find_package(Eigen3 3.4 CONFIG QUIET PATHS ${gmmx_cmeel_prefixes} NO_DEFAULT_PATH)
endif()

if(NOT Eigen3_FOUND)
  message(
    FATAL_ERROR
      "Eigen 3.4 was not found. Install it (Debian, Ubuntu: libeigen3-dev; conan: eigen/3.4.0; PyPI: cmeel-eigen), "
      "or name the folder that holds it: -DCMAKE_PREFIX_PATH=<prefix> or -DEigen3_DIR=<folder of Eigen3Config.cmake>.")
endif()
message(STATUS "gmmx: Eigen ${Eigen3_VERSION} (${Eigen3_DIR})")
