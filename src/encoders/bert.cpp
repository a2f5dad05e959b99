// BERT (Devlin et al., 2018), as transformers 5.23 computes it in models/bert/modeling_bert.py.
// Parameters bear the checkpoint's names.
#include <sentence_transformers/error.h>

#include "encoders/encoder.h"
#include "nn/attention.h"
#include "nn/checkpoint.h"
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
        positions(c.get_at_least("max_position_embeddings", 512, 1)),
        token_types(c.get_at_least("type_vocab_size", 2, 1)),
        layer_norm_eps(c.get_below("layer_norm_eps", 1e-12, 0, 1e6)),
        attention_dropout(c.get_below("attention_probs_dropout_prob", 0.1, 0, 1)),
        hidden_dropout(c.get_below("hidden_dropout_prob", 0.1, 0, 1)),
        activation(parse_activation(c.get<std::string>("hidden_act", "gelu"),
                                    "[Bert] " + c.name("hidden_act"))) {
    if (hidden_size % heads != 0) {
      throw LoadError("[Bert] " + c.name("num_attention_heads") + ": " + std::to_string(heads) +
                      " does not divide hidden_size " + std::to_string(hidden_size));
    }
    c.get_below("classifier_dropout", hidden_dropout, 0, 1);  // what a head reads is checked here
    c.get_below("initializer_range", 0.02, 0, 1e6);
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
        dropout_(register_module("dropout", std::make_shared<Dropout>(c.hidden_dropout))) {}

  at::Tensor forward(const TokenBatch& batch) const {  // -> [T, D]
    const at::Tensor sum = words_->forward(batch.ids) + types_->forward(batch.type_ids);
    return dropout_->forward(norm_->forward_add(sum, positions_->forward(batch.positions)));
  }

 private:
  std::shared_ptr<Embedding> words_, positions_, types_;
  std::shared_ptr<LayerNorm> norm_;
  std::shared_ptr<Dropout> dropout_;
};

class SelfAttention : public torch::nn::Module, public Packing {
 public:
  SelfAttention(const BertConfig& c, const Weights& w)
      : heads_(c.heads),
        dropout_(register_module("dropout", std::make_shared<Dropout>(c.attention_dropout))) {
    for (const char* name : {"query", "key", "value"}) {
      projections_.push_back(register_module(
          name, std::make_shared<Projection>(w / name, c.hidden_size, c.hidden_size)));
    }
  }

