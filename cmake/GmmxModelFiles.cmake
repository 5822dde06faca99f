# Adds cpp/files to the C++ library: load() and save(). Python reads and writes model files without it.
find_package(nlohmann_json 3.9 CONFIG QUIET)

if(NOT nlohmann_json_FOUND)
  message(
    FATAL_ERROR
      "nlohmann_json 3.9 was not found. Install it (Debian, Ubuntu: nlohmann-json3-dev; conan: nlohmann_json/3.11.3), "
      "or name the folder that holds it: -DCMAKE_PREFIX_PATH=<prefix> or -Dnlohmann_json_DIR=<folder of "
      "nlohmann_jsonConfig.cmake>, or build without load() and save(): -DGMMX_MODEL_FILES=OFF.")
endif()
message(STATUS "gmmx: nlohmann_json ${nlohmann_json_VERSION} (${nlohmann_json_DIR})")

file(GLOB gmmx_file_sources CONFIGURE_DEPENDS "${gmmx_SOURCE_DIR}/cpp/files/*.cpp")
target_sources(gmmx PRIVATE ${gmmx_file_sources})
set_source_files_properties(${gmmx_file_sources} PROPERTIES UNITY_GROUP files)
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  # Where addresses have 32 bits, sizes and inodes of files may have more; the C library asks to be told so.
  set_source_files_properties("${gmmx_SOURCE_DIR}/cpp/files/model_file.cpp" "${gmmx_SOURCE_DIR}/cpp/files/atomic_write.cpp"
                              PROPERTIES COMPILE_DEFINITIONS _FILE_OFFSET_BITS=64)
endif()
# Headers alone, in no public header: who uses the library does not need them.
target_link_libraries(gmmx PRIVATE $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)
