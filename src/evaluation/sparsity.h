// How sparse the embeddings are that an evaluator made.
#pragma once

#include <sentence_transformers/sparse_encoder.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/report.h"

namespace sentence_transformers {

/// Means over all embeddings of a kind; dense ones are passed over.
class SparsityReport {
 public:
  /// `kind` is the beginning of the metrics' keys, such as "query_".
  void add(const std::string& kind, const at::Tensor& embeddings);
  void add(const std::string& /*kind*/, const std::vector<at::Tensor>& /*embeddings*/) {}
  /// Adds active_dims and sparsity_ratio of each kind, in the order in which kinds came.
  void finish(Report& report) const;
  /// How many dimensions one embedding of each kind share on average; nothing without sparse ones.
  std::optional<double> flops(const std::string& kind, const std::string& other) const;

 private:
  struct Kind {
    std::string name;
    double active_dims = 0, sparsity_ratio = 0;  // sums over rows
    int64_t rows = 0;
    at::Tensor counts = {};  // [V] float32: rows that a dimension is active in
  };
  const Kind* find(const std::string& name) const;

  std::vector<Kind> kinds_;
};

}  // namespace sentence_transformers
