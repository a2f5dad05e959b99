#include "modules/sparse_static_embedding.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include <algorithm>

#include "core/config.h"
#include "core/files.h"
#include "core/quoted.h"
#include "tokenizers/tokenizer_copies.h"

namespace sentence_transformers {
namespace {

at::Tensor read_weight(const CheckpointFiles& files, const Weights& weights) {
  const at::Tensor found = find_tensor(files, "weight");
  if (found.defined() && found.dim() != 1) {
    throw LoadError("[SparseStaticEmbedding] " + weights.file().string() +
                    ": tensor \"weight\": expected one number a token, found " +
                    std::to_string(found.dim()) + " dimensions");
  }
  return weights.get("weight", {found.defined() ? found.size(0) : 1});
}

}  // namespace

SparseStaticEmbedding::SparseStaticEmbedding(const std::filesystem::path& folder)
    : SparseStaticEmbedding(folder, open_checkpoint(folder, "SparseStaticEmbedding")) {}

SparseStaticEmbedding::SparseStaticEmbedding(const std::filesystem::path& folder,
                                             const CheckpointFiles& files)
    : folder_(folder),
      tokenizer_(Tokenizer::from_pretrained(folder)),
      weights_(Weights(files)),
      weight_(register_parameter("weight", read_weight(files, *weights_))) {
  if (const auto file = folder / "config.json"; file_exists(file)) {
    const Config config = Config::read(file);
    if (const auto path = config.find<std::string>("path")) {
      throw UnsupportedError("[SparseStaticEmbedding] " + config.name("path") + " is " +
                             in_quotes(*path) + "; expected the weights in the folder itself");
    }
    frozen_ = config.get<bool>("frozen", false);
  }
  weight_.set_requires_grad(!frozen_);
  if (tokenizer_.vocab_size() > weight_.size(0)) {
    throw LoadError("[SparseStaticEmbedding] " + folder.string() + ": the tokenizer has " +
                    std::to_string(tokenizer_.vocab_size()) + " tokens, \"weight\" " +
                    std::to_string(weight_.size(0)) + " numbers");
  }
}

void SparseStaticEmbedding::forward(Features& features) const {
  weights_.check_unchanged();
  const TokenBatch& batch = features.batch;
  // The text that each token stands in.
  at::Tensor texts = at::empty({batch.ids.size(0)}, at::kLong);
  auto* text = texts.data_ptr<int64_t>();
  int64_t number = 0;
  for (const LengthGroup& g : batch.groups) {
    for (int64_t i = 0; i < g.count; ++i, ++number) text = std::fill_n(text, g.length, number);
  }
  const at::Tensor places = texts.to(batch.ids.device()) * weight_.size(0) + batch.ids;
  const at::Tensor presence =
      at::zeros({number * weight_.size(0)}, weight_.options().requires_grad(false))
          .index_fill_(0, places, 1);
  features.sentence_embedding = presence.view({number, weight_.size(0)}) * weight_;
}

std::string SparseStaticEmbedding::python_path() const {
  return "sentence_transformers.sparse_encoder.models.SparseStaticEmbedding";
}

void SparseStaticEmbedding::write(const std::filesystem::path& folder) const {
  copy_tokenizer_files(folder_, folder);
  save_parameters(folder);
  write_json(folder / "config.json", {{"frozen", frozen_}});
}

}  // namespace sentence_transformers
