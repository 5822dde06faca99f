// Which kernel adds up moments: the cost model and its thresholds stand here alone.
#pragma once

#include "gmmx/sufficient_statistics.hpp"
#include "simd.hpp"

namespace gmmx {

enum class MomentKernel {
  // About the origin, where that loses nothing:
  monomials,       // sums of monomials, many rows in a register (linear_forms.hpp)
  scatter_matrix,  // a component's outer products, some features in a register
  // About the means:
  low_dim,        // all sums of a component in registers
  gathered_rows,  // scatter matrices of the rows that belong to a component
  squares         // feature by feature
};

// "monomials" and so on, as EMResult reports it.
const char* to_string(MomentKernel kernel);

struct MomentPlan {
  MomentKernel about_origin;
  MomentKernel centred;
};

// The kernels for blocks of rows that lie near enough to the origin, and for the others.
MomentPlan plan_moments(SecondMoments form, Index n_features, RegisterWidth width);

// Whether what components share of their second moments is summed up by outer products, a few features in a register,
// and not by monomials: then packets need not be added up, but the triangle has a wider border.
bool suits_common_scatter_matrix(Index n_features, RegisterWidth width);

}  // namespace gmmx
