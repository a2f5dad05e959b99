// Search, duplicates and clusters over embeddings; Python's names, defaults and result order.
//
// A score that is NaN counts as minus infinity everywhere: it comes last, and a search gives it as
// minus infinity. So a broken row of a corpus displaces no other, and every order is total.
#pragma once

#include <sentence_transformers/sentence_transformer.h>
#include <sentence_transformers/similarity.h>

#include <cstdint>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers::util {

/// One found text: its row in the corpus and its score.
struct Hit {
  int64_t corpus_id;  ///< the row
  float score;        ///< larger is more alike
};

/// How semantic_search scores and how much it returns.
struct SemanticSearchOptions {
  int64_t query_chunk_size = 100;  ///< queries scored at a time
  int64_t corpus_chunk_size =
      500000;          ///< corpus rows scored at a time; memory is their product, in float32
  int64_t top_k = 10;  ///< hits a query at most
  ScoreFunction score_function = cos_sim;  ///< [Q, D] x [N, D] -> [Q, N]
};

/// For each query [Q, D] (or one, [D]) the `top_k` best rows of the corpus [N, D], best first;
/// fewer if the corpus is smaller. Throws std::invalid_argument for sizes below 1 or dimensions
/// that do not fit.
///
/// Which of equal scores are kept, and in which order, is Python's choice: of each chunk of the
/// corpus those that at::topk picks, and of all chunks' together those of the higher rows, as they
/// stand in a heapq behind its last push, stably sorted by score. It hangs on the query, the
/// corpus, corpus_chunk_size and top_k, and neither on how many queries there are nor on threads.
/// A corpus row that is there twice has equal scores wherever this processor has own loops (AVX2
/// and float32 on the CPU, from 8 queries on); elsewhere the two may differ by a rounding.
std::vector<std::vector<Hit>> semantic_search(const at::Tensor& query_embeddings,
                                              const at::Tensor& corpus_embeddings,
                                              const SemanticSearchOptions& options = {});

/// Two texts of one list, i < j, and how alike they are.
struct ParaphrasePair {
  float score;  ///< larger is more alike
  int64_t i;    ///< row of the one
  int64_t j;    ///< row of the other
};

/// How paraphrase_mining scores and how much it returns.
struct ParaphraseMiningOptions {
  int64_t query_chunk_size = 5000;         ///< rows scored at a time
  int64_t corpus_chunk_size = 100000;      ///< rows they are compared with at a time
  int64_t max_pairs = 500000;              ///< pairs to return at most
  int64_t top_k = 100;                     ///< neighbours to look at for each text
  ScoreFunction score_function = cos_sim;  ///< [N, D] x [M, D] -> [N, M]
};

/// The most alike pairs of rows of [N, D], best first, each pair once; none whose score is NaN or
/// minus infinity. The score function must be symmetric. Throws std::invalid_argument for sizes
/// below 1.
std::vector<ParaphrasePair> paraphrase_mining_embeddings(
    const at::Tensor& embeddings, const ParaphraseMiningOptions& options = {});

/// The same for texts, embedded with `encode_options`.
std::vector<ParaphrasePair> paraphrase_mining(const SentenceTransformer& model,
                                              const std::vector<std::string>& sentences,
                                              const ParaphraseMiningOptions& options = {},
                                              const EncodeOptions& encode_options = {});

/// What community_detection counts as a group.
struct CommunityDetectionOptions {
  float threshold = 0.75f;          ///< cosine similarity, from which on two texts belong together
  int64_t min_community_size = 10;  ///< rows, the centre included
  int64_t batch_size = 1024;        ///< rows compared with all others at a time
  bool show_progress_bar = false;   ///< on stderr
};

/// Groups of rows of [N, D] that lie close together: largest first, without overlap, each group's
/// centre first. A row with a NaN is in none. Throws std::invalid_argument for sizes below 1.
std::vector<std::vector<int64_t>> community_detection(
    const at::Tensor& embeddings, const CommunityDetectionOptions& options = {});

}  // namespace sentence_transformers::util
#pragma GCC visibility pop
