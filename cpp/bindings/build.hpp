// How the core in a module was compiled: with the module's name, what differs between instruction sets.
#pragma once

namespace gmmx::python {

struct Build {
  const char* instruction_set;
  const char* compile_flags;
};

extern const Build build;

}  // namespace gmmx::python
