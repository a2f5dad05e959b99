// The table of normalizers.
#include "tokenizers/normalizers/makers.h"
#include "tokenizers/stage_table.h"

namespace sentence_transformers {

std::unique_ptr<Normalizer> make_normalizer(const Config& config) {
  static constexpr StageMaker<Normalizer> kNormalizers[] = {
      {"BertNormalizer", make_bert_normalizer},
      {"ByteLevel", make_byte_level_normalizer},
      {"Lowercase", make_lowercase},
      {"NFC", make_nfc},
      {"NFD", make_nfd},
      {"NFKC", make_nfkc},
      {"NFKD", make_nfkd},
      {"Nmt", make_nmt},
      {"Precompiled", make_precompiled},
      {"Prepend", make_prepend},
      {"Replace", make_replace},
      {"Sequence", make_normalizer_sequence},
      {"Strip", make_strip},
      {"StripAccents", make_strip_accents},
  };
  return make_stage<Normalizer>(kNormalizers, config);
}

}  // namespace sentence_transformers
