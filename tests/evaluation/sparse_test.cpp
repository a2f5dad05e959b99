// Evaluators of sparse encoders against Python's.
#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;
using test::Strings;

const json& golden_of(const char* evaluator) {
  static const json golden = test::golden_json("sparse_evaluation.json");
  return golden[evaluator];
}

SparseEncoder open(const char* name) {
  return SparseEncoder((test::golden("sparse") / name).string(), {.device = "cpu"});
}
const SparseEncoder& sparse_model() {
  static const SparseEncoder model = open("bert");
  return model;
}

TEST(SparseEvaluators, EmbeddingSimilarityEqualsPython) {
  const json& golden = golden_of("embedding_similarity");
  for (const json& c : golden["cases"]) {
    const SparseEmbeddingSimilarityEvaluator evaluator(
        golden["sentences1"].get<Strings>(), golden["sentences2"].get<Strings>(),
        golden["scores"].get<std::vector<double>>(), test::options_of(c["options"]));
    test::expect_case(evaluator, sparse_model(), c);
  }
}

TEST(SparseEvaluators, BinaryClassificationEqualsPython) {
  const json& golden = golden_of("binary_classification");
  for (const json& c : golden["cases"]) {
    const SparseBinaryClassificationEvaluator evaluator(
        golden["sentences1"].get<Strings>(), golden["sentences2"].get<Strings>(),
        golden["labels"].get<std::vector<int>>(), test::options_of(c["options"]));
    test::expect_case(evaluator, sparse_model(), c);
  }
}

TEST(SparseEvaluators, TripletEqualsPython) {
  const json& golden = golden_of("triplet");
  for (const json& c : golden["cases"]) {
    const SparseTripletEvaluator evaluator(
        golden["anchors"].get<Strings>(), golden["positives"].get<Strings>(),
        golden["negatives"].get<Strings>(), test::options_of(c["options"]),
        c["options"].value("margin", 0.0));
    test::expect_case(evaluator, sparse_model(), c);
  }
}

TEST(SparseEvaluators, TranslationEqualsPython) {
  const json& golden = golden_of("translation");
  for (const json& c : golden["cases"]) {
    const SparseTranslationEvaluator evaluator(golden["source"].get<Strings>(),
                                               golden["target"].get<Strings>(),
                                               test::options_of(c["options"]));
    test::expect_case(evaluator, sparse_model(), c);
  }
}

TEST(SparseEvaluators, MSEEqualsPython) {
  const json& golden = golden_of("mse");
  const SparseEncoder teacher = open("distilbert");
  for (const json& c : golden["cases"]) {
    const SparseMSEEvaluator evaluator(golden["source"].get<Strings>(),
                                       golden["target"].get<Strings>(), teacher,
                                       test::options_of(c["options"]));
    test::expect_case(evaluator, sparse_model(), c);
  }
}

TEST(SparseEvaluators, InformationRetrievalEqualsPython) {
  const json& golden = golden_of("information_retrieval");
  const auto texts = [&](const char* name) {
    TextsById found;
    for (const auto& [id, text] : golden[name].items()) found.emplace_back(id, text);
    return found;
  };
  for (const json& c : golden["cases"]) {
    const SparseInformationRetrievalEvaluator evaluator(
        texts("queries"), texts("corpus"),
        golden["relevant_docs"].get<std::map<std::string, std::set<std::string>>>(),
        {.corpus_chunk_size = c["options"].value("corpus_chunk_size", 50'000)},
        test::options_of(c["options"]));
    test::expect_case(evaluator, sparse_model(), c);
  }
}

TEST(SparseEvaluators, RerankingEqualsPython) {
  const json& golden = golden_of("reranking");
  std::vector<RerankingSample> samples;
  for (const json& s : golden["samples"]) {
    samples.push_back({s["query"], s["positive"].get<Strings>(), s["negative"].get<Strings>()});
  }
  for (const json& c : golden["cases"]) {
    const SparseRerankingEvaluator evaluator(samples, c["options"].value("at_k", 10),
                                             test::options_of(c["options"]));
    test::expect_case(evaluator, sparse_model(), c);
  }
}

TEST(SparseEvaluators, SeveralAsOne) {
  const auto triplets =
      std::make_shared<SparseTripletEvaluator>(Strings{"a dog"}, Strings{"a dog"}, Strings{"he"});
  const SparseEncoderSequentialEvaluator both({triplets, triplets});
  EXPECT_EQ(both(sparse_model()).at("sequential_score"),
            (*triplets)(sparse_model()).at("dot_accuracy"));
}

TEST(SparseEvaluators, BadInput) {
  EXPECT_THROWS(std::invalid_argument, SparseTripletEvaluator({"a"}, {"b"}, {}),
                "[SparseTripletEvaluator] negatives is empty");
  EXPECT_THROWS(std::invalid_argument, SparseEmbeddingSimilarityEvaluator({"a"}, {"b"}, {1}),
                "[SparseEmbeddingSimilarityEvaluator]");
  EXPECT_THROWS(std::invalid_argument, SparseBinaryClassificationEvaluator({"a"}, {"b"}, {2}),
                "[SparseBinaryClassificationEvaluator]");
  EXPECT_THROWS(std::invalid_argument, SparseRerankingEvaluator({}), "[SparseRerankingEvaluator]");
  EXPECT_THROWS(std::invalid_argument,
                SparseInformationRetrievalEvaluator({{"q", "a"}, {"q", "b"}}, {{"d", "b"}}, {}),
                "[SparseInformationRetrievalEvaluator] the id \"q\" comes twice");
  const SparseMSEEvaluator evaluator({"a"}, {"b"}, open("csr"));
  EXPECT_THROWS(std::invalid_argument, evaluator(sparse_model()), "[SparseMSEEvaluator]",
                "[1, 40]; found [1, 178]");
}

}  // namespace
}  // namespace sentence_transformers
