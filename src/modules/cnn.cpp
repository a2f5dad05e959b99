#include "modules/cnn.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include <algorithm>
#include <numeric>

#include "core/checkpoint.h"
#include "core/config_lists.h"
#include "modules/module_config.h"

namespace sentence_transformers {
namespace {

/// Where the tokens [T] stand in a row in which `gap` places lie before each text and behind the
/// last one, and how long that row is.
std::pair<at::Tensor, int64_t> places_with_gaps(const TokenBatch& batch, int64_t gap) {
  at::Tensor places = at::empty({batch.ids.size(0)}, at::kLong);
  auto* place = places.data_ptr<int64_t>();
  int64_t at = gap;
  for (const LengthGroup& g : batch.groups) {
    for (int64_t i = 0; i < g.count; ++i) {
      std::iota(place, place + g.length, at);
      place += g.length;
      at += g.length + gap;
    }
  }
  return {places.to(batch.ids.device()), at};
}

}  // namespace

struct Cnn::Convolution : torch::nn::Module {
  Convolution(const Weights& weights, int64_t in, int64_t out, int64_t width)
      : weight(register_parameter("weight", weights.get("weight", {out, in, width}))),
        bias(register_parameter("bias", weights.get("bias", {out}))) {}

  /// x [1, in, L] with `gap` zeros at its ends -> [1, out, L], of which the ends are of no use.
  at::Tensor forward(const at::Tensor& x) const {
    return at::conv1d(x, weight, bias, /*stride=*/1, /*padding=*/weight.size(2) / 2);
  }

  at::Tensor weight, bias;
};

Cnn::Cnn(const std::filesystem::path& folder, const FeatureSizes& sizes)
    : in_size_(sizes.token_embeddings), kernel_sizes_({1, 3, 5}) {
  const Config config = Config::read(folder / "cnn_config.json");
  check_keys(config,
             {"in_embedding_dimension", "in_word_embedding_dimension", "out_channels",
              "kernel_sizes", "stride_sizes"},
             "CNN");
  check_input_size(config,
                   present_key(config, "in_embedding_dimension", "in_word_embedding_dimension"),
                   in_size_, "CNN");
  out_channels_ = config.get_at_least("out_channels", 256, 1);
  if (config.has("kernel_sizes")) kernel_sizes_ = require_integers(config, "kernel_sizes", 1);
  const std::vector<int64_t> strides = config.has("stride_sizes")
                                           ? require_integers(config, "stride_sizes", 1)
                                           : std::vector<int64_t>(kernel_sizes_.size(), 1);
  const auto refuse = [&](const char* key, const std::string& expected) {
    throw UnsupportedError("[CNN] " + config.name(key) + " is " + shown(config.json()[key]) +
                           "; known: " + expected + ", which give a vector for each token");
  };
  if (kernel_sizes_.empty() || std::any_of(kernel_sizes_.begin(), kernel_sizes_.end(),
                                           [](int64_t size) { return size % 2 == 0; })) {
    refuse("kernel_sizes", "odd widths");
  }
  if (strides != std::vector<int64_t>(kernel_sizes_.size(), 1)) {
    refuse("stride_sizes", "a 1 for each kernel");
  }
  const Weights weights = open_weights(folder, "CNN");
  const auto list = register_module("convs", std::make_shared<torch::nn::Module>());
  for (size_t i = 0; i < kernel_sizes_.size(); ++i) {
    convolutions_.push_back(list->register_module(
        std::to_string(i),
        std::make_shared<Convolution>(weights / "convs" / static_cast<int64_t>(i), in_size_,
                                      out_channels_, kernel_sizes_[i])));
  }
}

FeatureSizes Cnn::output_sizes(FeatureSizes sizes) const {
  sizes.token_embeddings = out_channels_ * static_cast<int64_t>(kernel_sizes_.size());
  return sizes;
}

void Cnn::forward(Features& features) const {
  // All texts in one row, with zeros between them for the widest kernel to reach into.
  const int64_t gap = *std::max_element(kernel_sizes_.begin(), kernel_sizes_.end()) / 2;
  const auto [places, length] = places_with_gaps(features.batch, gap);
  const at::Tensor& tokens = features.token_embeddings;
  const at::Tensor row = at::zeros({length, in_size_}, tokens.options())
                             .index_copy(0, places, tokens)
                             .t()
                             .unsqueeze(0);  // [1, in, length]
  std::vector<at::Tensor> outputs;
  for (const auto& convolution : convolutions_) outputs.push_back(convolution->forward(row));
  features.token_embeddings = at::cat(outputs, 1).squeeze(0).t().index_select(0, places);
}

void Cnn::write(const std::filesystem::path& folder) const {
  write_json(folder / "cnn_config.json",
             {{"in_word_embedding_dimension", in_size_},
              {"out_channels", out_channels_},
              {"kernel_sizes", kernel_sizes_},
              {"stride_sizes", std::vector<int64_t>(kernel_sizes_.size(), 1)}});
  save_parameters(folder);
}

}  // namespace sentence_transformers
