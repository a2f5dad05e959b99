// Search: port of semantic_search in sentence_transformers/util/retrieval.py (6.2.0).
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sentence_transformers/retrieval.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "core/heap.h"
#include "retrieval/input.h"
#include "retrieval/scan.h"

namespace sentence_transformers::util {
namespace {

bool is(const ScoreFunction& function, at::Tensor (*known)(const at::Tensor&, const at::Tensor&)) {
  const auto* target = function.target<at::Tensor (*)(const at::Tensor&, const at::Tensor&)>();
  return target && *target == known;
}

/// Scores of one query chunk and one corpus chunk, with cos_sim's and dot_score's buffers kept from
/// chunk to chunk: fresh memory would cost as much as the product.
class ChunkScorer {
 public:
  /// `own_loops`: by the same products as the scan, whose scores these then equal to the last bit.
  ChunkScorer(const ScoreFunction& function, const at::Tensor& queries, const at::Tensor& corpus,
              bool own_loops)
      : function_(function), cosine_(is(function, cos_sim)), own_loops_(own_loops) {
    multiply_ = queries.is_floating_point() && queries.scalar_type() == corpus.scalar_type() &&
                (cosine_ || is(function, dot_score));
    queries_ = multiply_ ? full_precision(queries) : queries;
    if (multiply_ && cosine_) queries_ = normalize_embeddings(queries_);
  }

  void set_corpus_chunk(const at::Tensor& chunk) {
    corpus_ = multiply_ ? full_precision(chunk) : chunk;
    if (!multiply_ || !cosine_ || own_loops_) return;
    const at::Tensor norms =
        at::linalg_vector_norm(corpus_, 2, at::IntArrayRef{-1}, true).clamp_min_(1e-12);
    at::Tensor out = reuse(normalized_, corpus_.size(0), corpus_.size(1));
    at::div_out(out, corpus_, norms);
    corpus_ = out;
  }

  /// [count, corpus chunk]
  at::Tensor operator()(int64_t first_query, int64_t count) {
    const at::Tensor queries = queries_.narrow(0, first_query, count);
    if (multiply_) {
      at::Tensor out = reuse(scores_, count, corpus_.size(0));
      if (own_loops_) {
        scan_scores(queries, corpus_, cosine_, out);
      } else {
        at::mm_out(out, queries, corpus_.t());
      }
      return out;
    }
    at::Tensor scores = function_(queries, corpus_);
    if (scores.dim() != 2 || scores.size(0) != count || scores.size(1) != corpus_.size(0)) {
      std::ostringstream text;
      text << "[semantic_search] expected scores [" << count << ", " << corpus_.size(0)
           << "] of the score function, found " << scores.sizes();
      throw std::invalid_argument(text.str());
    }
    return scores;
  }

 private:
  at::Tensor reuse(at::Tensor& buffer, int64_t rows, int64_t columns) const {
    if (!buffer.defined() || buffer.numel() < rows * columns) {
      buffer = at::Tensor();  // before the larger one is taken
      buffer = at::empty({rows * columns}, corpus_.options());
    }
    return buffer.narrow(0, 0, rows * columns).view({rows, columns});
  }

  const ScoreFunction& function_;
  bool cosine_, multiply_, own_loops_;
  at::Tensor queries_, corpus_, normalized_, scores_;
};

/// Each query's best, chunk by chunk as Python does it, so that equal scores stand as there.
std::vector<std::vector<Candidate>> search_chunks(const at::Tensor& queries,
                                                  const at::Tensor& corpus,
                                                  const SemanticSearchOptions& options,
                                                  bool own_loops) {
  std::vector<std::vector<Candidate>> best(static_cast<size_t>(queries.size(0)));
  const auto top_k = static_cast<size_t>(options.top_k);
  ChunkScorer score(options.score_function, queries, corpus, own_loops);
  for (int64_t row = 0; row < corpus.size(0); row += options.corpus_chunk_size) {
    const int64_t rows = std::min(options.corpus_chunk_size, corpus.size(0) - row);
    score.set_corpus_chunk(corpus.narrow(0, row, rows));
    for (int64_t query = 0; query < queries.size(0); query += options.query_chunk_size) {
      const int64_t count = std::min(options.query_chunk_size, queries.size(0) - query);
      const auto [values, ids] =
          best_of_rows(score(query, count), std::min(options.top_k, rows), /*sorted=*/false);
      const at::Tensor found_values = values.to(at::kCPU, at::kDouble).contiguous();
      const at::Tensor found_ids = ids.to(at::kCPU).contiguous();
      const double* value = found_values.const_data_ptr<double>();
      const int64_t* id = found_ids.const_data_ptr<int64_t>();
      for (int64_t i = 0; i < count; ++i) {
        auto& heap = best[static_cast<size_t>(query + i)];
        for (int64_t j = 0; j < found_ids.size(1); ++j, ++value, ++id) {
          const Candidate candidate(*value, row + *id);
          if (heap.size() < top_k) {
            heap_push(heap, candidate);
          } else {
            heap_push_pop(heap, candidate);
          }
        }
      }
    }
  }
  for (auto& candidates : best) {
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.first > b.first; });
  }
  return best;
}

std::vector<std::vector<Hit>> hits(const std::vector<std::vector<Candidate>>& best) {
  std::vector<std::vector<Hit>> results(best.size());
  for (size_t i = 0; i < best.size(); ++i) {
    results[i].reserve(best[i].size());
    for (const auto& [value, id] : best[i]) results[i].push_back({id, static_cast<float>(value)});
  }
  return results;
}

}  // namespace

std::vector<std::vector<Hit>> semantic_search(const at::Tensor& query_embeddings,
                                              const at::Tensor& corpus_embeddings,
                                              const SemanticSearchOptions& options) {
  const std::string name = "semantic_search";
  require_positive(name, "query_chunk_size", options.query_chunk_size);
  require_positive(name, "corpus_chunk_size", options.corpus_chunk_size);
  require_positive(name, "top_k", options.top_k);
  if (!options.score_function) {
    throw std::invalid_argument("[semantic_search] there is no score_function");
  }
  const c10::InferenceMode no_autograd;
  const at::Tensor corpus = matrix(corpus_embeddings, name);
  const at::Tensor queries = matrix(query_embeddings, name).to(corpus.device());
  if (corpus_embeddings.dim() != 2 || corpus.size(1) != queries.size(1)) {
    std::ostringstream text;
    text << "[semantic_search] expected queries [Q, D] and a corpus [N, D], found "
         << query_embeddings.sizes() << " and " << corpus_embeddings.sizes();
    throw std::invalid_argument(text.str());
  }

  const bool cosine = is(options.score_function, cos_sim);
  std::optional<Scan> found;
  if ((cosine || is(options.score_function, dot_score)) && can_scan(queries, corpus)) {
    found = scan(cosine ? normalize_embeddings(queries) : queries, corpus, cosine, options.top_k);
  }
  if (!found) return hits(search_chunks(queries, corpus, options, /*own_loops=*/false));
  if (!found->tied.empty()) {
    const at::Tensor tied = queries.index_select(0, at::tensor(found->tied, at::kLong));
    auto best = search_chunks(tied, corpus, options, /*own_loops=*/true);
    for (size_t i = 0; i < best.size(); ++i) {
      found->best[static_cast<size_t>(found->tied[i])] = std::move(best[i]);
    }
  }
  return hits(found->best);
}

}  // namespace sentence_transformers::util
