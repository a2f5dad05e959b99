// BERT (Devlin et al., 2018), as transformers 5.23 computes it in models/bert/modeling_bert.py.
// Parameters bear the checkpoint's names.
#include <sentence_transformers/error.h>

#include "encoders/encoder.h"
#include "nn/attention.h"
#include "nn/containers.h"
#include "nn/layers.h"

namespace sentence_transformers {
namespace {

struct BertConfig {
  int64_t vocab_size, hidden_size, layers, heads, intermediate_size, positions, token_types;
  double layer_norm_eps, attention_dropout, hidden_dropout;
  Activation activation;

  explicit BertConfig(const Config& c)
      : vocab_size(c.require_at_least("vocab_size", 1)),
        hidden_size(c.require_at_least("hidden_size", 1)),
        layers(c.require_at_least("num_hidden_layers", 1)),
        heads(c.require_at_least("num_attention_heads", 1)),
        intermediate_size(c.require_at_least("intermediate_size", 1)),
        positions(c.get<int64_t>("max_position_embeddings", 512)),
        token_types(c.get<int64_t>("type_vocab_size", 2)),
        layer_norm_eps(c.get<double>("layer_norm_eps", 1e-12)),
        attention_dropout(c.get<double>("attention_probs_dropout_prob", 0.1)),
        hidden_dropout(c.get<double>("hidden_dropout_prob", 0.1)),
        activation(parse_activation(c.get<std::string>("hidden_act", "gelu"),
                                    "[Bert] " + c.name("hidden_act"))) {
    if (hidden_size % heads != 0) {
      throw LoadError("[Bert] " + c.name("num_attention_heads") + ": " + std::to_string(heads) +
                      " does not divide hidden_size " + std::to_string(hidden_size));
    }
    const auto kind = c.get<std::string>("position_embedding_type", "absolute");
    if (kind != "absolute") {
      throw UnsupportedError("[Bert] " + c.name("position_embedding_type") + " is \"" + kind +
                             "\"; known: absolute");
    }
  }
};

class Embeddings : public torch::nn::Module {
 public:
  Embeddings(const BertConfig& c, const Weights& w)
      : words_(register_module(
            "word_embeddings",
            std::make_shared<Embedding>(w / "word_embeddings", c.vocab_size, c.hidden_size))),
        positions_(register_module(
            "position_embeddings",
            std::make_shared<Embedding>(w / "position_embeddings", c.positions, c.hidden_size))),
        types_(register_module("token_type_embeddings",
                               std::make_shared<Embedding>(w / "token_type_embeddings",
                                                           c.token_types, c.hidden_size))),
        norm_(register_module("LayerNorm", std::make_shared<LayerNorm>(
                                               w / "LayerNorm", c.hidden_size, c.layer_norm_eps))),
        dropout_(c.hidden_dropout) {}

  at::Tensor forward(const TokenBatch& batch) const {  // -> [T, D]
    const at::Tensor sum = words_->forward(batch.ids) + types_->forward(batch.type_ids) +
                           positions_->forward(batch.positions);
    return at::dropout(norm_->forward(sum), dropout_, is_training());
  }

 private:
  std::shared_ptr<Embedding> words_, positions_, types_;
  std::shared_ptr<LayerNorm> norm_;
  double dropout_;
};

class SelfAttention : public torch::nn::Module, public Packing {
 public:
  SelfAttention(const BertConfig& c, const Weights& w)
      : heads_(c.heads), dropout_(c.attention_dropout) {
    for (const char* name : {"query", "key", "value"}) {
      projections_.push_back(register_module(
          name, std::make_shared<Projection>(w / name, c.hidden_size, c.hidden_size)));
    }
  }

  at::Tensor forward(const at::Tensor& x, const std::vector<Group>& groups) const {
    return self_attention(qkv(x), heads_, groups, is_training() ? dropout_ : 0.0,
                          quantization == Quantization::int8);
  }

  void train(bool on) override {
    Module::train(on);
    const auto& p = projections_;
    packed_ = on ? PackedLinear()
                 : PackedLinear({p[0]->weight, p[1]->weight, p[2]->weight},
                                {p[0]->bias, p[1]->bias, p[2]->bias}, quantization);
    if (!on && after_packing) after_packing();
  }

