// Volumes and shapes in common: what the maximum is once axes are known.
#pragma once

#include <vector>

#include "linear_algebra.hpp"

namespace gmmx {

// How long volumes and what they scale are improved in turn, and how little the logarithm of each volume must then
// move.
constexpr int most_inner_iterations = 1000;
constexpr double inner_tolerance = 1e-13;

// Whether volumes part for ever: the search has not come to rest, its last step was `step`, and they are as far apart
// as no others. Where a component is flat by itself that means that there is no maximum. Of components that have rows.
bool run_away(double step, const std::vector<double>& counts, const Vector<double>& volumes);

// The smallest of a component's variances along the axes beside its largest, each in units of what components have
// there on average.
double flatness(const std::vector<double>& counts, const RowMajorMatrix<double>& variances, Index k);

// Replaces the variances of the rows along the axes (K x d) by those of the model that maximise Q; empty components are
// ignored. \throws CollapsedComponent
using VolumeAndShape = void (*)(const std::vector<double>& counts, RowMajorMatrix<double>& variances);

void equal_volume_equal_shape(const std::vector<double>& counts, RowMajorMatrix<double>& variances);
void own_volume_equal_shape(const std::vector<double>& counts, RowMajorMatrix<double>& variances);
void equal_volume_own_shape(const std::vector<double>& counts, RowMajorMatrix<double>& variances);
inline void own_volume_own_shape(const std::vector<double>&, RowMajorMatrix<double>&) {}

// The volume that components have in common, of those that each would have alone. variances: along axes, K x d.
// \throws CollapsedComponent where one has no extent along an axis, to working precision: to be as large as the others
// it would have to be without bound along the rest.
double common_volume(const std::vector<double>& counts, const Vector<double>& own_volumes,
                     const RowMajorMatrix<double>& variances);

// prod_j v_j^(1/d). \throws CollapsedComponent naming k where a variance is not positive
double volume_of(Eigen::Ref<const RowVector<double>> variances, Index k);

}  // namespace gmmx
