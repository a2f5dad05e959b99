// Reading and writing safetensors, and every kind of hostile file.
#include "core/safetensors.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <sentence_transformers/error.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support.h"

namespace sentence_transformers {
namespace {

class SafeTensorsTest : public testing::Test {
 protected:
  /// A file with this header (and length field, if given) and this many bytes 1, 2, 3, ...
  void put(const std::string& header, size_t data, std::optional<uint64_t> length = {}) {
    std::ofstream out(path, std::ios::binary);
    const uint64_t size = length.value_or(header.size());
    out.write(reinterpret_cast<const char*>(&size), 8);
    out << header;
    for (size_t i = 1; i <= data; ++i) out.put(static_cast<char>(i));
  }

  std::string load_error(const std::string& header, size_t data,
                         std::optional<uint64_t> length = {}) {
    put(header, data, length);
    try {
      SafeTensors::open(path);
    } catch (const LoadError& e) {
      EXPECT_NE(std::string(e.what()).find("[SafeTensors] " + path.string()), std::string::npos)
          << e.what();
      return e.what();
    }
    return "accepted";
  }

  test::TempDir dir;
  const std::filesystem::path path = dir.path() / "f.safetensors";
};

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

#define EXPECT_CONTAINS(text, part) \
  EXPECT_NE(std::string(text).find(part), std::string::npos) << "found: " << (text)

TEST_F(SafeTensorsTest, WritesAndReadsEveryType) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const at::ScalarType type : {at::kBool, at::kByte, at::kChar, at::kShort, at::kHalf,
                                    at::kBFloat16, at::kInt, at::kFloat, at::kDouble, at::kLong}) {
    tensors.emplace_back(c10::toString(type), at::arange(15).view({3, 5}).to(type));
  }
  write_safetensors(path, tensors, {{"format", "pt"}, {"text", "a \"b\"\n\u00e4"}});
  const SafeTensors file = SafeTensors::open(path);
  EXPECT_EQ(file.path(), path);
  EXPECT_EQ(file.metadata(),
            (std::map<std::string, std::string>{{"format", "pt"}, {"text", "a \"b\"\n\u00e4"}}));
  EXPECT_EQ(file.names().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    ASSERT_TRUE(file.contains(name));
    const at::Tensor read = file.get(name);
    EXPECT_EQ(read.scalar_type(), tensor.scalar_type());
    EXPECT_TRUE(at::equal(read, tensor)) << name;
  }
  EXPECT_FALSE(file.contains("none"));
}

