/// \file
/// The whole public face.
#pragma once

#include "gmmx/covariance_type.hpp"
#include "gmmx/decomposition.hpp"
#include "gmmx/density.hpp"
#include "gmmx/em.hpp"
#include "gmmx/errors.hpp"
#include "gmmx/factors.hpp"
#include "gmmx/fit.hpp"
#include "gmmx/hierarchical.hpp"
#include "gmmx/kmeans.hpp"
#include "gmmx/mixture.hpp"
#include "gmmx/model_file.hpp"
#include "gmmx/prior.hpp"
#include "gmmx/restarts.hpp"
#include "gmmx/sample.hpp"
#include "gmmx/scorer.hpp"
#include "gmmx/sufficient_statistics.hpp"
#include "gmmx/threads.hpp"
#include "gmmx/version.hpp"
#include "gmmx/views.hpp"
