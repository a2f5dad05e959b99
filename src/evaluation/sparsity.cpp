// Sparsity as the evaluators of sentence_transformers/sparse_encoder/evaluation (6.2.0) report it.
#include "evaluation/sparsity.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace sentence_transformers {

const SparsityReport::Kind* SparsityReport::find(const std::string& name) const {
  const auto found = std::find_if(kinds_.begin(), kinds_.end(),
                                  [&](const Kind& kind) { return kind.name == name; });
  return found == kinds_.end() ? nullptr : &*found;
}

void SparsityReport::add(const std::string& name, const at::Tensor& embeddings) {
  if (!embeddings.is_sparse()) return;
  if (!find(name)) kinds_.push_back({.name = name});
  Kind& kind = kinds_[static_cast<size_t>(find(name) - kinds_.data())];
  const Sparsity sparsity = SparseEncoder::sparsity(embeddings);
  const auto rows = static_cast<double>(embeddings.size(0));
  kind.active_dims += sparsity.active_dims * rows;
  kind.sparsity_ratio += sparsity.sparsity_ratio * rows;
  kind.rows += embeddings.size(0);
  const at::Tensor counts =
      at::bincount(embeddings.coalesce().indices()[1], {}, embeddings.size(1)).to(at::kFloat);
  kind.counts = kind.counts.defined() ? kind.counts + counts : counts;
}

void SparsityReport::finish(Report& report) const {
  for (const Kind& kind : kinds_) {
    const auto add = [&](const std::string& key, double sum) {
      report.add(kind.name + key, kind.name + key, sum / static_cast<double>(kind.rows));
    };
    add("active_dims", kind.active_dims);
    add("sparsity_ratio", kind.sparsity_ratio);
  }
}

std::optional<double> SparsityReport::flops(const std::string& kind,
                                            const std::string& other) const {
  const Kind *a = find(kind), *b = find(other);
  if (!a || !b) return std::nullopt;
  return at::dot(a->counts / a->rows, b->counts / b->rows).item<float>();
}

}  // namespace sentence_transformers
