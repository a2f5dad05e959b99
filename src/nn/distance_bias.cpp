#include "nn/distance_bias.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace sentence_transformers {

at::Tensor DistanceBias::table(int64_t length) const {
  const auto compute_rows = [&](int64_t rows) {
    return compute(at::arange(1 - rows, rows, at::kLong)).to(at::kFloat).contiguous();
  };
  if (!cache_ || at::GradMode::is_enabled()) return compute_rows(length);
  const std::lock_guard lock(cache_->mutex);
  if (!cache_->table.defined() || (cache_->table.size(1) + 1) / 2 < length) {
    int64_t rows = 256;
    while (rows < length) rows *= 2;
    const c10::InferenceMode ordinary(false);
    const at::NoGradGuard no_grad;
    cache_->table = compute_rows(rows);
  }
  const int64_t rows = (cache_->table.size(1) + 1) / 2;
  return cache_->table.narrow(1, rows - length, 2 * length - 1);
}

void DistanceBias::pack(const ComputeType&, PackedParameters&) {
  cache_ = std::make_unique<Cache>();
}
void DistanceBias::unpack() { cache_.reset(); }

BucketBias::BucketBias(const Weights& weights, int64_t buckets, int64_t heads, int64_t used_buckets,
                       int64_t max_distance)
    : weight_(register_parameter("weight", weights.get("weight", {buckets, heads}))),
      buckets_(used_buckets),
      max_distance_(max_distance) {}

at::Tensor BucketBias::compute(const at::Tensor& distances) const {
  const int64_t half = buckets_ / 2, exact = half / 2;
  std::vector<int64_t> buckets;
  for (int64_t i = 0; i < distances.numel(); ++i) {
    const int64_t distance = distances.const_data_ptr<int64_t>()[i], n = std::abs(distance);
    int64_t bucket = n;
    if (n >= exact) {  // in float32, as Python
      const auto far = std::log(static_cast<float>(n) / static_cast<float>(exact)) /
                       static_cast<float>(std::log(static_cast<double>(max_distance_) /
                                                   static_cast<double>(exact))) *
                       static_cast<float>(half - exact);
      bucket = std::min(half - 1, exact + static_cast<int64_t>(far));
    }
    buckets.push_back(bucket + (distance > 0 ? half : 0));
  }
  const at::Tensor rows =
      at::tensor(buckets, at::TensorOptions().dtype(at::kLong)).to(weight_.device());
  return weight_.index_select(0, rows).t();
}

SlopeBias::SlopeBias(int64_t heads) {
  // Of a power of two 2^(-8 / n) to its powers; else those of the power below, then every other one
  // of the power above.
  std::vector<float> slopes;
  int64_t power = 1;
  while (power * 2 <= heads) power *= 2;
  const auto slope = [](int64_t of, int64_t i) {
    return static_cast<float>(
        std::pow(2.0, -8.0 * static_cast<double>(i + 1) / static_cast<double>(of)));
  };
  for (int64_t i = 0; i < power; ++i) slopes.push_back(slope(power, i));
  for (int64_t i = 0; static_cast<int64_t>(slopes.size()) < heads; i += 2) {
    slopes.push_back(slope(2 * power, i));
  }
  slopes_ = at::tensor(slopes, at::TensorOptions().dtype(at::kFloat)).unsqueeze(1);
}

at::Tensor SlopeBias::compute(const at::Tensor& distances) const {
  return -slopes_ * distances.abs().to(at::kFloat).unsqueeze(0);
}

}  // namespace sentence_transformers
