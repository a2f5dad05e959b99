#include "modules/bow.h"

#include <ATen/ATen.h>

#include <unordered_set>

#include "core/config_lists.h"
#include "modules/module_config.h"

namespace sentence_transformers {
namespace {

/// The words in their order, each once.
std::vector<std::string> different(const std::vector<std::string>& words) {
  std::unordered_set<std::string_view> seen;
  std::vector<std::string> result;
  for (const std::string& word : words) {
    if (seen.insert(word).second) result.push_back(word);
  }
  return result;
}

}  // namespace

BoW::BoW(const std::filesystem::path& folder)
    : config_(Config::read(folder / "config.json")),
      words_(different(require_strings(config_, "vocab"))),
      weights_(word_weights(config_, words_.words())),
      cumulative_(config_.get<bool>("cumulative_term_frequency", true)) {
  check_keys(config_, {"vocab", "word_weights", "unknown_word_weight", "cumulative_term_frequency"},
             "BoW");
}

Encoding BoW::tokenize(std::string_view text) const {
  Encoding encoding;
  encoding.ids = whitespace_ids(text, words_, false);
  encoding.type_ids.resize(encoding.ids.size());
  encoding.untruncated_length = static_cast<int64_t>(encoding.ids.size());
  return encoding;
}

void BoW::forward(Features& features) const {
  const TokenBatch& batch = features.batch;
  const at::Tensor ids = batch.ids.to(at::kCPU);
  const at::Tensor counts = at::zeros({batch.texts(), size()}, at::kFloat);
  auto* row = counts.data_ptr<float>();
  for (const LengthGroup& g : batch.groups) {
    const auto* id = ids.const_data_ptr<int64_t>() + g.offset;
    for (int64_t i = 0; i < g.count; ++i, row += size()) {
      for (int64_t k = 0; k < g.length; ++k, ++id) {
        row[*id] = (cumulative_ ? row[*id] : 0) + weights_[static_cast<size_t>(*id)];
      }
    }
  }
  features.sentence_embedding = counts.to(batch.ids.device(), dtype());
}

void BoW::write(const std::filesystem::path& folder) const {
  write_json(folder / "config.json", config_.json());
}

}  // namespace sentence_transformers
