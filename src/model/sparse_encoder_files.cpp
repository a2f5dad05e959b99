#include "model/sparse_encoder_files.h"

#include <sentence_transformers/error.h>

#include "modules/pooling.h"
#include "modules/sparse_auto_encoder.h"
#include "modules/splade_pooling.h"
#include "modules/transformer.h"

namespace sentence_transformers {
namespace {

const std::string kSparseEncoder = "SparseEncoder";

void append_auto_encoder(SparseEncoderParts& parts, int64_t k, int64_t k_aux) {
  constexpr int64_t kLatentsPerDimension = 4;
  parts.modules.push_back(std::make_shared<SparseAutoEncoder>(
      SparseAutoEncoderConfig{.input_dim = parts.width,
                              .hidden_dim = kLatentsPerDimension * parts.width,
                              .k = k,
                              .k_aux = k_aux}));
  parts.width *= kLatentsPerDimension;
}

void bare_model(const std::filesystem::path& folder, SparseEncoderParts& parts) {
  if (is_masked_language_model(Config::read(folder / "config.json"))) {
    const auto transformer = Transformer::with_words(folder);
    parts.width = transformer->output_sizes({}).words;
    parts.modules = {transformer,
                     std::make_shared<SpladePooling>(parts.width, SpladePooling::Strategy::max)};
    return;
  }
  const auto transformer = std::make_shared<Transformer>(folder);
  parts.width = transformer->output_sizes({}).token_embeddings;
  parts.modules = {transformer, std::make_shared<Pooling>(
                                    parts.width, std::vector<PoolingMode>{PoolingMode::mean})};
  append_auto_encoder(parts, 256, 512);
}

/// Of the model's own modules, not of those on a Router's routes, as in Python.
std::optional<int64_t> auto_encoder_k(const SparseEncoderParts& parts) {
  for (const auto& module : parts.modules) {
    if (const auto* found = dynamic_cast<const SparseAutoEncoder*>(module.get())) return found->k();
  }
  return std::nullopt;
}

}  // namespace

SparseEncoderParts read_sparse_encoder(const std::filesystem::path& folder) {
  SparseEncoderParts parts;
  parts.prompts = {{"query", ""}, {"document", ""}};
  const std::optional<Config> settings = read_settings(folder);
  const bool saved = model_type(settings) == kSparseEncoder;
  const bool dense = model_type(settings) == "SentenceTransformer";
  if ((saved || dense) && file_exists(folder / "modules.json")) {
    parts.width = read_modules(folder, kSparseEncoder, parts).sentence_embedding;
    if (parts.width == 0) {
      throw LoadError("[SparseEncoder] " + (folder / "modules.json").string() +
                      ": expected a SpladePooling or Pooling module, found neither");
    }
    if (dense) append_auto_encoder(parts, parts.width / 4, parts.width / 2);
    if (settings) {
      read_prompts(*settings, kSparseEncoder, parts);
      parts.similarity =
          read_similarity(*settings, kSparseEncoder).value_or(SimilarityFunction::dot);
    }
  } else {
    bare_model(folder, parts);
  }
  if (settings && saved && settings->has("max_active_dims")) {
    parts.max_active_dims = settings->require_at_least("max_active_dims", 1);
  } else {
    parts.max_active_dims = auto_encoder_k(parts);
  }
  return parts;
}

void write_sparse_encoder(const SparseEncoderParts& parts, const std::filesystem::path& folder) {
  nlohmann::ordered_json more = {{"similarity_fn_name", to_string(parts.similarity)}};
  if (parts.max_active_dims) more["max_active_dims"] = *parts.max_active_dims;
  write_folder(parts, kSparseEncoder, more, folder);
}

}  // namespace sentence_transformers
