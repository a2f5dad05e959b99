#include "model/sparse_encoder_files.h"

#include <sentence_transformers/error.h>

#include "modules/splade_pooling.h"
#include "modules/transformer.h"

namespace sentence_transformers {
namespace {

const std::string kSparseEncoder = "SparseEncoder";

void words_and_pooling(const std::filesystem::path& folder, SparseEncoderParts& parts) {
  const Config config = Config::read(folder / "config.json");
  if (!is_masked_language_model(config)) {
    throw UnsupportedError("[SparseEncoder] " + folder.string() +
                           " is neither a saved SparseEncoder nor a masked language model "
                           "(\"architectures\" of config.json): Python would add a "
                           "SparseAutoEncoder with random weights to it");
  }
  const auto transformer = Transformer::with_words(folder);
  parts.width = transformer->output_sizes({}).words;
  parts.modules = {transformer,
                   std::make_shared<SpladePooling>(parts.width, SpladePooling::Strategy::max)};
}

}  // namespace

SparseEncoderParts read_sparse_encoder(const std::filesystem::path& folder) {
  SparseEncoderParts parts;
  parts.prompts = {{"query", ""}, {"document", ""}};
  const std::optional<Config> settings = read_settings(folder);
  const bool saved = model_type(settings) == kSparseEncoder;
  if (saved && file_exists(folder / "modules.json")) {
    parts.width = read_modules(folder, kSparseEncoder, parts).sentence_embedding;
    if (parts.width == 0) {
      throw LoadError("[SparseEncoder] " + (folder / "modules.json").string() +
                      ": expected a SpladePooling module, found none");
    }
  } else {
    words_and_pooling(folder, parts);
  }
  if (settings && saved) {
    read_prompts(*settings, kSparseEncoder, parts);
    parts.similarity = read_similarity(*settings, kSparseEncoder).value_or(SimilarityFunction::dot);
    if (settings->has("max_active_dims")) {
      parts.max_active_dims = settings->require_at_least("max_active_dims", 1);
    }
  }
  return parts;
}

void write_sparse_encoder(const SparseEncoderParts& parts, const std::filesystem::path& folder) {
  nlohmann::ordered_json more = {{"similarity_fn_name", to_string(parts.similarity)}};
  if (parts.max_active_dims) more["max_active_dims"] = *parts.max_active_dims;
  write_folder(parts, kSparseEncoder, more, folder);
}

}  // namespace sentence_transformers
