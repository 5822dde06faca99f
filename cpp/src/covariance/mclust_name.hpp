// mclust's names of models: volume, shape and orientation of the covariances, a letter each.
#pragma once

#include "covariance/model.hpp"

namespace gmmx {

// Each 'E' (equal for all components), 'V' (variable) or 'I' (that of the identity).
struct VolumeShapeOrientation {
  char volume;
  char shape;
  char orientation;
};

// (73) Free parameters of the covariances.
constexpr Index n_covariance_parameters_of(VolumeShapeOrientation letters, Index n_components, Index n_features) {
  const auto times = [n_components](char letter) {
    return letter == 'I' ? Index{0} : letter == 'E' ? Index{1} : n_components;
  };
  return times(letters.volume) + times(letters.shape) * (n_features - 1) +
         times(letters.orientation) * (n_features * (n_features - 1) / 2);
}

constexpr bool any_is_shared(VolumeShapeOrientation letters) {
  return letters.volume == 'E' || letters.shape == 'E' || letters.orientation == 'E';
}

constexpr bool all_is_shared(VolumeShapeOrientation letters) {
  return letters.volume != 'V' && letters.shape != 'V' && letters.orientation != 'V';
}

// (91) A component's share of a prior that is worth `count` rows: all of it, unless all is shared.
constexpr PriorShare prior_share_of(VolumeShapeOrientation letters, double count, Index n_components) {
  const double share = all_is_shared(letters) ? 1.0 / static_cast<double>(n_components) : 1.0;
  return {count * share, share};
}

}  // namespace gmmx
