// SparseEncoder against Python: embeddings, decoding, similarities, gradients, saving, refusals.
#include <ATen/ATen.h>
#include <sentence_transformers/sentence_transformers.h>

#include "core/device.h"
#include "core/safetensors.h"
#include "kernels/kernels.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

const json& golden_sparse() {
  static const json file = golden_json("sparse.json");
  return file;
}
at::Tensor golden_array(const std::string& name) {
  static const auto file = SafeTensors::open(golden("sparse.safetensors"));
  return file.get(name);
}
std::vector<std::string> texts() { return golden_sparse()["texts"]; }
std::string folder(const std::string& name) { return golden("sparse/" + name).string(); }
SparseEncoder load(const std::string& name) {
  return SparseEncoder(folder(name), {.device = "cpu"});
}

at::Tensor call(const SparseEncoder& model, const json& c) {
  SparseEncodeOptions options;
  if (c["options"].contains("max_active_dims")) {
    options.max_active_dims = c["options"]["max_active_dims"];
  }
  if (c["options"].contains("prompt")) options.prompt = c["options"]["prompt"];
  if (c["call"] == "encode_query") return model.encode_query(texts(), options);
  if (c["call"] == "encode_document") return model.encode_document(texts(), options);
  return model.encode(texts(), options);
}

void expect_tokens(const std::vector<WeightedToken>& found, const json& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].first, expected[i][0]);
    EXPECT_NEAR(found[i].second, expected[i][1].get<double>(), 1e-4);
  }
}

TEST(SparseEncoder, EmbedsAsPython) {
  for (const json& c : golden_sparse()["cases"]) {
    const std::string name = c["name"];
    SCOPED_TRACE(name);
    const SparseEncoder model = load(c["folder"]);
    const at::Tensor found = call(model, c), expected = golden_array(name);
    EXPECT_TRUE(found.is_sparse());
    EXPECT_TRUE(found.is_coalesced());
    EXPECT_EQ(found.size(1), model.get_embedding_dimension());
    const double size = std::max(1.0, expected.abs().max().item<double>());
    EXPECT_LE(largest_difference(found.to_dense(), expected), 1e-5 * size);
    EXPECT_TRUE(at::equal(found.to_dense() != 0, expected != 0));
    EXPECT_TRUE(at::equal(found[0].to_dense(), found[5].to_dense()));  // the same text
    if (!c.contains("decoded")) continue;
    const Sparsity sparsity = SparseEncoder::sparsity(found);
    EXPECT_NEAR(sparsity.active_dims, c["sparsity"]["active_dims"].get<double>(), 1e-6);
    EXPECT_NEAR(sparsity.sparsity_ratio, c["sparsity"]["sparsity_ratio"].get<double>(), 1e-6);
    expect_tokens(model.decode(found[0], 5), c["decoded"]);
    const auto all = model.decode_batch(found, 5);
    ASSERT_EQ(all.size(), texts().size());
    expect_tokens(all[0], c["decoded"]);
    EXPECT_EQ(all[2], model.decode(found[2], 5));
    expect_tokens(model.decode(SparseEncoder::intersection(found[0], found[2])), c["shared"]);
    const at::Tensor scores = model.similarity(found, found.to_dense().narrow(0, 0, 3));
    EXPECT_LE(largest_difference(scores, golden_array(name + ".similarity")), 1e-4);
    EXPECT_LE(largest_difference(model.similarity_pairwise(found, found),
                                 golden_array(name + ".pairwise")),
              1e-4);
  }
}

TEST(SparseEncoder, EachWayOfGivingTextsGivesTheSame) {
  const SparseEncoder model = load("saved");
  const at::Tensor all = model.encode(std::vector<std::string>{"the dog", "a cat"}).to_dense();
  EXPECT_TRUE(at::equal(model.encode({"the dog", "a cat"}).to_dense(), all));
  const std::vector<std::string_view> views = {"the dog", "a cat"};
  EXPECT_TRUE(at::equal(model.encode(std::span(views)).to_dense(), all));
  const at::Tensor one = model.encode("a cat");
  EXPECT_EQ(one.sizes(), at::IntArrayRef({178}));
  EXPECT_TRUE(at::allclose(one.to_dense(), all[1]));
  EXPECT_TRUE(at::allclose(model.encode_query("a cat").to_dense(),
                           model.encode_query(std::vector<std::string>{"a cat"})[0].to_dense()));
  EXPECT_TRUE(at::allclose(model.encode_document("a cat").to_dense(), all[1]));
  EXPECT_EQ(model.encode(std::vector<std::string>{}).sizes(), at::IntArrayRef({0, 178}));
  EXPECT_EQ(model.max_active_dims(), 9);
  EXPECT_EQ(model.similarity_fn(), SimilarityFunction::cosine);
  EncodeReport report;
  model.encode(texts(), {.batch_size = 2, .report = &report});
  EXPECT_EQ(report.texts, 8);
  EXPECT_EQ(report.truncated, 1);
}

