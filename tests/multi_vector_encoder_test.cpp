// MultiVectorEncoder against Python: embeddings of tokens, similarities, gradients, saving,
// refusals.
#include <ATen/ATen.h>
#include <sentence_transformers/sentence_transformers.h>

#include "core/config.h"
#include "core/safetensors.h"
#include "kernels/kernels.h"
#include "multi_vector.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

using Embeddings = std::vector<at::Tensor>;

Embeddings call(const MultiVectorEncoder& model, const json& c) {
  if (c["call"] == "encode_query") return model.encode_query(multi_vector_texts());
  if (c["call"] == "encode_document") return model.encode_document(multi_vector_texts());
  return model.encode(multi_vector_texts());
}

std::vector<int64_t> counts(const Embeddings& texts) {
  std::vector<int64_t> result;
  for (const at::Tensor& text : texts) result.push_back(text.size(0));
  return result;
}

class MultiVectorCases : public testing::TestWithParam<json> {};

TEST_P(MultiVectorCases, EmbedsAsPython) {
  const json& c = GetParam();
  const MultiVectorEncoder model = load_multi_vector(c["folder"]);
  const Embeddings found = call(model, c);
  ASSERT_EQ(counts(found), c["counts"].get<std::vector<int64_t>>());
  EXPECT_LE(largest_difference(at::cat(found), multi_vector_array(c["name"])), 1e-5);
  EXPECT_TRUE(at::equal(found[0], found[5]));  // the same text
  EXPECT_EQ(found[0].size(1), model.get_embedding_dimension());
}

