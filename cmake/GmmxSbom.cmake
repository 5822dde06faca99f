# Lists what the Python modules hold of others, as a software bill of materials in the wheel (PEP 770, CycloneDX). It has
# no time and no serial number: the same build writes the same bytes. auditwheel adds one of the libraries that it bundles,
# which names the package of the system but no licence.
set(gmmx_sbom_refs "\"eigen\", \"pybind11\"")
set(gmmx_sbom_of_openmp "")
if(OpenMP_CXX_FOUND AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  string(APPEND gmmx_sbom_refs ", \"libgomp\"")
  set(gmmx_sbom_of_openmp
      ",
    {
      \"bom-ref\": \"libgomp\",
      \"type\": \"library\",
      \"name\": \"libgomp\",
      \"version\": \"${CMAKE_CXX_COMPILER_VERSION}\",
      \"purl\": \"pkg:generic/libgomp@${CMAKE_CXX_COMPILER_VERSION}\",
      \"licenses\": [{\"expression\": \"GPL-3.0-or-later WITH GCC-exception-3.1\"}]
    }")
endif()
configure_file(cmake/sbom.cdx.json.in "${PROJECT_BINARY_DIR}/gmmx.cdx.json" @ONLY NEWLINE_STYLE LF)
if(SKBUILD)
  install(FILES "${PROJECT_BINARY_DIR}/gmmx.cdx.json" DESTINATION "${SKBUILD_METADATA_DIR}/sboms" COMPONENT python)
endif()
