// Which tokenizer file wins, and every malformed one.
#include "tokenizers/tokenizer_files.h"

#include <sentence_transformers/error.h>
#include <sentence_transformers/tokenizer.h>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;
using Ids = std::vector<int64_t>;
using Strings = std::vector<std::string>;

constexpr int64_t kCls = 2, kSep = 3, kThe = 145, kDog = 146, kCat = 147;

/// tiny_bert's tokenizer.json and tokenizer_config.json, in a folder of their own.
class TokenizerFiles : public testing::Test {
 protected:
  TokenizerFiles() {
    write("tokenizer.json", tokenizer);
    write("tokenizer_config.json", settings);
  }
  void write(const std::string& name, const json& content) {
    write_file(dir_.path() / name, content.dump());
  }
  void remove(const std::string& name) { fs::remove(dir_.path() / name); }
  /// The vocabulary of tokenizer.json, one token a line.
  Strings vocabulary() const {
    Strings lines(tokenizer["model"]["vocab"].size());
    for (const auto& [token, id] : tokenizer["model"]["vocab"].items()) lines[id] = token;
    return lines;
  }
  /// A folder with nothing but vocab.txt.
  void vocab_txt_alone(const Strings& lines, const std::string& end = "\n") {
    remove("tokenizer.json");
    remove("tokenizer_config.json");
    std::string text;
    for (const std::string& line : lines) text += line + end;
    write_file(dir_.path() / "vocab.txt", text);
  }
  /// tokenizer.json counts as it stands.
  void as_it_stands() {
    settings["tokenizer_class"] = "PreTrainedTokenizerFast";
    write("tokenizer_config.json", settings);
  }
  Tokenizer load(bool do_lower_case = false) const {
    return Tokenizer::from_pretrained(dir_.path(), do_lower_case);
  }
  Strings tokenize(const std::string& text) const { return load().tokenize(text); }
  Ids encode(const std::string& text) const { return load().encode(text).ids; }
  std::string path(const std::string& name) const { return (dir_.path() / name).string(); }

  json tokenizer = golden_json("tiny_bert/tokenizer.json");
  json settings = golden_json("tiny_bert/tokenizer_config.json");
  TempDir dir_;
};

TEST_F(TokenizerFiles, OneOfThemMustBeThere) {
  remove("tokenizer.json");
  EXPECT_THROWS(LoadError, load(), "[Tokenizer] " + dir_.path().string(),
                "expected tokenizer.json or vocab.txt, found neither");
  EXPECT_THROWS(LoadError, Tokenizer::from_pretrained(dir_.path() / "none"), "found neither");
}

// --- Which file wins: the table of tests/golden/README.md ---------------------------------------

