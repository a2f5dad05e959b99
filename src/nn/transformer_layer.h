// One layer of a transformer encoder: attention and a feed-forward network, each with a residual
// sum and a norm, as an architecture describes them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nn/attention.h"
#include "nn/block.h"
#include "nn/convolution.h"
#include "nn/disentangled_bias.h"
#include "nn/distance_bias.h"
#include "nn/rotary.h"

namespace sentence_transformers {

/// The names of a layer's parts in a checkpoint, below the layer. Empty where there is none.
struct LayerNames {
  /// Three, or one that holds queries, keys and values one behind the other.
  std::vector<std::string> query_key_value = {};
  std::string query_norm = "", key_norm = "";  // of each head, before rotary positions
  /// Projections of relative positions; where they are empty, those of queries and keys serve.
  std::string position_key = "", position_query = "";
  std::string attention_output = "";
  std::string attention_norm = "";  // behind the residual sum, or before attention: NormPlace
  std::string second_attention_norm = "";  // behind one more sum with the layer's input
  /// One; two that are gated, activation(first) * second; or one that holds both.
  std::vector<std::string> intermediate = {};
  std::string output = "";
  std::string output_norm = "";  // behind the residual sum, or before the feed-forward network
  std::string post_attention_norm = "", post_output_norm = "";  // before the sums: NormPlace::both
};

enum class NormPlace {
  after,   ///< x = norm(x + f(x)), as BERT
  before,  ///< x = x + f(norm(x)), as GPT-2 and nearly everything since 2020
  both,    ///< x = x + norm(f(norm(x))), as Gemma 2 and 3
};

struct LayerConfig {
  int64_t hidden_size = 0, intermediate_size = 0;
  AttentionConfig attention;
  NormPlace norm_place = NormPlace::after;
  NormConfig norm;
  bool norms_all_heads = false;  // query_norm and key_norm are of all heads' values at once
  bool query_key_value_bias = true, attention_output_bias = true;
  bool intermediate_bias = true, output_bias = true;
  Activation activation = Activation::gelu;
  bool gated = false;
  bool gate_is_second = false;   // of a stacked intermediate: first * activation(second)
  double attention_dropout = 0;  // of attention's weights; then of what each part gives
  double attention_output_dropout = 0, intermediate_dropout = 0, output_dropout = 0;
  std::shared_ptr<const Rotary> rotary = nullptr;
  std::shared_ptr<const DistanceBias> distance_bias = nullptr;
  std::shared_ptr<const RelativePositions> relative_positions = nullptr;
  std::shared_ptr<const Convolution> convolution = nullptr;  // of the layer's input
  LayerNames names;
};

/// What flows between layers: the hidden states are x + pending, [T, D] each. A sum that the next
/// norm takes over anyway waits in `pending`, which may be undefined.
struct Residual {
  at::Tensor x, pending = {};
  at::Tensor sum() const { return pending.defined() ? x + pending : x; }
};

class TransformerLayer : public Block {
 public:
  TransformerLayer(const LayerConfig& config, const Weights& weights);
  /// With `first_alone` of each text's first token alone: [N, D].
  Residual forward(Residual residual, const TokenBatch& batch, bool first_alone = false) const;
  /// Can it be computed for the first tokens alone?
  bool is_by_token() const { return !config_.convolution; }

 private:
  void make_attention(const Weights& weights);
  void make_disentangled_bias(const std::vector<ProjectionRows>& rows, const Weights& weights);
  void make_feed_forward(const Weights& weights);
  AttentionExtras make_extras(const at::Tensor& queries, const at::Tensor& keys,
                              const TokenBatch& batch, bool first_alone) const;
  at::Tensor attention(const at::Tensor& x, const TokenBatch& batch, bool first_alone) const;
  at::Tensor feed_forward(const at::Tensor& x) const;
  at::Tensor normalize(const std::shared_ptr<Norm>& norm, Residual& residual) const;

  LayerConfig config_;
  std::shared_ptr<Linear> query_key_value_, attention_output_, intermediate_, output_;
  std::shared_ptr<DisentangledBias> disentangled_bias_;
  std::shared_ptr<Norm> query_norm_, key_norm_;
  std::shared_ptr<Norm> attention_norm_, second_attention_norm_, output_norm_, post_attention_norm_,
      post_output_norm_;
  std::shared_ptr<Dropout> attention_dropout_, attention_output_dropout_, intermediate_dropout_,
      output_dropout_;
};

/// Runs layers one after the other. In training with gradient checkpointing they keep their input
/// alone. The input and each layer's output are appended to `hidden_states`, if given. With
/// `first_alone` the last layer computes the first tokens alone.
Residual run_layers(const std::vector<std::shared_ptr<TransformerLayer>>& layers, at::Tensor x,
                    const TokenBatch& batch, bool gradient_checkpointing,
                    std::vector<at::Tensor>* hidden_states, bool first_alone);

}  // namespace sentence_transformers
