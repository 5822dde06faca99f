"""Recipe for conan 2: the C++ library, with Eigen and nlohmann_json as private requirements."""

import re
from pathlib import Path

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

VERSION_HEADER = "cpp/include/gmmx/version.hpp"


class GmmxRecipe(ConanFile):
    """Build gmmx from this checkout: ``conan build .`` or, to use another Eigen in CMake, ``conan install .``."""

    name = "gmmx"
    description = "Gaussian mixture models by expectation-maximisation"
    license = "BSD-3-Clause"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]
    exports = VERSION_HEADER
    exports_sources = "CMakeLists.txt", "cmake/*", "cpp/*", "LICENSE", "THIRD_PARTY_NOTICES"

    def set_version(self):
        """Read the version from the header, the only place where it is written."""
        header = load(self, Path(self.recipe_folder) / VERSION_HEADER)
        self.version = ".".join(re.findall(r"^#define GMMX_VERSION_(?:MAJOR|MINOR|PATCH) +(\d+)", header, re.MULTILINE))

    def layout(self):
        """Build where CMake's presets would, one folder a build type."""
        cmake_layout(self)

    def validate(self):
        """Refuse compilers set to a standard older than C++17."""
        check_min_cppstd(self, 17)

    def requirements(self):
        """Name the headers that are needed to build, not to use."""
        self.requires("eigen/3.4.0", visible=False)
        self.requires("nlohmann_json/3.11.3", visible=False)

    def generate(self):
        """Write the toolchain and the requirements' CMake configs; keep the checkout's own presets as they are."""
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False
        toolchain.generate()

    def build(self):
        """Build the library alone; its tests and the Python modules are CMake's options."""
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        """Install the library and its licences; conan writes the CMake config itself."""
        CMake(self).install()
        for name in ("LICENSE", "THIRD_PARTY_NOTICES"):
            copy(self, name, self.source_folder, Path(self.package_folder) / "licenses")
        rmdir(self, Path(self.package_folder) / "lib" / "cmake")
        rmdir(self, Path(self.package_folder) / "lib" / "pkgconfig")

    def package_info(self):
        """Tell what a program that uses the library needs."""
        self.cpp_info.libs = ["gmmx"]
        if not self.options.shared:
            self.cpp_info.defines = ["GMMX_STATIC"]
            if self.settings.compiler in ("gcc", "clang"):
                self.cpp_info.sharedlinkflags = self.cpp_info.exelinkflags = ["-fopenmp"]
                self.cpp_info.system_libs = ["m", "pthread"]