TEST_F(TokenizerFiles, LoopsOfLinks) {
  for (const std::string name :
       {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json"}) {
    SCOPED_TRACE(name);
    const fs::path file = dir_.path() / name, kept = dir_.path() / "kept";
    write_file(kept, "{}");
    if (fs::exists(file)) fs::rename(file, kept);
    fs::create_symlink(name, file);
    EXPECT_THROWS(LoadError, load(), path(name), "Too many levels of symbolic links");
    fs::rename(kept, file);
  }
}

TEST_F(TokenizerFiles, VocabularyOfTokenizerJson) {
  Strings other = vocabulary();
  std::swap(other[kThe], other[kDog]);
  std::string text;
  for (const std::string& line : other) text += line + "\n";
  write_file(dir_.path() / "vocab.txt", text);
  EXPECT_EQ(encode("the"), (Ids{kCls, kThe, kSep}));
  remove("tokenizer.json");
  EXPECT_EQ(encode("the"), (Ids{kCls, kDog, kSep}));
}

TEST_F(TokenizerFiles, NormalizerOfTheSettings) {
  const Strings wanted = {"[CLS]", "the", "cafe", "日", "本", "[SEP]"};
  for (const json& normalizer : {json(), json{{"type", "NFC"}},
                                 json{{"type", "BertNormalizer"}, {"lowercase", false}}, json(3)}) {
    tokenizer["normalizer"] = normalizer;
    write("tokenizer.json", tokenizer);
    EXPECT_EQ(tokenize("The Café日本"), wanted) << normalizer;
  }
  remove("tokenizer_config.json");
  write("config.json", {{"model_type", "bert"}});
  EXPECT_EQ(tokenize("The Café日本"), wanted);
}

TEST_F(TokenizerFiles, SettingsOfTheNormalizer) {
  const auto with = [&](const std::string& key, const json& value, const std::string& text) {
    json changed = settings;
    changed[key] = value;
    write("tokenizer_config.json", changed);
    return tokenize(text)[1];
  };
  EXPECT_EQ(with("do_lower_case", false, "The"), "[UNK]");
  EXPECT_EQ(with("do_lower_case", nullptr, "The"), "the");
  EXPECT_EQ(with("do_lower_case", false, "café"), "[UNK]");  // null follows lowercase
  EXPECT_EQ(with("strip_accents", false, "café"), "[UNK]");
  EXPECT_EQ(with("strip_accents", true, "café"), "cafe");
  EXPECT_EQ(with("tokenize_chinese_chars", false, "日本"), "[UNK]");
  EXPECT_EQ(with("tokenize_chinese_chars", true, "日本"), "日");
  for (const std::string key : {"do_lower_case", "strip_accents", "tokenize_chinese_chars"}) {
    EXPECT_THROWS(LoadError, with(key, "yes", "x"), path("tokenizer_config.json"),
                  "\"" + key + "\"");
  }
}

TEST_F(TokenizerFiles, TheRestOfTokenizerJsonIsRebuilt) {
  tokenizer["pre_tokenizer"] = tokenizer["decoder"] = tokenizer["post_processor"] = nullptr;
  tokenizer["model"]["continuing_subword_prefix"] = "@@";
  tokenizer["model"]["max_input_chars_per_word"] = 2;
  tokenizer["model"]["unk_token"] = "the";
  tokenizer["truncation"] = {{"max_length", 3}, {"strategy", "LongestFirst"}, {"stride", 0}};
  tokenizer["padding"] = {{"strategy", {{"Fixed", 12}}}, {"pad_id", 0}};
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(tokenize("playing, 語x ж"),
            (Strings{"[CLS]", "play", "##ing", ",", "語", "x", "[UNK]", "[SEP]"}));
  const Tokenizer t = load();
  EXPECT_EQ(t.decode(t.encode("the dog, playing.").ids), "the dog, playing.");
  EXPECT_EQ(t.encode_pair("the", "dog").ids, (Ids{kCls, kThe, kSep, kDog, kSep}));
  EXPECT_EQ(t.encode_pair("the", "dog").type_ids, (Ids{0, 0, 0, 1, 1}));
}

TEST_F(TokenizerFiles, WhichClassesAreBert) {
  tokenizer["post_processor"] = nullptr;
  write("tokenizer.json", tokenizer);
  const auto rebuilt = [&](const json& name) {
    settings["tokenizer_class"] = name;
    write("tokenizer_config.json", settings);
    return encode("the").size() == 3;
  };
  for (const std::string name :
       {"BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast"}) {
    EXPECT_TRUE(rebuilt(name)) << name;
  }
  for (const std::string name : {"PreTrainedTokenizerFast", "TokenizersBackend"}) {
    EXPECT_FALSE(rebuilt(name)) << name;
  }
  write("config.json", {{"model_type", "bert"}});
  EXPECT_FALSE(rebuilt("PreTrainedTokenizerFast"));
  EXPECT_TRUE(rebuilt(nullptr));
  remove("tokenizer_config.json");
  EXPECT_EQ(encode("the").size(), 3u);
  remove("config.json");
  EXPECT_EQ(encode("the").size(), 1u);
  EXPECT_THROWS(LoadError, rebuilt(3), path("tokenizer_config.json"), "\"tokenizer_class\"");
}

TEST_F(TokenizerFiles, SpecialTokensOfTheSettings) {
  settings["cls_token"] = "the";
  write("tokenizer_config.json", settings);
  EXPECT_EQ(encode("dog"), (Ids{kThe, kDog, kSep}));
  settings["cls_token"] = {{"content", "cat"}, {"lstrip", false}};
  write("tokenizer_config.json", settings);
  EXPECT_EQ(encode("dog"), (Ids{kCat, kDog, kSep}));
  settings["sep_token"] = "the";
  settings["unk_token"] = "dog";
  write("tokenizer_config.json", settings);
  EXPECT_EQ(encode("ж"), (Ids{kCat, kDog, kThe}));
}

TEST_F(TokenizerFiles, TheOldMapOfSpecialTokensWinsWithoutADecoder) {
  settings["cls_token"] = "the";
  write("tokenizer_config.json", settings);
  write("special_tokens_map.json", {{"cls_token", "dog"}, {"sep_token", {{"content", "x"}}}});
  EXPECT_EQ(encode("cat"), (Ids{kDog, kCat, 30}));
  settings["added_tokens_decoder"] = {{"2", {{"content", "[CLS]"}, {"special", true}}}};
  write("tokenizer_config.json", settings);
  EXPECT_EQ(encode("cat"), (Ids{kThe, kCat, kSep}));
  for (const json& wrong :
       {json(3), json::array({"[CLS]"}), json::object(), json{{"content", 3}}}) {
    settings["cls_token"] = wrong;
    write("tokenizer_config.json", settings);
    EXPECT_THROWS(LoadError, load(), path("tokenizer_config.json"), "\"cls_token");
  }
}

TEST_F(TokenizerFiles, TheSettingsDecoderIsTheOnlyListOfAddedTokens) {
  const json plain = {{"special", false}, {"normalized", false}, {"id", 300}};
  json y = plain, z = plain;
  y["content"] = "<y>";
  z["content"] = "<z>";
  tokenizer["added_tokens"].push_back(y);
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(encode("<y>"), (Ids{kCls, 178, kSep}));  // the next free id, whatever the file says
  settings["added_tokens_decoder"] = {{"7", z}};
  write("tokenizer_config.json", settings);
  EXPECT_EQ(encode("<z>"), (Ids{kCls, 178, kSep}));
  EXPECT_EQ(encode("<y>").size(), 5u);
  EXPECT_EQ(encode("[MASK]"), (Ids{kCls, 4, kSep}));  // named ones are added all the same
}

TEST_F(TokenizerFiles, TheOldFileOfAddedTokens) {
  write("added_tokens.json", {{"<x>", 500}});
  EXPECT_EQ(encode("a <x>"), (Ids{kCls, 7, 178, kSep}));
  vocab_txt_alone(vocabulary());
  EXPECT_EQ(encode("a <x>"), (Ids{kCls, 7, 178, kSep}));
}

TEST_F(TokenizerFiles, AnAddedTokenKeepsItsPlaceInTheVocabulary) {
  tokenizer["added_tokens"].push_back({{"id", 300}, {"content", "the"}, {"normalized", false}});
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(encode("dogthe"), (Ids{kCls, kDog, kThe, kSep}));
  EXPECT_EQ(load().vocab_size(), 178);
}

TEST_F(TokenizerFiles, ADecoderWithABadKey) {
  const json token = {{"content", "<x>"}};
  for (const std::string key :
       {"x", "", "-1", "1.5", "+1", " 1", "1 ", "0x1", "99999999999999999999"}) {
    settings["added_tokens_decoder"] = {{key, token}};
    write("tokenizer_config.json", settings);
    EXPECT_THROWS(LoadError, load(), path("tokenizer_config.json"), "\"added_tokens_decoder." + key,
                  "expected an id as key");
  }
  for (const auto& [value, message] : std::vector<std::pair<json, std::string>>{
           {nullptr, "is missing"},
           {"<x>", "expected a JSON object"},
           {json::object(), ".content\" is missing"},
           {{{"content", 3}}, ".content\": expected a string"},
           {{{"content", "x"}, {"lstrip", 1}}, ".lstrip\": expected true or false"}}) {
    settings["added_tokens_decoder"] = {{"7", value}};
    write("tokenizer_config.json", settings);
    EXPECT_THROWS(LoadError, load(), "\"added_tokens_decoder.7", message);
  }
  settings["added_tokens_decoder"] = json::array({token});
  write("tokenizer_config.json", settings);
  EXPECT_THROWS(LoadError, load(), "\"added_tokens_decoder\": expected a JSON object");
}

// --- vocab.txt ----------------------------------------------------------------------------------

TEST_F(TokenizerFiles, VocabTxtAloneIsEnough) {
  const Ids wanted = {kCls, kThe, 156, 4, kSep};
  vocab_txt_alone(vocabulary());
  EXPECT_EQ(encode("The Café [MASK]"), wanted);
  EXPECT_EQ(load().vocab_size(), 178);
  EXPECT_EQ(load().model_max_length(), std::nullopt);
  vocab_txt_alone(vocabulary(), " \t\r\n");
  EXPECT_EQ(encode("The Café [MASK]"), wanted);
}

TEST_F(TokenizerFiles, ALineOfVocabTxtIsAnId) {
  Strings lines = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "", "the", "dog", "the", "[MASK]"};
  vocab_txt_alone(lines);
  EXPECT_EQ(encode("the dog"), (Ids{2, 7, 6, 3}));  // of equal lines the last
  EXPECT_EQ(load().vocab_size(), 9);
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  write_file(dir_.path() / "vocab.txt", text);  // no line end at the end
  EXPECT_EQ(encode("[MASK]"), (Ids{2, 8, 3}));
  EXPECT_EQ(load().vocab_size(), 9);
}

