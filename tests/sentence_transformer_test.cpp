#include <ATen/Parallel.h>
#include <sentence_transformers/sentence_transformers.h>

#include "core/device.h"
#include "core/safetensors.h"
#include "kernels/kernels.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;
using Strings = std::vector<std::string>;

// --- Against Python, on tiny models -------------------------------------------------------------

EncodeOptions encode_options(const json& given) {
  EncodeOptions options;
  for (const auto& [key, value] : given.items()) {
    if (value.is_null()) continue;
    if (key == "prompt")
      options.prompt = value;
    else if (key == "prompt_name")
      options.prompt_name = value;
    else if (key == "batch_size")
      options.batch_size = value;
    else if (key == "precision")
      options.precision = parse_precision(value.get<std::string>());
    else if (key == "normalize_embeddings")
      options.normalize_embeddings = value;
    else if (key == "truncate_dim")
      options.truncate_dim = value;
    else
      ADD_FAILURE() << "unknown option " << key;
  }
  return options;
}

template <class Texts>
at::Tensor call(const SentenceTransformer& model, const std::string& method, const Texts& texts,
                const EncodeOptions& options) {
  if (method == "encode") return model.encode(texts, options);
  if (method == "encode_query") return model.encode_query(texts, options);
  if (method == "encode_document") return model.encode_document(texts, options);
  ADD_FAILURE() << "unknown method " << method;
  return {};
}

void check_case(const json& c, const json& all_texts, const SafeTensors& expected) {
  const std::string name = c["name"];
  SCOPED_TRACE(name);
  TempDir dir;
  const fs::path folder = dir.path() / "model";
  fs::copy(golden(c["folder"].get<std::string>()), folder, fs::copy_options::recursive);
  for (const auto& [file, content] : c["files"].items()) {
    content.is_null() ? void(fs::remove_all(folder / file))
                      : write_file(folder / file, content.is_string() ? content.get<std::string>()
                                                                      : content.dump());
  }
  LoadOptions load{.device = "cpu"};
  if (c["load"].contains("truncate_dim")) load.truncate_dim = c["load"]["truncate_dim"];
  SentenceTransformer model(folder.string(), load);
  if (!c["max_seq_length"].is_null()) model.set_max_seq_length(c["max_seq_length"]);
  EXPECT_EQ(model.max_seq_length(), c["loaded_max_seq_length"].get<int64_t>());

  const EncodeOptions options = encode_options(c["options"]);
  const std::string method = c["method"];
  const double tolerance =
      options.precision == Precision::float32                                         ? 1e-5
      : options.precision == Precision::int8 || options.precision == Precision::uint8 ? 1
                                                                                      : 0;
  if (c["texts"].is_number()) {
    const std::string text = all_texts[c["texts"].get<size_t>()];
    EXPECT_LE(largest_difference(call(model, method, text, options), expected.get(name)),
              tolerance);
    return;
  }
  Strings texts;
  for (const auto& index : c["texts"]) texts.push_back(all_texts[index.get<size_t>()]);
  if (method == "encode_tokens") {
    const auto tokens = model.encode_tokens(texts, options);
    ASSERT_EQ(tokens.size(), texts.size());
    for (size_t i = 0; i < tokens.size(); ++i) {
      EXPECT_LE(largest_difference(tokens[i], expected.get(name + "." + std::to_string(i))), 1e-5);
    }
  } else if (method == "similarity") {
    const at::Tensor e = model.encode(texts, options);
    EXPECT_LE(largest_difference(model.similarity(e, e), expected.get(name)), 1e-4);
  } else {
    const at::Tensor found = call(model, method, texts, options), wanted = expected.get(name);
    EXPECT_EQ(found.scalar_type(), wanted.scalar_type());
    // -inf - -inf is no number: pooling "max" over nothing.
    EXPECT_TRUE(at::equal(found.isinf(), wanted.isinf()));
    EXPECT_LE(largest_difference(at::nan_to_num(found.to(at::kFloat), 0, 0, 0),
                                 at::nan_to_num(wanted.to(at::kFloat), 0, 0, 0)),
              tolerance);
  }
}

