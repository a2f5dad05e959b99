#include "modules/normalize.h"

#include <sentence_transformers/error.h>
#include <sentence_transformers/similarity.h>

#include "core/files.h"
#include "modules/module_config.h"

namespace sentence_transformers {
namespace {

bool reads_tokens(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  return file_exists(file) && works_on_tokens(Config::read(file), "Normalize");
}

}  // namespace

Normalize::Normalize(const std::filesystem::path& folder, const FeatureSizes& sizes)
    : of_tokens_(reads_tokens(folder)) {
  check_embeddings(folder, sizes, of_tokens_, "Normalize");
}

void Normalize::forward(Features& features) const {
  at::Tensor& x = of_tokens_ ? features.token_embeddings : features.sentence_embedding;
  x = util::normalize_embeddings(x);
}

void Normalize::write(const std::filesystem::path& folder) const {
  if (!of_tokens_) return;
  write_json(folder / "config.json", {{"module_input_name", "token_embeddings"},
                                      {"module_output_name", "token_embeddings"}});
}

}  // namespace sentence_transformers
