// Single stages, each as Hugging Face's tokenizers library runs it, and each mistake they refuse.
#include <sentence_transformers/error.h>

#include "support.h"
#include "tokenizers/byte_characters.h"
#include "tokenizers/decoders/decoder.h"
#include "tokenizers/models/merge_table.h"
#include "tokenizers/models/model.h"
#include "tokenizers/normalizers/normalizer.h"
#include "tokenizers/post_processors/post_processor.h"
#include "tokenizers/pre_tokenizers/pre_tokenizer.h"
#include "tokenizers/vocabulary_files.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;
using Strings = std::vector<std::string>;
using Ids = std::vector<int64_t>;

Config config_of(const json& stage) { return Config(stage, "tokenizer.json", "stage"); }

std::string normalized(const json& stage, const std::string& text) {
  NormalizedText result({text, true});
  make_normalizer(config_of(stage))->normalize(result);
  return std::string(result.view());
}

Strings pieces(const json& stage, const std::string& text, bool at_start = true) {
  Strings found;
  make_pre_tokenizer(config_of(stage))->split({text, at_start}, [&](Stretch piece) {
    if (!piece.text.empty()) found.emplace_back(piece.text);
  });
  return found;
}

std::string decoded(const json& stage, const Strings& tokens) {
  return decode_tokens(make_decoder(config_of(stage)).get(), tokens);
}

std::unique_ptr<Model> model_of(const json& model) {
  Vocabulary vocabulary;
  for (const auto& [token, id] : model["vocab"].items()) vocabulary.emplace_back(token, id);
  const Config config = config_of(model);
  const Merges merges = model.contains("merges") ? read_json_merges(config) : Merges();
  return make_model({config, vocabulary, index_tokens(vocabulary), merges, false});
}

Ids tokenized(const json& model, const std::string& text) {
  Ids ids;
  if (!text.empty()) model_of(model)->tokenize(text, ids);
  return ids;
}

TEST(Stages, NormalizersAsHuggingFace) {
  const json cases = golden_json("tokenizer_stages.json");
  for (const json& row : cases["normalizers"]) {
    SCOPED_TRACE(row["config"].dump());
    for (size_t i = 0; i < cases["texts"].size(); ++i) {
      EXPECT_EQ(normalized(row["config"], cases["texts"][i]), row["texts"][i].get<std::string>())
          << cases["texts"][i];
    }
  }
}

TEST(Stages, PreTokenizersAsHuggingFace) {
  const json cases = golden_json("tokenizer_stages.json");
  for (const json& row : cases["pre_tokenizers"]) {
    SCOPED_TRACE(row["config"].dump());
    for (size_t i = 0; i < cases["texts"].size(); ++i) {
      EXPECT_EQ(pieces(row["config"], cases["texts"][i]), row["pieces"][i].get<Strings>())
          << cases["texts"][i];
    }
  }
}

TEST(Stages, DecodersAsHuggingFace) {
  const json cases = golden_json("tokenizer_stages.json");
  for (const json& row : cases["decoders"]) {
    SCOPED_TRACE(row["config"].dump());
    for (size_t i = 0; i < cases["tokens"].size(); ++i) {
      EXPECT_EQ(decoded(row["config"], cases["tokens"][i]), row["texts"][i].get<std::string>())
          << cases["tokens"][i];
    }
  }
  EXPECT_EQ(decode_tokens(nullptr, {"a", "##b"}), "a ##b");
}

TEST(Stages, BpeOptionsAsHuggingFace) {
  const json cases = golden_json("tokenizer_stages.json");
  for (const json& row : cases["bpe"]) {
    json options = row["model"];
    options.erase("vocab");
    SCOPED_TRACE(options.dump());
    for (size_t i = 0; i < cases["bpe_texts"].size(); ++i) {
      EXPECT_EQ(tokenized(row["model"], cases["bpe_texts"][i]), row["ids"][i].get<Ids>())
          << cases["bpe_texts"][i];
    }
  }
}

