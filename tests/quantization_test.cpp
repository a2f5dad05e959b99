// Quantization against Python's values.
#include <sentence_transformers/quantization.h>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>

#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers {
namespace {

TEST(Quantization, PrecisionNames) {
  EXPECT_EQ(parse_precision("float32"), Precision::float32);
  EXPECT_EQ(parse_precision("int8"), Precision::int8);
  EXPECT_EQ(parse_precision("uint8"), Precision::uint8);
  EXPECT_EQ(parse_precision("binary"), Precision::binary);
  EXPECT_EQ(parse_precision("ubinary"), Precision::ubinary);
  try {
    parse_precision("int4");
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "[parse_precision] \"int4\" is unknown; known: float32, int8, uint8, binary, "
                 "ubinary");
  }
}

// sentence-transformers' own test of clipping.
TEST(Quantization, CalibrationAndClipping) {
  QuantizeOptions options;
  options.calibration_embeddings = at::tensor({1.f, 20.f, -3.f, 4.f, 5.f, -60.f}).view({2, 3});
  const at::Tensor x = at::tensor({-1.f, 15.f, 1.f}).view({1, 3});
  const at::Tensor int8 = quantize_embeddings(x, Precision::int8, options);
  EXPECT_EQ(int8.scalar_type(), at::kChar);
  EXPECT_TRUE(at::equal(int8, at::tensor({-128, 42, 127}, at::kChar).view({1, 3}))) << int8;
  const at::Tensor uint8 = quantize_embeddings(x, Precision::uint8, options);
  EXPECT_EQ(uint8.scalar_type(), at::kByte);
  EXPECT_TRUE(at::equal(uint8, at::tensor({0, 170, 255}, at::kByte).view({1, 3}))) << uint8;
}

TEST(Quantization, RangesWinOverCalibration) {
  QuantizeOptions options;
  options.ranges = at::tensor({0.f, 0.f, 255.f, 2.55f}).view({2, 2});
  options.calibration_embeddings = at::ones({3, 2});
  const at::Tensor x = at::tensor({10.5f, 1.005f, -3.f, 9.f}).view({2, 2});
  EXPECT_TRUE(at::equal(quantize_embeddings(x, Precision::uint8, options),
                        at::tensor({10, 100, 0, 255}, at::kByte).view({2, 2})));
  EXPECT_TRUE(at::equal(quantize_embeddings(x[0], Precision::uint8, options),
                        at::tensor({10, 100}, at::kByte)));
}

TEST(Quantization, TheEmbeddingsOwnRanges) {
  const at::Tensor x = at::tensor({0.f, 5.f, 1.f, 5.f, 0.5f, 5.f}).view({3, 2});
  // A dimension that does not vary has steps of 1. As in Python, float32 rounds 1 / (1 / 255) to
  // below 255.
  EXPECT_TRUE(at::equal(quantize_embeddings(x, Precision::uint8),
                        at::tensor({0, 0, 254, 0, 127, 0}, at::kByte).view({3, 2})));
  EXPECT_TRUE(at::equal(quantize_embeddings(x, Precision::int8),
                        at::tensor({-128, -128, 126, -128, -1, -128}, at::kChar).view({3, 2})));
  const at::Tensor y = at::tensor({0.f, 51.f, 25.5f, 255.f}).view({4, 1});
  EXPECT_TRUE(at::equal(quantize_embeddings(y, Precision::uint8),
                        at::tensor({0, 51, 25, 255}, at::kByte).view({4, 1})));
}

TEST(Quantization, Bits) {
  const at::Tensor x = at::tensor({0.f, 1.f, -1.f, 2.f, 0.f, 0.f, 0.f, 0.f});
  EXPECT_EQ(quantize_embeddings(x, Precision::ubinary).item<int64_t>(), 80);
  EXPECT_EQ(quantize_embeddings(x, Precision::binary).item<int64_t>(), -48);
  const at::Tensor both = at::stack({at::ones({8}), -at::ones({8})});
  EXPECT_TRUE(at::equal(quantize_embeddings(both, Precision::binary),
                        at::tensor({127, -128}, at::kChar).view({2, 1})));
  EXPECT_TRUE(at::equal(quantize_embeddings(both, Precision::ubinary),
                        at::tensor({255, 0}, at::kByte).view({2, 1})));
}

