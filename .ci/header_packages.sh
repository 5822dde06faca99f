# shellcheck shell=bash
# Sourced by the scripts that compile for other systems.
# header_packages FOLDER: an installation prefix with the packages of Debian that are headers alone, and nothing else of
# /usr, whose other headers are for this machine.
header_packages() {
  mkdir -p "$1/include" "$1/share/cmake" "$1/lib/cmake"
  cp -r /usr/include/doctest /usr/include/eigen3 /usr/include/nlohmann "$1/include"
  cp -r /usr/share/eigen3 "$1/share"
  cp -r /usr/share/cmake/nlohmann_json "$1/share/cmake"
  cp -r /usr/lib/cmake/doctest "$1/lib/cmake"
  sed -i "s|_IMPORT_PREFIX \"/usr\"|_IMPORT_PREFIX \"$1\"|" "$1"/*/cmake/*/*Targets.cmake
}