TEST(Stages, BpeMergesAfterThePrefixIsDropped) {
  const json model = {{"type", "BPE"},
                      {"vocab", {{"a", 0}, {"##b", 1}, {"##c", 2}, {"ab", 3}, {"##bc", 4}}},
                      {"merges", {"##b ##c", json::array({"a", "##b"})}},
                      {"continuing_subword_prefix", "##"}};
  EXPECT_EQ(tokenized(model, "ab"), Ids{3});
  EXPECT_EQ(tokenized(model, "abc"), (Ids{0, 4}));
}

TEST(Stages, OfARepeatedMergeTheLastPlaceCounts) {
  json model = {{"type", "BPE"},
                {"vocab", {{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}, {"bc", 4}}},
                {"merges", {"a b", "b c"}}};
  EXPECT_EQ(tokenized(model, "abc"), (Ids{3, 2}));
  model["merges"].push_back("a b");
  EXPECT_EQ(tokenized(model, "abc"), (Ids{0, 4}));
}

/// Merges the lowest rank, the leftmost of equal ones, until there is none: as the definition says.
Ids merged_plainly(const MergeTable& table, Ids ids) {
  for (;;) {
    size_t best = 0;
    MergeTable::Merge merge;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = table.find(static_cast<int32_t>(ids[i]), static_cast<int32_t>(ids[i + 1]));
      if (found.rank < merge.rank) merge = found, best = i;
    }
    if (merge.id < 0) return ids;
    ids[best] = merge.id;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(Stages, LongPiecesMergeAsShortOnes) {
  MergeTable table;
  table.reserve(60);
  uint64_t state = 1;
  const auto random = [&](uint64_t limit) {
    state = state * 6364136223846793005 + 1442695040888963407;
    return static_cast<int32_t>((state >> 33) % limit);
  };
  for (uint32_t rank = 0; rank < 60; ++rank) {
    table.add(random(8), random(8), {rank, random(8)});
  }
  for (int length = 0; length < 90; ++length) {
    std::vector<int32_t> symbols;
    for (int i = 0; i < length; ++i) symbols.push_back(random(8));
    const Ids wanted = merged_plainly(table, {symbols.begin(), symbols.end()});
    symbols.resize(table.apply(symbols.data(), symbols.size()));
    EXPECT_EQ(Ids(symbols.begin(), symbols.end()), wanted) << length;
  }
}

TEST(Stages, WordPieceWithoutBertsCleaning) {
  json model = {{"type", "WordPiece"},
                {"vocab", {{"?", 0}, {"a", 1}, {"@b", 2}, {"ab c", 3}}},
                {"unk_token", "?"},
                {"continuing_subword_prefix", "@"},
                {"max_input_chars_per_word", 4}};
  EXPECT_EQ(tokenized(model, "ab"), (Ids{1, 2}));
  EXPECT_EQ(tokenized(model, "ab c"), Ids{3});
  EXPECT_EQ(tokenized(model, "abx"), Ids{0});
  EXPECT_EQ(tokenized(model, "abbbb"), Ids{0});
  model["unk_token"] = "[UNK]";
  EXPECT_THROWS(LoadError, model_of(model), "lacks the unk_token \"[UNK]\"");
}

TEST(Stages, WordLevel) {
  const json model = {
      {"type", "WordLevel"}, {"vocab", {{"?", 0}, {"the dog", 1}}}, {"unk_token", "?"}};
  EXPECT_EQ(tokenized(model, "the dog"), Ids{1});
  EXPECT_EQ(tokenized(model, "dog"), Ids{0});
}

TEST(Stages, TypesOfOldModels) {
  EXPECT_EQ(model_type(config_of({{"merges", json::array()}, {"unk_token", "x"}})), "BPE");
  EXPECT_EQ(model_type(config_of({{"unk_token", "x"}, {"max_input_chars_per_word", 3}})),
            "WordPiece");
  EXPECT_EQ(model_type(config_of({{"unk_token", "x"}})), "WordLevel");
  EXPECT_EQ(model_type(config_of({{"unk_id", 0}})), "Unigram");
}

// tokenizers 0.23.3: "first" is for the piece with which the text begins.
TEST(Stages, MetaspaceAtTheStartOnly) {
  const json first = {
      {"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", "first"}};
  EXPECT_EQ(pieces(first, "a b"), (Strings{"\u2581a", "\u2581b"}));
  EXPECT_EQ(pieces(first, "a b", false), (Strings{"a", "\u2581b"}));
}

// tokenizers 0.23.3: what a normalizer took away at the start counts, but for a character replaced.
TEST(Stages, NormalizersThatTakeTheStartAway) {
  const auto keeps_start = [](const json& stage, const std::string& text) {
    NormalizedText result({text, true});
    make_normalizer(config_of(stage))->normalize(result);
    return result.stretch().at_start;
  };
  const json strip = {{"type", "Strip"}, {"strip_left", true}, {"strip_right", true}};
  EXPECT_TRUE(keeps_start(strip, "a "));
  EXPECT_FALSE(keeps_start(strip, " a"));
  json replace = {{"type", "Replace"}, {"pattern", {{"Regex", R"(\s+)"}}}, {"content", "_"}};
  EXPECT_TRUE(keeps_start(replace, "a "));
  EXPECT_TRUE(keeps_start(replace, "\u3000a"));
  EXPECT_FALSE(keeps_start(replace, "  a"));
  replace["content"] = "";
  EXPECT_FALSE(keeps_start(replace, " a"));
  EXPECT_FALSE(keeps_start({{"type", "StripAccents"}}, "\u0301a"));
  EXPECT_TRUE(keeps_start({{"type", "StripAccents"}}, "a\u0301"));
}

TEST(Stages, OldMetaspace) {
  json old = {{"type", "Metaspace"}, {"replacement", "\u2581"}, {"add_prefix_space", true}};
  EXPECT_EQ(pieces(old, "a b"), (Strings{"\u2581a", "\u2581b"}));
  old["add_prefix_space"] = false;
  EXPECT_THROWS(LoadError, pieces(old, "a"), "add_prefix_space", "never");
  old["prepend_scheme"] = "never";
  EXPECT_EQ(pieces(old, "a b"), (Strings{"a", "\u2581b"}));
  old["prepend_scheme"] = "last";
  EXPECT_THROWS(LoadError, pieces(old, "a"), "prepend_scheme", "last");
  old["replacement"] = "__";
  EXPECT_THROWS(LoadError, pieces(old, "a"), "prepend_scheme");
  old["prepend_scheme"] = "always";
  EXPECT_THROWS(LoadError, pieces(old, "a"), "replacement", "expected one character");
}

TEST(Stages, ByteAlphabet) {
  std::string bytes, alphabet;
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(byte_of_character(byte_character(static_cast<uint8_t>(byte))), byte);
    bytes += static_cast<char>(byte);
  }
  append_byte_characters(bytes, alphabet);
  EXPECT_EQ(bytes_of_characters(alphabet), bytes);
  for (const std::string other : {" ", "\u00ad", "\u0144", "\u6f22", "a b"}) {
    EXPECT_EQ(bytes_of_characters(other), std::nullopt) << other;
  }
}

