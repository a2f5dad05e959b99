// Which class of transformers 5.23 a folder's tokenizer is, and what each class makes of its files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/added_token_files.h"
#include "tokenizers/tokenizer_folder.h"
#include "tokenizers/unigram_vocabulary.h"

namespace sentence_transformers {

/// The post-processor of a class that builds its stages itself.
enum class ClassTemplate {
  bert,         // [CLS] A [SEP], [CLS] A [SEP] B:1 [SEP]:1
  roberta,      // <s> A </s>, <s> A </s> </s> B </s>
  xlm_roberta,  // the same with bos_token and eos_token
  t5,           // A </s>, A </s> B </s>
  mbart,        // A </s> en_XX, A B </s> en_XX: the language that "src_lang" names
  mbart50,      // en_XX A </s>, en_XX A B </s>
  ends,         // bos_token and eos_token, where the settings ask for them
  file,         // tokenizer.json's, else as `ends`
  albert,       // tokenizer.json's, else as `bert`
};

/// A class that takes vocabulary, merges and added tokens from the files, and builds its stages by
/// tokenizer_config.json.
struct TokenizerClass {
  std::string_view name;
  std::string_view model;  // as tokenizer.json names it
  ClassTemplate post_processor;
  AddedTokenRules added_tokens;
  /// An object with "normalizer", "pre_tokenizer", "decoder" and "model", as in tokenizer.json. The
  /// model's "unk_token" or "unk_id", if it is there and null, becomes that of the named token.
  nlohmann::json (*stages)(const TokenizerFolder& folder);
  /// Where there is no tokenizer.json: vocab.txt, vocab.json with merges.txt, or sentencepiece's.
  std::string_view vocabulary_file;
  /// The vocabulary of a sentencepiece file, in the class's own order.
  UnigramVocabulary (*arrange)(const TokenizerFolder& folder) = nullptr;
  /// Special tokens without a name, where the settings list none.
  std::vector<AddedToken> (*others)(const TokenizerFolder& folder) = nullptr;
};

/// The class of a folder, or null where tokenizer.json counts as it stands. Throws UnsupportedError
/// for a class that builds its stages in a way that is not here.
const TokenizerClass* find_tokenizer_class(const TokenizerFolder& folder);

}  // namespace sentence_transformers