TEST_F(TokenizerFiles, VocabTxtNeedsTheTokensAroundAText) {
  for (const auto& [token, role] :
       {std::pair{"[UNK]", "unk_token"}, {"[CLS]", "cls_token"}, {"[SEP]", "sep_token"}}) {
    Strings lines = vocabulary();
    std::erase(lines, token);
    vocab_txt_alone(lines);
    EXPECT_THROWS(LoadError, load(), "[Tokenizer] " + path("vocab.txt"),
                  "the vocabulary lacks the ", std::string(role) + " \"" + token + "\"");
  }
  Strings lines = vocabulary();
  std::erase(lines, "[PAD]");
  std::erase(lines, "[MASK]");
  vocab_txt_alone(lines);
  EXPECT_EQ(tokenize("the dog"), (Strings{"[CLS]", "the", "dog", "[SEP]"}));
  write_file(dir_.path() / "vocab.txt", "");
  EXPECT_THROWS(LoadError, load(), "the vocabulary lacks the unk_token");
}

// --- tokenizer.json -----------------------------------------------------------------------------

TEST_F(TokenizerFiles, IdsAreWholeNumbersOfAReasonableSize) {
  for (const bool bert : {true, false}) {
    if (!bert) as_it_stands();
    for (const json& id :
         {json("5"), json(1.5), json(nullptr), json(true), json::array(), json(-1), json(INT64_MIN),
          json(int64_t{1} << 31), json(INT64_MAX), json(UINT64_MAX)}) {
      tokenizer["model"]["vocab"]["x"] = id;
      write("tokenizer.json", tokenizer);
      EXPECT_THROWS(LoadError, load(), "[Tokenizer] " + path("tokenizer.json"), "\"model.vocab.x\"",
                    "expected an id, found " +
                        (id.is_null() || id.is_array() ? "something else" : id.dump()));
    }
  }
}