TEST_F(SafeTensorsTest, WritesLargeAlignmentFirstThenByName) {
  write_safetensors(path, {{"b", at::ones({3}, at::kByte)},
                           {"z", at::ones({1}, at::kFloat)},
                           {"a", at::ones({1}, at::kFloat)},
                           {"h", at::ones({1}, at::kHalf)},
                           {"d", at::ones({1}, at::kDouble)}});
  const std::string text = read_file(path);
  uint64_t length;
  std::memcpy(&length, text.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  ASSERT_EQ(text.size(), 8 + length + 8 + 4 + 4 + 2 + 3);
  const auto header = nlohmann::ordered_json::parse(text.substr(8, length));
  std::vector<std::string> names;
  for (const auto& item : header.items()) names.push_back(item.key());
  EXPECT_EQ(names, (std::vector<std::string>{"d", "a", "z", "h", "b"}));
  EXPECT_EQ(header["h"]["data_offsets"], nlohmann::json({16, 18}));
  EXPECT_EQ(text.find("__metadata__"), std::string::npos);
}

TEST_F(SafeTensorsTest, WritesAnyLayoutAndEmptyTensors) {
  const at::Tensor strided = at::arange(12.0).view({3, 4}).t();
  write_safetensors(path, {{"strided", strided},
                           {"empty", at::empty({0, 4})},
                           {"scalar", at::scalar_tensor(2.5)},
                           {"grad", at::ones({2}).requires_grad_()}});
  const SafeTensors file = SafeTensors::open(path);
  EXPECT_TRUE(at::equal(file.get("strided"), strided));
  EXPECT_EQ(file.get("empty").sizes(), (std::vector<int64_t>{0, 4}));
  EXPECT_EQ(file.get("scalar").dim(), 0);
  EXPECT_EQ(file.get("scalar").item<double>(), 2.5);
  EXPECT_FALSE(file.get("grad").requires_grad());
}

TEST_F(SafeTensorsTest, ReadsAFileWithoutTensors) {
  write_safetensors(path, {});
  EXPECT_TRUE(SafeTensors::open(path).names().empty());
  put("{}", 0);
  EXPECT_TRUE(SafeTensors::open(path).names().empty());
}

TEST_F(SafeTensorsTest, TensorsOutliveTheFileAndMayBeWrittenTo) {
  write_safetensors(path, {{"x", at::ones({1000})}});
  at::Tensor x = SafeTensors::open(path).get("x");
  x.fill_(2);
  EXPECT_EQ(SafeTensors::open(path).get("x").sum().item<double>(), 1000);
  write_safetensors(path, {{"x", at::zeros({3000})}});
  EXPECT_EQ(x.sum().item<double>(), 2000);
}

TEST_F(SafeTensorsTest, SharesTheMappingAndReleasesIt) {
  write_safetensors(path, {{"x", at::ones({100'000})}});
  const SafeTensors file = SafeTensors::open(path);
  EXPECT_EQ(file.get("x").const_data_ptr(), file.get("x").const_data_ptr());
  file.get("x").fill_(5);
  file.release("x");  // takes the change back, except on the first and last page
  file.release("none");
  EXPECT_EQ(file.get("x")[50'000].item<double>(), 1);
}

TEST_F(SafeTensorsTest, CopiesMisalignedTensors) {
  std::string header =
      R"({"a":)" + entry("U8", "[1]", "[0,1]") + R"(,"b":)" + entry("I32", "[2]", "[1,9]") + "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  put(header, 9);
  const at::Tensor b = SafeTensors::open(path).get("b");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(b.const_data_ptr()) % 4, 0u);
  EXPECT_EQ(b[0].item<int64_t>(), 0x05040302);
  EXPECT_EQ(b[1].item<int64_t>(), 0x09080706);
}

TEST_F(SafeTensorsTest, TakesAnyOrderInTheHeaderAndUnknownFields) {
  put(R"({"b":)" + entry("U8", "[2]", "[1,3]") + R"(,"e":)" + entry("F32", "[0]", "[1,1]") +
          R"(,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"note":"x"}})",
      3);
  const SafeTensors file = SafeTensors::open(path);
  EXPECT_EQ(file.get("a").item<int64_t>(), 1);
  EXPECT_EQ(file.get("b")[1].item<int64_t>(), 3);
  EXPECT_EQ(file.get("e").numel(), 0);
}

TEST_F(SafeTensorsTest, MissingTensor) {
  write_safetensors(path, {{"x", at::ones({1})}});
  try {
    SafeTensors::open(path).get("y");
    FAIL();
  } catch (const LoadError& e) {
    EXPECT_CONTAINS(e.what(), "there is no tensor \"y\"");
  }
}

TEST_F(SafeTensorsTest, MissingFileAndFolder) {
  EXPECT_THROW(SafeTensors::open(path), LoadError);
  EXPECT_THROW(SafeTensors::open(dir.path()), LoadError);
}

TEST_F(SafeTensorsTest, ShortFiles) {
  for (size_t size = 0; size < 8; ++size) {
    std::ofstream(path, std::ios::binary) << std::string(size, '\0');
    EXPECT_THROW(SafeTensors::open(path), LoadError) << size;
  }
}

TEST_F(SafeTensorsTest, EveryTruncationAndExtensionIsFound) {
  write_safetensors(path, {{"x", at::ones({3, 4})}, {"y", at::ones({2}, at::kLong)}});
  const std::string text = read_file(path);
  for (size_t size = 0; size <= text.size() + 1; ++size) {
    if (size == text.size()) continue;
    std::ofstream(path, std::ios::binary) << (text + "x").substr(0, size);
    EXPECT_THROW(SafeTensors::open(path), LoadError) << size;
  }
}

TEST_F(SafeTensorsTest, HostileHeaderLengths) {
  EXPECT_CONTAINS(load_error("{}", 0, 3), "found a length of 3");
  EXPECT_CONTAINS(load_error("{}", 0, 100'000'001), "found a length of 100000001");
  EXPECT_CONTAINS(load_error("{}", 0, UINT64_MAX), "found a length of 18446744073709551615");
  EXPECT_CONTAINS(load_error("{}", 0, UINT64_MAX - 7), "found a length of");
  EXPECT_CONTAINS(load_error("{}", 0, 0), "no JSON object");
}

TEST_F(SafeTensorsTest, HeadersLongerThanTheLimitAreRefusedThoughTheFileHoldsThem) {
  put("{}" + std::string(kMaxSafeTensorsHeader - 2, ' '), 0);
  EXPECT_TRUE(SafeTensors::open(path).names().empty());
  EXPECT_CONTAINS(load_error("{}" + std::string(kMaxSafeTensorsHeader - 1, ' '), 0), "at most");
}

TEST_F(SafeTensorsTest, HeadersThatAreNoObject) {
  for (const std::string header :
       {"[]", "1", "null", " {}", "\xEF\xBB\xBF{}", "{", "{}}", "{} x", "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}", "{\"\xff\":1}", "{\"a\":\"\\ud800\"}", "\"a\"", "{'a':1}", "{//\n}"}) {
    EXPECT_NE(load_error(header, 0), "accepted") << header;
  }
  EXPECT_CONTAINS(load_error(std::string("{}\0 ", 4), 0), "holds a NUL");
}

TEST_F(SafeTensorsTest, KeysGivenTwice) {
  const std::string a = R"("a":)" + entry("U8", "[1]", "[0,1]");
  EXPECT_CONTAINS(load_error("{" + a + "," + a + "}", 1), "the key \"a\" twice");
  EXPECT_CONTAINS(
      load_error(R"({"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", 1),
      "the key \"dtype\" twice");
  EXPECT_CONTAINS(load_error(R"({"__metadata__":{"k":"1","k":"2"}})", 0), "the key \"k\" twice");
}

TEST_F(SafeTensorsTest, DeepNesting) {
  const size_t depth = 1'000'000;
  EXPECT_CONTAINS(
      load_error("{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}", 0),
      "nested deeper than 3 levels");
  std::string objects;
  for (int i = 0; i < 10'000; ++i) objects += "{\"a\":";
  EXPECT_CONTAINS(load_error(objects, 0), "nested deeper than 3 levels");
}

TEST_F(SafeTensorsTest, BadMetadata) {
  EXPECT_CONTAINS(load_error(R"({"__metadata__":[]})", 0), "\"__metadata__\" is no object");
  EXPECT_CONTAINS(load_error(R"({"__metadata__":{"k":1}})", 0), "metadata \"k\" is no string");
}

TEST_F(SafeTensorsTest, BadEntries) {
  EXPECT_CONTAINS(load_error(R"({"a":1})", 0), "expected an object, found 1");
  EXPECT_CONTAINS(load_error(R"({"a":{}})", 0), "\"dtype\" is missing");
  EXPECT_CONTAINS(load_error(R"({"a":{"dtype":1}})", 0), "\"dtype\" is missing or of the wrong");
  EXPECT_CONTAINS(load_error(R"({"a":{"dtype":"U8"}})", 0), "\"shape\" is missing");
  EXPECT_CONTAINS(load_error(R"({"a":{"dtype":"U8","shape":[1]}})", 1), "\"data_offsets\"");
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("U8", "1", "[0,1]") + "}", 1), "\"shape\"");
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("U8", "[1]", "[0]") + "}", 1), "two offsets");
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("U8", "[1]", "[0,1,2]") + "}", 1), "two offsets");
  for (const std::string number :
       {"-1", "1.0", "1.5", "\"1\"", "null", "1e3", "[1]", "18446744073709551616"}) {
    EXPECT_NE(load_error(R"({"a":)" + entry("U8", "[" + number + "]", "[0,1]") + "}", 1),
              "accepted")
        << number;
    EXPECT_NE(load_error(R"({"a":)" + entry("U8", "[1]", "[0," + number + "]") + "}", 1),
              "accepted")
        << number;
  }
}

TEST_F(SafeTensorsTest, Types) {
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("F31", "[1]", "[0,4]") + "}", 4),
                  "type \"F31\"; known: I64, F64, F32, I32, BF16, F16, I16, I8, U8, BOOL");
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("f32", "[1]", "[0,4]") + "}", 4), "type \"f32\"");
  for (const std::string type : {"U16", "U32", "U64", "F8_E4M3", "F8_E5M2", "F4", "C64"}) {
    put(R"({"a":)" + entry(type, "[1]", "[0,4]") + "}", 4);
    EXPECT_THROW(SafeTensors::open(path), UnsupportedError) << type;
  }
}