TEST(SparseEncoder, ItsFolderIsASentenceTransformersToo) {
  const SentenceTransformer model(folder("saved"), {.device = "cpu"});
  EXPECT_LE(largest_difference(model.encode(texts()), golden_array("saved.dense")), 1e-5);
}

TEST(SparseEncoder, GradientsArePythons) {
  for (const std::string name : {"bert", "bert_untied"}) {
    SCOPED_TRACE(name);
    SparseEncoder model = load(name);
    model.train();
    model.set_dropout(0);
    const std::vector<std::string> all = texts();
    model.forward({all.begin(), all.end()}).square().sum().backward();
    int compared = 0;
    for (const auto& [parameter, value] : model.named_parameters()) {
      const std::string key = name + ".gradient." + parameter;
      const auto file = SafeTensors::open(golden("sparse.safetensors"));
      if (!file.contains(key)) continue;
      const at::Tensor expected = file.get(key);
      const double size = std::max(1.0, expected.abs().max().item<double>());
      EXPECT_LE(largest_difference(value.grad(), expected), 2e-5 * size) << parameter;
      ++compared;
    }
    EXPECT_EQ(compared, name == "bert" ? 8 : 9);
    model.train(false);
    const at::Tensor again = model.encode(all).to_dense();
    EXPECT_LE(largest_difference(again, golden_array(name)), 2e-5);
  }
}

TEST(SparseEncoder, SavedAndOpenedAgain) {
  for (const char* name : {"bert", "bert_untied", "distilbert", "modernbert", "saved", "queries",
                           "csr", "csr_normalized"}) {
    SCOPED_TRACE(name);
    const SparseEncoder model = load(name);
    const TempDir out;
    model.save_pretrained(out.path() / "model");
    const SparseEncoder again((out.path() / "model").string(), {.device = "cpu"});
    EXPECT_TRUE(at::equal(again.encode(texts()).to_dense(), model.encode(texts()).to_dense()));
    EXPECT_EQ(again.named_parameters().size(), model.named_parameters().size());
    EXPECT_EQ(again.max_active_dims(), model.max_active_dims());
    EXPECT_EQ(again.similarity_fn(), model.similarity_fn());
    EXPECT_EQ(again.prompts(), model.prompts());
  }
}

// transformers shares the table where a file has it twice with the same numbers.
TEST(SparseEncoder, ATableThatTheFileHasTwice) {
  const TempDir dir;
  const fs::path model = dir.path() / "model";
  fs::copy(folder("bert"), model, fs::copy_options::recursive);
  const auto parameters = load("bert").named_parameters();
  const auto with_table = [&](double factor) {
    auto changed = parameters;
    for (const auto& [name, value] : parameters) {
      if (!name.ends_with("word_embeddings.weight")) continue;
      changed.emplace_back("cls.predictions.decoder.weight", value.detach() * factor);
    }
    write_safetensors(model / "model.safetensors", changed, {{"format", "pt"}});
    return SparseEncoder(model.string(), {.device = "cpu"});
  };
  const SparseEncoder same = with_table(1);
  EXPECT_EQ(same.named_parameters().size(), parameters.size());
  EXPECT_LE(largest_difference(same.encode(texts()).to_dense(), golden_array("bert")), 2e-5);
  const SparseEncoder other = with_table(2);
  EXPECT_EQ(other.named_parameters().size(), parameters.size() + 1);
  EXPECT_GT(largest_difference(other.encode(texts()).to_dense(), golden_array("bert")), 0.1);
}

TEST(SparseEncoder, OtherNumbersStayClose) {
  for (const char* name : {"bert", "modernbert"}) {
    const at::Tensor expected = golden_array(name);
    const auto cosine = [&](const LoadOptions& options) {
      const at::Tensor found = SparseEncoder(folder(name), options).encode(texts()).to_dense();
      return at::cosine_similarity(found, expected).min().item<double>();
    };
    if (cpu_is_fast_at(at::kBFloat16)) {
      EXPECT_GE(cosine({.device = "cpu", .dtype = at::kBFloat16}), 0.999);
    }
    if (kernels::best()) {
      EXPECT_GE(cosine({.device = "cpu", .quantization = Quantization::int8}), 0.98);
    }
  }
}

