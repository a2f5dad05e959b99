// Numbers that judge scores: vectors in, numbers out. As scipy 1.17, scikit-learn 1.9 and Python's
// evaluators (sentence_transformers 6.2.0) compute them.
#pragma once

#include <cstdint>
#include <vector>

namespace sentence_transformers {

// Correlations; NaN for a constant input or a NaN. At least two values.

double pearson(const std::vector<double>& x, const std::vector<double>& y);
/// Equal values share the mean of their ranks.
double spearman(const std::vector<double>& x, const std::vector<double>& y);

// Scores of items with a label, 1 or 0. They throw std::invalid_argument for scores that are not
// finite; vectors have the same length, at least 1.

/// Area under precision over recall, one step for each distinct score; 0 without a label of 1.
double average_precision(const std::vector<int>& labels, const std::vector<float>& scores);

struct BestAccuracy {
  double accuracy = 0;
  float threshold = 0;
};
/// Label 1 is predicted from the threshold on: upwards if `high_is_similar`, else downwards.
BestAccuracy best_accuracy(const std::vector<int>& labels, const std::vector<float>& scores,
                           bool high_is_similar);

struct BestF1 {
  double f1 = 0, precision = 0, recall = 0;
  float threshold = 0;
};
BestF1 best_f1(const std::vector<int>& labels, const std::vector<float>& scores,
               bool high_is_similar);

/// Items ordered by their scores, the first k count. NDCG averages over the orders of equal scores,
/// and throws for a single item, for which it says nothing.
double ndcg(const std::vector<int>& relevant, const std::vector<float>& scores, int64_t k);

// Classes predicted and true.

/// Matthews correlation of two classes; 0 where it is not defined.
double matthews(const std::vector<int>& labels, const std::vector<int>& predicted);

struct F1Scores {
  double macro = 0, micro = 0, weighted = 0;
};
/// Over all classes that are in either; a class that is never right has 0.
F1Scores f1_scores(const std::vector<int>& labels, const std::vector<int>& predicted);

// A ranking: whether its first, second, ... item is relevant. `total` is how many are relevant,
// also beyond the ranking.

using Ranking = std::vector<char>;

int64_t hits_at(const Ranking& ranking, int64_t k);
/// 1 / place of the first relevant item, 0 if it is not among the first k.
double reciprocal_rank_at(const Ranking& ranking, int64_t k);
double ndcg_at(const Ranking& ranking, int64_t total, int64_t k);
double average_precision_at(const Ranking& ranking, int64_t total, int64_t k);

double mean(const std::vector<double>& values);

}  // namespace sentence_transformers
