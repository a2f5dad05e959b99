// Evaluators of multi-vector encoders against Python.
#include <sentence_transformers/sentence_transformers.h>

#include <fstream>

#include "multi_vector.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

using Strings = std::vector<std::string>;

const json& data() { return multi_vector_golden()["evaluation"]; }
Strings strings(const json& list, size_t begin, size_t count) {
  return {list.begin() + static_cast<std::ptrdiff_t>(begin),
          list.begin() + static_cast<std::ptrdiff_t>(begin + count)};
}

std::unique_ptr<MultiVectorEncoderEvaluator> make_evaluator(const std::string& name) {
  const json &words = data()["words"], &documents = data()["documents"];
  if (name == "triplet") {
    return std::make_unique<MultiVectorTripletEvaluator>(
        words.get<Strings>(), strings(documents, 0, 10), strings(documents, 5, 10),
        EvaluatorOptions{.name = "t"}, 0.05);
  }
  if (name == "retrieval") {
    TextsById queries, corpus;
    for (size_t i = 0; i < words.size(); ++i) {
      queries.emplace_back("q" + std::to_string(i), words[i]);
    }
    for (size_t i = 0; i < documents.size(); ++i) {
      const std::string number = std::to_string(i);
      corpus.emplace_back("d" + std::string(2 - number.size(), '0') + number, documents[i]);
    }
    return std::make_unique<MultiVectorInformationRetrievalEvaluator>(
        queries, corpus, data()["relevant"].get<std::map<std::string, std::set<std::string>>>(),
        InformationRetrievalOptions{.corpus_chunk_size = 5, .ndcg_at_k = {3, 10}});
  }
  if (name == "reranking") {
    std::vector<RerankingSample> samples;
    for (const json& sample : data()["samples"]) {
      samples.push_back({.query = sample["query"],
                         .positive = sample["positive"].get<Strings>(),
                         .negative = sample["negative"].get<Strings>()});
    }
    return std::make_unique<MultiVectorRerankingEvaluator>(samples, 3,
                                                           EvaluatorOptions{.name = "r"});
  }
  const auto teacher = data()["teacher"].get<std::vector<std::vector<double>>>();
  if (name == "distillation") {
    return std::make_unique<MultiVectorDistillationEvaluator>(
        strings(words, 0, 6), data()["candidates"].get<std::vector<Strings>>(), teacher,
        DistillationTemperatures{.student = 0.5});
  }
  EXPECT_EQ(name, "flat");
  std::vector<Strings> one;
  std::vector<std::vector<double>> scores;
  for (size_t i = 0; i < 6; ++i) {
    one.push_back({documents[i]});
    scores.push_back({teacher[i][0]});
  }
  return std::make_unique<MultiVectorDistillationEvaluator>(strings(words, 0, 6), one, scores,
                                                            DistillationTemperatures{.both = 2},
                                                            EvaluatorOptions{.name = "flat"});
}

TEST(MultiVectorEvaluators, NumbersKeysAndFilesArePythons) {
  EXPECT_EQ(data()["results"].size(), 10u);
  for (const json& c : data()["results"]) {
    SCOPED_TRACE(c["folder"].get<std::string>() + " " + c["evaluator"].get<std::string>());
    const MultiVectorEncoder model = load_multi_vector(c["folder"]);
    const auto evaluator = make_evaluator(c["evaluator"]);
    const TempDir out;
    const Metrics found = (*evaluator)(model, {.output_path = out.path(), .epoch = 1, .steps = 7});
    EXPECT_EQ(found.size(), c["metrics"].size());
    for (const auto& [key, value] : c["metrics"].items()) {
      ASSERT_TRUE(found.count(key)) << key;
      EXPECT_NEAR(found.at(key), value.get<double>(), 1e-5) << key;
    }
    EXPECT_EQ(evaluator->primary_metric(found), c["primary"]);
    for (const auto& [name, header] : c["files"].items()) {
      std::ifstream file(out.path() / name);
      std::string line;
      ASSERT_TRUE(std::getline(file, line)) << name;
      if (line.ends_with('\r')) line.pop_back();
      EXPECT_EQ(line, header);
    }
  }
}

TEST(MultiVectorEvaluators, SequencesHaveAScore) {
  const MultiVectorEncoder model = load_multi_vector("bert");
  const MultiVectorEncoderSequentialEvaluator both(
      {make_evaluator("triplet"), make_evaluator("reranking")});
  const Metrics found = both(model);
  EXPECT_EQ(found.at("sequential_score"), found.at("r_ndcg@3"));
}

TEST(MultiVectorEvaluators, RefuseWhatDoesNotFit) {
  const auto triplets = [](const EvaluatorOptions& options) {
    return MultiVectorTripletEvaluator({"a"}, {"b"}, {"c"}, options);
  };
  EXPECT_THROWS(std::invalid_argument, triplets({.truncate_dim = 4}),
                "[MultiVectorTripletEvaluator] expected no truncate_dim");
  EXPECT_THROWS(std::invalid_argument, triplets({.similarities = {SimilarityFunction::dot}}),
                "expected no similarities");
  const auto distillation = [](const std::vector<Strings>& documents,
                               const std::vector<std::vector<double>>& scores,
                               const DistillationTemperatures& temperatures) {
    return MultiVectorDistillationEvaluator({"a", "b"}, documents, scores, temperatures);
  };
  EXPECT_THROWS(std::invalid_argument, distillation({{"c"}}, {{1}}, {}), "expected lists");
  EXPECT_THROWS(std::invalid_argument, distillation({{"c"}, {}}, {{1}, {2}}, {}),
                "query 1 has 0 documents and 1 scores; expected 1 of both");
  EXPECT_THROWS(std::invalid_argument, distillation({{"c"}, {"d"}}, {{1}, {2, 3}}, {}),
                "query 1 has 1 documents and 2 scores");
  EXPECT_THROWS(std::invalid_argument, distillation({{"c"}, {"d"}}, {{1}, {2}}, {.teacher = 0}),
                "a temperature is 0");
}

}  // namespace
}  // namespace sentence_transformers
