// Correlations, thresholds and rankings; see metrics.h for whose numbers these are.
#include "evaluation/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>

namespace sentence_transformers {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool has_nan(const std::vector<double>& x) {
  return std::any_of(x.begin(), x.end(), [](double value) { return std::isnan(value); });
}

bool is_constant(const std::vector<double>& x) {
  return std::all_of(x.begin(), x.end(), [&](double value) { return value == x[0]; });
}

/// x minus its mean, scaled to length 1.
std::vector<double> standardized(std::vector<double> x) {
  const double center = mean(x);
  double largest = 0, squares = 0;
  for (double& value : x) {
    value -= center;
    largest = std::max(largest, std::abs(value));
  }
  for (const double value : x) squares += (value / largest) * (value / largest);
  const double norm = largest * std::sqrt(squares);  // squares of large numbers overflow
  for (double& value : x) value /= norm;
  return x;
}

std::vector<double> average_ranks(const std::vector<double>& x) {
  std::vector<size_t> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return x[a] < x[b]; });
  std::vector<double> ranks(x.size());
  for (size_t begin = 0, end; begin < x.size(); begin = end) {
    end = begin + 1;
    while (end < x.size() && x[order[end]] == x[order[begin]]) ++end;
    const double rank = static_cast<double>(begin + 1 + end) / 2;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = rank;
  }
  return ranks;
}

/// Equal scores, best group first.
struct EqualScores {
  float score;
  int64_t items, positives;
};

std::vector<EqualScores> groups_by_score(const std::vector<int>& labels,
                                         const std::vector<float>& scores, bool descending,
                                         const char* function) {
  for (const float score : scores) {
    if (!std::isfinite(score)) {
      throw std::invalid_argument("[" + std::string(function) + "] expected finite scores, found " +
                                  std::to_string(score));
    }
  }
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return descending ? scores[a] > scores[b] : scores[a] < scores[b];
  });
  std::vector<EqualScores> groups;
  for (const size_t i : order) {
    if (groups.empty() || groups.back().score != scores[i]) groups.push_back({scores[i], 0, 0});
    ++groups.back().items;
    groups.back().positives += labels[i] == 1;
  }
  return groups;
}

/// Between a group and the next, so that it takes in the first alone.
float threshold_after(const std::vector<EqualScores>& groups, size_t i) {
  if (i + 1 == groups.size()) return groups[i].score;
  const float next = groups[i + 1].score;
  const float middle = (groups[i].score + next) / 2;
  return middle == next ? groups[i].score : middle;  // neighbouring floats have no middle
}

int64_t positives_in(const std::vector<EqualScores>& groups) {
  int64_t sum = 0;
  for (const EqualScores& group : groups) sum += group.positives;
  return sum;
}

double divided(int64_t a, int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

/// Of the place with `index` better ones.
double discount(int64_t index) { return 1 / std::log2(static_cast<double>(index) + 2); }

double ideal_dcg(int64_t relevant, int64_t k) {
  double sum = 0;
  for (int64_t i = 0; i < std::min(relevant, k); ++i) sum += discount(i);
  return sum;
}

}  // namespace

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double pearson(const std::vector<double>& x, const std::vector<double>& y) {
  if (has_nan(x) || has_nan(y) || is_constant(x) || is_constant(y)) return kNaN;
  const std::vector<double> a = standardized(x), b = standardized(y);
  return std::clamp(std::inner_product(a.begin(), a.end(), b.begin(), 0.0), -1.0, 1.0);
}

double spearman(const std::vector<double>& x, const std::vector<double>& y) {
  if (has_nan(x) || has_nan(y)) return kNaN;
  return pearson(average_ranks(x), average_ranks(y));
}

double average_precision(const std::vector<int>& labels, const std::vector<float>& scores) {
  const auto groups = groups_by_score(labels, scores, true, "average_precision");
  const int64_t total = positives_in(groups);
  double sum = 0;
  int64_t items = 0, positives = 0;
  for (const EqualScores& group : groups) {
    items += group.items;
    positives += group.positives;
    if (group.positives) sum += divided(group.positives, total) * divided(positives, items);
  }
  return sum;
}

