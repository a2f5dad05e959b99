// Port of sentence_transformers/util/retrieval.py (6.2.0).
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sentence_transformers/retrieval.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "core/heap.h"
#include "core/progress.h"
#include "retrieval_scan.h"

namespace sentence_transformers::util {
namespace {

bool is(const ScoreFunction& function, at::Tensor (*known)(const at::Tensor&, const at::Tensor&)) {
  const auto* target = function.target<at::Tensor (*)(const at::Tensor&, const at::Tensor&)>();
  return target && *target == known;
}

void require_positive(const std::string& function, const char* name, int64_t value) {
  if (value < 1) {
    throw std::invalid_argument("[" + function + "] expected a " + name + " of at least 1, found " +
                                std::to_string(value));
  }
}

/// [N, D], from that or [D]. Throws otherwise.
at::Tensor matrix(const at::Tensor& tensor, const std::string& function) {
  if (!tensor.defined() || tensor.layout() != at::kStrided || tensor.dim() < 1 ||
      tensor.dim() > 2) {
    std::ostringstream text;
    text << "[" << function << "] expected dense embeddings [N, D], found ";
    if (tensor.defined()) {
      text << tensor.sizes();
    } else {
      text << "no tensor";
    }
    throw std::invalid_argument(text.str());
  }
  return at::atleast_2d(tensor);
}

at::Tensor full_precision(const at::Tensor& x) {
  return x.is_floating_point() && x.element_size() < 4 ? x.to(at::kFloat) : x;
}

/// Scores of one query chunk and one corpus chunk, with cos_sim's and dot_score's buffers kept from
/// chunk to chunk: fresh memory would cost as much as the product.
class ChunkScorer {
 public:
  ChunkScorer(const ScoreFunction& function, const at::Tensor& queries, const at::Tensor& corpus)
      : function_(function), cosine_(is(function, cos_sim)) {
    multiply_ = queries.is_floating_point() && queries.scalar_type() == corpus.scalar_type() &&
                (cosine_ || is(function, dot_score));
    queries_ = multiply_ ? full_precision(queries) : queries;
    if (multiply_ && cosine_) queries_ = normalize_embeddings(queries_);
  }

  void set_corpus_chunk(const at::Tensor& chunk) {
    corpus_ = multiply_ ? full_precision(chunk) : chunk;
    if (!multiply_ || !cosine_) return;
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
      at::mm_out(out, queries, corpus_.t());
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
  bool cosine_, multiply_;
  at::Tensor queries_, corpus_, normalized_, scores_;
};

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
  if ((cosine || is(options.score_function, dot_score)) && can_scan(queries, corpus)) {
    const auto found =
        scan(cosine ? normalize_embeddings(queries) : queries, corpus, cosine, options.top_k);
    if (found) return hits(*found);
  }

