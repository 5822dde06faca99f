"""What ``conan create .`` does at the end: the consumer, against the package that was made."""

from pathlib import Path

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class GmmxTestPackage(ConanFile):
    """Build and run the example that uses the installed package."""

    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain"

    def layout(self):
        """Build in a folder of its own."""
        cmake_layout(self)

    def requirements(self):
        """Take the package under test."""
        self.requires(self.tested_reference_str)

    def build(self):
        """Compile the example."""
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        """Run it."""
        if can_run(self):
            self.run(str(Path(self.build_folder, self.cpp.build.bindir, "consumer").resolve()), env="conanrun")