TEST(SparseEncoder, DistancesAreOfDenseVectors) {
  TempDir dir;
  fs::copy(folder("saved"), dir.path() / "model", fs::copy_options::recursive);
  json settings = golden_json("sparse/saved/config_sentence_transformers.json");
  for (const std::string name : {"euclidean", "manhattan", "dot"}) {
    settings["similarity_fn_name"] = name;
    write_file(dir.path() / "model/config_sentence_transformers.json", settings.dump());
    const SparseEncoder model((dir.path() / "model").string(), {.device = "cpu"});
    const at::Tensor a = model.encode(texts()), plain = a.to_dense();
    const auto function = parse_similarity_function(name);
    const at::Tensor all = util::scores(function)(plain, plain);
    EXPECT_TRUE(at::allclose(model.similarity(a, a), all, 1e-5, 1e-3));
    EXPECT_TRUE(at::allclose(model.similarity_pairwise(a, a), all.diagonal(), 1e-5, 1e-3));
  }
}

TEST(SparseEncoder, SparsityAndIntersectionOfPlainTensors) {
  const at::Tensor a = at::tensor({1.f, 0.f, -2.f, 0.f, 0.f, 0.f, 0.f, 3.f}).view({2, 4});
  EXPECT_EQ(SparseEncoder::sparsity(a).active_dims, 1.5);
  EXPECT_EQ(SparseEncoder::sparsity(a).sparsity_ratio, 0.625);
  EXPECT_EQ(SparseEncoder::sparsity(a[0]).active_dims, 2);
  EXPECT_EQ(SparseEncoder::sparsity(at::zeros({0, 4}, at::kFloat)).sparsity_ratio, 1);
  const at::Tensor b = at::tensor({2.f, 5.f, 3.f, 1.f});
  EXPECT_TRUE(at::equal(SparseEncoder::intersection(b, a).to_dense(),
                        at::tensor({2.f, 0.f, 0.f, 0.f, 0.f, 0.f, 0.f, 3.f}).view({2, 4})));
  EXPECT_TRUE(at::equal(SparseEncoder::intersection(b, a[1].to_sparse()).to_dense(),
                        at::tensor({0.f, 0.f, 0.f, 3.f})));
  const std::string function = "SparseEncoder::intersection";
  EXPECT_THROWS(std::invalid_argument, SparseEncoder::intersection(a, b), function,
                "expected one embedding [V] first, found 2 rows");
  EXPECT_THROWS(std::invalid_argument, SparseEncoder::intersection(b, at::ones({3}, at::kFloat)),
                function, "expected embeddings of the same length, found 4 and 3");
  EXPECT_THROWS(std::invalid_argument, SparseEncoder::sparsity(at::ones({1, 1, 1}, at::kFloat)),
                "expected embeddings [N, V] or [V], found 3 dimensions");
  EXPECT_THROWS(std::invalid_argument, SparseEncoder::sparsity(at::Tensor()), "found no tensor");
}

TEST(SparseEncoder, RefusesWhatItCannotDo) {
  const SparseEncoder model = load("bert");
  EXPECT_THROWS(std::invalid_argument, model.encode("a", {.max_active_dims = 0}),
                "[SparseEncoder::encode] max_active_dims is 0; expected at least 1");
  EXPECT_THROWS(std::invalid_argument, model.encode("a", {.prompt_name = "x"}), "\"x\"");
  EXPECT_THROWS(std::invalid_argument, model.decode(model.encode("a"), 0),
                "[SparseEncoder::decode] top_k is 0; expected at least 1");
  EXPECT_THROWS(std::invalid_argument, model.decode(model.encode({"a", "b"})),
                "[SparseEncoder::decode] expected one embedding, found 2");
  EXPECT_THROWS(std::invalid_argument, model.decode_batch(at::ones({2, 179}, at::kFloat)),
                "[SparseEncoder::decode_batch] expected at most 178 dimensions", "found 179");
  EXPECT_THROWS(std::invalid_argument,
                model.similarity_pairwise(model.encode({"a", "b"}), model.encode({"a", "b", "c"})),
                "[pairwise_dot_score] expected as many embeddings", "[2, 178] and [3, 178]");
  EXPECT_THROWS(std::invalid_argument,
                SparseEncoder(folder("bert"), {.device = "cpu", .truncate_dim = 5}),
                "[SparseEncoder] truncate_dim: expected none");
  EXPECT_THROWS(std::invalid_argument, model.forward_auto_encoder({"a"}),
                "[SparseEncoder::forward_auto_encoder] expected a model with a SparseAutoEncoder");
}

