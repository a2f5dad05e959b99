// The table of decoders.
#include "tokenizers/decoders/makers.h"
#include "tokenizers/stage_table.h"

namespace sentence_transformers {

std::unique_ptr<Decoder> make_decoder(const Config& config) {
  static constexpr StageMaker<Decoder> kDecoders[] = {
      {"BPEDecoder", make_bpe_decoder},       {"ByteFallback", make_byte_fallback_decoder},
      {"ByteLevel", make_byte_level_decoder}, {"Fuse", make_fuse_decoder},
      {"Metaspace", make_metaspace_decoder},  {"Replace", make_replace_decoder},
      {"Sequence", make_decoder_sequence},    {"Strip", make_strip_decoder},
      {"WordPiece", make_wordpiece_decoder},
  };
  return make_stage<Decoder>(kDecoders, config);
}

std::string decode_tokens(const Decoder* decoder, std::vector<std::string> tokens) {
  if (decoder) decoder->decode(tokens);
  std::string text;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!decoder && i > 0) text += ' ';
    text += tokens[i];
  }
  return text;
}

}  // namespace sentence_transformers
