// Unigram, its vocabulary's files and the character maps before it, as Hugging Face runs them, and
// each mistake they refuse.
#include <sentence_transformers/error.h>
#include <sentence_transformers/tokenizer.h>

#include "support.h"
#include "tokenizers/base64.h"
#include "tokenizers/models/piece_trie.h"
#include "tokenizers/normalizers/normalizer.h"
#include "tokenizers/sentencepiece_file.h"
#include "tokenizers/unigram_vocabulary.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;
using Ids = std::vector<int64_t>;
using Scored = std::vector<std::pair<std::string, double>>;  // as JSON a list of lists

std::string normalized(const json& stage, const std::string& text) {
  NormalizedText result({text, true});
  make_normalizer(Config(stage, "tokenizer.json", "stage"))->normalize(result);
  return std::string(result.view());
}

class Unigram : public testing::Test {
 protected:
  /// A tokenizer.json that counts as it stands.
  Tokenizer load(const json& model, const json& normalizer = nullptr) {
    write_file(dir_.path() / "tokenizer.json",
               json{{"model", model}, {"normalizer", normalizer}}.dump());
    return Tokenizer::from_pretrained(dir_.path());
  }

  const json cases_ = golden_json("tokenizer_unigram.json");
  TempDir dir_;
};

TEST_F(Unigram, CharacterMapsAsHuggingFace) {
  for (size_t i = 0; i < cases_["texts"].size(); ++i) {
    const std::string text = cases_["texts"][i];
    EXPECT_EQ(normalized(cases_["precompiled"], text), cases_["normalized"][i].get<std::string>())
        << json(text).dump(-1, ' ', true);
  }
  ASSERT_GE(cases_["texts"].size(), 600u);
}

TEST_F(Unigram, ModelsAsHuggingFace) {
  for (const json& row : cases_["models"]) {
    const Tokenizer tokenizer = load(row["model"]);
    for (size_t i = 0; i < cases_["model_texts"].size(); ++i) {
      EXPECT_EQ(tokenizer.encode(cases_["model_texts"][i].get<std::string>()).ids,
                row["ids"][i].get<Ids>())
          << cases_["model_texts"][i] << row["model"];
    }
  }
}

TEST_F(Unigram, ScoresAsEachReaderReadsThem) {
  size_t different = 0;
  for (const json& row : cases_["scores"]) {
    const std::string digits = row[0];
    const double scaled = std::strtod(row[1].get<std::string>().c_str(), nullptr);
    const double nearest = std::strtod(row[2].get<std::string>().c_str(), nullptr);
    EXPECT_EQ(read_score(digits, ScoreReading::scaled), scaled) << digits;
    // The smallest doubles have fewer digits; nothing depends on them.
    if (std::abs(nearest) > 1e-300) {
      EXPECT_EQ(read_score(digits, ScoreReading::nearest), nearest) << digits;
    }
    different += scaled != nearest;
  }
  EXPECT_GT(different, 3u);
}

TEST_F(Unigram, VocabulariesThatAreRefused) {
  json model = {{"type", "Unigram"}, {"unk_id", 0}, {"vocab", Scored{{"<unk>", 0}, {"a", -1.5}}}};
  EXPECT_EQ(load(model).encode("ab").ids, (Ids{1, 0}));
  for (const json& wrong : {json("a"), json(1), json::array({"a"}), json::array({"a", "b"}),
                            json::array({1, "a"}), json::array({"a", 1, 2}), json::object()}) {
    model["vocab"][1] = wrong;
    EXPECT_THROWS(LoadError, load(model), "\"model.vocab[1]\": expected [token, score]");
  }
  model["vocab"] = {{"a", 1}};
  EXPECT_THROWS(LoadError, load(model), "\"model.vocab\": expected a list");
  model["vocab"] = json::array();
  EXPECT_THROWS(LoadError, load(model), "\"model.vocab\" is empty");
  model["vocab"] = Scored{{"a", -1}};
  for (const int64_t id : {1, -1, -2}) {
    model["unk_id"] = id;
    EXPECT_THROWS(LoadError, load(model), "\"model.unk_id\" is " + std::to_string(id),
                  "expected an id below 1");
  }
  write_file(dir_.path() / "tokenizer.json",
             R"({"model": {"type": "Unigram", "vocab": [["a", 1e999]]}})");
  EXPECT_THROWS(LoadError, Tokenizer::from_pretrained(dir_.path()), "1e999");
}

