// The process's default type of tensors is the caller's: results are the same bits under each.
#include <c10/core/DefaultDtype.h>
#include <c10/core/ScalarTypeToTypeMeta.h>
#include <sentence_transformers/sentence_transformers.h>

#include <functional>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

/// Another default type, until the end of its life.
class DefaultType {
 public:
  explicit DefaultType(at::ScalarType type) : old_(c10::get_default_dtype()) {
    c10::set_default_dtype(c10::scalarTypeToTypeMeta(type));
  }
  ~DefaultType() { c10::set_default_dtype(old_); }

 private:
  caffe2::TypeMeta old_;
};

const std::vector<std::string> kTexts = {"the sun is good", "", "a dog and a cat play in the sun",
                                         "the woman is in the weather", "a man"};

using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

/// What `run` gives under double and half must be what it gives under float32.
void expect_same_bits(const std::function<Tensors()>& run) {
  const Tensors wanted = run();
  for (const at::ScalarType type : {at::kDouble, at::kHalf}) {
    const DefaultType guard(type);
    SCOPED_TRACE(c10::toString(type));
    const Tensors found = run();
    ASSERT_EQ(found.size(), wanted.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].second.scalar_type(), wanted[i].second.scalar_type()) << found[i].first;
      EXPECT_TRUE(at::equal(found[i].second, wanted[i].second)) << found[i].first;
    }
  }
}

std::string tiny(const std::string& name = "tiny_bert") { return golden(name).string(); }

TEST(DefaultDtype, LoadingAndEncoding) {
  expect_same_bits([] {
    const SentenceTransformer model(tiny(), {.device = "cpu"});
    return Tensors{{"one", model.encode(kTexts[0])},
                   {"all", model.encode(kTexts)},
                   {"similarity", model.similarity(model.encode(kTexts), model.encode(kTexts))}};
  });
}

TEST(DefaultDtype, Int8) {
  expect_same_bits([] {
    try {
      const SentenceTransformer model(tiny(),
                                      {.device = "cpu", .quantization = Quantization::int8});
      return Tensors{{"all", model.encode(kTexts)}};
    } catch (const Error&) {  // this processor has no loops for it, under any default
      return Tensors{};
    }
  });
}

TEST(DefaultDtype, CrossEncoders) {
  expect_same_bits([] {
    const CrossEncoder model(tiny("tiny_cross"), {.device = "cpu"});
    return Tensors{{"scores", model.predict({{kTexts[0], kTexts[2]}, {kTexts[3], kTexts[4]}})}};
  });
}

TEST(DefaultDtype, QuantizingAndComparing) {
  const at::Tensor numbers = at::linspace(-1, 1, 60, at::kFloat).view({6, 10}).sin();
  const at::Tensor whole = at::arange(60, at::kLong).view({6, 10}) % 7;
  expect_same_bits([&] {
    Tensors results;
    for (const char* name : {"float32", "int8", "uint8", "binary", "ubinary"}) {
      results.emplace_back(name, quantize_embeddings(numbers, parse_precision(name)));
    }
    using Function = at::Tensor (*)(const at::Tensor&, const at::Tensor&);
    for (const Function f :
         {util::cos_sim, util::dot_score, util::euclidean_sim, util::manhattan_sim,
          util::pairwise_cos_sim, util::pairwise_dot_score, util::pairwise_euclidean_sim,
          util::pairwise_manhattan_sim, util::pairwise_angle_sim}) {
      results.emplace_back("function " + std::to_string(results.size()), f(numbers, numbers + 1));
    }
    results.emplace_back("whole", util::pairwise_euclidean_sim(whole, whole + 1));
    results.emplace_back("unit", util::normalize_embeddings(numbers));
    return results;
  });
}

TEST(DefaultDtype, Searching) {
  const at::Tensor corpus = at::linspace(0, 90, 640, at::kFloat).view({40, 16}).sin();
  const at::Tensor queries = at::linspace(5, 50, 16 * 16, at::kFloat).view({16, 16}).cos();
  expect_same_bits([&] {
    Tensors results;
    for (const int64_t count : {3, 16}) {
      std::vector<double> scores;
      std::vector<int64_t> ids;
      for (const auto& hits : util::semantic_search(queries.narrow(0, 0, count), corpus)) {
        for (const auto& hit : hits) {
          scores.push_back(hit.score);
          ids.push_back(hit.corpus_id);
        }
      }
      results.emplace_back("scores", at::tensor(scores, at::kDouble));
      results.emplace_back("ids", at::tensor(ids, at::kLong));
    }
    return results;
  });
}

TEST(DefaultDtype, SavingAndStoring) {
  TempDir dir;
  expect_same_bits([&] {
    const SentenceTransformer model(tiny(), {.device = "cpu"});
    model.save_pretrained((dir.path() / "model").string());
    const SentenceTransformer again((dir.path() / "model").string(), {.device = "cpu"});
    const at::Tensor embeddings = again.encode(kTexts);
    save_embeddings(dir.path() / "store", kTexts, embeddings);
    save_npy(dir.path() / "array", embeddings);
    return Tensors{{"store", load_embeddings(dir.path() / "store").embeddings.clone()},
                   {"array", load_npy(dir.path() / "array").clone()}};
  });
}

TEST(DefaultDtype, Training) {
  expect_same_bits([] {
    SentenceTransformer model(tiny(), {.device = "cpu"});
    AnglELoss loss;
    Batch batch;
    for (const size_t i : {0, 1}) {  // without labels, which the loss makes itself then
      batch.examples.push_back({.texts = {kTexts[i], kTexts[i + 2], kTexts[i + 3]}, .labels = {}});
    }
    model.train(true);
    model.set_dropout(0);
    const at::Tensor value = loss.forward(model, batch);
    value.backward();
    Tensors results = {{"loss", value.detach()}};
    for (const auto& [name, parameter] : model.named_parameters()) {
      if (parameter.grad().defined()) results.emplace_back(name, parameter.grad());
    }
    return results;
  });
}

}  // namespace
}  // namespace sentence_transformers
