#include "modules/multi_vector_mask.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include <algorithm>

#include "core/config_lists.h"
#include "modules/module_config.h"
#include "modules/task_list.h"

namespace sentence_transformers {
namespace {

constexpr const char* kWords = "skiplist_words";
constexpr const char* kTasks = "skiplist_tasks";
constexpr const char* kKeepOnly = "keep_only_token_ids";

}  // namespace

MultiVectorMask::MultiVectorMask(std::vector<std::string> skiplist_words)
    : words_(std::move(skiplist_words)) {}

MultiVectorMask::MultiVectorMask(const Config& config, const FeatureSizes& sizes) {
  check_keys(config, {kWords, kTasks, kKeepOnly}, type());
  if (sizes.some_tokens) {
    throw LoadError("[MultiVectorMask] " + config.file().string() +
                    ": expected it before modules that take tokens away");
  }
  if (config.has(kWords)) words_ = require_strings(config, kWords);
  if (config.has(kTasks)) tasks_ = read_tasks(config, kTasks);
  if (config.has(kKeepOnly)) {
    keep_only_ = require_integers(config, kKeepOnly, 0);
    std::sort(keep_only_->begin(), keep_only_->end());
  }
}

void MultiVectorMask::find_words(const Tokenizer& tokenizer) {
  skipped_.clear();
  for (const std::string& word : words_) {
    if (const auto id = tokenizer.token_to_id(word)) skipped_.push_back(*id);
  }
  std::sort(skipped_.begin(), skipped_.end());
}

void MultiVectorMask::forward(Features& features) const {
  const bool skip = !skipped_.empty() && includes_task(tasks_, features.task);
  const bool keep_only = features.task != "query" && keep_only_ && !keep_only_->empty();
  if (!skip && !keep_only) return;
  const at::Tensor ids = features.batch.ids.cpu();
  const auto* id = ids.const_data_ptr<int64_t>();
  const auto is_in = [](const std::vector<int64_t>& list, int64_t value) {
    return std::binary_search(list.begin(), list.end(), value);
  };
  std::vector<int64_t> rows, counts;
  int64_t row = 0;
  for (const int64_t length : features.rows_of_texts()) {
    const size_t before = rows.size();
    for (const int64_t end = row + length; row < end; ++row) {
      if (skip && is_in(skipped_, id[row])) continue;
      if (keep_only && !is_in(*keep_only_, id[row])) continue;
      rows.push_back(row);
    }
    counts.push_back(static_cast<int64_t>(rows.size() - before));
  }
  at::Tensor& x = features.token_embeddings;
  x = x.index_select(0, at::tensor(rows, at::kLong).to(x.device()));
  features.token_counts = std::move(counts);
}

std::string MultiVectorMask::python_path() const {
  return "sentence_transformers.multi_vector_encoder.modules.multi_vector_mask.MultiVectorMask";
}

void MultiVectorMask::write(const std::filesystem::path& folder) const {
  nlohmann::ordered_json config = {{kWords, words_}, {kTasks, tasks_}, {kKeepOnly, nullptr}};
  if (keep_only_) config[kKeepOnly] = *keep_only_;
  write_json(folder / "config.json", config);
}

}  // namespace sentence_transformers
