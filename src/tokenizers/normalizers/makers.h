// The makers of the normalizers' table, each in the file of its kind.
#pragma once

#include "tokenizers/normalizers/normalizer.h"

namespace sentence_transformers {

std::unique_ptr<Normalizer> make_bert_normalizer(const Config& config);
std::unique_ptr<Normalizer> make_byte_level_normalizer(const Config& config);
std::unique_ptr<Normalizer> make_lowercase(const Config& config);
std::unique_ptr<Normalizer> make_nfc(const Config& config);
std::unique_ptr<Normalizer> make_nfd(const Config& config);
std::unique_ptr<Normalizer> make_nfkc(const Config& config);
std::unique_ptr<Normalizer> make_nfkd(const Config& config);
std::unique_ptr<Normalizer> make_nmt(const Config& config);
std::unique_ptr<Normalizer> make_precompiled(const Config& config);
std::unique_ptr<Normalizer> make_prepend(const Config& config);
std::unique_ptr<Normalizer> make_replace(const Config& config);
std::unique_ptr<Normalizer> make_normalizer_sequence(const Config& config);
std::unique_ptr<Normalizer> make_strip(const Config& config);
std::unique_ptr<Normalizer> make_strip_accents(const Config& config);

}  // namespace sentence_transformers