TEST(SentenceTransformer, TinyModelsAsPython) {
  const json golden = golden_json("tiny_bert_cases.json");
  const auto expected = SafeTensors::open(test::golden("tiny_bert.safetensors"));
  EXPECT_GE(golden["cases"].size(), 50u);
  for (const json& c : golden["cases"]) check_case(c, golden["texts"], expected);
}

// --- Against Python, on all-MiniLM-L6-v2 --------------------------------------------------------

const SentenceTransformer& minilm() {
  static const SentenceTransformer model(model_folder(), {.device = "cpu"});
  return model;
}

TEST(SentenceTransformer, MiniLmAsPython) {
  MODEL_OR_SKIP();
  const auto golden = golden_json("minilm_texts.json");
  const auto expected = SafeTensors::open(test::golden("minilm.safetensors"));
  const Strings texts = golden["texts"];
  EncodeReport report;
  const at::Tensor e = minilm().encode(texts, {.report = &report});
  EXPECT_LT(largest_difference(e, expected.get("embeddings")), 1e-6);

  EXPECT_EQ(minilm().max_seq_length(), golden["max_seq_length"].get<int64_t>());
  const std::vector<int64_t> lengths = golden["untruncated_lengths"];
  int64_t truncated = 0, tokens = 0;
  for (const int64_t n : lengths) {
    truncated += n > 256;
    tokens += std::min<int64_t>(n, 256);
  }
  EXPECT_EQ(report.texts, static_cast<int64_t>(texts.size()));
  EXPECT_EQ(report.truncated, truncated);
  EXPECT_EQ(report.tokens, tokens);

  for (const int64_t i : golden["token_texts"].get<std::vector<int64_t>>()) {
    const auto t = minilm().encode_tokens({texts[i]});
    EXPECT_LT(largest_difference(t[0], expected.get("tokens." + std::to_string(i))), 1e-5);
  }
  const at::Tensor a = e.narrow(0, 0, 8), b = e.narrow(0, 8, 8);
  for (const auto& [name, function] : {std::pair{"cosine", SimilarityFunction::cosine},
                                       {"dot", SimilarityFunction::dot},
                                       {"euclidean", SimilarityFunction::euclidean},
                                       {"manhattan", SimilarityFunction::manhattan}}) {
    EXPECT_LT(largest_difference(util::scores(function)(a, a),
                                 expected.get(std::string("similarity.") + name)),
              3e-5);  // Manhattan distances are sums of 384 terms, up to 20
    EXPECT_LT(largest_difference(util::pairwise_scores(function)(a, b),
                                 expected.get(std::string("similarity_pairwise.") + name)),
              1e-5);
  }
  EXPECT_LT(largest_difference(minilm().similarity(a, b), util::cos_sim(a, b)), 1e-6);
  EXPECT_LT(largest_difference(minilm().similarity_pairwise(a, b), util::pairwise_cos_sim(a, b)),
            1e-6);
}

TEST(SentenceTransformer, MiniLmParaphrasesAsDocumented) {
  MODEL_OR_SKIP();
  const auto pairs = util::paraphrase_mining(
      minilm(),
      {"This is a test", "This is a test!", "The cat sits on mat", "The cat sits on the mat",
       "On the mat a cat sits", "A man eats pasta", "A woman eats pasta", "A man eats spaghetti"});
  std::set<std::pair<int64_t, int64_t>> found;
  for (const auto& p : pairs) {
    if (p.score > 0.5f) found.insert({p.i, p.j});
  }
  const std::set<std::pair<int64_t, int64_t>> expected = {{0, 1}, {2, 3}, {2, 4}, {3, 4},
                                                          {5, 6}, {5, 7}, {6, 7}};
  EXPECT_EQ(found, expected);
}

// --- What a caller relies on --------------------------------------------------------------------

const SentenceTransformer& tiny() {
  static const SentenceTransformer model(golden("tiny_bert").string(), {.device = "cpu"});
  return model;
}

