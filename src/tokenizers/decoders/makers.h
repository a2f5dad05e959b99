// The makers of the decoders' table, each in the file of its kind.
#pragma once

#include "tokenizers/decoders/decoder.h"

namespace sentence_transformers {

std::unique_ptr<Decoder> make_bpe_decoder(const Config& config);
std::unique_ptr<Decoder> make_byte_fallback_decoder(const Config& config);
std::unique_ptr<Decoder> make_byte_level_decoder(const Config& config);
std::unique_ptr<Decoder> make_decoder_sequence(const Config& config);
std::unique_ptr<Decoder> make_fuse_decoder(const Config& config);
std::unique_ptr<Decoder> make_metaspace_decoder(const Config& config);
std::unique_ptr<Decoder> make_replace_decoder(const Config& config);
std::unique_ptr<Decoder> make_strip_decoder(const Config& config);
std::unique_ptr<Decoder> make_wordpiece_decoder(const Config& config);

}  // namespace sentence_transformers
