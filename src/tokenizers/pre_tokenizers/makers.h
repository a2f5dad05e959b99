// The makers of the pre-tokenizers' table, each in the file of its kind.
#pragma once

#include "tokenizers/pre_tokenizers/pre_tokenizer.h"

namespace sentence_transformers {

std::unique_ptr<PreTokenizer> make_bert_pre_tokenizer(const Config& config);
std::unique_ptr<PreTokenizer> make_byte_level_pre_tokenizer(const Config& config);
std::unique_ptr<PreTokenizer> make_delimiter_split(const Config& config);
std::unique_ptr<PreTokenizer> make_digits(const Config& config);
std::unique_ptr<PreTokenizer> make_metaspace(const Config& config);
std::unique_ptr<PreTokenizer> make_punctuation(const Config& config);
std::unique_ptr<PreTokenizer> make_pre_tokenizer_sequence(const Config& config);
std::unique_ptr<PreTokenizer> make_split(const Config& config);
std::unique_ptr<PreTokenizer> make_whitespace(const Config& config);
std::unique_ptr<PreTokenizer> make_whitespace_split(const Config& config);

}  // namespace sentence_transformers