  at::Tensor forward(const at::Tensor& x, const std::vector<Group>& groups) const {
    return self_attention(qkv(x), heads_, groups, is_training() ? dropout_->probability : 0.0,
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
  std::shared_ptr<Dropout> dropout_;
};

/// dense, dropout, residual, LayerNorm: the end of both halves of a layer (BertSelfOutput and
/// BertOutput).
class Output : public torch::nn::Module {
 public:
  Output(const BertConfig& c, const Weights& w, int64_t in)
      : dense_(register_module("dense", std::make_shared<Linear>(w / "dense", in, c.hidden_size))),
        norm_(register_module("LayerNorm", std::make_shared<LayerNorm>(
                                               w / "LayerNorm", c.hidden_size, c.layer_norm_eps))),
        dropout_(register_module("dropout", std::make_shared<Dropout>(c.hidden_dropout))) {}

  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual) const {
    return norm_->forward_add(dropout_->forward(dense_->forward(x)), residual);
  }

 private:
  std::shared_ptr<Linear> dense_;
  std::shared_ptr<LayerNorm> norm_;
  std::shared_ptr<Dropout> dropout_;
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

/// dense and tanh over the first token; a part of the checkpoint, used by heads alone.
class Pooler : public torch::nn::Module {
 public:
  explicit Pooler(std::shared_ptr<Projection> dense)
      : dense_(register_module("dense", std::move(dense))) {}

  at::Tensor forward(const at::Tensor& x, const TokenBatch& batch) const {  // [T, D] -> [N, D]
    std::vector<at::Tensor> first;
    for (const Group& g : batch.groups) {
      first.push_back(x.narrow(0, g.offset, g.count * g.length)
                          .view({g.count, g.length, x.size(1)})
                          .select(1, 0));
    }
    return at::tanh(dense_->forward(first.size() == 1 ? first[0] : at::cat(first)));
  }

 private:
  std::shared_ptr<Projection> dense_;
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
    if (w.contains("pooler")) {
      add_pooler(
          std::make_shared<Projection>(w / "pooler" / "dense", c.hidden_size, c.hidden_size));
    }
  }

  at::Tensor forward(const TokenBatch& batch, std::vector<at::Tensor>* layers) const override {
    at::Tensor x = embeddings_->forward(batch);  // [T, D]
    if (layers) layers->push_back(x);
    for (const auto& layer : layers_->list()) {
      const auto run = [&layer = *layer, groups = batch.groups](const at::Tensor& x) {
        return layer.forward(x, groups);
      };
      x = gradient_checkpointing && is_training() ? checkpoint(run, x)
                                                  : layer->forward(x, batch.groups);
      if (layers) layers->push_back(x);
    }
    return x;
  }

  bool has_pooler() const { return pooler_ != nullptr; }
  /// The checkpoint's, or a new one where that has none.
  std::shared_ptr<Pooler> pooler(double deviation) {
    if (!pooler_) {
      add_pooler(std::make_shared<Projection>(config_.hidden_size, config_.hidden_size, deviation));
    }
    return pooler_;
  }

  int64_t hidden_size() const override { return config_.hidden_size; }
  int64_t vocab_size() const override { return config_.vocab_size; }
  int64_t max_positions() const override { return config_.positions; }

 private:
  void add_pooler(std::shared_ptr<Projection> dense) {
    pooler_ = register_module("pooler", std::make_shared<Pooler>(std::move(dense)));
  }

  BertConfig config_;
  std::shared_ptr<Embeddings> embeddings_;
  std::shared_ptr<Stack<Layer>> layers_;
  std::shared_ptr<Pooler> pooler_;
};

/// BertForSequenceClassification's part behind the encoder: pooler, dropout, classifier.
class BertHead : public ClassificationHead {
 public:
  BertHead(const Config& c, std::shared_ptr<Pooler> pooler, std::shared_ptr<Projection> classifier)
      : pooler_(std::move(pooler)),  // registered with the encoder
        classifier_(register_module("classifier", std::move(classifier))),
        dropout_(
            register_module("dropout", std::make_shared<Dropout>(c.get<double>(
                                           "classifier_dropout", BertConfig(c).hidden_dropout)))) {}

  at::Tensor forward(const at::Tensor& hidden_states, const TokenBatch& batch) const override {
    return classifier_->forward(dropout_->forward(pooler_->forward(hidden_states, batch)));
  }
  int64_t num_labels() const override { return classifier_->weight.size(0); }

 private:
  std::shared_ptr<Pooler> pooler_;
  std::shared_ptr<Projection> classifier_;
  std::shared_ptr<Dropout> dropout_;
};

}  // namespace

std::shared_ptr<Encoder> make_bert(const Config& config, const Weights& weights) {
  return std::make_shared<Bert>(BertConfig(config), weights);
}

std::shared_ptr<ClassificationHead> make_bert_head(const Config& config, const Weights& weights,
                                                   Encoder& encoder, int64_t num_labels,
                                                   bool is_new) {
  const auto deviation = config.get<double>("initializer_range", 0.02);
  const int64_t size = encoder.hidden_size();
  auto& bert = dynamic_cast<Bert&>(encoder);
  if (!is_new && !bert.has_pooler()) {
    throw LoadError("[Bert] " + weights.file().string() +
                    " has a classifier and no pooler before it; known: "
                    "BertForSequenceClassification's head, which has both");
  }
  auto classifier = is_new ? std::make_shared<Projection>(size, num_labels, deviation)
                           : std::make_shared<Projection>(weights / "classifier", size, num_labels);
  return std::make_shared<BertHead>(config, bert.pooler(deviation), std::move(classifier));
}

}  // namespace sentence_transformers