TEST_F(TokenizerFiles, OfARepeatedTokenTheLastIdCounts) {
  for (const bool bert : {true, false}) {
    if (!bert) as_it_stands();
    const std::string vocab = "\"vocab\":{";
    std::string text = tokenizer.dump();
    const size_t place = text.find(vocab);
    ASSERT_NE(place, text.npos);
    text.insert(place + vocab.size(), "\"the\":4,");  // and again with its own id
    write_file(dir_.path() / "tokenizer.json", text);
    EXPECT_EQ(encode("the"), (Ids{kCls, kThe, kSep}));
    EXPECT_EQ(load().token_to_id("the"), kThe);
    EXPECT_EQ(load().id_to_token(4), "[MASK]");
  }
}

TEST_F(TokenizerFiles, TheVocabularyMustBeThere) {
  for (const bool bert : {true, false}) {
    if (!bert) as_it_stands();
    for (const auto& [vocabulary, message] : std::vector<std::pair<json, std::string>>{
             {nullptr, "\"model.vocab\" is missing"},
             {json::array(), "\"model.vocab\": expected a JSON object"},
             {json::object(), "the vocabulary lacks the unk_token \"[UNK]\""}}) {
      json changed = tokenizer;
      changed["model"]["vocab"] = vocabulary;
      write("tokenizer.json", changed);
      EXPECT_THROWS(LoadError, load(), path("tokenizer.json"), message);
    }
    json changed = tokenizer;
    changed.erase("model");
    write("tokenizer.json", changed);
    EXPECT_THROWS(LoadError, load(), path("tokenizer.json"), "\"model\" is missing");
  }
}

