// Embeddings as plain memory, and texts that live elsewhere.
#include <ATen/ATen.h>
#include <sentence_transformers/cross_encoder.h>
#include <sentence_transformers/sentence_transformer.h>
#include <sentence_transformers/span.h>

#include <array>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

TEST(Span, IsTheTensorsOwnMemory) {
  const at::Tensor rows = at::arange(6, at::kFloat).view({2, 3});
  const std::span<const float> numbers = util::as_span(rows);
  EXPECT_EQ(numbers.size(), 6u);
  EXPECT_EQ(numbers.data(), rows.const_data_ptr<float>());
  EXPECT_EQ(numbers.subspan(3, 3)[2], 5.0f);
}

TEST(Span, RefusesWhatIsNoPlainMemoryOfFloats) {
  EXPECT_THROWS(std::invalid_argument, util::as_span(at::ones({2}, at::kDouble)),
                "[as_span] expected a contiguous float32 tensor on the CPU, found Double on cpu");
  EXPECT_THROWS(std::invalid_argument, util::as_span(at::ones({2, 3}, at::kFloat).t()),
                "not contiguous");
  EXPECT_THROWS(std::invalid_argument, util::as_span(at::Tensor()), "found none");
}

TEST(Texts, MayBeViewsOfAnyKind) {
  const SentenceTransformer model(golden("tiny_bert").string(), {.device = "cpu"});
  const std::vector<std::string> strings = {"the dog", "a cat"};
  const std::vector<std::string_view> views(strings.begin(), strings.end());
  const std::array<std::string_view, 2> array = {strings[0], strings[1]};
  const at::Tensor wanted = model.encode(strings);
  EXPECT_TRUE(at::equal(model.encode(views), wanted));
  EXPECT_TRUE(at::equal(model.encode(array), wanted));
  EXPECT_TRUE(at::equal(model.encode({"the dog", "a cat"}), wanted));
  EXPECT_TRUE(at::equal(model.encode_query(views), model.encode_query(strings)));
  EXPECT_TRUE(at::equal(model.encode_document(views), model.encode_document(strings)));
}

TEST(Texts, APairOfLiteralsIsOnePair) {
  const CrossEncoder model(golden("tiny_cross").string(), {.device = "cpu"});
  const at::Tensor wanted = model.predict(TextPair("a query", "a passage"));
  EXPECT_TRUE(at::equal(model.predict({"a query", "a passage"}), wanted));
  EXPECT_TRUE(at::equal(model.predict({{"a query", "a passage"}})[0], wanted));
}

}  // namespace
}  // namespace sentence_transformers
