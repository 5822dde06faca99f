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

/// A row is not finite, or its log-density leaves the range of the numbers that it is computed in.
class GMMX_EXPORT RowOutOfRange : public InvalidArgument {
 public:
  /// what() names the argument `rows`. \param complaint the rest of the message
  RowOutOfRange(Index row, const std::string& complaint)
      : InvalidArgument("rows " + complaint), row_(row), complaint_(complaint) {}
  /// The first such row, from 0.
  Index row() const { return row_; }
  /// The message without the argument's name, for callers who name it otherwise.
  const std::string& complaint() const { return complaint_; }

 private:
  Index row_;
  std::string complaint_;
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

/// A file cannot be read or written; the message has the system's reason.
class GMMX_EXPORT FileError : public Error {
 public:
  using Error::Error;
};

/// A file is not a whole gmmx model; the message names the file, what is wrong with it and what to do.
class GMMX_EXPORT ModelFileError : public Error {
 public:
  using Error::Error;
};

}  // namespace gmmx
