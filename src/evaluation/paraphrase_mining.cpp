// Are the known duplicates found first among all pairs? Port of
// sentence_transformer/evaluation/paraphrase_mining.py (6.2.0).
#include <sentence_transformers/retrieval_evaluators.h>

#include <stdexcept>
#include <unordered_map>

#include "evaluation/common.h"
#include "evaluation/compared.h"
#include "evaluation/report.h"

namespace sentence_transformers {
namespace {

constexpr const char* kParaphraseMiningName = "ParaphraseMiningEvaluator";

using Duplicates = std::set<std::pair<int64_t, int64_t>>;  // i <= j

/// All pairs within each connected group.
Duplicates transitive_closure(const Duplicates& duplicates, int64_t count) {
  std::vector<int64_t> root(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) root[i] = i;
  const auto find = [&](int64_t i) {
    while (root[i] != i) i = root[i] = root[root[i]];
    return i;
  };
  for (const auto& [i, j] : duplicates) root[find(j)] = find(i);
  std::map<int64_t, std::vector<int64_t>> groups;
  for (int64_t i = 0; i < count; ++i) groups[find(i)].push_back(i);
  Duplicates all = duplicates;
  for (const auto& [first, members] : groups) {
    for (size_t a = 0; a < members.size(); ++a) {
      for (size_t b = a + 1; b < members.size(); ++b) all.emplace(members[a], members[b]);
    }
  }
  return all;
}

double ratio(int64_t a, int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

}  // namespace

ParaphraseMiningEvaluator::ParaphraseMiningEvaluator(
    TextsById sentences, std::vector<std::pair<std::string, std::string>> duplicates,
    ParaphraseMiningEvaluatorOptions mining, EvaluatorOptions options)
    : mining_(std::move(mining)), options_(std::move(options)) {
  check_sizes(kParaphraseMiningName, {{"sentences", sentences.size()}});
  std::unordered_map<std::string, int64_t> rows;
  for (auto& [id, text] : sentences) {
    if (!rows.emplace(id, static_cast<int64_t>(sentences_.size())).second) {
      throw std::invalid_argument("[" + std::string(kParaphraseMiningName) + "] the id \"" + id +
                                  "\" comes twice in sentences");
    }
    sentences_.push_back(std::move(text));
  }
  for (const auto& [id1, id2] : duplicates) {
    const auto i = rows.find(id1), j = rows.find(id2);
    if (i == rows.end() || j == rows.end()) continue;
    duplicates_.insert(std::minmax(i->second, j->second));
  }
  if (mining_.add_transitive_closure) {
    duplicates_ = transitive_closure(duplicates_, static_cast<int64_t>(sentences_.size()));
  }
}

Metrics ParaphraseMiningEvaluator::operator()(const SentenceTransformer& model,
                                              const EvaluationContext& context) const {
  const auto pairs =
      util::paraphrase_mining(model, sentences_, mining_.mining, encode_options(options_, model));
  const auto total = static_cast<int64_t>(duplicates_.size());
  double sum_of_precisions = 0, best_f1 = 0, best_precision = 0, best_recall = 0, threshold = 0;
  int64_t right = 0, right_before = 0;
  for (size_t n = 0; n < pairs.size(); ++n) {
    const util::ParaphrasePair& pair = pairs[n];
    right += static_cast<int64_t>(duplicates_.count(std::minmax(pair.i, pair.j)));
    const util::ParaphrasePair& next = pairs[std::min(n + 1, pairs.size() - 1)];
    if (n + 1 < pairs.size() && next.score == pair.score) continue;  // equal scores, one step
    if (right > right_before) {
      const double precision = ratio(right, static_cast<int64_t>(n) + 1);
      const double recall = ratio(right, total);
      const double f1 = 2 * precision * recall / (precision + recall);
      sum_of_precisions += precision * static_cast<double>(right - right_before);
      if (f1 > best_f1) {
        best_f1 = f1;
        best_precision = precision;
        best_recall = recall;
        threshold = (static_cast<double>(pair.score) + static_cast<double>(next.score)) / 2;
      }
    }
    right_before = right;
  }

  Report report;
  report.add("precision", "precision", best_precision);
  report.add("recall", "recall", best_recall);
  report.add("f1", "f1", best_f1);
  report.add("threshold", "threshold", threshold);
  report.add("average_precision", "average_precision",
             total ? sum_of_precisions / static_cast<double>(total) : 0.0);
  return report.finish(options_, context,
                       "paraphrase_mining_evaluation" + suffix(options_.name) + "_results.csv");
}

std::string ParaphraseMiningEvaluator::primary_metric(const Metrics&) const {
  return prefixed(options_.name, "average_precision");
}

}  // namespace sentence_transformers
