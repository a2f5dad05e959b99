// What the evaluators' tests share: the golden file, the tiny model, and how results are compared.
#pragma once

#include <gtest/gtest.h>
#include <sentence_transformers/evaluation.h>

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "core/files.h"
#include "support.h"

namespace sentence_transformers::test {

inline const nlohmann::json& golden_evaluation() {
  static const nlohmann::json golden = golden_json("evaluation.json");
  return golden;
}

inline const SentenceTransformer& tiny_model() {
  static const SentenceTransformer model(golden("tiny_bert").string(), {.device = "cpu"});
  return model;
}

/// JSON has no NaN and no infinity; there they are texts.
inline double number(const nlohmann::json& value) {
  return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
}

/// Python's arguments, by the names they have there.
inline EvaluatorOptions options_of(const nlohmann::json& python) {
  EvaluatorOptions options;
  for (const auto& [key, value] : python.items()) {
    if (key == "name") options.name = value;
    if (key == "truncate_dim") options.truncate_dim = value.get<int64_t>();
    if (key == "max_active_dims") options.max_active_dims = value.get<int64_t>();
    if (key == "precision") options.precision = parse_precision(value.get<std::string>());
    if (key == "similarity")
      options.similarities = {parse_similarity_function(value.get<std::string>())};
    if (key.starts_with("main_")) {
      options.main_similarity = parse_similarity_function(value.get<std::string>());
    }
    if (key == "similarity_fn_names" || key == "score_functions") {
      for (const std::string name : value) {
        options.similarities.push_back(parse_similarity_function(name));
      }
    }
  }
  return options;
}

inline void expect_close(double found, double expected, const std::string& where) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(found)) << where << ": " << found;
  } else if (found != expected) {
    EXPECT_NEAR(found, expected, 2e-6 * std::max(1.0, std::abs(expected))) << where;
  }
}

inline void expect_metrics(const Metrics& found, const nlohmann::json& expected) {
  for (const auto& [key, value] : expected.items()) {
    ASSERT_TRUE(found.count(key)) << key;
    expect_close(found.at(key), number(value), key);
  }
  EXPECT_EQ(found.size(), expected.size());
}

/// Cells and line ends are equal; numbers may differ in rounding.
inline void expect_csv(const std::string& found, const std::string& expected) {
  const auto cells = [](const std::string& text) {
    std::vector<std::string> cells(1);
    for (const char c : text) {
      const bool ends = c == ',' || c == '\r' || c == '\n';
      if (ends) cells.emplace_back();
      cells.back() += c;
      if (ends) cells.emplace_back();
    }
    return cells;
  };
  const auto a = cells(found), b = cells(expected);
  ASSERT_EQ(a.size(), b.size()) << found << expected;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    char* end = nullptr;
    const double value = std::strtod(a[i].c_str(), &end);
    ASSERT_TRUE(end != a[i].c_str() && *end == 0) << a[i] << " instead of " << b[i];
    expect_close(value, std::stod(b[i]), "csv");
  }
}

/// Calls `evaluate(context)` twice, so that the csv file grows, and compares with Python's case.
template <class Evaluate>
void expect_results(const nlohmann::json& expected, const Evaluate& evaluate) {
  const TempDir dir;
  const fs::path folder = dir.path() / "eval";  // made when it is needed
  const Metrics results = evaluate(EvaluationContext{.output_path = folder});
  evaluate(EvaluationContext{.output_path = folder, .epoch = 1.5, .steps = 200});
  expect_metrics(results, expected["results"]);
  const std::string file = expected["csv_file"];
  ASSERT_TRUE(fs::exists(folder / file)) << file;
  expect_csv(read_file(folder / file), expected["csv"]);
}

template <class Model>
void expect_case(const Evaluator<Model>& evaluator, const Model& model,
                 const nlohmann::json& expected) {
  SCOPED_TRACE(expected["csv_file"]);
  expect_results(expected, [&](const EvaluationContext& context) {
    const Metrics results = evaluator(model, context);
    EXPECT_EQ(evaluator.primary_metric(results), expected["primary_metric"]);
    return results;
  });
}

using Strings = std::vector<std::string>;

}  // namespace sentence_transformers::test
