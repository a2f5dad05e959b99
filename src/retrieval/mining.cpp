// Duplicates and clusters: port of paraphrase mining and community detection in
// sentence_transformers/util/retrieval.py (6.2.0).
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sentence_transformers/retrieval.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "core/heap.h"
#include "core/progress.h"
#include "retrieval/input.h"

namespace sentence_transformers::util {

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
  const int64_t neighbourhood = std::min(options.top_k, size) + 1;  // each text itself among them

  using Pair = std::tuple<double, int64_t, int64_t>;  // score, i < j
  std::vector<Pair> pairs;
  std::unordered_set<uint64_t> queued;  // the pairs in it, as i * size + j
  const auto key = [size](int64_t i, int64_t j) { return static_cast<uint64_t>(i * size + j); };
  double least = -std::numeric_limits<double>::infinity();

  for (int64_t query = 0; query < size; query += options.query_chunk_size) {
    const int64_t count = std::min(options.query_chunk_size, size - query);
    const at::Tensor queries = all.narrow(0, query, count);
    at::Tensor values, ids;  // [count, neighbourhood]
    for (int64_t row = 0; row < size; row += options.corpus_chunk_size) {
      const int64_t rows = std::min(options.corpus_chunk_size, size - row);
      const at::Tensor scores = options.score_function(queries, all.narrow(0, row, rows));
      if (scores.dim() != 2 || scores.size(0) != count || scores.size(1) != rows) {
        throw std::invalid_argument("[" + name + "] the score function must return scores [N, M]");
      }
      auto [chunk_values, chunk_ids] = best_of_rows(scores, std::min(neighbourhood, rows), true);
      chunk_ids += row;
      if (!values.defined()) {
        values = chunk_values;
        ids = chunk_ids;
        continue;
      }
      const at::Tensor both = at::cat({values, chunk_values}, 1);
      at::Tensor order;
      std::tie(values, order) = best_of_rows(both, std::min(neighbourhood, both.size(1)), true);
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
  const bool has_nan = all.isnan().any().item<bool>();

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
    at::Tensor scores = at::matmul(all.narrow(0, begin, count), all.t()).to(at::kCPU);
    if (has_nan) scores = without_nan(scores);
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