const Strings kTexts = {
    "the sun",      "a dog and a cat play in the sun",     "",       "the woman is good", "x",
    "he [SEP] she", "a dog and a dog and a dog and a dog", "the sun"};

TEST(SentenceTransformer, TextsDoNotDependOnTheirNeighbours) {
  Strings many;
  for (int i = 0; i < 20; ++i) many.insert(many.end(), kTexts.begin(), kTexts.end());
  const at::Tensor all = tiny().encode(many);
  for (const int64_t batch_size : {1, 3, 64, 1000}) {
    EXPECT_LT(largest_difference(tiny().encode(many, {.batch_size = batch_size}), all), 1e-6);
  }
  for (size_t i = 0; i < kTexts.size(); ++i) {
    EXPECT_LT(largest_difference(tiny().encode(kTexts[i]), all[i]), 1e-6);
  }
}

TEST(SentenceTransformer, EqualTextsHaveEqualRows) {
  const at::Tensor wanted = tiny().encode({"the sun", "a dog", "the cat sleeps"});
  // "THE SUN" has the same tokens.
  const Strings many = {"a dog",          "the sun", "a dog",  "THE SUN",
                        "the cat sleeps", "a dog",   "the sun"};
  const std::vector<int64_t> same = {1, 0, 1, 0, 2, 1, 0};
  for (const int64_t batch_size : {1, 2, 32}) {
    const at::Tensor found = tiny().encode(many, {.batch_size = batch_size});
    const auto tokens = tiny().encode_tokens(many, {.batch_size = batch_size});
    for (size_t i = 0; i < many.size(); ++i) {
      EXPECT_LT(largest_difference(found[static_cast<int64_t>(i)], wanted[same[i]]), 1e-6) << i;
      EXPECT_EQ(tokens[i].size(0), tiny().tokenizer().count_tokens(many[i]));
    }
    EXPECT_TRUE(at::equal(found[0], found[5]));
    EXPECT_FALSE(at::equal(tokens[0], tokens[1]));
  }
}

TEST(SentenceTransformer, NoTextsGiveNoRows) {
  EncodeReport report{.texts = 7};
  const at::Tensor e = tiny().encode(Strings{}, {.report = &report});
  EXPECT_EQ(e.sizes(), (std::vector<int64_t>{0, 32}));
  EXPECT_EQ(report.texts, 0);
  EXPECT_TRUE(tiny().encode_tokens({}).empty());
  EXPECT_EQ(tiny().encode(Strings{}, {.truncate_dim = 5}).sizes(), (std::vector<int64_t>{0, 5}));
}

TEST(SentenceTransformer, SaysThatATextHasNoTokens) {
  TempDir dir;
  const fs::path folder = dir.path() / "model";
  fs::copy(golden("tiny_bert"), folder, fs::copy_options::recursive);
  auto tokenizer = golden_json("tiny_bert/tokenizer.json");
  tokenizer["post_processor"] = nullptr;
  write_file(folder / "tokenizer.json", tokenizer.dump());
  auto settings = golden_json("tiny_bert/tokenizer_config.json");
  settings["tokenizer_class"] = "PreTrainedTokenizerFast";
  write_file(folder / "tokenizer_config.json", settings.dump());
  const SentenceTransformer model(folder.string(), {.device = "cpu"});
  EXPECT_EQ(model.encode({"the sun"}).size(0), 1);
  // Python gives zeros, a pad token's vector or a RuntimeError, as the neighbours and the pooling
  // are.
  EXPECT_THROWS(std::invalid_argument, model.encode({"the sun", ""}),
                "[SentenceTransformer::encode] text 1 has no tokens");
  EXPECT_THROWS(std::invalid_argument, model.encode(""), "text 0 has no tokens");
}

