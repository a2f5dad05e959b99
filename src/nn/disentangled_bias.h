// What DeBERTa (He et al., 2021) adds to attention's scores: a learned vector for the distance of
// two tokens meets the query of the one and the key of the other.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "nn/layers.h"
#include "nn/norm.h"
#include "nn/token_batch.h"

namespace sentence_transformers {

/// The vectors that all layers share. Their modules are registered by the encoder.
struct RelativePositions {
  std::shared_ptr<Embedding> table;      // [2 * span, hidden size]
  std::shared_ptr<Norm> norm = nullptr;  // of the vectors
  int64_t span = 1;
  /// Distances beyond half of so many share vectors on a logarithmic scale; 0: none do.
  int64_t buckets = 0;
  int64_t max_distance = 1;  // where that scale ends
  bool content_to_position = false, position_to_content = false;
  double dropout = 0;

  /// The row for a distance query - key; it grows with the distance.
  int64_t row(int64_t distance) const;
  /// [2 * span, hidden size], normalized, through autograd where it is on.
  at::Tensor vectors() const;
};

class DisentangledBias : public torch::nn::Module, public Packing {
 public:
  /// `keys` and `queries` project the vectors to [heads * head_size] each; what `positions` does
  /// not use may be null. `scale` is attention's.
  DisentangledBias(std::shared_ptr<const RelativePositions> positions,
                   std::shared_ptr<Projection> keys, std::shared_ptr<Projection> queries,
                   int64_t heads, double scale);

  /// For queries and keys [T, heads * head_size] a bias a group, [count, heads, length, length].
  std::vector<at::Tensor> forward(const at::Tensor& queries, const at::Tensor& keys,
                                  const std::vector<LengthGroup>& groups) const;

  /// Projects the vectors once and for all.
  void pack(const ComputeType& compute, PackedParameters& packed) override;
  void unpack() override { packed_ = Vectors(); }

 private:
  struct Vectors {  // [heads, 2 * span, head_size], undefined where not used
    at::Tensor keys, queries;
  };
  Vectors project(at::ScalarType type) const;
  Vectors vectors(at::ScalarType type) const;
  std::vector<at::Tensor> sources() const;

  std::shared_ptr<const RelativePositions> positions_;
  std::shared_ptr<Projection> keys_, queries_;
  std::shared_ptr<Dropout> dropout_;
  int64_t heads_;
  double scale_;
  Vectors packed_;
  std::vector<uint32_t> versions_;  // of sources(), when that was made
};

}  // namespace sentence_transformers