TEST(Stages, NamesWhatIsNotHere) {
  const json unknown = {{"type", "Telepathy"}};
  EXPECT_THROWS(UnsupportedError, make_normalizer(config_of(unknown)),
                "\"stage.type\" is \"Telepathy\"; known: BertNormalizer", "NFC, NFD");
  EXPECT_THROWS(UnsupportedError, make_pre_tokenizer(config_of(unknown)), "Telepathy", "ByteLevel");
  EXPECT_THROWS(UnsupportedError, make_decoder(config_of(unknown)), "Telepathy", "WordPiece");
  EXPECT_THROWS(UnsupportedError, model_of({{"type", "Telepathy"}, {"vocab", json::object()}}),
                "Telepathy", "known: BPE, Unigram, WordLevel, WordPiece");
  EXPECT_THROWS(UnsupportedError, apply_post_processor(config_of(unknown), {}, 9), "Telepathy",
                "known: BertProcessing", "TemplateProcessing");
}

TEST(Stages, NamesRegularExpressionsThatAreNotHere) {
  const auto split = [](const std::string& regex) {
    return pieces({{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}},
                  "a");
  };
  EXPECT_THROWS(UnsupportedError, split("a*b"), "\"stage.pattern.Regex\" is \"a*b\"", "Qwen2",
                "\\s+");
  EXPECT_THROWS(UnsupportedError, split(std::string(900, 'x')), "\"xxx", "xxx...\"; known");
}