  std::vector<std::vector<Candidate>> best(static_cast<size_t>(queries.size(0)));
  const auto top_k = static_cast<size_t>(options.top_k);
  ChunkScorer score(options.score_function, queries, corpus);
  for (int64_t row = 0; row < corpus.size(0); row += options.corpus_chunk_size) {
    const int64_t rows = std::min(options.corpus_chunk_size, corpus.size(0) - row);
    score.set_corpus_chunk(corpus.narrow(0, row, rows));
    for (int64_t query = 0; query < queries.size(0); query += options.query_chunk_size) {
      const int64_t count = std::min(options.query_chunk_size, queries.size(0) - query);
      const auto [values, ids] =
          at::topk(score(query, count), std::min(options.top_k, rows), 1, true, /*sorted=*/false);
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
  return hits(best);
}

std::vector<ParaphrasePair> paraphrase_mining_embeddings(const at::Tensor& embeddings,
                                                         const ParaphraseMiningOptions& options) {
  const std::string name = "paraphrase_mining_embeddings";
  require_positive(name, "query_chunk_size", options.query_chunk_size);
  require_positive(name, "corpus_chunk_size", options.corpus_chunk_size);
  require_positive(name, "max_pairs", options.max_pairs);
  require_positive(name, "top_k", options.top_k);
  if (!options.score_function) {
    throw std::invalid_argument("[" + name + "] there is no score_function");
  }
  const c10::InferenceMode no_autograd;
  const at::Tensor all = matrix(embeddings, name);
  const int64_t size = all.size(0);

  using Pair = std::tuple<double, int64_t, int64_t>;  // score, i < j
  std::vector<Pair> pairs;
  std::unordered_set<uint64_t> queued;  // the pairs in it, as i * size + j
  const auto key = [size](int64_t i, int64_t j) { return static_cast<uint64_t>(i * size + j); };
  double least = -std::numeric_limits<double>::infinity();

  for (int64_t query = 0; query < size; query += options.query_chunk_size) {
    const int64_t count = std::min(options.query_chunk_size, size - query);
    const at::Tensor queries = all.narrow(0, query, count);
    at::Tensor values, ids;  // [count, top_k + 1], each text itself among them
    for (int64_t row = 0; row < size; row += options.corpus_chunk_size) {
      const int64_t rows = std::min(options.corpus_chunk_size, size - row);
      const at::Tensor scores = options.score_function(queries, all.narrow(0, row, rows));
      if (scores.dim() != 2 || scores.size(0) != count || scores.size(1) != rows) {
        throw std::invalid_argument("[" + name + "] the score function must return scores [N, M]");
      }
      auto [chunk_values, chunk_ids] = at::topk(scores, std::min(options.top_k + 1, rows), 1);
      chunk_ids += row;
      if (!values.defined()) {
        values = chunk_values;
        ids = chunk_ids;
        continue;
      }
      const at::Tensor both = at::cat({values, chunk_values}, 1);
      at::Tensor order;
      std::tie(values, order) = at::topk(both, std::min(options.top_k + 1, both.size(1)), 1);
      ids = at::cat({ids, chunk_ids}, 1).gather(1, order);
    }
    values = values.to(at::kCPU, at::kDouble).contiguous();
    ids = ids.to(at::kCPU).contiguous();
    const int64_t width = ids.size(1);
    for (int64_t i = query; i < query + count; ++i) {
      const double* value = values.const_data_ptr<double>() + (i - query) * width;
      const int64_t* id = ids.const_data_ptr<int64_t>() + (i - query) * width;
      for (int64_t k = 0, neighbours = 0; k < width && neighbours < options.top_k; ++k) {
        const int64_t j = id[k];
        if (i == j) continue;
        ++neighbours;
        if (value[k] <= least) continue;
        const Pair pair(value[k], std::min(i, j), std::max(i, j));
        if (!queued.insert(key(std::get<1>(pair), std::get<2>(pair))).second) continue;
        if (pairs.size() < static_cast<size_t>(options.max_pairs)) {
          heap_push(pairs, pair);
        } else {
          const Pair evicted = heap_push_pop(pairs, pair);
          queued.erase(key(std::get<1>(evicted), std::get<2>(evicted)));
          least = std::get<0>(evicted);
        }
      }
    }
  }

  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return std::get<0>(a) > std::get<0>(b); });
  std::vector<ParaphrasePair> results;
  results.reserve(pairs.size());
  for (const auto& [score, i, j] : pairs) results.push_back({static_cast<float>(score), i, j});
  return results;
}

std::vector<ParaphrasePair> paraphrase_mining(const SentenceTransformer& model,
                                              const std::vector<std::string>& sentences,
                                              const ParaphraseMiningOptions& options,
                                              const EncodeOptions& encode_options) {
  return paraphrase_mining_embeddings(model.encode(sentences, encode_options), options);
}

std::vector<std::vector<int64_t>> community_detection(const at::Tensor& embeddings,
                                                      const CommunityDetectionOptions& options) {
  const std::string name = "community_detection";
  require_positive(name, "min_community_size", options.min_community_size);
  require_positive(name, "batch_size", options.batch_size);
  const c10::InferenceMode no_autograd;
  const at::Tensor all = normalize_embeddings(full_precision(matrix(embeddings, name)));
  const int64_t size = all.size(0), least = options.min_community_size;
  if (size < least) return {};

  struct Community {
    int64_t centre;
    std::vector<int64_t> members;
  };
  std::vector<Community> found;
  // How many neighbours of a text to look at; grows with the largest community so far.
  int64_t window = std::min(std::max(2 * least, int64_t{50}), size);
  ProgressBar progress("Finding clusters", size, options.show_progress_bar);
  for (int64_t begin = 0; begin < size; begin += options.batch_size) {
    const int64_t count = std::min(options.batch_size, size - begin);
    const at::Tensor scores = at::matmul(all.narrow(0, begin, count), all.t()).to(at::kCPU);
    // A text is a centre if even its last needed neighbour is close.
    const at::Tensor last =
        std::get<0>(at::topk(scores, least, 1)).select(1, least - 1).to(at::kDouble).contiguous();
    for (int64_t i = 0; i < count; ++i) {
      if (!(last.const_data_ptr<double>()[i] >= options.threshold)) continue;
      const auto neighbours = [&] {
        auto [values, ids] = at::topk(scores[i], window);
        return std::pair(values.to(at::kDouble), ids);
      };
      auto [values, ids] = neighbours();
      while (values.const_data_ptr<double>()[window - 1] >= options.threshold && window < size) {
        window = std::min(2 * window, size);
        std::tie(values, ids) = neighbours();
      }
      Community community{begin + i, {}};
      for (int64_t k = 0; k < window; ++k) {
        if (values.const_data_ptr<double>()[k] >= options.threshold) {
          community.members.push_back(ids.const_data_ptr<int64_t>()[k]);
        }
      }
      found.push_back(std::move(community));
    }
    progress.update(begin + count);
  }

  std::stable_sort(found.begin(), found.end(), [](const Community& a, const Community& b) {
    return a.members.size() > b.members.size();
  });
  std::vector<std::vector<int64_t>> communities;
  std::vector<bool> used(static_cast<size_t>(size));
  for (const Community& community : found) {
    if (used[static_cast<size_t>(community.centre)]) continue;
    // The centre itself is counted only if it is close to itself: a zero row is not.
    std::vector<int64_t> members = {community.centre};
    int64_t free = 0;
    for (const int64_t member : community.members) {
      if (used[static_cast<size_t>(member)]) continue;
      ++free;
      if (member != community.centre) members.push_back(member);
    }
    if (free < least) continue;
    for (const int64_t member : members) used[static_cast<size_t>(member)] = true;
    communities.push_back(std::move(members));
  }
  std::stable_sort(communities.begin(), communities.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return communities;
}

}  // namespace sentence_transformers::util