 private:
  at::Tensor qkv(const at::Tensor& x) const {  // [T, D] -> [T, 3D]
    if (packed_.usable()) return packed_.forward(x, Activation::none);
    const auto& p = projections_;
    return at::cat({p[0]->forward(x), p[1]->forward(x), p[2]->forward(x)}, 1);
  }

  std::vector<std::shared_ptr<Projection>> projections_;
  PackedLinear packed_;
  int64_t heads_;
  double dropout_;
};

/// dense, dropout, residual, LayerNorm: the end of both halves of a layer (BertSelfOutput and
/// BertOutput).
class Output : public torch::nn::Module {
 public:
  Output(const BertConfig& c, const Weights& w, int64_t in)
      : dense_(register_module("dense", std::make_shared<Linear>(w / "dense", in, c.hidden_size))),
        norm_(register_module("LayerNorm", std::make_shared<LayerNorm>(
                                               w / "LayerNorm", c.hidden_size, c.layer_norm_eps))),
        dropout_(c.hidden_dropout) {}

  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual) const {
    return norm_->forward_add(at::dropout(dense_->forward(x), dropout_, is_training()), residual);
  }

 private:
  std::shared_ptr<Linear> dense_;
  std::shared_ptr<LayerNorm> norm_;
  double dropout_;
};

class Attention : public torch::nn::Module {
 public:
  Attention(const BertConfig& c, const Weights& w)
      : self_(register_module("self", std::make_shared<SelfAttention>(c, w / "self"))),
        output_(
            register_module("output", std::make_shared<Output>(c, w / "output", c.hidden_size))) {}

  at::Tensor forward(const at::Tensor& x, const std::vector<Group>& groups) const {
    return output_->forward(self_->forward(x, groups), x);
  }

 private:
  std::shared_ptr<SelfAttention> self_;
  std::shared_ptr<Output> output_;
};

class Layer : public torch::nn::Module {
 public:
  Layer(const BertConfig& c, const Weights& w)
      : attention_(register_module("attention", std::make_shared<Attention>(c, w / "attention"))),
        intermediate_(std::make_shared<Linear>(w / "intermediate" / "dense", c.hidden_size,
                                               c.intermediate_size)),
        output_(register_module("output",
                                std::make_shared<Output>(c, w / "output", c.intermediate_size))),
        activation_(c.activation) {
    register_module("intermediate", std::make_shared<Scope>("dense", intermediate_));
  }

  at::Tensor forward(const at::Tensor& x, const std::vector<Group>& groups) const {
    const at::Tensor attended = attention_->forward(x, groups);
    return output_->forward(intermediate_->forward(attended, activation_), attended);
  }

 private:
  std::shared_ptr<Attention> attention_;
  std::shared_ptr<Linear> intermediate_;
  std::shared_ptr<Output> output_;
  Activation activation_;
};

class Bert : public Encoder {
 public:
  Bert(const BertConfig& c, const Weights& w)
      : config_(c),
        embeddings_(
            register_module("embeddings", std::make_shared<Embeddings>(c, w / "embeddings"))),
        layers_(std::make_shared<Stack<Layer>>()) {
    register_module("encoder", std::make_shared<Scope>("layer", layers_));
    for (int64_t i = 0; i < c.layers; ++i) {
      layers_->append(std::make_shared<Layer>(c, w / "encoder" / "layer" / i));
    }
  }

  at::Tensor forward(const TokenBatch& batch) const override {
    at::Tensor x = embeddings_->forward(batch);  // [T, D]
    for (const auto& layer : layers_->list()) x = layer->forward(x, batch.groups);
    return x;
  }

  int64_t hidden_size() const override { return config_.hidden_size; }
  int64_t vocab_size() const override { return config_.vocab_size; }
  int64_t max_positions() const override { return config_.positions; }

 private:
  BertConfig config_;
  std::shared_ptr<Embeddings> embeddings_;
  std::shared_ptr<Stack<Layer>> layers_;
};

}  // namespace

std::shared_ptr<Encoder> make_bert(const Config& config, const Weights& weights) {
  return std::make_shared<Bert>(BertConfig(config), weights);
}

}  // namespace sentence_transformers