TEST_F(Unigram, ACharacterThatNothingStandsFor) {
  const Tokenizer tokenizer = load(
      {{"type", "Unigram"}, {"unk_id", nullptr}, {"vocab", Scored{{"a", -1}, {"b\u00e9", -1}}}});
  EXPECT_EQ(tokenizer.encode("aa").ids, (Ids{0, 0}));
  EXPECT_THROWS(Error, tokenizer.encode("a\u00e9"), "lacks the character \"\u00e9\"", "no unk_id");
}

TEST_F(Unigram, TimeGrowsWithTheTextNotItsSquare) {
  const Tokenizer tokenizer =
      load({{"type", "Unigram"},
            {"unk_id", 0},
            {"vocab", Scored{{"?", 0}, {"a", -1}, {"aa", -1.9}, {"b", -1}}}},
           cases_["precompiled"]);
  EXPECT_EQ(tokenizer.count_tokens(std::string(2'000'001, 'a')), 1'000'001);
  EXPECT_EQ(tokenizer.count_tokens(std::string(1'000'000, 'x')), 1);  // unknown ones are one
  std::string marks = "a";
  for (int i = 0; i < 500'000; ++i) marks += "\u0316";  // one cluster
  EXPECT_EQ(tokenizer.count_tokens(marks), 2);
}

TEST_F(Unigram, CharacterMapsThatAreRefused) {
  const auto refused = [](const json& map, const std::string& why) {
    EXPECT_THROWS(LoadError,
                  normalized({{"type", "Precompiled"}, {"precompiled_charsmap", map}}, ""),
                  "\"stage.precompiled_charsmap\"", why);
  };
  refused(nullptr, "missing");
  refused(7, "expected a string");
  for (const char* text : {"A", "AAA", "A===", "AAAA====", "AA=A", "AA A", "AB==", "AAB="}) {
    refused(text, "expected base64");
  }
  const auto bytes = [](std::string_view text) { return json::binary({text.begin(), text.end()}); };
  using namespace std::string_view_literals;
  refused(bytes(""), "too short");
  refused(bytes("\4\0\0"sv), "too short");
  refused(bytes("\0\0\0\0x\0"sv), "size does not fit");
  refused(bytes("\3\0\0\0abcx\0"sv), "size does not fit");
  refused(bytes("\10\0\0\0abcd"sv), "size does not fit");
  refused(bytes("\4\0\0\0abcd"sv), "texts have no end");
  refused(bytes("\4\0\0\0abcdx"sv), "texts have no end");
  refused(bytes("\4\0\0\0abcd\xff\0"sv), "no UTF-8");
}

// A map whose numbers lead outside itself changes nothing.
TEST_F(Unigram, HostileCharacterMapsAreHarmless) {
  const std::string map =
      from_base64(cases_["precompiled"]["precompiled_charsmap"].get<std::string>()).value();
  const size_t units =
      static_cast<unsigned char>(map[0]) + 256u * static_cast<unsigned char>(map[1]);
  uint64_t state = 1;
  for (int round = 0; round < 200; ++round) {
    std::string changed = map;
    for (int i = 0; i < 400; ++i) {
      state = state * 6364136223846793005 + 1442695040888963407;
      changed[4 + (state >> 33) % units] = static_cast<char>(state >> 20);
    }
    const json stage = {{"type", "Precompiled"},
                        {"precompiled_charsmap", json::binary({changed.begin(), changed.end()})}};
    for (size_t i = 0; i < 60; ++i) normalized(stage, cases_["texts"][i]);
  }
}

TEST_F(Unigram, Base64) {
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("AA=="), std::string(1, '\0'));
  EXPECT_EQ(from_base64("Zm9vYmE="), "fooba");
  EXPECT_EQ(from_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(from_base64("+/+/"), "\xfb\xff\xbf");
}

TEST_F(Unigram, FindsPiecesAlongAText) {
  PieceTrie trie;
  const std::string nul("a\0b", 3);
  trie.build(
      {{"ab", 1}, {"a", 0}, {"abc", 2}, {"b", 3}, {"ab", 4}, {"", 9}, {nul, 5}, {"\xff", 6}});
  using Found = std::vector<std::pair<size_t, int32_t>>;
  const auto along = [&](std::string_view text) {
    Found found;
    trie.prefixes(text, [&](size_t size, int32_t value) { found.emplace_back(size, value); });
    return found;
  };
  EXPECT_EQ(along("abcd"), (Found{{1, 0}, {2, 4}, {3, 2}}));
  EXPECT_EQ(along("bcd"), (Found{{1, 3}}));
  EXPECT_EQ(along(nul), (Found{{1, 0}, {3, 5}}));
  EXPECT_EQ(along("\xff\xff"), (Found{{1, 6}}));
  EXPECT_EQ(along("cd"), Found());
  EXPECT_EQ(trie.find("abc"), 2);
  EXPECT_EQ(trie.find("abcd"), -1);
  EXPECT_EQ(trie.find(""), -1);
  trie.build({});
  EXPECT_EQ(trie.find("a"), -1);
}

TEST_F(Unigram, ManyPiecesAreFoundAgain) {
  std::vector<std::string> texts;
  uint64_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    do {
      state = state * 6364136223846793005 + 1442695040888963407;
      text += static_cast<char>((state >> 40) % (i % 2 ? 5 : 256));
    } while ((state >> 33) % 7 != 0);
    texts.push_back(text);
  }
  std::map<std::string_view, int32_t> wanted;
  std::vector<std::pair<std::string_view, int32_t>> pieces;
  for (const std::string& text : texts) {
    pieces.emplace_back(text, static_cast<int32_t>(pieces.size()));
    wanted[text] = pieces.back().second;
  }
  PieceTrie trie;
  trie.build(pieces);
  for (const auto& [text, value] : wanted) {
    EXPECT_EQ(trie.find(text), value);
    const std::string longer = std::string(text) + "\x01";
    EXPECT_EQ(trie.find(longer), wanted.count(longer) ? wanted[longer] : -1);
  }
}