TEST(Stages, MalformedOnes) {
  const auto behavior = [](const json& name) {
    return pieces({{"type", "Split"}, {"pattern", {{"String", "-"}}}, {"behavior", name}}, "a");
  };
  EXPECT_THROWS(LoadError, behavior("Sideways"), "\"Sideways\"; expected one of Removed");
  EXPECT_THROWS(LoadError, make_normalizer(config_of(json::object())), "stage.type\" is missing");
  EXPECT_THROWS(LoadError, make_normalizer(config_of({{"type", "Sequence"}})),
                "\"stage.normalizers\": expected a list");
  EXPECT_THROWS(LoadError,
                make_pre_tokenizer(config_of({{"type", "Sequence"}, {"pretokenizers", {3}}})),
                "pretokenizers[0]\": expected a JSON object");
  EXPECT_THROWS(LoadError, make_decoder(config_of({{"type", "Sequence"}, {"decoders", 3}})),
                "decoders\": expected a list");
  EXPECT_THROWS(
      LoadError,
      make_decoder(config_of({{"type", "Strip"}, {"content", "ab"}, {"start", 1}, {"stop", 0}})),
      "\"ab\"; expected one character");
  EXPECT_THROWS(LoadError, apply_post_processor(config_of({{"type", "Sequence"}}), {}, 9),
                "processors\": expected a list");
}

TEST(Stages, MalformedBpe) {
  json model = {{"type", "BPE"}, {"vocab", {{"a", 0}, {"b", 1}, {"ab", 2}}}, {"merges", {"a b"}}};
  EXPECT_EQ(tokenized(model, "ab"), Ids{2});
  const auto with = [&](const std::string& key, const json& value) {
    json changed = model;
    changed[key] = value;
    return model_of(changed);
  };
  EXPECT_THROWS(UnsupportedError, with("dropout", 0.1), "dropout");
  EXPECT_THROWS(LoadError, with("unk_token", "?"), "lacks the unk_token \"?\"");
  EXPECT_THROWS(LoadError, with("merges", {"a c"}), "the vocabulary lacks \"c\"");
  EXPECT_THROWS(LoadError, with("merges", {"b a"}), "the vocabulary lacks \"ba\" of the merge");
  EXPECT_THROWS(LoadError, with("merges", 3), "\"stage.merges\": expected a list");
  for (const json& wrong : {json("ab"), json("a b c"), json("")}) {
    EXPECT_THROWS(LoadError, with("merges", json::array({wrong})),
                  "merges[0]\": expected two tokens");
  }
  for (const json& wrong : {json(3), json::array({"a"}), json::array({"a", 3}), json::object()}) {
    EXPECT_THROWS(LoadError, with("merges", json::array({"a b", wrong})), "merges[1]\": expected");
  }
}

TEST(Stages, TimeGrowsWithThePieceNotItsSquare) {
  json vocab = {{"a", 0}};
  std::vector<json> merges;
  std::string token = "a";
  for (int i = 1; i < 12; ++i) {
    merges.push_back({token, token});
    token += token;
    vocab[token] = i;
  }
  const json model = {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}};
  const Ids ids = tokenized(model, std::string(1'000'000, 'a'));
  EXPECT_EQ(ids.size(), 1'000'000u / 2048 + 2);  // 576 more are 512 and 64
}

}  // namespace
}  // namespace sentence_transformers