TEST_F(TokenizerFiles, NamesAlgorithmsThatAreNotHere) {
  for (const bool bert : {true, false}) {
    if (!bert) as_it_stands();
    json changed = tokenizer;
    changed["model"]["type"] = "Telepathy";
    write("tokenizer.json", changed);
    EXPECT_THROWS(UnsupportedError, load(), "[Tokenizer] " + path("tokenizer.json"),
                  "\"model.type\"", "is \"Telepathy\"; known: ", "WordPiece");
  }
  for (const std::string key : {"normalizer", "pre_tokenizer", "decoder", "post_processor"}) {
    json changed = tokenizer;
    changed[key] = {{"type", "Telepathy"}};
    write("tokenizer.json", changed);
    EXPECT_THROWS(UnsupportedError, load(), path("tokenizer.json") + ": \"" + key + ".type\"",
                  "is \"Telepathy\"; known: ");
    changed[key] = 3;
    write("tokenizer.json", changed);
    EXPECT_THROWS(LoadError, load(), "\"" + key + "\": expected a JSON object");
  }
}

// BERT's stages in one pass, and one by one where anything else is among them.
TEST_F(TokenizerFiles, OneByOneTheStagesGiveTheSame) {
  as_it_stands();
  const Tokenizer fused = load();
  tokenizer["normalizer"] = {{"type", "Sequence"}, {"normalizers", {tokenizer["normalizer"]}}};
  write("tokenizer.json", tokenizer);
  const Tokenizer staged = load();
  for (const json& line : golden_lines("wordpiece_hard.jsonl")) {
    if (!line.contains("text")) continue;
    const std::string text = line["text"];
    EXPECT_EQ(staged.encode(text).ids, fused.encode(text).ids) << text;
  }
}

TEST_F(TokenizerFiles, StagesThatAreMissingLeaveTheTextAsItIs) {
  as_it_stands();
  tokenizer["normalizer"] = nullptr;
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(tokenize("The the"), (Strings{"[CLS]", "[UNK]", "the", "[SEP]"}));
  tokenizer["pre_tokenizer"] = tokenizer["decoder"] = nullptr;
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(tokenize("the the"), (Strings{"[CLS]", "[UNK]", "[SEP]"}));
  EXPECT_EQ(load().decode({kThe, kDog}), "the dog");
}

TEST_F(TokenizerFiles, AsItStands) {
  as_it_stands();
  EXPECT_EQ(tokenize("The dog"), (Strings{"[CLS]", "the", "dog", "[SEP]"}));
  tokenizer["normalizer"]["lowercase"] = false;
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(tokenize("The dog")[1], "[UNK]");  // though do_lower_case is true
  tokenizer["normalizer"]["lowercase"] = true;
  tokenizer["model"]["max_input_chars_per_word"] = 3;
  tokenizer["model"]["unk_token"] = "x";
  tokenizer["added_tokens"].push_back({{"id", 200}, {"content", "<y>"}, {"normalized", false}});
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(tokenize("weather the <y>"), (Strings{"[CLS]", "x", "the", "<y>", "[SEP]"}));
  EXPECT_EQ(load().token_to_id("<y>"), 178);  // the next free id, whatever the file says
  tokenizer["model"]["continuing_subword_prefix"] = "c";
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(tokenize("bat nop"), (Strings{"[CLS]", "b", "cat", "x", "[SEP]"}));
}

