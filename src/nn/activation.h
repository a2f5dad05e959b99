// Activation functions by the names that configuration files use.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

#include "kernels/kernels.h"

namespace sentence_transformers {

using kernels::Activation;

/// An activation by transformers' name; "gelu" is the exact erf form. Throws UnsupportedError,
/// beginning with `where`, for another name.
Activation parse_activation(std::string_view name, const std::string& where);

at::Tensor activate(const at::Tensor& x, Activation activation);

}  // namespace sentence_transformers
