// A device's name to the device.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace sentence_transformers {

/// "" is CUDA where there is one, else the CPU. Throws std::invalid_argument for another name than
/// "cpu", "cuda" or "cuda:N", and Error if there is no such CUDA device.
c10::Device parse_device(const std::string& name);

}  // namespace sentence_transformers
