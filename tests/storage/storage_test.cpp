// Embeddings on disk: what is written is read again, and no damage goes unnoticed.
#include <sentence_transformers/storage.h>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <sentence_transformers/error.h>

#include <fstream>
#include <string>

#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using test::TempDir;
namespace fs = std::filesystem;

const std::vector<std::string> kSentences = {"plain", "", "quo\"te \\ \n\t\x01", "äöü 你好 🙂",
                                             std::string("nul\0inside", 10)};

class StorageTest : public testing::Test {
 protected:
  void put(const std::string& content) { test::write_file(path, content); }
  /// A safetensors file as other software would write it.
  void put(const at::Tensor& embeddings, const std::map<std::string, std::string>& metadata) {
    write_safetensors(path, {{"embeddings", embeddings}}, metadata);
  }
  void put_npy(const std::string& header, size_t data, char major = 1, char minor = 0) {
    std::string text = "\x93NUMPY" + std::string{major, minor};
    for (int i = 0; i < (major == 1 ? 2 : 4); ++i) {
      text += static_cast<char>(header.size() >> 8 * i & 0xFF);
    }
    text += header;
    for (size_t i = 0; i < data; ++i) text += static_cast<char>(i);
    put(text);
  }

  TempDir dir;
  const fs::path path = dir.path() / "file";
};

TEST_F(StorageTest, SentencesAndEmbeddingsComeBack) {
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16, at::kChar, at::kByte}) {
    const at::Tensor embeddings = at::arange(5 * 7).view({5, 7}).to(type);
    save_embeddings(path, kSentences, embeddings);
    const StoredEmbeddings stored = load_embeddings(path);
    EXPECT_EQ(stored.sentences, kSentences);
    EXPECT_EQ(stored.embeddings.scalar_type(), type);
    EXPECT_TRUE(at::equal(stored.embeddings, embeddings));
  }
}

TEST_F(StorageTest, AnyLayoutAndGradients) {
  const at::Tensor embeddings = at::randn({7, 5}).t();
  save_embeddings(path, kSentences, embeddings.detach().requires_grad_());
  EXPECT_TRUE(at::equal(load_embeddings(path).embeddings, embeddings));
}

TEST_F(StorageTest, NoSentences) {
  save_embeddings(path, {}, at::empty({0, 384}));
  const StoredEmbeddings stored = load_embeddings(path);
  EXPECT_TRUE(stored.sentences.empty());
  EXPECT_EQ(stored.embeddings.sizes(), (std::vector<int64_t>{0, 384}));
}

TEST_F(StorageTest, WhatWasLoadedOutlivesTheFile) {
  const at::Tensor first = at::randn({5, 300});
  save_embeddings(path, kSentences, first);
  const at::Tensor loaded = load_embeddings(path).embeddings;
  save_embeddings(path, {"other"}, at::zeros({1, 3}));
  EXPECT_TRUE(at::equal(loaded, first));
  EXPECT_EQ(load_embeddings(path).sentences, (std::vector<std::string>{"other"}));
}

// The header of a safetensors file holds 100 MB at most.
TEST_F(StorageTest, LongTextsGoIntoATensor) {
  const std::vector<std::string> sentences(5, std::string(10'000'000, '"'));
  const at::Tensor embeddings = at::randn({5, 4});
  save_embeddings(path, sentences, embeddings);
  EXPECT_TRUE(SafeTensors::open(path).contains("sentences"));
  const StoredEmbeddings stored = load_embeddings(path);
  EXPECT_EQ(stored.sentences, sentences);
  EXPECT_TRUE(at::equal(stored.embeddings, embeddings));

  std::string text = read_file(path);
  text[text.size() / 2] ^= 1;
  put(text);
  EXPECT_THROWS(LoadError, load_embeddings(path), "checksum");
}

TEST_F(StorageTest, EveryFlippedBitIsFound) {
  const at::Tensor embeddings = at::randn({5, 6});
  save_embeddings(path, kSentences, embeddings);
  const std::string text = read_file(path);
  // The file is patched in place: with a file for each bit this would take a minute.
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const auto set = [&](size_t i, char c) {
    file.seekp(static_cast<std::streamoff>(i));
    file.put(c);
    file.flush();
  };
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    set(bit / 8, static_cast<char>(text[bit / 8] ^ (1 << bit % 8)));
    EXPECT_THROW(load_embeddings(path), LoadError) << "bit " << bit % 8 << " of byte " << bit / 8;
    set(bit / 8, text[bit / 8]);
  }
  EXPECT_TRUE(at::equal(load_embeddings(path).embeddings, embeddings));
}

