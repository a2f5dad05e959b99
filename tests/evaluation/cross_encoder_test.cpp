// Cross-encoders' evaluators against Python's, on given scores and on tiny models.
#include <sentence_transformers/cross_encoder.h>

#include "evaluation/cross_encoder_reports.h"
#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;
using test::Strings;

std::vector<RerankingSample> samples_of(const json& list) {
  std::vector<RerankingSample> samples;
  for (const json& sample : list) {
    samples.push_back({.query = sample["query"],
                       .positive = sample["positive"].get<Strings>(),
                       .documents = sample["documents"].get<Strings>()});
  }
  return samples;
}

CrossEncoder load(const std::string& name) {
  return CrossEncoder(test::golden(name).string(), {.device = "cpu"});
}

TEST(CrossEncoderReports, EqualPython) {
  int cases = 0;
  for (const json& c : test::golden_evaluation()["cross_encoder"]) {
    if (c["kind"] == "reranking") continue;  // reranking_test.cpp
    ++cases;
    SCOPED_TRACE(c["csv_file"]);
    const auto report = [&]() -> Report {
      if (c["kind"] == "correlation") {
        return correlation_report(c["scores"].get<std::vector<float>>(),
                                  c["gold"].get<std::vector<double>>());
      }
      at::Tensor scores;
      if (c["scores"][0].is_array()) {
        std::vector<at::Tensor> rows;
        for (const json& row : c["scores"])
          rows.push_back(at::tensor(row.get<std::vector<float>>()));
        scores = at::stack(rows);
      } else {
        scores = at::tensor(c["scores"].get<std::vector<float>>());
      }
      return classification_report(scores, c["labels"].get<std::vector<int>>());
    }();
    test::expect_results(c, [&](const EvaluationContext& context) {
      return report.finish({.name = c["name"]}, context, c["csv_file"]);
    });
  }
  EXPECT_EQ(cases, 3);
}

TEST(CrossEncoderReports, BadLabels) {
  EXPECT_THROWS(std::invalid_argument, classification_report(at::tensor({0.5f, 1.f}), {0, 2}),
                "[CrossEncoderClassificationEvaluator]", "found 2");
}

TEST(CrossEncoderEvaluators, EqualPython) {
  std::map<std::string, CrossEncoder> models;
  for (const json& c : test::golden_evaluation()["cross_encoder_models"]) {
    const std::string folder = c["folder"];
    if (!models.count(folder)) models.emplace(folder, load(folder));
    const CrossEncoder& model = models.at(folder);
    const EvaluatorOptions options{.name = c["name"]};
    if (c["kind"] == "classification") {
      const CrossEncoderClassificationEvaluator evaluator(
          c["pairs"].get<std::vector<TextPair>>(), c["labels"].get<std::vector<int>>(), options);
      test::expect_case(evaluator, model, c);
    } else if (c["kind"] == "correlation") {
      const CrossEncoderCorrelationEvaluator evaluator(
          c["pairs"].get<std::vector<TextPair>>(), c["gold"].get<std::vector<double>>(), options);
      test::expect_case(evaluator, model, c);
    } else {
      const CrossEncoderRerankingEvaluator evaluator(samples_of(c["samples"]), c["options"]["at_k"],
                                                     true, options);
      test::expect_case(evaluator, model, c);
    }
  }
}

TEST(CrossEncoderEvaluators, OfADataset) {
  const ListDataset pairs({{{"a dog", "a cat"}, {0.5f}},
                           {{"the sun", "the weather"}, {0.75f}},
                           {{"he", "food"}, {0.0f}}});
  const CrossEncoder model = load("tiny_cross");
  EXPECT_EQ(
      CrossEncoderCorrelationEvaluator(pairs)(model),
      CrossEncoderCorrelationEvaluator(
          {{"a dog", "a cat"}, {"the sun", "the weather"}, {"he", "food"}}, {0.5, 0.75, 0})(model));
}

TEST(CrossEncoderEvaluators, BadInput) {
  EXPECT_THROWS(std::invalid_argument, CrossEncoderClassificationEvaluator({{"a", "b"}}, {1, 0}),
                "[CrossEncoderClassificationEvaluator]", "1 sentence_pairs and 2 labels");
  EXPECT_THROWS(std::invalid_argument, CrossEncoderCorrelationEvaluator({{"a", "b"}}, {1, 0}),
                "[CrossEncoderCorrelationEvaluator]", "1 sentence_pairs and 2 scores");
  EXPECT_THROWS(std::invalid_argument, CrossEncoderCorrelationEvaluator({{"a", "b"}}, {1}),
                "at least 2 pairs");
  EXPECT_THROWS(std::invalid_argument, CrossEncoderRerankingEvaluator({}),
                "[CrossEncoderRerankingEvaluator]", "samples is empty");
  EXPECT_THROWS(std::invalid_argument, CrossEncoderRerankingEvaluator({{"q", {"a"}, {"b"}}}, 0),
                "at_k is 0");
  EXPECT_THROWS(std::invalid_argument,
                CrossEncoderRerankingEvaluator(std::vector{RerankingSample{"q", {"a"}}}),
                "at least 2 texts");
}

TEST(CrossEncoderEvaluators, ModelsOfSeveralLabels) {
  const CrossEncoder model = load("tiny_cross_labels");
  const CrossEncoderCorrelationEvaluator correlation({{"a", "b"}, {"c", "d"}}, {1, 0});
  EXPECT_THROWS(std::invalid_argument, correlation(model), "[CrossEncoderCorrelationEvaluator]",
                "one label, found one with");
  const CrossEncoderRerankingEvaluator reranking({{"q", {"a"}, {"b"}}});
  EXPECT_THROWS(std::invalid_argument, reranking(model), "[CrossEncoderRerankingEvaluator]",
                "one label");
}

TEST(CrossEncoderEvaluators, NothingToAsk) {
  const CrossEncoderRerankingEvaluator evaluator(
      {{.query = "q", .positive = {}, .documents = {"b"}}});
  const Metrics metrics = evaluator(load("tiny_cross"));
  EXPECT_EQ(metrics.at("ndcg@10"), 0);
  EXPECT_EQ(metrics.at("base_ndcg@10"), 0);
}

}  // namespace
}  // namespace sentence_transformers
