// Small tokenizers of every class, from each form of their files, as transformers' AutoTokenizer
// loads them.
#include "tokenizers/tokenizer_classes.h"

#include <sentence_transformers/error.h>
#include <sentence_transformers/tokenizer.h>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;
using Ids = std::vector<int64_t>;

class TokenizerClasses : public testing::Test {
 protected:
  /// A copy of a folder of tests/golden/tokenizers.
  void copy(const std::string& name) {
    fs::copy(golden("tokenizers") / name, folder_,
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }
  json read(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return json::parse(file);
  }
  void write(const std::string& name, const json& content) {
    write_file(folder_ / name, content.dump());
  }
  void change(const std::string& name, const std::string& key, const json& value) {
    json content = fs::exists(folder_ / name) ? read(name) : json::object();
    content[key] = value;
    write(name, content);
  }
  Tokenizer load() const { return Tokenizer::from_pretrained(folder_); }
  Ids ids(const std::string& text) const { return load().encode(text).ids; }
  std::string class_name() const {
    const auto* row = find_tokenizer_class(TokenizerFolder(folder_));
    return row ? std::string(row->name) : "TokenizersBackend";
  }

  TempDir dir_;
  fs::path folder_ = dir_.path() / "m";
};

TEST_F(TokenizerClasses, IdsAsHuggingFace) {
  const json cases = golden_json("tokenizer_cases.json");
  ASSERT_GE(cases["folders"].size(), 16u);
  for (const auto& [name, folder] : cases["folders"].items()) {
    SCOPED_TRACE(name);
    const auto tokenizer = Tokenizer::from_pretrained(golden("tokenizers") / name);
    for (size_t i = 0; i < cases["texts"].size(); ++i) {
      EXPECT_EQ(tokenizer.encode(cases["texts"][i].get<std::string>()).ids,
                folder["ids"][i].get<Ids>())
          << cases["texts"][i];
    }
    for (const auto& [id, content] : folder["added"].items()) {
      EXPECT_EQ(tokenizer.token_to_id(content.get<std::string>()), std::stoll(id)) << content;
    }
  }
}

TEST_F(TokenizerClasses, ClassesAsHuggingFace) {
  const json cases = golden_json("tokenizer_cases.json");
  for (const auto& [name, folder] : cases["folders"].items()) {
    fs::remove_all(folder_);
    copy(name);
    EXPECT_EQ(class_name(), folder["class"]) << name;
  }
}

TEST_F(TokenizerClasses, PairsAndTruncationAsHuggingFace) {
  const json cases = golden_json("tokenizer_cases.json");
  for (const auto& [name, folder] : cases["folders"].items()) {
    SCOPED_TRACE(name);
    const auto tokenizer = Tokenizer::from_pretrained(golden("tokenizers") / name);
    for (const json& row : folder["pairs"]) {
      const std::string first = row[0];
      const Encoding e = row[1].is_null()
                             ? tokenizer.encode(first, row[2])
                             : tokenizer.encode_pair(first, row[1].get<std::string>(), row[2]);
      EXPECT_EQ(e.ids, row[3].get<Ids>()) << row;
      EXPECT_EQ(e.type_ids, row[4].get<Ids>()) << row;
    }
  }
}

TEST_F(TokenizerClasses, DecodesAsHuggingFace) {
  const json cases = golden_json("tokenizer_cases.json");
  for (const auto& [name, folder] : cases["folders"].items()) {
    SCOPED_TRACE(name);
    const auto tokenizer = Tokenizer::from_pretrained(golden("tokenizers") / name);
    for (size_t i = 0; i < folder["ids"].size(); ++i) {
      const Ids ids = folder["ids"][i];
      EXPECT_EQ(tokenizer.decode(ids, false), folder["decoded"][i][0].get<std::string>());
      EXPECT_EQ(tokenizer.decode(ids), folder["decoded"][i][1].get<std::string>());
    }
  }
}

// What a class builds does not hang on tokenizer.json's stages; a bare file counts as it stands.
TEST_F(TokenizerClasses, StagesOfTheClassOrOfTheFile) {
  copy("roberta");
  const Ids plain = ids("The dog");
  json tokenizer = read("tokenizer.json");
  tokenizer["normalizer"] = {{"type", "Lowercase"}};
  tokenizer["pre_tokenizer"]["add_prefix_space"] = true;
  tokenizer["decoder"] = nullptr;
  tokenizer["post_processor"] = nullptr;
  tokenizer["model"]["unk_token"] = "none";
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(ids("The dog"), plain);
  change("tokenizer_config.json", "add_prefix_space", true);
  EXPECT_EQ(ids("The dog"), ids(" The dog"));
  tokenizer["model"]["unk_token"] = "<unk>";
  write("tokenizer.json", tokenizer);
  change("tokenizer_config.json", "tokenizer_class", "PreTrainedTokenizerFast");
  change("tokenizer_config.json", "add_prefix_space", false);
  EXPECT_EQ(ids("The dog"), ids(" the dog"));
}

TEST_F(TokenizerClasses, WhichClassItIs) {
  copy("modernbert");
  const auto named = [&](const json& settings, const json& type, const json& model = nullptr) {
    change("tokenizer_config.json", "tokenizer_class", settings);
    write("config.json", {{"model_type", type}, {"tokenizer_class", model}});
    return class_name();
  };
  EXPECT_EQ(named(nullptr, "roberta"), "RobertaTokenizer");
  EXPECT_EQ(named("RobertaTokenizerFast", "bert"), "RobertaTokenizer");
  EXPECT_EQ(named("BartTokenizer", "bart"), "RobertaTokenizer");
  EXPECT_EQ(named(nullptr, "bert", "RobertaTokenizer"), "RobertaTokenizer");
  EXPECT_EQ(named("BertTokenizer", "roberta", "RobertaTokenizer"), "BertTokenizer");
  EXPECT_EQ(named("PreTrainedTokenizerFast", "roberta"), "TokenizersBackend");
  EXPECT_EQ(named("NobodysTokenizer", "roberta"), "TokenizersBackend");
  EXPECT_EQ(named("PreTrainedTokenizerFast", "qwen2"), "Qwen2Tokenizer");  // whose type decides
  EXPECT_EQ(named("PreTrainedTokenizerFast", "qwen3"), "TokenizersBackend");
  EXPECT_EQ(named("RobertaTokenizer", "modernbert"), "TokenizersBackend");
  EXPECT_EQ(named("LlamaTokenizerFast", "llama"), "TokenizersBackend");  // a file of bytes
  EXPECT_EQ(named(nullptr, "nobody"), "TokenizersBackend");
  EXPECT_THROWS(UnsupportedError, named("XLNetTokenizerFast", "xlnet"), "tokenizer_config.json",
                "XLNetTokenizer; known: AlbertTokenizer, BarthezTokenizer",
                "PreTrainedTokenizerFast");
  EXPECT_THROWS(UnsupportedError, named(nullptr, "xlnet"), "config.json: \"model_type\"", "XLNet");
}

TEST_F(TokenizerClasses, OldFilesThatAreMissingOrMalformed) {
  copy("roberta_files");
  const Ids right = ids("the dog");
  fs::remove(folder_ / "config.json");
  EXPECT_THROWS(LoadError, load(), "found neither; vocab.json needs a tokenizer_class");
  change("tokenizer_config.json", "tokenizer_class", "RobertaTokenizer");
  EXPECT_EQ(ids("the dog"), right);
  std::string merges;
  {
    std::ifstream file(folder_ / "merges.txt");
    merges.assign(std::istreambuf_iterator<char>(file), {});
  }
  write_file(folder_ / "merges.txt", merges + "\n");
  EXPECT_THROWS(LoadError, load(), "merges.txt: line ", "expected two tokens");
  fs::remove(folder_ / "merges.txt");
  EXPECT_THROWS(LoadError, load(), "merges.txt");
  change("vocab.json", "x", "y");
  EXPECT_THROWS(LoadError, load(), "vocab.json: \"x\": expected an id, found \"y\"");
}

TEST_F(TokenizerClasses, AModelOfAnotherKind) {
  copy("mpnet");
  change("tokenizer_config.json", "tokenizer_class", "RobertaTokenizer");
  EXPECT_THROWS(UnsupportedError, load(), "\"model.type\" is \"WordPiece\"; known: BPE");
}

TEST_F(TokenizerClasses, TruncationSides) {
  copy("roberta");
  const Ids whole = ids("the dog and the cat");
  const auto ends = [&] { return load().encode("the dog and the cat", 4).ids; };
  EXPECT_EQ(ends(), (Ids{whole[0], whole[1], whole[2], whole.back()}));
  json tokenizer = read("tokenizer.json");
  tokenizer["truncation"] = {{"direction", "Left"}, {"max_length", 9}};
  write("tokenizer.json", tokenizer);
  const Ids left = {whole[0], whole[whole.size() - 3], whole[whole.size() - 2], whole.back()};
  EXPECT_EQ(ends(), left);
  change("tokenizer_config.json", "truncation_side", "right");
  EXPECT_NE(ends(), left);
  change("tokenizer_config.json", "truncation_side", "up");
  EXPECT_THROWS(LoadError, load(), "truncation side is \"up\"; expected left or right");
}

TEST_F(TokenizerClasses, SpecialTokensAreLeftToTheModelIfAskedFor) {
  copy("roberta");
  EXPECT_EQ(load().tokenize("<s>a"), (std::vector<std::string>{"<s>", "<s>", "a", "</s>"}));
  change("tokenizer_config.json", "split_special_tokens", true);
  EXPECT_EQ(load().tokenize("<s>a"), (std::vector<std::string>{"<s>", "<", "s", ">", "a", "</s>"}));
}

// transformers 5.23 leaves the spaces of BPE alone.
TEST_F(TokenizerClasses, CleansSpacesUpIfAskedFor) {
  copy("mpnet");
  const Ids ids = load().encode("a ' b, is n ' t 's").ids;
  EXPECT_EQ(load().decode(ids), "a ' b, is n ' t ' s");
  change("tokenizer_config.json", "clean_up_tokenization_spaces", true);
  EXPECT_EQ(load().decode(ids), "a'b, isn't's");
  fs::remove_all(folder_);
  copy("roberta");
  change("tokenizer_config.json", "clean_up_tokenization_spaces", true);
  EXPECT_EQ(load().decode(load().encode("a ' b .").ids), "a ' b .");
}

TEST_F(TokenizerClasses, WholeFoldersAsHuggingFace) {
  const json cases = golden_json("tiny_encoders_cases.json");
  for (const auto& [folder, texts] : cases["tokens"].items()) {
    const auto tokenizer = Tokenizer::from_pretrained(golden(folder));
    for (size_t i = 0; i < texts.size(); ++i) {
      const Ids wanted = texts[i];
      const std::string text = cases["texts"][i];
      EXPECT_EQ(tokenizer.encode(text, tokenizer.model_max_length().value_or(64)).ids, wanted)
          << folder << ": " << text;
    }
  }
}

TEST_F(TokenizerClasses, InvalidUtf8CountsAsReplacementCharacters) {
  copy("roberta");
  for (const std::string bad : {"\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\x80\x80"}) {
    std::string replaced;
    for (size_t i = 0; i < (bad == "\x80\x80" ? 2u : 1u); ++i) replaced += "\ufffd";
    EXPECT_EQ(ids("the" + bad + " dog" + bad), ids("the" + replaced + " dog" + replaced));
  }
}

// What tokenizer.json says of its stages does not count; the settings do.
TEST_F(TokenizerClasses, StagesOfUnigramClasses) {
  copy("xlm_roberta");
  const Ids plain = ids("The dog");
  json tokenizer = read("tokenizer.json");
  tokenizer["pre_tokenizer"] = nullptr;
  tokenizer["decoder"] = nullptr;
  tokenizer["model"]["unk_id"] = 0;
  tokenizer["model"]["byte_fallback"] = true;
  tokenizer["post_processor"] = nullptr;
  tokenizer["normalizer"] = {{"type", "Sequence"},
                             {"normalizers", {{{"type", "Lowercase"}}, tokenizer["normalizer"]}}};
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(ids("The dog"), plain);
  EXPECT_EQ(ids("\uff21"), ids("A"));  // of the normalizers the character map alone stays
  tokenizer["normalizer"] = {{"type", "Lowercase"}};
  write("tokenizer.json", tokenizer);
  EXPECT_NE(ids("\uff21"), ids("A"));
  EXPECT_EQ(ids("The dog"), plain);
  change("tokenizer_config.json", "add_prefix_space", false);
  EXPECT_NE(ids("The dog"), plain);
}

TEST_F(TokenizerClasses, AlbertsSettings) {
  copy("albert_files");
  const auto same = [&](const char* a, const char* b) { return ids(a) == ids(b); };
  EXPECT_FALSE(same("The", "the"));
  EXPECT_FALSE(same("caf\u00e9", "cafe"));
  EXPECT_TRUE(same("``a''", "\"a\""));
  change("tokenizer_config.json", "do_lower_case", nullptr);
  change("tokenizer_config.json", "keep_accents", false);
  EXPECT_TRUE(same("The", "the"));
  EXPECT_TRUE(same("caf\u00e9", "cafe"));
}

TEST_F(TokenizerClasses, LanguagesOfMBart) {
  copy("mbart_files");
  const Ids german = ids("the dog");
  change("tokenizer_config.json", "src_lang", "fr_XX");
  const Tokenizer french = load();
  Ids wanted = german;
  wanted.back() = french.token_to_id("fr_XX").value();
  EXPECT_NE(wanted, german);
  EXPECT_EQ(french.encode("the dog").ids, wanted);
  change("tokenizer_config.json", "src_lang", "nobodys");
  EXPECT_THROWS(LoadError, load(), "\"src_lang\" is \"nobodys\"; expected a token");
}

TEST_F(TokenizerClasses, NamesTheVocabularyFileThatIsMissing) {
  for (const std::string folder : {"xlm_roberta_files", "t5_files"}) {
    fs::remove_all(folder_);
    copy(folder);
    const std::string file = folder == "t5_files" ? "spiece.model" : "sentencepiece.bpe.model";
    fs::remove(folder_ / file);
    EXPECT_THROWS(LoadError, load(), "expected tokenizer.json or " + file + ", found neither");
  }
  fs::remove_all(folder_);
  copy("gemma");
  fs::remove(folder_ / "tokenizer.json");
  EXPECT_THROWS(LoadError, load(), "expected tokenizer.json");
}

TEST_F(TokenizerClasses, TimeGrowsWithTheTextNotItsSquare) {
  copy("qwen3");
  const Tokenizer tokenizer = load();
  EXPECT_GT(tokenizer.count_tokens(std::string(1'000'000, 'x')), 0);
  EXPECT_GT(tokenizer.count_tokens(std::string(1'000'000, ' ')), 0);
  EXPECT_GT(tokenizer.count_tokens(std::string(1'000'000, '\n') + " x"), 0);
  EXPECT_GT(tokenizer.count_tokens(std::string(1'000'000, '.')), 0);
}

// Texts of a RoBERTa, a ModernBERT and an ALBERT that are in use; ids by transformers 5.23.
TEST(RealTokenizers, AsHuggingFace) {
  const fs::path shared = fs::path(SOURCE_FOLDER) / "../shared/tokenizers";
  if (!fs::exists(shared)) GTEST_SKIP() << "no tokenizers in " << shared;
  const std::string text = "Hello, world! DON'T  stop   caf\u00e9 <mask> \u6f22\u5b57";
  EXPECT_EQ(Tokenizer::from_pretrained(shared / "secroberta").encode(text).ids,
            (Ids{0,    11973, 16,    1975, 5,     389, 1843, 11,    56,  225,
                 4225, 856,   32986, 4,    10978, 125, 100,  21489, 250, 2}));
  EXPECT_EQ(Tokenizer::from_pretrained(shared / "modernbert").encode(text).ids,
            (Ids{50281, 12092, 13,  1533, 2,     24694, 8,   53,    50276, 13121, 50275,
                 68,    2320,  860, 654,  12477, 31,    209, 45387, 97,    30886, 50282}));
}

}  // namespace
}  // namespace sentence_transformers
