// A device's name to the device.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <string>

namespace sentence_transformers {

/// "" is CUDA where there is one, else the CPU. Throws std::invalid_argument for another name than
/// "cpu", "cuda" or "cuda:N", and Error if there is no such CUDA device.
c10::Device parse_device(const std::string& name);

/// Does the CPU multiply this type at least as fast as float32? bfloat16 and float16 crawl where it
/// has no instructions for them.
bool cpu_is_fast_at(c10::ScalarType type);

}  // namespace sentence_transformers