TEST_F(StorageTest, OtherBytesAreFound) {
  save_embeddings(path, {"a", "b"}, at::randn({2, 6}));
  const std::string text = read_file(path);
  for (size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'\0', ' ', '0', '\xff'}) {
      if (c == text[i]) continue;
      std::string damaged = text;
      damaged[i] = c;
      put(damaged);
      EXPECT_THROW(load_embeddings(path), LoadError) << i << ' ' << int{c};
    }
  }
}

TEST_F(StorageTest, EveryTruncationIsFound) {
  save_embeddings(path, kSentences, at::randn({5, 6}));
  const std::string text = read_file(path);
  for (size_t size = 0; size < text.size(); ++size) {
    put(text.substr(0, size));
    EXPECT_THROW(load_embeddings(path), LoadError) << size;
  }
  put(text + '\0');
  EXPECT_THROW(load_embeddings(path), LoadError);
}

TEST_F(StorageTest, RowsThatChangePlacesAreFound) {
  save_embeddings(path, {"a", "b"}, at::tensor({1.f, 2.f, 3.f, 4.f}).view({2, 2}));
  std::string text = read_file(path);
  std::swap_ranges(text.end() - 16, text.end() - 8, text.end() - 8);
  put(text);
  EXPECT_THROWS(LoadError, load_embeddings(path), "checksum");
}

TEST_F(StorageTest, FilesWithoutAChecksum) {
  put(at::ones({2, 3}), {{"sentences", R"(["a", "\u00e4"])"}, {"format", "pt"}});
  const StoredEmbeddings stored = load_embeddings(path);
  EXPECT_EQ(stored.sentences, (std::vector<std::string>{"a", "ä"}));
  EXPECT_TRUE(at::equal(stored.embeddings, at::ones({2, 3})));
}

TEST_F(StorageTest, FilesThatDoNotFit) {
  EXPECT_THROWS(LoadError, load_embeddings(path), "No such file");
  const at::Tensor x = at::ones({2, 3});
  put(x, {});
  EXPECT_THROWS(LoadError, load_embeddings(path), "there are no \"sentences\"");
  put(x, {{"sentences", "["}});
  EXPECT_THROWS(LoadError, load_embeddings(path), "no JSON array of texts");
  put(x, {{"sentences", R"({"a": "b"})"}});
  EXPECT_THROWS(LoadError, load_embeddings(path), "no JSON array of texts");
  put(x, {{"sentences", R"(["a", 1])"}});
  EXPECT_THROWS(LoadError, load_embeddings(path), "no JSON array of texts");
  put(x, {{"sentences", R"(["a"])"}});
  EXPECT_THROWS(LoadError, load_embeddings(path), "expected embeddings [1, D]", "found [2, 3]");
  put(x.view({2, 3, 1}), {{"sentences", R"(["a", "b"])"}});
  EXPECT_THROWS(LoadError, load_embeddings(path), "found [2, 3, 1]");
  put(x, {{"sentences", R"(["a", "b"])"}, {"checksum", "none"}});
  EXPECT_THROWS(LoadError, load_embeddings(path), "checksum");
  put(x, {{"sentences", R"(["a", "b"])"}, {"chdcksum", "xxh64:0000000000000000"}});
  EXPECT_THROWS(LoadError, load_embeddings(path), "the key \"chdcksum\" is damaged");
  write_safetensors(path, {{"vectors", x}}, {{"sentences", R"(["a", "b"])"}});
  EXPECT_THROWS(LoadError, load_embeddings(path), "there is no tensor \"embeddings\"");
  write_safetensors(path, {{"embeddings", x}, {"sentences", x}});
  EXPECT_THROWS(LoadError, load_embeddings(path), "\"sentences\" is no text");
}

TEST_F(StorageTest, Mistakes) {
  const at::Tensor x = at::ones({2, 3});
  EXPECT_THROWS(std::invalid_argument, save_embeddings(path, {"a"}, x),
                "expected embeddings [1, D], found [2, 3]");
  EXPECT_THROWS(std::invalid_argument, save_embeddings(path, {"a", "b"}, x[0]), "found [3]");
  EXPECT_THROWS(std::invalid_argument, save_embeddings(path, {}, at::Tensor()), "found none");
  EXPECT_THROWS(std::invalid_argument, save_embeddings(path, {"a", "\xff"}, x),
                "sentence 1 is no valid UTF-8");
  EXPECT_THROW(save_embeddings(path, {"a", "b"}, x.to(at::kComplexFloat)), std::invalid_argument);
  EXPECT_FALSE(fs::exists(path));
  EXPECT_THROWS(Error, save_embeddings(dir.path() / "none" / "f", {"a", "b"}, x),
                "there is no folder");
}