TEST(SentenceTransformer, WhatLibTorchThrowsIsAnErrorOfOneLine) {
  const SentenceTransformer model(golden("tiny_bert").string(), {.device = "cpu"});
  for (auto& [name, parameter] : model.named_parameters()) {
    if (name.ends_with("word_embeddings.weight")) {
      parameter.set_data(parameter.data()[0].view({1, -1}));
    }
  }
  const std::string encode = "[SentenceTransformer::encode] LibTorch: ";
  expect_one_line([&] { model.encode("the dog"); }, encode);
  expect_one_line([&] { model.encode(kTexts, {.batch_size = 1}); }, encode);
  expect_one_line([&] { model.encode_tokens(kTexts); }, encode);
  const std::string forward = "[SentenceTransformer::forward] LibTorch: ";
  expect_one_line([&] { model.forward({"the dog"}); }, forward);
  expect_one_line([&] { model.forward_layers({"the dog"}); }, forward);
}

TEST(SentenceTransformer, TakesTextsInThreeForms) {
  const at::Tensor batch = tiny().encode(Strings{"the sun", "a dog"});
  EXPECT_TRUE(at::equal(tiny().encode({"the sun", "a dog"}), batch));
  EXPECT_LT(largest_difference(tiny().encode("a dog"), batch[1]), 1e-6);
  EXPECT_EQ(tiny().encode("a dog").dim(), 1);
  EXPECT_EQ(batch.scalar_type(), at::kFloat);
  EXPECT_TRUE(batch.is_cpu());
}

TEST(SentenceTransformer, RefusesBadArguments) {
  EXPECT_THROWS(std::invalid_argument, tiny().encode(kTexts, {.batch_size = 0}), "batch_size", "0");
  EXPECT_THROWS(std::invalid_argument, tiny().encode(kTexts, {.batch_size = -3}), "-3");
  EXPECT_THROWS(std::invalid_argument, tiny().encode(kTexts, {.truncate_dim = 33}), "33",
                "1 to 32");
  EXPECT_THROWS(std::invalid_argument, tiny().encode(kTexts, {.truncate_dim = 0}), "truncate_dim");
  EXPECT_THROWS(std::invalid_argument, tiny().encode(kTexts, {.prompt_name = "no"}), "\"no\"",
                "known: document, query");
  EXPECT_THROWS(std::invalid_argument, tiny().encode("one", {.precision = Precision::int8}), "");
  EXPECT_THROWS(std::invalid_argument,
                tiny().encode_tokens(kTexts, {.precision = Precision::binary}), "float32");
  const std::string folder = golden("tiny_bert").string();
  EXPECT_THROWS(std::invalid_argument, SentenceTransformer(folder, {.dtype = at::kLong}), "Long");
  EXPECT_THROWS(std::invalid_argument, SentenceTransformer(folder, {.device = "tpu"}), "tpu");
  EXPECT_THROWS(std::invalid_argument, SentenceTransformer(folder, {.truncate_dim = 99}), "99");
  EXPECT_THROWS(LoadError, SentenceTransformer("no-such-model"), "no-such-model", "looked at");
}

TEST(SentenceTransformer, SaysThatThereIsNoCuda) {
  if (at::hasCUDA()) GTEST_SKIP() << "this machine has CUDA";
  EXPECT_THROWS(Error, SentenceTransformer(golden("tiny_bert").string(), {.device = "cuda"}),
                "cuda", "found 0");
}

TEST(SentenceTransformer, RunsOnCuda) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device here";
  const SentenceTransformer model(golden("tiny_bert").string(), {.device = "cuda"});
  EXPECT_TRUE(model.device().is_cuda());
  EXPECT_LT(largest_difference(model.encode(kTexts), tiny().encode(kTexts)), 1e-4);
}

TEST(SentenceTransformer, HalfPrecisionStaysClose) {
  for (const auto dtype : {at::kBFloat16, at::kHalf}) {
    if (!cpu_is_fast_at(dtype)) {
      EXPECT_THROWS(
          Error,
          SentenceTransformer(golden("tiny_bert").string(), {.device = "cpu", .dtype = dtype}),
          "dtype", "no instructions");
      continue;
    }
    const SentenceTransformer model(golden("tiny_bert").string(),
                                    {.device = "cpu", .dtype = dtype});
    EXPECT_EQ(model.dtype(), dtype);
    const at::Tensor e = model.encode(kTexts);
    EXPECT_EQ(e.scalar_type(), at::kFloat);
    const at::Tensor cosine = util::pairwise_cos_sim(e, tiny().encode(kTexts));
    EXPECT_GT(cosine.min().item<float>(), dtype == at::kHalf ? 0.999f : 0.98f);
  }
}