TEST(SparseEncoder, OtherModelsGetAnAutoEncoder) {
  // Of bare models the tokens' mean goes into it; those of a SentenceTransformer are its own.
  for (const auto& [name, k] : {std::pair{"tiny_bert_cased", 256}, std::pair{"tiny_bert", 8}}) {
    SCOPED_TRACE(name);
    const SentenceTransformer dense(golden(name).string(), {.device = "cpu"});
    const int64_t inputs = dense.get_embedding_dimension();
    const SparseEncoder model(golden(name).string(), {.device = "cpu"});
    EXPECT_EQ(model.get_embedding_dimension(), 4 * inputs);
    EXPECT_EQ(model.max_active_dims(), k);
    EXPECT_LE(model.encode("the dog")._nnz(), k);
    EXPECT_GE(model.encode("the dog")._nnz(), 1);
    EXPECT_TRUE(at::allclose(model.forward_auto_encoder({"the dog"}).sentence_embedding_backbone[0],
                             dense.encode("the dog"), 1e-4, 1e-5));
    const TempDir out;
    model.save_pretrained(out.path() / "model");
    const SparseEncoder again((out.path() / "model").string(), {.device = "cpu"});
    EXPECT_TRUE(at::equal(again.encode("the dog").to_dense(), model.encode("the dog").to_dense()));
  }
}

class ChangedFolder : public testing::Test {
 protected:
  explicit ChangedFolder(const std::string& name = "saved") {
    fs::copy(folder(name), path_, fs::copy_options::recursive);
  }
  void change(const std::string& file, const std::string& key, const json& value) {
    json content = json::parse(read_file(path_ / file));
    content[json::json_pointer(key)] = value;
    write_file(path_ / file, content.dump());
  }
  SparseEncoder load() const { return SparseEncoder(path_.string(), {.device = "cpu"}); }

  TempDir dir_;
  fs::path path_ = dir_.path() / "model";
};
using SparseEncoderFolder = ChangedFolder;
struct SparseAutoEncoderFolder : ChangedFolder {
  SparseAutoEncoderFolder() : ChangedFolder("csr") {}
  fs::path weights() const { return path_ / "2_SparseAutoEncoder/model.safetensors"; }
  void change_weights(const std::string& removed, const NamedTensors& added) const {
    const auto file = SafeTensors::open(weights());
    NamedTensors tensors = added;
    for (const std::string& name : file.names()) {
      if (name != removed) tensors.emplace_back(name, file.get(name).clone());
    }
    write_safetensors(weights(), tensors);
  }
};

TEST(SparseEncoder, QueriesNeedNoTransformer) {
  SparseEncoder model = load("queries");
  const at::Tensor once = model.encode_query("the dog").to_dense();
  EXPECT_TRUE(at::equal(model.encode_query("dog the the dog the").to_dense(), once));
  EXPECT_EQ(model.encode_query("")._nnz(), 0);
  EXPECT_THROWS(std::invalid_argument, model.encode("the dog", {.task = "x"}), "\"x\"");
  model.train();
  EXPECT_FALSE(model.forward({"the dog"}, "", "query").requires_grad());  // frozen
  EXPECT_TRUE(model.forward({"the dog"}, "", "document").requires_grad());
}

TEST(SparseEncoder, RefusesWeightsOfQueriesThatDoNotFit) {
  const TempDir dir;
  const fs::path model = dir.path() / "model", queries = model / "query_0_SparseStaticEmbedding";
  fs::copy(folder("queries"), model, fs::copy_options::recursive);
  const auto load_again = [&] { return SparseEncoder(model.string(), {.device = "cpu"}); };
  write_file(queries / "config.json", R"({"path": "idf.json"})");
  EXPECT_THROWS(UnsupportedError, load_again(), "\"path\" is \"idf.json\"",
                "expected the weights in the folder itself");
  fs::remove(queries / "config.json");
  EXPECT_EQ(load_again().encode_query("the dog").size(0), 178);
  const auto write_weight = [&](const at::Tensor& weight) {
    write_safetensors(queries / "model.safetensors", {{"weight", weight}}, {});
  };
  write_weight(at::ones({178, 2}, at::kFloat));
  EXPECT_THROWS(LoadError, load_again(), "model.safetensors",
                "\"weight\": expected one number a token, found 2 dimensions");
  write_weight(at::ones({5}, at::kFloat));
  EXPECT_THROWS(LoadError, load_again(), "the tokenizer has 178 tokens, \"weight\" 5 numbers");
}