INSTANTIATE_TEST_SUITE_P(Golden, MultiVectorCases,
                         testing::ValuesIn(multi_vector_golden()["cases"].get<std::vector<json>>()),
                         [](const auto& info) {
                           std::string name = info.param["name"];
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

std::set<std::string> folders() {
  std::set<std::string> names;
  for (const json& c : multi_vector_golden()["cases"]) names.insert(c["folder"]);
  return names;
}

TEST(MultiVectorEncoder, ScoresAsPython) {
  for (const std::string& name : folders()) {
    SCOPED_TRACE(name);
    const MultiVectorEncoder model = load_multi_vector(name);
    const Embeddings queries = model.encode_query(multi_vector_texts());
    const Embeddings documents = model.encode_document(multi_vector_texts());
    EXPECT_LE(
        largest_difference(model.similarity(queries, {documents.begin(), documents.begin() + 5}),
                           multi_vector_array(name + ".similarity")),
        2e-5);
    EXPECT_LE(largest_difference(model.similarity_pairwise(queries, documents),
                                 multi_vector_array(name + ".pairwise")),
              2e-5);
  }
}

TEST(MultiVectorEncoder, SavedModelsAreTheSame) {
  for (const std::string& name : folders()) {
    SCOPED_TRACE(name);
    const TempDir folder;
    const MultiVectorEncoder before = load_multi_vector(name);
    before.save_pretrained(folder.path());
    const MultiVectorEncoder after(folder.path().string(), {.device = "cpu"});
    EXPECT_EQ(after.similarity_fn(), before.similarity_fn());
    EXPECT_EQ(after.prompts(), before.prompts());
    for (const std::string task : {"query", "document"}) {
      const MultiVectorEncodeOptions options{.prompt_name = task, .task = task};
      const Embeddings a = before.encode(multi_vector_texts(), options);
      const Embeddings b = after.encode(multi_vector_texts(), options);
      ASSERT_EQ(counts(a), counts(b));
      EXPECT_TRUE(at::equal(at::cat(a), at::cat(b)));
    }
  }
}

TEST(MultiVectorEncoder, EachWayOfGivingTextsGivesTheSame) {
  const MultiVectorEncoder model = load_multi_vector("bert");
  const Embeddings all = model.encode(std::vector<std::string>{"the dog", "a cat"});
  const auto same = [](const Embeddings& a, const Embeddings& b) {
    return counts(a) == counts(b) && at::allclose(at::cat(a), at::cat(b));
  };
  EXPECT_TRUE(same(model.encode({"the dog", "a cat"}), all));
  const std::vector<std::string_view> views = {"the dog", "a cat"};
  EXPECT_TRUE(same(model.encode(std::span(views)), all));
  EXPECT_TRUE(at::allclose(model.encode("a cat"), all[1]));
  EXPECT_TRUE(at::allclose(model.encode_query("a cat"),
                           model.encode("a cat", {.prompt_name = "query", .task = "query"})));
  EXPECT_TRUE(
      at::allclose(model.encode_document("a cat"), model.encode("a cat", {.task = "document"})));
  EXPECT_TRUE(model.encode(std::vector<std::string>{}).empty());
  EncodeReport report;
  model.encode_document(multi_vector_texts(), {.batch_size = 2, .report = &report});
  EXPECT_EQ(report.texts, 8);
  EXPECT_EQ(report.truncated, 1);
}

TEST(MultiVectorEncoder, TextsDoNotShareMemory) {
  const MultiVectorEncoder model = load_multi_vector("bert");
  const Embeddings found = model.encode({"the dog", "the dog"});
  found[0].zero_();
  EXPECT_GT(found[1].abs().sum().item<double>(), 1);
}

TEST(MultiVectorEncoder, OptionsNormalizeAndPool) {
  const MultiVectorEncoder model = load_multi_vector("bert");
  const at::Tensor plain = model.encode_document("a cat and the weather");
  const HierarchicalTokenPooling pooling{.pool_factor = 2};
  const at::Tensor pooled =
      model.encode_document("a cat and the weather", {.token_pooling = pooling});
  EXPECT_TRUE(at::allclose(pooled, pooling.pool(plain)));
  EXPECT_LT(pooled.size(0), plain.size(0));
  const at::Tensor query = model.encode_query("a cat", {.token_pooling = pooling});
  EXPECT_EQ(query.size(0), 24);  // not of its tasks
  const at::Tensor normalized = model.encode_document("a cat", {.normalize_embeddings = true});
  EXPECT_TRUE(at::allclose(normalized.norm(2, 1), at::ones({normalized.size(0)})));
}

TEST(MultiVectorEncoder, RanksDocuments) {
  MultiVectorEncoder model = load_multi_vector("bert");
  const std::vector<std::string> documents = {"he", "the dog in the sun", "good food", "he"};
  const std::vector<util::Hit> hits = model.rank("a dog", documents, 3);
  ASSERT_EQ(hits.size(), 3U);
  const at::Tensor scores =
      model.similarity({model.encode_query("a dog")}, model.encode_document(documents))[0];
  for (size_t i = 0; i < hits.size(); ++i) {
    EXPECT_FLOAT_EQ(hits[i].score, scores[hits[i].corpus_id].item<float>());
    EXPECT_GE(hits[i == 0 ? 0 : i - 1].score, hits[i].score);
  }
  EXPECT_EQ(model.rank("a dog", documents).size(), 4U);
  model.set_similarity_fn(MultiVectorSimilarity::meanmaxsim);
  EXPECT_FLOAT_EQ(model.rank("a dog", documents)[0].score * 24, hits[0].score);
  EXPECT_THROWS(std::invalid_argument, model.rank("a dog", documents, 0), "top_k is 0");
}

TEST(MultiVectorEncoder, GradientsArePythons) {
  for (const std::string name : {"bert", "modernbert"}) {
    SCOPED_TRACE(name);
    MultiVectorEncoder model = load_multi_vector(name);
    model.train();
    model.set_dropout(0);
    const std::vector<std::string> texts = multi_vector_texts();
    const Embeddings rows = model.forward({texts.begin(), texts.begin() + 3}, "", "query");
    (at::cat(rows) * at::arange(1.0, 17.0)).square().sum().backward();
    int compared = 0;
    for (const auto& [parameter, value] : model.named_parameters()) {
      const std::string key = name + ".gradient." + parameter;
      if (!multi_vector_file().contains(key)) continue;
      const at::Tensor expected = multi_vector_file().get(key);
      const double size = std::max(1.0, expected.abs().max().item<double>());
      EXPECT_LE(largest_difference(value.grad(), expected), 2e-5 * size) << parameter;
      ++compared;
    }
    EXPECT_EQ(compared, name == "bert" ? 6 : 5);
  }
}

TEST(MultiVectorEncoder, NewProjectionsAreForTraining) {
  const std::string folder = multi_vector_folder("bert_bare");
  EXPECT_THROWS(UnsupportedError,
                (MultiVectorEncoder(golden("tiny_bert").string(), {.device = "cpu"})),
                "with_new_projection");
  at::manual_seed(1);
  const MultiVectorEncoder model =
      MultiVectorEncoder::with_new_projection(golden("tiny_bert").string(), 8, {.device = "cpu"});
  EXPECT_EQ(model.get_embedding_dimension(), 8);
  const at::Tensor rows = model.encode_document("the dog");
  EXPECT_TRUE(at::allclose(rows.norm(2, 1), at::ones({rows.size(0)})));
  for (const auto& [name, value] : model.named_parameters()) {
    if (name != "1.linear.weight") continue;
    EXPECT_LE(value.abs().max().item<double>(), 1 / std::sqrt(value.size(1)));
    EXPECT_GT(value.std().item<double>(), 0.4 / std::sqrt(value.size(1)));
  }
  EXPECT_THROWS(std::invalid_argument, MultiVectorEncoder::with_new_projection(folder, 0),
                "dimension is 0");
}

TEST(MultiVectorEncoder, Int8AndBfloat16StayClose) {
  const MultiVectorEncoder plain = load_multi_vector("bert");
  const at::Tensor expected = at::cat(plain.encode_query(multi_vector_texts()));
  const auto cosine = [&](const LoadOptions& options) {
    const MultiVectorEncoder model(multi_vector_folder("bert"), options);
    const at::Tensor found = at::cat(model.encode_query(multi_vector_texts()));
    return util::pairwise_cos_sim(found, expected).mean().item<double>();
  };
  if (!kernels::best()) GTEST_SKIP() << "no kernels for int8 here";
  EXPECT_GE(cosine({.device = "cpu", .quantization = Quantization::int8}), 0.98);
  if (!kernels::best()->linear_bf16) GTEST_SKIP() << "no instructions for bfloat16 here";
  EXPECT_GE(cosine({.device = "cpu", .dtype = at::kBFloat16}), 0.999);
}

/// A copy of a golden folder in which a file is changed.
class Changed {
 public:
  Changed(const std::string& name, const std::string& file,
          const std::function<void(json&)>& change) {
    std::filesystem::copy(multi_vector_folder(name), folder_.path(),
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
    json content = read_json(folder_.path() / file);
    change(content);
    write_file(folder_.path() / file, content.dump());
  }
  MultiVectorEncoder load() const {
    return MultiVectorEncoder(folder_.path().string(), {.device = "cpu"});
  }

 private:
  TempDir folder_;
};

TEST(MultiVectorEncoder, RefusesWhatCannotBe) {
  EXPECT_THROWS(std::invalid_argument,
                (MultiVectorEncoder(multi_vector_folder("bert"), {.truncate_dim = 4})),
                "truncate_dim");
  const MultiVectorEncoder model = load_multi_vector("bert");
  EXPECT_THROWS(std::invalid_argument, (model.encode({"a"}, {.batch_size = 0})), "batch_size is 0");
  EXPECT_THROWS(
      std::invalid_argument,
      (model.encode({"a"}, {.token_pooling = HierarchicalTokenPooling{.pool_factor = 0.5}})),
      "pool_factor is 0.5");
  const auto expect = [&](const std::string& name, const std::string& file,
                          const std::function<void(json&)>& change, const std::string& text,
                          bool unsupported = false) {
    SCOPED_TRACE(text);
    const Changed changed(name, file, change);
    if (unsupported) {
      EXPECT_THROWS(UnsupportedError, changed.load(), text);
    } else {
      EXPECT_THROWS(LoadError, changed.load(), text);
    }
  };
  const std::string settings = "sentence_bert_config.json";
  const auto in_expansion = [](const std::string& key, const json& value) {
    return [=](json& s) { s["query_expansion"][key] = value; };
  };
  expect("bert", settings, in_expansion("strategy", "some"), "known: fixed, min");
  expect("bert", settings, in_expansion("length", 0), "query_expansion.length");
  expect("bert", settings, in_expansion("length", 4000), "the model's positions");
  expect("bert", settings, in_expansion("token", "nowhere"), "lacks the token \"nowhere\"");
  expect("bert", settings, in_expansion("more", 1), "query_expansion.more", true);
  expect("bert", settings, [](json& s) { s["query_length"] = 8; }, "expected at least the length");
  expect("bert", settings, [](json& s) { s["document_length"] = 1; }, "document_length");
  expect(
      "bert", "tokenizer_config.json", [](json& s) { s["padding_side"] = "left"; },
      "padding_side\" is left", true);
  expect("bert", "modules.json", [](json& s) { s.erase(2); }, "expected a MultiVectorMask", true);
  expect(
      "bert", "modules.json", [](json& s) { s.insert(s.begin() + 3, s[2]); },
      "expected it before modules that take tokens away");
  expect(
      "bert", "modules.json",
      [](json& s) {
        s.push_back(s[0]);
        s.back()["type"] = "sentence_transformers.models.WordWeights";
      },
      "expected it before modules that take tokens away", true);
  expect(
      "roberta", "4_HierarchicalTokenPooling/config.json", [](json& s) { s["pool_factor"] = 0.5; },
      "pool_factor");
  expect(
      "roberta", "4_HierarchicalTokenPooling/config.json",
      [](json& s) { s["num_protected_tokens"] = -1; }, "num_protected_tokens");
  expect(
      "bert", "2_MultiVectorMask/config.json", [](json& s) { s["skiplist_words"] = 3; },
      "skiplist_words");
  expect(
      "bert", "3_Normalize/config.json", [](json& s) { s["module_input_name"] = "logits"; },
      "known: sentence_embedding, token_embeddings", true);
  expect(
      "bert", "3_Normalize/config.json",
      [](json& s) { s["module_output_name"] = "sentence_embedding"; }, "what it reads", true);
}

TEST(MultiVectorEncoder, PoolsAsScipyClusters) {
  for (const json& c : multi_vector_golden()["pooling"]) {
    const std::string name = c["name"];
    SCOPED_TRACE(name);
    const HierarchicalTokenPooling pooling{.pool_factor = c["pool_factor"],
                                           .num_protected_tokens = c["num_protected_tokens"],
                                           .normalize_embeddings = c["normalize_embeddings"]};
    const at::Tensor found = pooling.pool(multi_vector_array(name + ".rows"));
    const at::Tensor expected = multi_vector_array(name + ".pooled");
    ASSERT_EQ(found.sizes(), expected.sizes());
    EXPECT_LE(largest_difference(found, expected), 1e-6);
  }
  const HierarchicalTokenPooling pooling{.pool_factor = 2};
  EXPECT_EQ(pooling.pool(at::zeros({0, 3})).sizes(), at::IntArrayRef({0, 3}));
  EXPECT_THROWS(std::invalid_argument, (pooling.pool(at::zeros({3}))), "found 1 dimensions");
  EXPECT_THROWS(std::invalid_argument,
                (HierarchicalTokenPooling{.num_protected_tokens = -1}.pool(at::zeros({1, 1}))),
                "num_protected_tokens is -1");
  EXPECT_TRUE(pooling.applies_to(""));
  EXPECT_FALSE(pooling.applies_to("query"));
}

}  // namespace
}  // namespace sentence_transformers