TEST_F(TokenizerFiles, DecoderAsItStands) {
  as_it_stands();
  const Ids ids = load().encode("the dog.").ids;
  EXPECT_EQ(load().decode(ids), "the dog.");
  tokenizer["decoder"]["cleanup"] = false;
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(load().decode(ids), "the dog .");
  tokenizer["decoder"]["cleanup"] = "no";
  write("tokenizer.json", tokenizer);
  EXPECT_THROWS(LoadError, load(), "\"decoder.cleanup\": expected true or false");
}

TEST_F(TokenizerFiles, OptionsOfTheWrongType) {
  as_it_stands();
  const std::vector<std::pair<std::string, std::string>> keys = {
      {"normalizer", "lowercase"},
      {"normalizer", "clean_text"},
      {"normalizer", "strip_accents"},
      {"normalizer", "handle_chinese_chars"},
      {"model", "unk_token"},
      {"model", "max_input_chars_per_word"},
      {"model", "continuing_subword_prefix"}};
  for (const auto& [object, key] : keys) {
    json changed = tokenizer;
    changed[object][key] = json::array();
    write("tokenizer.json", changed);
    EXPECT_THROWS(LoadError, load(), path("tokenizer.json"),
                  "\"" + object + "." + key + "\": expected");
  }
}

TEST_F(TokenizerFiles, AddedTokensOfTheWrongKind) {
  for (const bool bert : {true, false}) {
    if (!bert) as_it_stands();
    for (const auto& [list, message] : std::vector<std::pair<json, std::string>>{
             {json::array({3}), "\"added_tokens[0]\": expected a JSON object"},
             {json::array({nullptr}), "\"added_tokens[0]\": expected a JSON object"},
             {json::array({{{"id", 1}}}), "\"added_tokens[0].content\" is missing"},
             {json::array({{{"content", "x"}}}), "\"added_tokens[0].id\" is missing"},
             {json::array({{{"content", "x"}, {"id", -1}}}),
              "\"added_tokens[0].id\": expected at least 0"},
             {json::array({{{"content", "x"}, {"id", "1"}}}),
              "\"added_tokens[0].id\": expected an int"},
             {json::array({{{"content", "x"}, {"id", 1}, {"special", 0}}}),
              "\"added_tokens[0].special\""},
             {json::object({{"<x>", 3}}), "\"added_tokens\""},
             {json("<x>"), "\"added_tokens\""},
             {json(3), "\"added_tokens\""}}) {
      SCOPED_TRACE(list.dump());
      json changed = tokenizer;
      changed["added_tokens"] = list;
      write("tokenizer.json", changed);
      EXPECT_THROWS(LoadError, load(), path("tokenizer.json"), message);
    }
  }
  json changed = tokenizer;
  changed["added_tokens"].push_back({{"content", "x"}, {"id", INT64_MAX}});
  write("tokenizer.json", changed);
  EXPECT_EQ(encode("x"), (Ids{kCls, 30, kSep}));  // an id in the file says nothing
  changed["added_tokens"] = nullptr;
  write("tokenizer.json", changed);
  EXPECT_EQ(encode("the"), (Ids{kCls, kThe, kSep}));
}

// --- Post-processors ----------------------------------------------------------------------------

TEST_F(TokenizerFiles, NoPostProcessor) {
  as_it_stands();
  tokenizer["post_processor"] = nullptr;
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(encode("the dog"), (Ids{kThe, kDog}));
  EXPECT_EQ(encode(""), Ids{});
  EXPECT_EQ(load().encode_pair("the", "dog").ids, (Ids{kThe, kDog}));
  EXPECT_EQ(load().encode_pair("the", "dog").type_ids, (Ids{0, 1}));
}

