// A tensor's shape in an error text.
#pragma once

#include <ATen/core/Tensor.h>

#include <sstream>
#include <string>

#include "core/quoted.h"

namespace sentence_transformers {

/// "[2, 3]", shortened where a file asks for many dimensions.
inline std::string shape_text(at::IntArrayRef shape) {
  std::ostringstream text;
  text << shape;
  return shortened(text.str());
}

}  // namespace sentence_transformers
