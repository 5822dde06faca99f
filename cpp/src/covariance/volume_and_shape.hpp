// Volumes and shapes in common: what the maximum is once axes are known.
#pragma once

#include <functional>
#include <vector>

#include "linear_algebra.hpp"

namespace gmmx {

// Volumes given what they scale, and that given the volumes, in turn, until the volumes stay. fit(weights) finds what
// they scale from components of these weights, N_k / volume_k; new_volume(k) finds the volume beside it. Returns
// whether volumes part for ever: the search has not come to rest, and they are as far apart as no others. Where a
// component is flat by itself that means that there is no maximum. \throws CollapsedComponent where a volume is not
// positive
bool improve_in_turn(const std::vector<double>& counts, Vector<double>& volumes,
                     const std::function<void(const Vector<double>& weights)>& fit,
                     const std::function<double(Index)>& new_volume);

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

}  // namespace gmmx
