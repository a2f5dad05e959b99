// The table of pre-tokenizers.
#include "tokenizers/pre_tokenizers/makers.h"
#include "tokenizers/stage_table.h"

namespace sentence_transformers {

std::unique_ptr<PreTokenizer> make_pre_tokenizer(const Config& config) {
  static constexpr StageMaker<PreTokenizer> kPreTokenizers[] = {
      {"BertPreTokenizer", make_bert_pre_tokenizer},
      {"ByteLevel", make_byte_level_pre_tokenizer},
      {"CharDelimiterSplit", make_delimiter_split},
      {"Digits", make_digits},
      {"Metaspace", make_metaspace},
      {"Punctuation", make_punctuation},
      {"Sequence", make_pre_tokenizer_sequence},
      {"Split", make_split},
      {"Whitespace", make_whitespace},
      {"WhitespaceSplit", make_whitespace_split},
  };
  return make_stage<PreTokenizer>(kPreTokenizers, config);
}

}  // namespace sentence_transformers
