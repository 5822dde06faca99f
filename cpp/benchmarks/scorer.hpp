// One row at a time.
#pragma once

namespace gmmx::benchmarks {

void register_scorer();

}  // namespace gmmx::benchmarks