TEST_F(TokenizerFiles, BertProcessing) {
  as_it_stands();
  const json right = {{"type", "BertProcessing"}, {"sep", {"the", kThe}}, {"cls", {"dog", kDog}}};
  tokenizer["post_processor"] = right;
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(encode("cat"), (Ids{kDog, kCat, kThe}));
  EXPECT_EQ(load().encode_pair("cat", "x").type_ids, (Ids{0, 0, 0, 1, 1}));
  for (const std::string key : {"cls", "sep"}) {
    for (const json& wrong :
         {json(), json(3), json("[CLS]"), json::array(), json::array({"[CLS]"}),
          json::array({"[CLS]", "2"}), json::array({"[CLS]", 2.5}), json::array({"[CLS]", 2, 2}),
          json::array({"[CLS]", -1}), json::array({"[CLS]", 178}), json::object({{"[CLS]", 2}})}) {
      SCOPED_TRACE(key + " " + wrong.dump());
      tokenizer["post_processor"] = right;
      tokenizer["post_processor"][key] = wrong;
      write("tokenizer.json", tokenizer);
      EXPECT_THROWS(LoadError, load(), path("tokenizer.json"), "\"post_processor." + key + "\"");
    }
  }
}

TEST_F(TokenizerFiles, Templates) {
  as_it_stands();
  json& processor = tokenizer["post_processor"];
  processor["special_tokens"]["[CLS]"]["ids"] = {kDog, kCat};
  processor["single"] = {{{"SpecialToken", {{"id", "[SEP]"}, {"type_id", 1}}}},
                         {{"Sequence", {{"id", "A"}}}},
                         {{"SpecialToken", {{"id", "[CLS]"}}}}};
  write("tokenizer.json", tokenizer);
  const Encoding e = load().encode("the");
  EXPECT_EQ(e.ids, (Ids{kSep, kThe, kDog, kCat}));
  EXPECT_EQ(e.type_ids, (Ids{1, 0, 0, 0}));
  EXPECT_EQ(load().encode("the dog cat", 4).ids, (Ids{kSep, kThe, kDog, kCat}));
}

TEST_F(TokenizerFiles, MalformedTemplates) {
  as_it_stands();
  const json sequence = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const auto special = [](const json& id) { return json{{"SpecialToken", {{"id", id}}}}; };
  for (const std::string key : {"single", "pair"}) {
    const std::vector<std::pair<json, std::string>> rows = {
        {nullptr, "\"post_processor." + key + "\": expected a list"},
        {"$A", "expected a list"},
        {json::object(), "expected a list"},
        {json::array({3}), "\"" + key + "[0]\": expected a JSON object"},
        {{sequence, json::object()}, "\"" + key + "[1].SpecialToken\" is missing"},
        {json::array({{{"Sequence", 3}}}), "Sequence\": expected a JSON object"},
        {json::array({{{"Sequence", json::object()}}}), "Sequence.id\" is missing"},
        {json::array({{{"Sequence", {{"id", 3}}}}}), "Sequence.id\": expected a string"},
        {json::array({{{"Sequence", {{"id", "A"}, {"type_id", "x"}}}}}),
         "type_id\": expected an int"},
        {json::array({{{"SpecialToken", json::object()}}}), "SpecialToken.id\" is missing"},
        {json::array({special("[NONE]")}), "\"post_processor.special_tokens.[NONE]\" is missing"},
        {json::array({special(3)}), "SpecialToken.id\": expected a string"},
    };
    for (const auto& [pieces, message] : rows) {
      SCOPED_TRACE(pieces.dump());
      json changed = tokenizer;
      changed["post_processor"][key] = pieces;
      write("tokenizer.json", changed);
      EXPECT_THROWS(LoadError, load(), path("tokenizer.json"), message);
    }
  }
}

TEST_F(TokenizerFiles, ATemplateHasEachTextOnce) {
  as_it_stands();
  const auto sequence = [](const std::string& id) {
    return json{{"Sequence", {{"id", id}, {"type_id", 0}}}};
  };
  for (const auto& [key, pieces, found] : std::vector<std::tuple<std::string, json, std::string>>{
           {"single", {sequence("A"), sequence("A")}, "\"A\"; expected A alone"},
           {"single", {sequence("A"), sequence("B")}, "\"B\"; expected A alone"},
           {"pair", {sequence("A"), sequence("B"), sequence("A")}, "\"A\"; expected A and B"},
           {"pair", {sequence("A"), sequence("B"), sequence("B")}, "\"B\"; expected A and B"},
           {"pair", {sequence("A"), sequence("C")}, "\"C\"; expected A and B"}}) {
    json changed = tokenizer;
    changed["post_processor"][key] = pieces;
    write("tokenizer.json", changed);
    EXPECT_THROWS(LoadError, load(), path("tokenizer.json"), "Sequence.id\" is " + found,
                  "each of them once");
  }
}