TEST(SentenceTransformer, Int8StaysCloseAndKnowsNoNeighbours) {
  MODEL_OR_SKIP();
  if (!kernels::best()) {
    EXPECT_THROWS(
        Error,
        SentenceTransformer(model_folder(), {.device = "cpu", .quantization = Quantization::int8}),
        "int8", "AVX2");
    return;
  }
  const SentenceTransformer model(model_folder(),
                                  {.device = "cpu", .quantization = Quantization::int8});
  const Strings texts = golden_json("minilm_texts.json")["texts"];
  const at::Tensor e = model.encode(texts);
  const at::Tensor cosine = util::pairwise_cos_sim(e, minilm().encode(texts));
  EXPECT_GT(cosine.min().item<float>(), 0.97f);  // these texts are odd on purpose
  EXPECT_GT(cosine.mean().item<float>(), 0.99f);
  for (size_t i = 0; i < texts.size(); i += 5) {
    EXPECT_LT(largest_difference(model.encode(texts[i]), e[static_cast<int64_t>(i)]), 1e-6) << i;
  }
}

TEST(SentenceTransformer, Int8IsForFloat32OnTheCpu) {
  const std::string folder = golden("tiny_bert").string();
  EXPECT_THROWS(
      std::invalid_argument,
      SentenceTransformer(
          folder, {.device = "cpu", .dtype = at::kBFloat16, .quantization = Quantization::int8}),
      "int8", "BFloat16");
}

TEST(SentenceTransformer, MaxSeqLengthCanBeSet) {
  SentenceTransformer model(golden("tiny_bert").string(), {.device = "cpu"});
  EXPECT_EQ(model.max_seq_length(), 64);
  model.set_max_seq_length(4);
  EXPECT_EQ(model.max_seq_length(), 4);
  EncodeReport report;
  model.encode({"the sun", "the sun and the dog and the cat"}, {.report = &report});
  EXPECT_EQ(report.truncated, 1);
  EXPECT_EQ(report.tokens, 8);
  EXPECT_THROWS(std::invalid_argument, model.set_max_seq_length(65), "65", "64");
  EXPECT_THROWS(std::invalid_argument, model.set_max_seq_length(1), "special tokens");
  EXPECT_THROWS(std::invalid_argument, model.set_max_seq_length(-1), "-1");
}

TEST(SentenceTransformer, MovesAndTellsOfItself) {
  SentenceTransformer a(golden("tiny_bert").string(), {.device = "cpu", .truncate_dim = 8});
  const SentenceTransformer b = std::move(a);
  EXPECT_EQ(b.get_embedding_dimension(), 8);
  EXPECT_EQ(b.encode(kTexts).size(1), 8);
  EXPECT_EQ(b.path(), golden("tiny_bert"));
  EXPECT_EQ(b.similarity_fn(), SimilarityFunction::cosine);
  EXPECT_TRUE(b.prompts().count("query"));
  EXPECT_FALSE(b.default_prompt_name());
  EXPECT_EQ(b.device(), at::Device(at::kCPU));
}

TEST(SentenceTransformer, LeavesGlobalSettingsAlone) {
  const int threads = at::get_num_threads();
  const bool grad = at::GradMode::is_enabled();
  tiny().encode(kTexts);
  EXPECT_EQ(at::get_num_threads(), threads);
  EXPECT_EQ(at::GradMode::is_enabled(), grad);
  EXPECT_FALSE(c10::InferenceMode::is_enabled());
}

TEST(SentenceTransformer, ProgressBarOnlyWhenAskedFor) {
  testing::internal::CaptureStderr();
  tiny().encode(kTexts);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  tiny().encode(kTexts, {.show_progress_bar = true});
  EXPECT_NE(testing::internal::GetCapturedStderr().find("8/8"), std::string::npos);
}

}  // namespace
}  // namespace sentence_transformers
