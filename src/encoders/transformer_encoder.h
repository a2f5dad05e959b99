// The encoder that most architectures are: embeddings, a stack of layers, perhaps a last norm. Each
// architecture's file says of which kind, and by which names its checkpoints call the parts.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "encoders/encoder.h"
#include "nn/embeddings.h"
#include "nn/transformer_layer.h"

namespace sentence_transformers {

struct TransformerConfig {
  EmbeddingsConfig embeddings;
  int64_t hidden_size = 0;
  int64_t max_positions = 0;
  /// Name and description of each layer.
  std::vector<std::pair<std::string, LayerConfig>> layers = {};
  /// The layers in the order in which they run; empty means each once.
  std::vector<size_t> order = {};
  /// What layers share, by name; their descriptions point at it too.
  std::vector<std::pair<std::string, std::shared_ptr<torch::nn::Module>>> shared = {};
  std::string final_norm = "";
  NormConfig final_norm_config = {};
  double final_dropout = 0;
  /// A projection [hidden_size, hidden_size] that checkpoints may have and only heads use.
  std::string pooler = "";

  /// `count` layers of one description: "`name`.0", "`name`.1" and so on.
  void add_layers(const std::string& name, const LayerConfig& layer, int64_t count);
};

class TransformerEncoder : public Encoder {
 public:
  TransformerEncoder(TransformerConfig config, const Weights& weights);

  at::Tensor forward(const TokenBatch& batch, std::vector<at::Tensor>* layers) const override;
  int64_t hidden_size() const override { return config_.hidden_size; }
  int64_t vocab_size() const override { return config_.embeddings.vocab_size; }
  int64_t max_positions() const override { return config_.max_positions; }

  /// The table of words.
  const std::shared_ptr<Embedding>& words() const { return embeddings_.words(); }
  /// Null if the checkpoint has none.
  const std::shared_ptr<Projection>& pooler() const { return pooler_; }
  /// The checkpoint's, or a new one of this deviation.
  std::shared_ptr<Projection> pooler(double deviation);

 private:
  at::Tensor run(const TokenBatch& batch, std::vector<at::Tensor>* layers, bool first_alone) const;

  TransformerConfig config_;
  Embeddings embeddings_;
  std::vector<std::shared_ptr<TransformerLayer>> layers_;
  std::shared_ptr<Norm> final_norm_;
  std::shared_ptr<Dropout> final_dropout_;
  std::shared_ptr<Projection> pooler_;
};

/// Sizes that nearly every config.json has.
struct CommonSizes {
  explicit CommonSizes(const Config& config);
  int64_t vocab_size, hidden_size, layers, heads, intermediate_size;
};

/// The number of layers under that key; config.json may not ask for more than memory can describe.
int64_t read_layer_count(const Config& config, const std::string& key);

/// hidden_size / heads. Throws LoadError where that is not whole.
int64_t divide_heads(const Config& config, const CommonSizes& sizes);

/// The usual scale of attention, 1 / sqrt(head_size).
double attention_scale(int64_t head_size);

/// The post-norm layer of BERT and those that follow it, with BERT's names and biases everywhere:
/// sizes, activation, eps and dropout from config.json's keys. Throws LoadError where the heads do
/// not divide the size.
LayerConfig bert_layer(const Config& config, const CommonSizes& sizes);

/// BERT's embeddings of `size` by BERT's names, with the norm and dropout of `layer`: words,
/// learned positions and, unless there are 0 of them, token types.
EmbeddingsConfig bert_embeddings(const Config& config, const LayerConfig& layer, int64_t size,
                                 int64_t token_types);

}  // namespace sentence_transformers