TEST_F(TokenizerFiles, MalformedSpecialTokensOfTemplates) {
  as_it_stands();
  for (const auto& [ids, message] : std::vector<std::pair<json, std::string>>{
           {nullptr, "expected a list of ids"},
           {json::array(), "expected a list of ids"},
           {3, "expected a list of ids"},
           {json::array({"2"}), "expected an id from 0 to 177, found \"2\""},
           {json::array({2, -1}), "expected an id from 0 to 177, found -1"},
           {json::array({2.5}), "expected an id from 0 to 177, found 2.5"},
           {json::array({UINT64_MAX}), "expected an id from 0 to 177, found 18446744073709551615"},
           {json::array({178}), ""},  // outside the vocabulary
           {json::array({INT64_MAX}), ""}}) {
    SCOPED_TRACE(ids.dump());
    json changed = tokenizer;
    changed["post_processor"]["special_tokens"]["[CLS]"]["ids"] = ids;
    write("tokenizer.json", changed);
    EXPECT_THROWS(LoadError, load(), path("tokenizer.json"),
                  "\"post_processor.special_tokens.[CLS].ids\"", message);
  }
  tokenizer["post_processor"]["special_tokens"] = nullptr;
  write("tokenizer.json", tokenizer);
  EXPECT_THROWS(LoadError, load(), "\"post_processor.special_tokens\" is missing");
}

// --- tokenizer_config.json, sentence_bert_config.json -------------------------------------------

TEST_F(TokenizerFiles, ModelMaxLength) {
  for (const auto& [value, wanted] :
       std::vector<std::pair<json, std::optional<int64_t>>>{{512, 512},
                                                            {512.0, 512},
                                                            {1, 1},
                                                            {1e30, std::nullopt},
                                                            {nullptr, std::nullopt},
                                                            {0, std::nullopt},
                                                            {-5, std::nullopt},
                                                            {UINT64_MAX, std::nullopt}}) {
    settings["model_max_length"] = value;
    write("tokenizer_config.json", settings);
    EXPECT_EQ(load().model_max_length(), wanted) << value;
  }
  settings["model_max_length"] = "512";
  write("tokenizer_config.json", settings);
  EXPECT_THROWS(LoadError, load(), path("tokenizer_config.json"), "\"model_max_length\"");
}

TEST_F(TokenizerFiles, DoLowerCaseLeavesAccents) {
  TempDir dir;
  fs::copy(golden("tiny_bert_cased"), dir.path() / "m");
  for (const bool standing : {false, true}) {
    if (standing) {
      json changed = golden_json("tiny_bert_cased/tokenizer_config.json");
      changed["tokenizer_class"] = "PreTrainedTokenizerFast";
      write_file(dir.path() / "m/tokenizer_config.json", changed.dump());
    }
    const auto cased = Tokenizer::from_pretrained(dir.path() / "m");
    const auto lower = Tokenizer::from_pretrained(dir.path() / "m", true);
    EXPECT_EQ(cased.tokenize("The café"), (Strings{"[CLS]", "The", "café", "[SEP]"}));
    EXPECT_EQ(lower.tokenize("The CAFÉ"), (Strings{"[CLS]", "the", "café", "[SEP]"}));
  }
  EXPECT_EQ(load(true).tokenize("CAFÉ")[1], "cafe");  // this one strips them anyway
}

TEST_F(TokenizerFiles, OneLargeIdDoesNotTakeGigabytes) {
  tokenizer["model"]["vocab"]["x"] = 99'999'999;
  write("tokenizer.json", tokenizer);
  EXPECT_THROWS(LoadError, load(), "\"x\" has the id 99999999; expected less than");
}

}  // namespace
}  // namespace sentence_transformers
