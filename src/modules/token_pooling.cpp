#include "modules/token_pooling.h"

#include <ATen/ATen.h>
#include <sentence_transformers/similarity.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "modules/module_config.h"
#include "modules/task_list.h"
#include "modules/ward_clusters.h"

namespace sentence_transformers {
namespace {

void check(const HierarchicalTokenPooling& pooling, const at::Tensor& embeddings) {
  const std::string start = "[HierarchicalTokenPooling] ";
  if (embeddings.dim() != 2) {
    throw std::invalid_argument(start + "expected embeddings [T, D], found " +
                                std::to_string(embeddings.dim()) + " dimensions");
  }
  if (!(pooling.pool_factor >= 1) || !std::isfinite(pooling.pool_factor)) {
    throw std::invalid_argument(start + "pool_factor is " + std::to_string(pooling.pool_factor) +
                                "; expected at least 1");
  }
  if (pooling.num_protected_tokens < 0) {
    throw std::invalid_argument(start + "num_protected_tokens is " +
                                std::to_string(pooling.num_protected_tokens) +
                                "; expected at least 0");
  }
}

/// The mean of each cluster's rows.
at::Tensor means(const at::Tensor& rows, const std::vector<int64_t>& cluster_of_row) {
  const int64_t clusters = 1 + *std::max_element(cluster_of_row.begin(), cluster_of_row.end());
  const at::Tensor places = at::tensor(cluster_of_row, at::kLong).to(rows.device());
  const at::Tensor sums =
      at::zeros({clusters, rows.size(1)}, rows.options()).index_add(0, places, rows);
  return sums / places.bincount({}, clusters).unsqueeze(1);
}

}  // namespace

bool HierarchicalTokenPooling::applies_to(std::string_view task) const {
  return includes_task(tasks, task);
}

at::Tensor HierarchicalTokenPooling::pool(const at::Tensor& embeddings) const {
  check(*this, embeddings);
  const int64_t first = std::min(num_protected_tokens, embeddings.size(0));
  const at::Tensor rows = embeddings.narrow(0, first, embeddings.size(0) - first);
  const int64_t count = rows.size(0);
  const auto wanted = std::max<int64_t>(
      1, static_cast<int64_t>(std::floor(static_cast<double>(count) / pool_factor)));
  at::Tensor result = embeddings;
  if (wanted < count) {
    const at::Tensor x = rows.detach().to(at::kCPU, at::kFloat);
    const at::Tensor distances = (1 - at::mm(x, x.t())).clamp(0, 2).to(at::kDouble).contiguous();
    const std::vector<int64_t> clusters =
        ward_clusters(distances.const_data_ptr<double>(), count, wanted);
    result = at::cat({embeddings.narrow(0, 0, first), means(rows, clusters)});
  }
  return normalize_embeddings
             ? util::normalize_embeddings(result.to(at::kFloat)).to(embeddings.scalar_type())
             : result;
}

TokenPoolingModule::TokenPoolingModule(const Config& config) {
  check_keys(config, {"pool_factor", "num_protected_tokens", "normalize_embeddings", "tasks"},
             type());
  pooling_.pool_factor = config.get_below("pool_factor", 1, 1, std::numeric_limits<double>::max());
  pooling_.num_protected_tokens = config.get_at_least("num_protected_tokens", 1, 0);
  // What was saved before there was this key did not normalize.
  pooling_.normalize_embeddings = config.get<bool>("normalize_embeddings", false);
  if (config.has("tasks")) pooling_.tasks = read_tasks(config, "tasks");
}

void TokenPoolingModule::forward(Features& features) const {
  if (!pooling_.applies_to(features.task)) return;
  at::Tensor& x = features.token_embeddings;
  std::vector<at::Tensor> texts;
  std::vector<int64_t> counts;
  int64_t row = 0;
  for (const int64_t length : features.rows_of_texts()) {
    texts.push_back(pooling_.pool(x.narrow(0, row, length)));
    counts.push_back(texts.back().size(0));
    row += length;
  }
  x = at::cat(texts);
  features.token_counts = std::move(counts);
}

std::string TokenPoolingModule::python_path() const {
  return "sentence_transformers.multi_vector_encoder.modules.token_pooling." + type();
}

void TokenPoolingModule::write(const std::filesystem::path& folder) const {
  write_json(folder / "config.json", {{"pool_factor", pooling_.pool_factor},
                                      {"num_protected_tokens", pooling_.num_protected_tokens},
                                      {"normalize_embeddings", pooling_.normalize_embeddings},
                                      {"tasks", pooling_.tasks}});
}

}  // namespace sentence_transformers
