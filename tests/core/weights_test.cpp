// The weights cursor, and every tensor that it refuses.
#include "core/weights.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include <limits>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

class WeightsTest : public testing::Test {
 protected:
  SafeTensors file(const std::string& name, const Tensors& tensors) {
    write_safetensors(dir_.path() / name, tensors);
    return SafeTensors::open(dir_.path() / name);
  }
  Weights weights(const Tensors& tensors) { return Weights({file("w.safetensors", tensors)}); }
  std::string path(const std::string& name) const { return (dir_.path() / name).string(); }

  TempDir dir_;
};

TEST_F(WeightsTest, MovesLikeCd) {
  const at::Tensor x = at::arange(6, at::kFloat).view({2, 3});
  const Weights w = weights({{"encoder.layer.3.dense.weight", x}, {"top", x + 1}});
  EXPECT_TRUE(at::equal((w / "encoder.layer" / 3 / "dense").get("weight", {2, 3}), x));
  EXPECT_TRUE(at::equal((w / "" / "encoder").get("layer.3.dense.weight", {2, 3}), x));
  EXPECT_TRUE(at::equal(w.get("top", {2, 3}), x + 1));
  EXPECT_EQ(w.file(), dir_.path() / "w.safetensors");
}

TEST_F(WeightsTest, KnowsTensorsAndWhatHoldsSome) {
  const Weights w = weights({{"layer.10.weight", at::ones({1})}, {"layers", at::ones({1})}});
  EXPECT_TRUE(w.contains("layers"));
  EXPECT_TRUE(w.contains("layer"));
  EXPECT_TRUE(w.contains("layer.10"));
  EXPECT_TRUE((w / "layer" / 10).contains("weight"));
  EXPECT_FALSE(w.contains("layer.1"));
  EXPECT_FALSE(w.contains("lay"));
  EXPECT_FALSE(w.contains("layers.10"));
  EXPECT_FALSE((w / "layer").contains("layers"));
}

TEST_F(WeightsTest, ListsWhatNobodyTook) {
  const at::Tensor x = at::ones({2});
  const Weights w = weights({{"a.x", x}, {"a.y", x}, {"ab.z", x}, {"b", x}});
  (w / "a").get("x", {2});
  EXPECT_EQ(w.unused(), (std::vector<std::string>{"a.y", "ab.z", "b"}));
  EXPECT_EQ((w / "a").unused(), (std::vector<std::string>{"a.y"}));
  EXPECT_THROW((w / "a").get("y", {3}), LoadError);
  EXPECT_EQ((w / "a").unused().size(), 1u);  // a refused tensor is not taken
}

TEST_F(WeightsTest, JoinsFiles) {
  const at::Tensor x = at::ones({2});
  const Weights w({file("1.safetensors", {{"a", x}}), file("2.safetensors", {{"b", x * 2}})});
  EXPECT_TRUE(at::equal(w.get("a", {2}), x));
  EXPECT_TRUE(at::equal(w.get("b", {2}), x * 2));
  EXPECT_EQ(w.file(), dir_.path() / "1.safetensors");
  EXPECT_THROWS(LoadError,
                Weights({file("1.safetensors", {{"a", x}}), file("2.safetensors", {{"a", x}})}),
                path("2.safetensors"), "\"a\" is also in", path("1.safetensors"));
}

TEST_F(WeightsTest, KeepTheFilesTypeButForDoubles) {
  const at::Tensor x = at::tensor({-2.5, 0.0, 1.0, 1024.0});
  for (const auto dtype : {at::kFloat, at::kHalf, at::kBFloat16, at::kDouble}) {
    const at::Tensor found = weights({{"x", x.to(dtype)}}).get("x", {4});
    EXPECT_EQ(found.scalar_type(), dtype == at::kDouble ? at::kFloat : dtype);
    EXPECT_TRUE(at::equal(found.to(at::kFloat), x.to(at::kFloat)));
  }
}

TEST_F(WeightsTest, MayBeChangedWithoutTheFile) {
  const at::Tensor found = weights({{"x", at::ones({4})}}).get("x", {4});
  found.add_(1);
  EXPECT_TRUE(at::equal(SafeTensors::open(path("w.safetensors")).get("x"), at::ones({4})));
}

TEST_F(WeightsTest, NamesAMissingTensor) {
  const Weights w = weights({{"a.x", at::ones({2})}});
  EXPECT_THROWS(LoadError, (w / "a").get("y", {2, 3}), path("w.safetensors"), "\"a.y\"", "[2, 3]",
                "is missing");
  EXPECT_THROWS(LoadError, w.get("a", {2}), "\"a\"", "is missing");
}

TEST_F(WeightsTest, NamesAWrongShape) {
  const Weights w = weights({{"x", at::ones({2, 3})}});
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{3, 2}, {6}, {2, 3, 1}, {}, {2, -1}}) {
    EXPECT_THROWS(LoadError, w.get("x", shape), path("w.safetensors"), "\"x\": expected shape ",
                  "found [2, 3]");
  }
}

TEST_F(WeightsTest, NamesAWrongType) {
  for (const auto dtype : {at::kLong, at::kInt, at::kShort, at::kChar, at::kByte, at::kBool}) {
    const Weights w = weights({{"x", at::ones({2}, dtype)}});
    EXPECT_THROWS(LoadError, w.get("x", {2}), path("w.safetensors"), "\"x\": expected floating",
                  "found ");
  }
}

TEST_F(WeightsTest, RefusesNaNAndInfinity) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const auto dtype : {at::kFloat, at::kHalf, at::kBFloat16, at::kDouble}) {
    for (const double bad : {std::nan(""), kInfinity, -kInfinity}) {
      at::Tensor x = at::ones({100}, dtype);
      x[57] = bad;
      EXPECT_THROWS(LoadError, weights({{"x", x}}).get("x", {100}), path("w.safetensors"),
                    "\"x\": holds NaN or infinite numbers");
    }
    at::Tensor both = at::ones({2}, dtype);
    both[0] = kInfinity;
    both[1] = -kInfinity;
    EXPECT_THROWS(LoadError, weights({{"x", both}}).get("x", {2}), "NaN or infinite");
  }
}

TEST_F(WeightsTest, TakesLargeNumbersWhoseSumIsInfinite) {
  for (const auto dtype : {at::kFloat, at::kHalf, at::kBFloat16}) {
    const double most = dtype == at::kHalf ? 65504.0 : 3.3e38;
    const at::Tensor x = at::full({1000}, most, dtype);
    EXPECT_TRUE(at::equal(weights({{"x", x}}).get("x", {1000}), x));
  }
}

TEST_F(WeightsTest, RefusesDoublesThatFloat32CannotHold) {
  EXPECT_THROWS(LoadError, weights({{"x", at::full({2}, 1e300, at::kDouble)}}).get("x", {2}),
                "\"x\": holds NaN or infinite numbers");
}

}  // namespace
}  // namespace sentence_transformers
