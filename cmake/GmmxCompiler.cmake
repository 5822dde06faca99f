# Enables C++, or says how to get a compiler: project() itself would end with "No CMAKE_CXX_COMPILER could be found".
if(NOT CMAKE_CXX_COMPILER AND "$ENV{CXX}" STREQUAL "")
  find_program(gmmx_compiler NAMES c++ g++ clang++ NO_CACHE NO_DEFAULT_PATH PATHS ENV PATH)
  if(NOT gmmx_compiler)
    include(CheckLanguage) # configures a project of its own, and takes as long as two tries of compiling
    check_language(CXX)
    if(NOT CMAKE_CXX_COMPILER)
      message(
        FATAL_ERROR
          "gmmx: no C++ compiler was found. Install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; "
          "Arch: pacman -S gcc; Alpine: apk add g++; macOS: xcode-select --install; conda: conda install "
          "cxx-compiler), or name it: CXX=<path of the compiler> in the environment or -DCMAKE_CXX_COMPILER=<path>.")
    endif()
  endif()
endif()
enable_language(CXX)
