/// \file
/// What the library throws. Every message names the argument, what was given, what is allowed and the remedy.
#pragma once

#include <stdexcept>
#include <string>

#include "gmmx/export.hpp"
#include "gmmx/views.hpp"

namespace gmmx {

/// Base of everything that the library throws on purpose.
class GMMX_EXPORT Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An argument is outside of what is allowed.
class GMMX_EXPORT InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A covariance is not positive definite, so that the density does not exist.
class GMMX_EXPORT CollapsedComponent : public Error {
 public:
  CollapsedComponent(Index component, const std::string& what) : Error(what), component_(component) {}
  /// Index of the component, or -1 where all components share one covariance.
  Index component() const { return component_; }

 private:
  Index component_;
};

}  // namespace gmmx
