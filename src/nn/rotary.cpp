#include "nn/rotary.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <sentence_transformers/error.h>

#include <cmath>
#include <numbers>

#include "kernels/kernels.h"

namespace sentence_transformers {
namespace {

/// Low frequencies are divided by the factor, high ones kept, those between blended (Llama 3.1).
at::Tensor llama3_frequencies(const at::Tensor& frequencies, const Config& c) {
  const auto factor = c.require<double>("factor");
  const auto low = c.require<double>("low_freq_factor"),
             high = c.require<double>("high_freq_factor");
  const auto old_length =
      static_cast<double>(c.require_at_least("original_max_position_embeddings", 1));
  const at::Tensor wavelength = 2 * std::numbers::pi / frequencies;
  const at::Tensor scaled =
      at::where(wavelength > old_length / low, frequencies / factor, frequencies);
  const at::Tensor smooth = (old_length / wavelength - low) / (high - low);
  const at::Tensor blended = (1 - smooth) * scaled / factor + smooth * scaled;
  const at::Tensor between = wavelength.ge(old_length / high) & wavelength.le(old_length / low);
  return at::where(between, blended, scaled);
}

struct YarnFrequencies {
  at::Tensor frequencies;
  double factor;  // of cosines and sines
};

/// NTK by parts (Peng et al., 2023).
YarnFrequencies yarn_frequencies(int64_t head_size, double theta, const at::Tensor& frequencies,
                                 const Config& c) {
  const auto factor = c.require<double>("factor");
  const auto beta_fast = c.get<double>("beta_fast", 32), beta_slow = c.get<double>("beta_slow", 1);
  const auto old_length =
      static_cast<double>(c.require_at_least("original_max_position_embeddings", 1));
  const auto d = static_cast<double>(head_size);
  const auto dimension = [&](double rotations) {
    return d * std::log(old_length / (rotations * 2 * std::numbers::pi)) / (2 * std::log(theta));
  };
  double low = dimension(beta_fast), high = dimension(beta_slow);
  if (c.get<bool>("truncate", true)) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, d - 1);
  if (low == high) high += 0.001;
  const at::Tensor ramp =
      ((at::arange(head_size / 2, at::kFloat) - low) / (high - low)).clamp(0, 1);
  const auto mscale = [](double scale, double m) {
    return scale <= 1 ? 1.0 : 0.1 * m * std::log(scale) + 1.0;
  };
  double attention = mscale(factor, 1);
  const auto a = c.find<double>("mscale"), b = c.find<double>("mscale_all_dim");
  if (a && b) attention = mscale(factor, *a) / mscale(factor, *b);
  return {frequencies / factor * ramp + frequencies * (1 - ramp),
          c.get<double>("attention_factor", attention)};
}

}  // namespace

Rotary::Rotary(at::Tensor inverse_frequencies, double factor)
    : inverse_frequencies_(std::move(inverse_frequencies)), factor_(factor) {}

at::Tensor Rotary::frequencies(int64_t head_size, double theta) {
  // In float32, rounded as Python rounds it.
  const at::Tensor steps =
      at::arange(0, head_size, 2, at::kLong).to(at::kFloat) / static_cast<double>(head_size);
  return at::reciprocal(at::pow(theta, steps));
}

