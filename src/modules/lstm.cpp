#include "modules/lstm.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/checkpoint.h"
#include "modules/module_config.h"

namespace sentence_transformers {
namespace {

/// Step by step what at::lstm reads: the tokens of step 0 of all texts, of step 1, ...
struct Steps {
  at::Tensor tokens;  // [T], places in the batch
  at::Tensor counts;  // of each step's tokens, on the CPU
  int64_t texts = 0;  // with tokens
};

Steps steps_of(const TokenBatch& batch) {
  std::vector<std::pair<int64_t, int64_t>> texts;  // length and first token, longest first
  for (const LengthGroup& g : batch.groups) {
    for (int64_t i = 0; i < g.count && g.length > 0; ++i) {
      texts.emplace_back(g.length, g.offset + i * g.length);
    }
  }
  std::stable_sort(texts.begin(), texts.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<int64_t> tokens, counts;
  for (int64_t step = 0; !texts.empty() && step < texts[0].first; ++step) {
    int64_t count = 0;
    for (const auto& [length, first] : texts) {
      if (length <= step) break;
      tokens.push_back(first + step);
      ++count;
    }
    counts.push_back(count);
  }
  return {at::tensor(tokens, at::kLong).to(batch.ids.device()), at::tensor(counts, at::kLong),
          static_cast<int64_t>(texts.size())};
}

/// Holds the parameters by the names that Python's nn.LSTM gives them.
struct LstmLayers : torch::nn::Module {
  at::Tensor add(const Weights& weights, const std::string& name, at::IntArrayRef shape) {
    return register_parameter(name, weights.get(name, shape));
  }
};

}  // namespace

Lstm::Lstm(const std::filesystem::path& folder, const FeatureSizes& sizes)
    : in_size_(sizes.token_embeddings) {
  const Config config = Config::read(folder / "lstm_config.json");
  check_keys(config,
             {"embedding_dimension", "word_embedding_dimension", "hidden_dim", "num_layers",
              "dropout", "bidirectional"},
             "LSTM");
  check_input_size(config, present_key(config, "embedding_dimension", "word_embedding_dimension"),
                   in_size_, "LSTM");
  hidden_size_ = config.require_at_least("hidden_dim", 1);
  layers_ = config.get_at_least("num_layers", 1, 1);
  bidirectional_ = config.get<bool>("bidirectional", true);
  dropout_ =
      register_module("dropout", std::make_shared<Dropout>(config.get_below("dropout", 0, 0, 1)));
  const Weights weights = open_weights(folder, "LSTM") / "encoder";
  auto encoder = register_module("encoder", std::make_shared<LstmLayers>());
  const int64_t gates = 4 * hidden_size_;
  for (int64_t layer = 0; layer < layers_; ++layer) {
    const int64_t in = layer == 0 ? in_size_ : hidden_size_ * directions();
    for (int64_t d = 0; d < directions(); ++d) {
      const std::string end = "_l" + std::to_string(layer) + (d == 0 ? "" : "_reverse");
      parameters_.push_back(encoder->add(weights, "weight_ih" + end, {gates, in}));
      parameters_.push_back(encoder->add(weights, "weight_hh" + end, {gates, hidden_size_}));
      parameters_.push_back(encoder->add(weights, "bias_ih" + end, {gates}));
      parameters_.push_back(encoder->add(weights, "bias_hh" + end, {gates}));
    }
  }
}

FeatureSizes Lstm::output_sizes(FeatureSizes sizes) const {
  sizes.token_embeddings = hidden_size_ * directions();
  return sizes;
}

void Lstm::forward(Features& features) const {
  at::Tensor& tokens = features.token_embeddings;
  const Steps steps = steps_of(features.batch);
  if (steps.texts == 0) {
    tokens = tokens.new_empty({0, hidden_size_ * directions()});
    return;
  }
  const at::Tensor start =
      at::zeros({layers_ * directions(), steps.texts, hidden_size_}, tokens.options());
  const at::Tensor states = std::get<0>(
      at::lstm(tokens.index_select(0, steps.tokens), steps.counts, {start, start}, parameters_,
               /*has_biases=*/true, layers_, dropout_->probability, is_training(), bidirectional_));
  tokens = at::empty_like(states).index_copy(0, steps.tokens, states);
}

void Lstm::write(const std::filesystem::path& folder) const {
  write_json(folder / "lstm_config.json", {{"word_embedding_dimension", in_size_},
                                           {"hidden_dim", hidden_size_},
                                           {"num_layers", layers_},
                                           {"dropout", dropout_->probability},
                                           {"bidirectional", bidirectional_}});
  save_parameters(folder);
}

}  // namespace sentence_transformers
