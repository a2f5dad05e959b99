// What cross-encoders' scores say: results without a model. Rerankings are in reranking.h.
#pragma once

#include <vector>

#include "evaluation/report.h"

namespace sentence_transformers {

/// scores [N] of labels 0 and 1, or [N, classes]. Throws std::invalid_argument for other labels
/// where there are but two.
Report classification_report(const at::Tensor& scores, const std::vector<int>& labels);

/// Pearson and Spearman correlation.
Report correlation_report(const std::vector<float>& scores, const std::vector<double>& gold);

}  // namespace sentence_transformers
