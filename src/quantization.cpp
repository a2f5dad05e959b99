// Port of sentence_transformers/util/quantization.py (6.2.0): quantize_embeddings.
#include <ATen/ATen.h>
#include <sentence_transformers/quantization.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace sentence_transformers {
namespace {

constexpr std::pair<std::string_view, Precision> kPrecisions[] = {
    {"float32", Precision::float32}, {"int8", Precision::int8},       {"uint8", Precision::uint8},
    {"binary", Precision::binary},   {"ubinary", Precision::ubinary},
};

std::invalid_argument mistake(const std::string& text) {
  return std::invalid_argument("[quantize_embeddings] " + text);
}

std::string shape_text(const at::Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

/// Smallest and largest value of each dimension: two of [D] float32.
std::pair<at::Tensor, at::Tensor> value_ranges(const at::Tensor& embeddings,
                                               const QuantizeOptions& options) {
  const int64_t dim = embeddings.size(-1);
  if (options.ranges) {
    const at::Tensor& ranges = *options.ranges;
    if (!ranges.defined() || ranges.dim() != 2 || ranges.size(0) != 2 || ranges.size(1) != dim) {
      throw mistake("expected ranges [2, " + std::to_string(dim) + "], found " +
                    (ranges.defined() ? shape_text(ranges) : "no tensor"));
    }
    const at::Tensor both = ranges.to(embeddings.device(), at::kFloat);
    return {both[0], both[1]};
  }
  at::Tensor source = embeddings;
  if (options.calibration_embeddings) {
    source = *options.calibration_embeddings;
    if (!source.defined() || source.dim() != 2 || source.size(0) == 0 || source.size(1) != dim) {
      throw mistake("expected calibration_embeddings [M, " + std::to_string(dim) + "], found " +
                    (source.defined() ? shape_text(source) : "no tensor"));
    }
  } else if (embeddings.dim() == 1 || embeddings.size(0) == 1) {
    throw mistake(
        "ranges cannot come from a single embedding; give ranges or calibration_embeddings");
  }
  const auto to_float = [&](const at::Tensor& x) { return x.to(embeddings.device(), at::kFloat); };
  return {to_float(source.amin(0)), to_float(source.amax(0))};
}

/// [..., D] -> [..., D] in 0 to 255, still floating.
at::Tensor scaled(const at::Tensor& embeddings, const QuantizeOptions& options) {
  const auto [low, high] = value_ranges(embeddings, options);
  const at::Tensor steps = (high - low) / 255;
  return ((embeddings - low) / steps.masked_fill(steps == 0, 1)).floor_().clamp_(0, 255);
}

/// [..., D] -> [..., ceil(D / 8)] uint8, first dimension in the highest bit.
at::Tensor packed_bits(const at::Tensor& embeddings) {
  at::Tensor bits = (embeddings > 0).to(at::kByte);
  bits = at::constant_pad_nd(bits, {0, (8 - bits.size(-1) % 8) % 8});
  std::vector<int64_t> shape = bits.sizes().vec();
  shape.back() /= 8;
  shape.push_back(8);
  const at::Tensor weights = at::tensor({128, 64, 32, 16, 8, 4, 2, 1}, at::kByte).to(bits.device());
  return bits.reshape(shape).mul(weights).sum(-1, false, at::kByte);
}

}  // namespace

Precision parse_precision(std::string_view name) {
  std::string known;
  for (const auto& [text, precision] : kPrecisions) {
    if (name == text) return precision;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  throw std::invalid_argument("[parse_precision] \"" + std::string(name) +
                              "\" is unknown; known: " + known);
}

at::Tensor quantize_embeddings(const at::Tensor& embeddings, Precision precision,
                               const QuantizeOptions& options) {
  if (!embeddings.defined() || embeddings.dim() < 1 || embeddings.dim() > 2) {
    throw mistake("expected embeddings [N, D] or [D], found " +
                  (embeddings.defined() ? shape_text(embeddings) : "no tensor"));
  }
  if (!embeddings.is_floating_point()) {
    throw mistake(std::string("expected floating embeddings, found ") +
                  c10::toString(embeddings.scalar_type()));
  }
  const at::Tensor values = embeddings.detach();
  if (precision == Precision::float32) return values.to(at::kFloat);
  if (precision == Precision::ubinary) return packed_bits(values);
  // Flipping the highest bit takes 128 away.
  if (precision == Precision::binary) return packed_bits(values).bitwise_xor_(128).view(at::kChar);

  const at::ScalarType type = precision == Precision::uint8 ? at::kByte : at::kChar;
  if (values.dim() == 2 && values.size(0) == 0) return at::empty_like(values, type);
  const at::Tensor levels =
      scaled(values.element_size() < 4 ? values.to(at::kFloat) : values, options);
  return precision == Precision::uint8 ? levels.to(type) : (levels - 128).to(type);
}

}  // namespace sentence_transformers
