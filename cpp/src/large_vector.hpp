// Vectors of many megabytes.
#pragma once

#include <cstddef>
#include <vector>

namespace gmmx {

// An empty vector with memory for this many numbers. Where they are many, Linux is asked for huge pages: the first
// touch of each small page takes longer than most of what is computed there.
std::vector<double> large_vector(std::size_t capacity);

}  // namespace gmmx