TEST_F(SafeTensorsTest, SizesThatDoNotFit) {
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("F32", "[2]", "[0,4]") + "}", 4),
                  "shape and type need 8 bytes, the range [0,4] has 4");
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("F32", "[]", "[0,8]") + "}", 8), "need 4 bytes");
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("F32", "[0]", "[0,4]") + "}", 4), "need 0 bytes");
}

TEST_F(SafeTensorsTest, ShapesThatOverflow) {
  // 2^62 * 4 bytes is 0 modulo 2^64.
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("F32", "[4611686018427387904]", "[0,0]") + "}", 0),
                  "need too many bytes");
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("U8", "[4294967296,4294967296]", "[0,0]") + "}", 0),
                  "need too many bytes");
  EXPECT_CONTAINS(
      load_error(R"({"a":)" + entry("U8", "[0,4294967296,4294967296]", "[0,0]") + "}", 0),
      "need too many bytes");
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("U8", "[9223372036854775808]", "[0,0]") + "}", 0),
                  "the shape is too large");
}

TEST_F(SafeTensorsTest, RangesOutsideOfTheData) {
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("U8", "[2]", "[0,2]") + "}", 1), "lies outside");
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("U8", "[1]", "[1,0]") + "}", 1), "lies outside");
  EXPECT_CONTAINS(
      load_error(
          R"({"a":)" + entry("U8", "[1]", "[18446744073709551615,18446744073709551615]") + "}", 1),
      "lies outside");
}