TEST_F(StorageTest, AFailedSaveLeavesTheOldFile) {
  save_embeddings(path, {"a"}, at::ones({1, 3}));
  EXPECT_THROW(save_embeddings(path, {"\xff"}, at::ones({1, 3})), std::invalid_argument);
  EXPECT_EQ(load_embeddings(path).sentences, (std::vector<std::string>{"a"}));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), {}), 1);
}

TEST_F(StorageTest, NpyComesBack) {
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kDouble, at::kChar, at::kByte,
                                    at::kShort, at::kInt, at::kLong, at::kBool}) {
    for (const std::vector<int64_t>& shape :
         {std::vector<int64_t>{3, 4}, {12}, {}, {0, 5}, {2, 3, 2}}) {
      const at::Tensor array = at::ones(shape, type);
      save_npy(path, array);
      const at::Tensor loaded = load_npy(path);
      EXPECT_EQ(loaded.scalar_type(), type);
      EXPECT_TRUE(at::equal(loaded, array)) << type << loaded;
    }
  }
  const at::Tensor strided = at::randn({4, 3}).t();
  save_npy(path, strided);
  EXPECT_TRUE(at::equal(load_npy(path), strided));
}

TEST_F(StorageTest, NpyIsWrittenAsNumPyDoes) {
  save_npy(path, at::tensor({1.f, 2.f}).view({2, 1}));
  const std::string text = read_file(path);
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
  ASSERT_EQ(text.size(), 128u + 8);
  EXPECT_EQ(text.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_EQ(text.substr(10, header.size()), header);
  EXPECT_EQ(text.substr(10 + header.size(), 118 - header.size()),
            std::string(117 - header.size(), ' ') + "\n");
  EXPECT_EQ(text.substr(128), std::string("\0\0\x80\x3f\0\0\0\x40", 8));
  save_npy(path, at::ones({5}));
  EXPECT_NE(read_file(path).find("'shape': (5,), }"), std::string::npos);
  save_npy(path, at::ones({}));
  EXPECT_NE(read_file(path).find("'shape': (), }"), std::string::npos);
}

TEST_F(StorageTest, NpyHeadersOfOtherWriters) {
  put_npy("{\"shape\":(2,3),\"descr\":\"|u1\",\"fortran_order\":False}\n", 6);
  EXPECT_TRUE(at::equal(load_npy(path), at::arange(6).view({2, 3}).to(at::kByte)));
  put_npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }  \n", 8, 2);
  EXPECT_EQ(load_npy(path)[1].item<int64_t>(), 0x07060504);
  // Data that is not aligned for its type.
  for (const char* spaces : {"", " ", "  ", "   "}) {
    put_npy(std::string("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }") + spaces, 8);
    const at::Tensor loaded = load_npy(path);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(loaded.const_data_ptr()) % 4, 0u);
    EXPECT_EQ(loaded[0].item<int64_t>(), 0x03020100);
  }
}

TEST_F(StorageTest, NpyIsMappedPrivately) {
  save_npy(path, at::ones({1000}));
  at::Tensor loaded = load_npy(path);
  loaded.fill_(2);
  EXPECT_EQ(load_npy(path).sum().item<double>(), 1000);
  save_npy(path, at::zeros({1}));
  EXPECT_EQ(loaded.sum().item<double>(), 2000);
}

TEST_F(StorageTest, NpyThatIsNotSupported) {
  const auto header = [](const std::string& descr, const std::string& order = "False") {
    return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': (2,), }\n";
  };
  for (const char* descr : {"'>f4'", "'<u2'", "'<c8'", "'|O'", "'<U3'", "'f4'", "[('a', '<f4')]"}) {
    put_npy(header(descr), 8);
    EXPECT_THROW(load_npy(path), UnsupportedError) << descr;
  }
  put_npy(header("'<f4'", "True"), 8);
  EXPECT_THROWS(UnsupportedError, load_npy(path), "Fortran order");
  put_npy(header("'<f4'"), 8, 3);
  EXPECT_THROWS(UnsupportedError, load_npy(path), "version 3.0; known: 1.0, 2.0");
  put_npy(header("'<f4'"), 8, 1, 1);
  EXPECT_THROWS(UnsupportedError, load_npy(path), "version 1.1");
}