BestAccuracy best_accuracy(const std::vector<int>& labels, const std::vector<float>& scores,
                           bool high_is_similar) {
  const auto groups = groups_by_score(labels, scores, high_is_similar, "best_accuracy");
  const auto count = static_cast<int64_t>(labels.size());
  int64_t right = count - positives_in(groups);  // as long as nothing is taken in
  const float outside = std::numeric_limits<float>::infinity() * (high_is_similar ? 1.f : -1.f);
  BestAccuracy best{divided(right, count), std::nextafter(groups[0].score, outside)};
  for (size_t i = 0; i < groups.size(); ++i) {
    right += 2 * groups[i].positives - groups[i].items;
    if (divided(right, count) > best.accuracy) {
      best = {divided(right, count), threshold_after(groups, i)};
    }
  }
  return best;
}

BestF1 best_f1(const std::vector<int>& labels, const std::vector<float>& scores,
               bool high_is_similar) {
  const auto groups = groups_by_score(labels, scores, high_is_similar, "best_f1");
  const int64_t total = positives_in(groups);
  BestF1 best;
  int64_t items = 0, positives = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    items += groups[i].items;
    positives += groups[i].positives;
    if (!positives) continue;
    const double precision = divided(positives, items), recall = divided(positives, total);
    const double f1 = 2 * precision * recall / (precision + recall);
    if (f1 > best.f1) best = {f1, precision, recall, threshold_after(groups, i)};
  }
  return best;
}

double ndcg(const std::vector<int>& relevant, const std::vector<float>& scores, int64_t k) {
  if (scores.size() < 2) {
    throw std::invalid_argument("[ndcg] expected at least 2 documents to rank, found " +
                                std::to_string(scores.size()));
  }
  const auto groups = groups_by_score(relevant, scores, true, "ndcg");
  const double ideal = ideal_dcg(positives_in(groups), k);
  double gain = 0;
  int64_t place = 0;
  for (const EqualScores& group : groups) {
    double discounts = 0;
    for (const int64_t end = place + group.items; place < end; ++place) {
      if (place < k) discounts += discount(place);
    }
    gain += divided(group.positives, group.items) * discounts;
  }
  return ideal == 0 ? 0 : gain / ideal;
}

double matthews(const std::vector<int>& labels, const std::vector<int>& predicted) {
  double counts[2][2] = {};  // [label][predicted]
  for (size_t i = 0; i < labels.size(); ++i) ++counts[labels[i] == 1][predicted[i] == 1];
  const auto& [negative, positive] = counts;
  const double product = (positive[0] + positive[1]) * (negative[0] + negative[1]) *
                         (positive[1] + negative[1]) * (positive[0] + negative[0]);
  if (product == 0) return 0;
  return (positive[1] * negative[0] - negative[1] * positive[0]) / std::sqrt(product);
}

F1Scores f1_scores(const std::vector<int>& labels, const std::vector<int>& predicted) {
  struct Counts {
    int64_t right = 0, labels = 0, predicted = 0;
  };
  std::map<int, Counts> classes;
  int64_t right = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    ++classes[labels[i]].labels;
    ++classes[predicted[i]].predicted;
    if (labels[i] != predicted[i]) continue;
    ++classes[labels[i]].right;
    ++right;
  }
  const auto count = static_cast<int64_t>(labels.size());
  F1Scores scores{.micro = divided(right, count)};
  for (const auto& [name, c] : classes) {
    const double f1 = divided(2 * c.right, c.labels + c.predicted);
    scores.macro += f1 / static_cast<double>(classes.size());
    scores.weighted += f1 * divided(c.labels, count);
  }
  return scores;
}

int64_t hits_at(const Ranking& ranking, int64_t k) {
  const auto end = ranking.begin() + std::min(k, static_cast<int64_t>(ranking.size()));
  return std::count_if(ranking.begin(), end, [](char relevant) { return relevant != 0; });
}

double reciprocal_rank_at(const Ranking& ranking, int64_t k) {
  for (size_t i = 0; i < ranking.size() && static_cast<int64_t>(i) < k; ++i) {
    if (ranking[i]) return 1 / static_cast<double>(i + 1);
  }
  return 0;
}

double ndcg_at(const Ranking& ranking, int64_t total, int64_t k) {
  double gain = 0;
  for (size_t i = 0; i < ranking.size() && static_cast<int64_t>(i) < k; ++i) {
    if (ranking[i]) gain += discount(static_cast<int64_t>(i));
  }
  return gain / ideal_dcg(total, k);
}

double average_precision_at(const Ranking& ranking, int64_t total, int64_t k) {
  double sum = 0;
  int64_t hits = 0;
  for (size_t i = 0; i < ranking.size() && static_cast<int64_t>(i) < k; ++i) {
    if (ranking[i]) sum += divided(++hits, static_cast<int64_t>(i) + 1);
  }
  return sum / static_cast<double>(std::min(k, total));
}

}  // namespace sentence_transformers