TEST_F(SafeTensorsTest, OverlapsHolesAndRests) {
  const auto two = [](const std::string& a, const std::string& b) {
    return R"({"a":)" + entry("U8", "[2]", a) + R"(,"b":)" + entry("U8", "[2]", b) + "}";
  };
  EXPECT_CONTAINS(load_error(two("[0,2]", "[1,3]"), 3), "overlap");
  EXPECT_CONTAINS(load_error(two("[0,2]", "[0,2]"), 2), "overlap");
  EXPECT_CONTAINS(load_error(two("[0,2]", "[3,5]"), 5), "tensor \"b\": expected its data at 2");
  EXPECT_CONTAINS(load_error(two("[1,3]", "[3,5]"), 5), "tensor \"a\": expected its data at 0");
  EXPECT_CONTAINS(load_error(two("[0,2]", "[2,4]"), 5), "expected 4 bytes of data, found 5");
  EXPECT_CONTAINS(load_error("{}", 1), "expected 0 bytes of data, found 1");
  EXPECT_CONTAINS(load_error(R"({"a":)" + entry("U8", "[0]", "[1,1]") + "}", 1), "holes");
}

TEST_F(SafeTensorsTest, FlippedBitsInTheHeaderNeverCrash) {
  write_safetensors(path, {{"x", at::ones({3, 4})}, {"y", at::ones({2}, at::kLong)}}, {{"k", "v"}});
  const std::string text = read_file(path);
  const size_t header = text.size() - 48 - 16;
  size_t refused = 0;
  for (size_t bit = 0; bit < 8 * header; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    std::ofstream(path, std::ios::binary) << damaged;
    try {
      const SafeTensors file = SafeTensors::open(path);
      for (const std::string& name : file.names()) file.get(name).sum();
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, header * 4);
}

TEST_F(SafeTensorsTest, WriterRefusesWhatTheFormatCannotHold) {
  const at::Tensor x = at::ones({1});
  EXPECT_THROW(write_safetensors(path, {{"x", x}, {"x", x}}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(path, {{"__metadata__", x}}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(path, {{"x", x.to(at::kComplexFloat)}}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(path, {{"\xff", x}}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(path, {{"x", x}}, {{"k", "\xff"}}), std::invalid_argument);
  EXPECT_THROW(write_safetensors(path, {}, {{"k", std::string(kMaxSafeTensorsHeader, 'x')}}),
               std::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_THROW(write_safetensors(dir.path() / "none" / "f", {{"x", x}}), Error);
}

TEST(TensorBytes, OverflowIsSeen) {
  EXPECT_EQ(tensor_bytes(at::kFloat, {3, 4}), 48u);
  EXPECT_EQ(tensor_bytes(at::kFloat, {}), 4u);
  EXPECT_EQ(tensor_bytes(at::kDouble, {5, 0}), 0u);
  EXPECT_EQ(tensor_bytes(at::kByte, {INT64_MAX}), static_cast<size_t>(INT64_MAX));
  EXPECT_EQ(tensor_bytes(at::kHalf, {INT64_MAX}), std::nullopt);
  EXPECT_EQ(tensor_bytes(at::kByte, {-1}), std::nullopt);
}

TEST_F(SafeTensorsTest, ErrorsStayShortWhateverTheHeaderHolds) {
  const std::string large(1'000'000, 'y');
  const std::string name = "\"" + large + "\":";
  std::string ones = "[1";
  for (int i = 0; i < 100'000; ++i) ones += ",1";
  ones += "]";
  for (const std::string& header :
       {"{" + name + "1}", "{" + name + entry(large, "[1]", "[0,1]") + "}",
        "{" + name + entry("U8", "[1]", ones) + "}", "{" + name + entry("U8", ones, "[0,2]") + "}",
        "{" + name + entry("U8", "[\"" + large + "\"]", "[0,1]") + "}",
        "{" + name + "1," + name + "2}", "{" + name, "{\"__metadata__\":{" + name + "1}}"}) {
    const std::string text = load_error(header, 1);
    EXPECT_NE(text, "accepted");
    EXPECT_LT(text.size(), 700u) << text.substr(0, 2000);
  }
}

TEST_F(SafeTensorsTest, ManyTensorsAreWrittenInOrder) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (int i = 0; i < 300; ++i)
    tensors.emplace_back("t" + std::to_string(i), at::full({1}, i, at::kInt));
  write_safetensors(path, tensors);
  const SafeTensors file = SafeTensors::open(path);
  EXPECT_EQ(file.names().size(), 300u);
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(at::equal(file.get(name), tensor));
}

}  // namespace
}  // namespace sentence_transformers