TEST_F(Unigram, SentencepieceFiles) {
  const fs::path path = dir_.path() / "spiece.model";
  const auto read = [&](const std::string& bytes) {
    write_file(path, bytes);
    return read_sentencepiece_file(path);
  };
  using namespace std::string_literals;
  // Fields of all kinds that are not wanted are passed over: 5 a varint, 6 eight bytes, 7 four, 8 a
  // text; also inside a piece.
  const std::string piece = "\x0a\x02"s + "\xc3\xa9" + "\x15\0\0\xc0\xbf"s + "\x18\x04\x28\x96\x01";
  const std::string others = "\x28\x01\x31"s + "12345678" + "\x3d" + "1234" + "\x42\x02xy";
  const std::string map = "\x1a\x05\x12\x03" + "abc"s;
  const std::string whole = others + "\x0a" + static_cast<char>(piece.size()) + piece + map;
  const SentencePieceFile file = read(whole);
  ASSERT_EQ(file.pieces.size(), 1u);
  EXPECT_EQ(file.pieces[0].text, "\u00e9");
  EXPECT_EQ(file.pieces[0].score, -1.5f);
  EXPECT_EQ(file.pieces[0].type, SentencePiece::user_defined);
  EXPECT_EQ(file.character_map, "abc");
  for (const std::string& wrong :
       {""s, "text"s, "\x0a"s, "\x0a\x05\x0a"s, "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,
        "\x0b"s, others, "\x0a\x03\x0a\x01\xff"s, "\x0a\x05\x15\0\0\x80\x7f"s, whole + "\x31" + "1",
        whole + "\x3d" + "1"}) {
    EXPECT_THROWS(LoadError, read(wrong), path.string(), "expected a sentencepiece model");
  }
}

}  // namespace
}  // namespace sentence_transformers
