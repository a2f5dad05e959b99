// What is added to attention's scores for the distance between two tokens.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <mutex>

#include "core/weights.h"
#include "nn/packing.h"

namespace sentence_transformers {

/// A number for each head and distance key - query. Layers share one.
class DistanceBias : public torch::nn::Module, public Packing {
 public:
  /// [heads, 2 * length - 1] float32, distance 0 in the middle; through autograd where it is on.
  at::Tensor table(int64_t length) const;

  void pack(const ComputeType& compute, PackedParameters& packed) override;
  void unpack() override;

 protected:
  virtual at::Tensor compute(const at::Tensor& distances) const = 0;  // [n] -> [heads, n]

 private:
  struct Cache {  // of a table that grows; only between pack and unpack
    std::mutex mutex;
    at::Tensor table;
  };
  std::unique_ptr<Cache> cache_;
};

/// A learned number for each head and bucket of distances, as in T5 (Raffel et al., 2020): near
/// distances have a bucket each, far ones share them on a logarithmic scale.
class BucketBias : public DistanceBias {
 public:
  /// Reads "weight" [buckets, heads].
  BucketBias(const Weights& weights, int64_t buckets, int64_t heads, int64_t used_buckets,
             int64_t max_distance);

 private:
  at::Tensor compute(const at::Tensor& distances) const override;

  at::Tensor weight_;
  int64_t buckets_, max_distance_;
};

/// ALiBi (Press et al., 2022), symmetric: -slope of the head * |distance|.
class SlopeBias : public DistanceBias {
 public:
  explicit SlopeBias(int64_t heads);

 private:
  at::Tensor compute(const at::Tensor& distances) const override;

  at::Tensor slopes_;  // [heads, 1]
};

}  // namespace sentence_transformers
