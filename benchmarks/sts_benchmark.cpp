// Accuracy on the STS benchmark: Spearman's rank correlation between the scores that people gave
// and the cosine of two sentences' embeddings.
#include <ATen/ATen.h>

#include <cstdio>
#include <exception>
#include <numeric>

#include "support.h"

namespace {

constexpr const char* kUsage =
    "Usage: sts_benchmark MODEL_FOLDER STS.csv [--dtype float32|bfloat16] [--quantization "
    "none|int8]";

struct Pairs {
  std::vector<double> scores;
  std::vector<std::string> first, second;
};

/// Lines of genre, file, year, id, score, sentence1, sentence2 (and sometimes more), separated by
/// tabs, without quoting.
Pairs read_pairs(const std::string& path) {
  Pairs pairs;
  for (const std::string& line : bench::read_lines(path)) {
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == '\t') {
        fields.emplace_back();
      } else if (c != '\r') {
        fields.back() += c;
      }
    }
    if (fields.size() < 7) {
      throw std::runtime_error("[read_pairs] " + path + ", line " +
                               std::to_string(pairs.scores.size() + 1) + ": expected 7 fields, " +
                               "found " + std::to_string(fields.size()));
    }
    pairs.scores.push_back(std::stod(fields[4]));
    pairs.first.push_back(fields[5]);
    pairs.second.push_back(fields[6]);
  }
  return pairs;
}

/// 1 for the smallest; equal values share the mean of their ranks.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (size_t begin = 0, end; begin < order.size(); begin = end) {
    end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double mean = static_cast<double>(begin + 1 + end) / 2;
    for (size_t i = begin; i < end; ++i) result[order[i]] = mean;
  }
  return result;
}

double pearson(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::string> files;
  std::string dtype = "float32", quantization = "none";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with("--")) {
      files.push_back(word);
    } else if ((word == "--dtype" || word == "--quantization") && i + 1 < argc) {
      (word == "--dtype" ? dtype : quantization) = argv[++i];
    } else {
      throw std::invalid_argument(kUsage);
    }
  }
  if (files.size() != 2) throw std::invalid_argument(kUsage);
  if (quantization != "none" && dtype != "float32") throw std::invalid_argument(kUsage);
  const auto model = bench::load(files[0], quantization == "none" ? dtype : quantization);

  const Pairs pairs = read_pairs(files[1]);
  const at::Tensor cosine =
      bench::st::util::pairwise_cos_sim(model.encode(pairs.first), model.encode(pairs.second));
  const float* values = cosine.const_data_ptr<float>();
  const double spearman =
      pearson(ranks(pairs.scores), ranks({values, values + pairs.scores.size()}));
  std::printf("{\"pairs\": %zu, \"spearman\": %.5f}\n", pairs.scores.size(), spearman);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