TEST_F(SparseEncoderFolder, RefusesOtherSettings) {
  change("1_SpladePooling/config.json", "/pooling_strategy", "mean");
  EXPECT_THROWS(LoadError, load(), "\"pooling_strategy\" is \"mean\"; known: max, sum");
  change("1_SpladePooling/config.json", "/pooling_strategy", "max");
  change("1_SpladePooling/config.json", "/activation_function", "gelu");
  EXPECT_THROWS(LoadError, load(), "\"activation_function\" is \"gelu\"; known: relu, log1p_relu");
}

TEST_F(SparseEncoderFolder, RefusesOtherModules) {
  change("sentence_bert_config.json", "/transformer_task", "feature-extraction");
  EXPECT_THROWS(UnsupportedError, load(), "SpladePooling",
                "expected it behind a Transformer of task fill-mask");
  change("sentence_bert_config.json", "/transformer_task", "fill-mask");
  change("modules.json", "/1/type", "sentence_transformers.models.Pooling");
  EXPECT_THROWS(UnsupportedError, load(), "Pooling",
                "expected SpladePooling behind a Transformer of task fill-mask");
}

TEST_F(SparseEncoderFolder, RefusesAModelWithoutPooling) {
  change("modules.json", "", json::array({golden_json("sparse/saved/modules.json")[0]}));
  EXPECT_THROWS(LoadError, load(), "expected a SpladePooling or Pooling module, found neither");
}

TEST_F(SparseAutoEncoderFolder, ReadsTheWeightUnderEitherName) {
  const at::Tensor expected = load().encode(texts()).to_dense();
  const at::Tensor weight = SafeTensors::open(weights()).get("decoder.linear.weight").clone();
  change_weights("decoder.linear.weight", {{"encoder.weight", weight}});
  EXPECT_TRUE(at::equal(load().encode(texts()).to_dense(), expected));
}

TEST_F(SparseAutoEncoderFolder, RefusesWhatDoesNotFit) {
  change_weights("stats_last_nonzero", {});
  EXPECT_THROWS(LoadError, load(), "model.safetensors", "\"stats_last_nonzero\"",
                "expected 40 numbers, found no such tensor");
  change_weights("", {{"stats_last_nonzero", at::zeros({39}, at::kLong)}});
  EXPECT_THROWS(LoadError, load(), "expected 40 numbers, found 39");
  const std::string config = "2_SparseAutoEncoder/config.json";
  change(config, "/k", 0);
  EXPECT_THROWS(LoadError, load(), "\"k\"", "0");
  change(config, "/input_dim", 17);
  EXPECT_THROWS(LoadError, load(), "[SparseAutoEncoder]", "\"input_dim\": expected 16", "found 17");
}

// Python stops there; all latents are as many as there can be.
TEST_F(SparseAutoEncoderFolder, KeepsNoMoreLatentsThanThereAre) {
  SparseEncoder model = load();
  const at::Tensor all = model.encode("the dog", {.max_active_dims = 40}).to_dense();
  EXPECT_TRUE(at::equal(model.encode("the dog", {.max_active_dims = 41}).to_dense(), all));
  change("2_SparseAutoEncoder/config.json", "/k", 39);
  change("2_SparseAutoEncoder/config.json", "/k_aux", 0);
  model = load();
  model.train();
  const AutoEncoderOutputs outputs = model.forward_auto_encoder({"the dog", "he"});
  EXPECT_FALSE(outputs.decoded_embedding_aux.defined());
  EXPECT_EQ(outputs.decoded_embedding_4k.sizes(), at::IntArrayRef({2, 16}));
}

TEST_F(SparseEncoderFolder, ReadsMLMTransformer) {
  const at::Tensor expected = load().encode(texts()).to_dense();
  change("modules.json", "/0/type", "sentence_transformers.sparse_encoder.models.MLMTransformer");
  change("sentence_bert_config.json", "", json::object());
  EXPECT_TRUE(at::equal(load().encode(texts()).to_dense(), expected));
}

TEST_F(SparseEncoderFolder, RefusesArchitecturesWithoutWords) {
  change("config.json", "/model_type", "electra");
  EXPECT_THROWS(UnsupportedError, load(), "\"electra\", which has no scores of words");
}

TEST_F(SparseEncoderFolder, RefusesANumberOfDimensionsBelowOne) {
  change("config_sentence_transformers.json", "/max_active_dims", 0);
  EXPECT_THROWS(LoadError, load(), "max_active_dims", "0");
}

}  // namespace
}  // namespace sentence_transformers