TEST_F(StorageTest, NpyThatIsMalformed) {
  for (const std::string header :
       {"",
        "{}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'shape': (2,), 'descr': '<f4'}",
        "{'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': '', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}"}) {
    put_npy(header, 8);
    EXPECT_THROW(load_npy(path), LoadError) << header;
  }
  const std::string start = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
  put_npy(start + "(3,)}", 8);
  EXPECT_THROWS(LoadError, load_npy(path), "expected 12 bytes of data for [3], found 8");
  put_npy(start + "(4611686018427387904,)}", 0);
  EXPECT_THROWS(LoadError, load_npy(path), "expected too many bytes");
  put("PK not this");
  EXPECT_THROWS(LoadError, load_npy(path), "is no .npy file");
  EXPECT_THROWS(LoadError, load_npy(dir.path() / "none"), "No such file");
}

TEST_F(StorageTest, EveryTruncatedNpyIsFound) {
  save_npy(path, at::randn({3, 4}));
  const std::string text = read_file(path);
  for (size_t size = 0; size < text.size(); ++size) {
    put(text.substr(0, size));
    EXPECT_THROW(load_npy(path), LoadError) << size;
  }
  put(text + "x");
  EXPECT_THROW(load_npy(path), LoadError);
  put(text.substr(0, 6) + std::string("\x02\x00\x76\x00", 4));
  EXPECT_THROWS(LoadError, load_npy(path), "cut short");
}

TEST_F(StorageTest, NpyMistakes) {
  EXPECT_THROWS(std::invalid_argument, save_npy(path, at::ones({2}, at::kBFloat16)),
                "BFloat16 cannot be written");
  EXPECT_THROWS(std::invalid_argument, save_npy(path, at::Tensor()), "there is no array");
  EXPECT_THROWS(Error, save_npy(dir.path() / "none" / "f", at::ones({2})), "there is no folder");
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(StorageTest, WhatTheSystemRefusesIsALoadError) {
  fs::create_symlink("loop", dir.path() / "loop");
  fs::create_directory(dir.path() / "locked");
  EXPECT_THROWS(LoadError, load_embeddings(dir.path() / "loop"), "Too many levels");
  EXPECT_THROWS(LoadError, load_npy(dir.path() / "loop"), "Too many levels");
  EXPECT_THROWS(Error, save_npy(dir.path() / "loop", at::ones({2}, at::kFloat)), "Too many levels");
  const test::WithoutRights guard(dir.path() / "locked", dir.path());
  EXPECT_THROWS(LoadError, load_embeddings(dir.path() / "locked/f"), "Permission denied");
  EXPECT_THROWS(LoadError, load_npy(dir.path() / "locked/f"), "Permission denied");
  EXPECT_THROWS(Error, save_npy(dir.path() / "locked/f", at::ones({2}, at::kFloat)),
                "Permission denied");
}

TEST_F(StorageTest, ErrorsStayShortWhateverTheFileHolds) {
  const std::string large(1'000'000, 'y');
  const auto length = [&](const auto& load) {
    try {
      load(path);
    } catch (const Error& e) {
      return std::string(e.what()).size();
    }
    return size_t{0};
  };
  std::string ones;
  for (int i = 0; i < 100'000; ++i) ones += "1, ";
  for (const std::string& header :
       {"{'descr': '" + large + "', 'fortran_order': False, 'shape': (2,), }\n",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (" + ones + "), }\n",
        "{'" + large + "': 1}\n"}) {
    put_npy(header, 2, 2);
    EXPECT_GT(length(load_npy), 0u);
    EXPECT_LT(length(load_npy), 600u);
  }
  for (const std::map<std::string, std::string>& metadata :
       {std::map<std::string, std::string>{{"sentences", "[\"" + large}},
        {{"sentences", "[\"" + large + "\"]"}, {large, "xxh64:0"}},
        {{"sentences", large}}}) {
    put(at::ones({2, 2}, at::kFloat), metadata);
    EXPECT_GT(length(load_embeddings), 0u);
    EXPECT_LT(length(load_embeddings), 600u);
  }
}

}  // namespace
}  // namespace sentence_transformers