TEST(Quantization, BitsOfOddLengthsAndLayouts) {
  const at::Tensor x = at::ones({2, 10});
  EXPECT_TRUE(at::equal(quantize_embeddings(x, Precision::ubinary),
                        at::tensor({255, 192, 255, 192}, at::kByte).view({2, 2})));
  const at::Tensor y = at::randn({16, 5});
  EXPECT_TRUE(at::equal(quantize_embeddings(y.t(), Precision::ubinary),
                        quantize_embeddings(y.t().contiguous(), Precision::ubinary)));
}

TEST(Quantization, EmptyInput) {
  const at::Tensor x = at::empty({0, 10});
  EXPECT_EQ(quantize_embeddings(x, Precision::int8).sizes(), (std::vector<int64_t>{0, 10}));
  EXPECT_EQ(quantize_embeddings(x, Precision::int8).scalar_type(), at::kChar);
  EXPECT_EQ(quantize_embeddings(x, Precision::uint8).scalar_type(), at::kByte);
  EXPECT_EQ(quantize_embeddings(x, Precision::binary).sizes(), (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(quantize_embeddings(x, Precision::ubinary).scalar_type(), at::kByte);
  EXPECT_EQ(quantize_embeddings(x, Precision::float32).sizes(), (std::vector<int64_t>{0, 10}));
}

TEST(Quantization, HalfAndDoubleInputs) {
  const at::Tensor x = at::arange(24).view({4, 6}).to(at::kFloat);
  for (const at::ScalarType type : {at::kHalf, at::kBFloat16, at::kDouble}) {
    EXPECT_TRUE(at::equal(quantize_embeddings(x.to(type), Precision::int8),
                          quantize_embeddings(x, Precision::int8)));
    EXPECT_EQ(quantize_embeddings(x.to(type), Precision::float32).scalar_type(), at::kFloat);
  }
}

// Python's results on seeded inputs, equal in every value.
TEST(Quantization, Golden) {
  const SafeTensors file = SafeTensors::open(test::golden("util.safetensors"));
  int seen = 0;
  const auto golden = test::golden_json("util_cases.json");
  for (const auto& json : golden["cases"]) {
    if (json["function"] != "quantize_embeddings") continue;
    ++seen;
    const auto input = [&](const std::string& name) { return file.get("in." + name); };
    const auto& given = json["options"];
    QuantizeOptions options;
    if (given.contains("ranges")) options.ranges = input(given["ranges"]);
    if (given.contains("calibration_embeddings")) {
      options.calibration_embeddings = input(given["calibration_embeddings"]);
    }
    const at::Tensor found =
        quantize_embeddings(input(json["arguments"][0]),
                            parse_precision(given["precision"].get<std::string>()), options);
    const at::Tensor expected = file.get(json["expected"]);
    EXPECT_EQ(found.scalar_type(), expected.scalar_type());
    EXPECT_TRUE(at::equal(found, expected)) << json["expected"];
  }
  EXPECT_GE(seen, 15);
}

TEST(Quantization, Mistakes) {
  const at::Tensor x = at::randn({3, 4});
  EXPECT_THROW(quantize_embeddings(x[0], Precision::int8), std::invalid_argument);
  EXPECT_THROW(quantize_embeddings(x.slice(0, 0, 1), Precision::uint8), std::invalid_argument);
  EXPECT_THROW(quantize_embeddings(x.to(at::kChar), Precision::int8), std::invalid_argument);
  EXPECT_THROW(quantize_embeddings(x.to(at::kByte), Precision::binary), std::invalid_argument);
  EXPECT_THROW(quantize_embeddings(at::ones({}), Precision::binary), std::invalid_argument);
  EXPECT_THROW(quantize_embeddings(at::ones({2, 2, 2}), Precision::binary), std::invalid_argument);
  EXPECT_THROW(quantize_embeddings(at::Tensor(), Precision::binary), std::invalid_argument);
  for (const at::Tensor& ranges :
       {at::ones({2, 3}), at::ones({3, 4}), at::ones({4}), at::Tensor()}) {
    QuantizeOptions options;
    options.ranges = ranges;
    EXPECT_THROW(quantize_embeddings(x, Precision::int8, options), std::invalid_argument);
  }
  for (const at::Tensor& some : {at::ones({2, 3}), at::ones({0, 4}), at::ones({4}), at::Tensor()}) {
    QuantizeOptions options;
    options.calibration_embeddings = some;
    EXPECT_THROW(quantize_embeddings(x, Precision::int8, options), std::invalid_argument);
  }
}

}  // namespace
}  // namespace sentence_transformers