std::shared_ptr<const Rotary> Rotary::make(int64_t head_size, double theta, const Config* scaling) {
  const at::Tensor frequencies = Rotary::frequencies(head_size, theta);
  if (!scaling) return std::make_shared<Rotary>(frequencies);
  const char* key = scaling->has("rope_type") ? "rope_type" : "type";
  const auto type = scaling->get<std::string>(key, "default");
  if (scaling->get<double>("partial_rotary_factor", 1) != 1) {
    throw UnsupportedError("[Rotary] " + scaling->name("partial_rotary_factor") +
                           ": expected 1, the whole head");
  }
  if (type == "default") return std::make_shared<Rotary>(frequencies);
  if (type == "linear") {
    return std::make_shared<Rotary>(frequencies / scaling->require<double>("factor"));
  }
  if (type == "llama3") return std::make_shared<Rotary>(llama3_frequencies(frequencies, *scaling));
  if (type == "yarn") {
    auto [blended, factor] = yarn_frequencies(head_size, theta, frequencies, *scaling);
    return std::make_shared<Rotary>(std::move(blended), factor);
  }
  throw UnsupportedError("[Rotary] " + scaling->name(key) + " is \"" + type.substr(0, 100) +
                         "\"; known: default, linear, llama3, yarn");
}

std::shared_ptr<const Rotary::Tables> Rotary::tables(int64_t length) const {
  const std::lock_guard lock(mutex_);
  if (!tables_ || tables_->cos.size(0) < length) {
    int64_t rows = 256;
    while (rows < length) rows *= 2;
    const c10::InferenceMode ordinary(false);
    const at::NoGradGuard no_grad;
    const at::Tensor angles =
        at::outer(at::arange(rows, at::kFloat), inverse_frequencies_.to(at::kCPU));
    tables_ =
        std::make_shared<Tables>(Tables{at::cos(angles) * factor_, at::sin(angles) * factor_});
  }
  return tables_;
}

at::Tensor Rotary::rotate_plain(const at::Tensor& x, int64_t heads, const TokenBatch& batch,
                                const Tables& tables) const {
  const int64_t half = inverse_frequencies_.size(0);
  const auto type = x.scalar_type();
  const auto rows = [&](const at::Tensor& table) {  // -> [T, 1, half]
    return table.to(x.device()).index_select(0, batch.positions).unsqueeze(1).to(type);
  };
  const at::Tensor cos = rows(tables.cos), sin = rows(tables.sin);
  const at::Tensor vectors = x.narrow(1, 0, heads * 2 * half).unflatten(1, {heads, 2 * half});
  const at::Tensor a = vectors.narrow(2, 0, half), b = vectors.narrow(2, half, half);
  const at::Tensor rotated = at::cat({a * cos - b * sin, b * cos + a * sin}, 2).flatten(1);
  if (x.size(1) == rotated.size(1)) return rotated;
  return at::cat({rotated, x.narrow(1, rotated.size(1), x.size(1) - rotated.size(1))}, 1);
}

at::Tensor Rotary::rotate(const at::Tensor& x, int64_t heads, const TokenBatch& batch) const {
  int64_t longest = 0;
  for (const LengthGroup& g : batch.groups) longest = std::max(longest, g.length);
  const auto tables = this->tables(longest);
  const int64_t half = inverse_frequencies_.size(0), head_size = 2 * half;
  const bool f32 = x.scalar_type() == at::kFloat;
  if (!kernels::best() || at::GradMode::is_enabled() || !x.is_cpu() || x.stride(1) != 1 ||
      head_size % kernels::kHeadSizeStep != 0 || (!f32 && x.scalar_type() != at::kBFloat16)) {
    return rotate_plain(x, heads, batch, *tables);
  }
  const auto* cos = tables->cos.const_data_ptr<float>();
  const auto* sin = tables->sin.const_data_ptr<float>();
  for (const LengthGroup& g : batch.groups) {
    constexpr int64_t kRowsATask = 32;
    at::parallel_for(0, g.count * g.length, kRowsATask, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int64_t table = row % g.length * half, at = (g.offset + row) * x.stride(0);
        if (f32) {
          kernels::best()->rotate_f32(x.data_ptr<float>() + at, heads, head_size, cos + table,
                                      sin + table);
        } else {
          kernels::best()->rotate_bf16(static_cast<uint16_t*>(x.data_ptr()) + at, heads, head_size,
                                       cos + table, sin + table);
        }
      }
    });
  }
  return x;
}

}  // namespace sentence_transformers
