// Classes of transformers 5.23 whose vocabularies sentencepiece made: their stages, and the order
// in which each of them takes the pieces of a sentencepiece file.
#pragma once

#include <vector>

#include "tokenizers/added_tokens.h"
#include "tokenizers/tokenizer_folder.h"
#include "tokenizers/unigram_vocabulary.h"

namespace sentence_transformers {

nlohmann::json albert_stages(const TokenizerFolder& folder);
nlohmann::json barthez_stages(const TokenizerFolder& folder);
nlohmann::json camembert_stages(const TokenizerFolder& folder);
nlohmann::json deberta_v2_stages(const TokenizerFolder& folder);
nlohmann::json llama_stages(const TokenizerFolder& folder);
nlohmann::json mbart_stages(const TokenizerFolder& folder);
nlohmann::json mbart50_stages(const TokenizerFolder& folder);
nlohmann::json t5_stages(const TokenizerFolder& folder);
nlohmann::json xlm_roberta_stages(const TokenizerFolder& folder);

UnigramVocabulary sentencepiece_in_order(const TokenizerFolder& folder);
UnigramVocabulary arrange_camembert(const TokenizerFolder& folder);
UnigramVocabulary arrange_mbart(const TokenizerFolder& folder);
UnigramVocabulary arrange_mbart50(const TokenizerFolder& folder);
UnigramVocabulary arrange_t5(const TokenizerFolder& folder);
UnigramVocabulary arrange_xlm_roberta(const TokenizerFolder& folder);

/// The pairs of pieces that make a piece, for BPE: those of earlier pieces are wanted more.
Merges merges_of_pieces(const Vocabulary& vocabulary, const TokenIndex& index);

/// The control pieces and the user's own ones of a sentencepiece file, if there is one.
std::vector<AddedToken> sentencepiece_specials(const TokenizerFolder& folder);
std::vector<AddedToken> camembert_specials(const TokenizerFolder& folder);
std::vector<AddedToken> t5_specials(const TokenizerFolder& folder);
/// With the codes of the languages that the class knows.
std::vector<AddedToken> mbart_specials(const TokenizerFolder& folder);
std::vector<AddedToken> mbart50_specials(const TokenizerFolder& folder);

}  // namespace sentence_transformers
