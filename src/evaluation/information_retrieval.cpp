// How well a search finds what is relevant. Port of
// sentence_transformer/evaluation/information_retrieval.py (6.2.0).
#include <ATen/ATen.h>
#include <sentence_transformers/multi_vector_evaluators.h>
#include <sentence_transformers/sparse_evaluators.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "evaluation/common.h"
#include "evaluation/compared.h"
#include "evaluation/metrics.h"
#include "evaluation/report.h"
#include "evaluation/sparsity.h"

namespace sentence_transformers {
namespace {

template <class Model>
constexpr const char* kInformationRetrievalName = "InformationRetrievalEvaluator";
template <>
constexpr const char* kInformationRetrievalName<SparseEncoder> =
    "SparseInformationRetrievalEvaluator";
template <>
constexpr const char* kInformationRetrievalName<MultiVectorEncoder> =
    "MultiVectorInformationRetrievalEvaluator";
constexpr int64_t kQueries = 256;  // scored at a time, so that memory is bounded

int64_t largest(const std::vector<int64_t>& values) {
  return *std::max_element(values.begin(), values.end());
}

/// By id, each once: the order of equal scores.
void sort_by_id(const char* evaluator, TextsById& texts, const char* name) {
  std::sort(texts.begin(), texts.end());
  const auto equal = std::adjacent_find(
      texts.begin(), texts.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (equal != texts.end()) {
    throw std::invalid_argument("[" + std::string(evaluator) + "] the id \"" + equal->first +
                                "\" comes twice in " + name);
  }
}

struct ScoredDocument {
  float score;
  int64_t document;  // its place in the sorted corpus
};
bool better(const ScoredDocument& a, const ScoredDocument& b) {
  return a.score > b.score || (a.score == b.score && a.document < b.document);
}

/// The best `size` hits that were offered.
class TopHits {
 public:
  explicit TopHits(size_t size) : size_(size) {}
  void offer(const ScoredDocument& hit) {
    if (heap_.size() == size_) {
      if (!better(hit, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.pop_back();
    }
    heap_.push_back(hit);
    std::push_heap(heap_.begin(), heap_.end(), better);
  }
  std::vector<ScoredDocument> sorted() const {
    std::vector<ScoredDocument> hits = heap_;
    std::sort(hits.begin(), hits.end(), better);
    return hits;
  }

 private:
  size_t size_;
  std::vector<ScoredDocument> heap_;  // the worst in front
};

/// Offers each query the documents from `first` on.
template <class Embeddings>
void search(const NamedScores<Embeddings>& scoring, const Embeddings& queries,
            const Embeddings& documents, int64_t first, std::vector<TopHits>& found) {
  for (int64_t row = 0; row < count_of(queries); row += kQueries) {
    const int64_t count = std::min(kQueries, count_of(queries) - row);
    const at::Tensor scores =
        scoring.all(rows_of(queries, row, count), documents).to(at::kFloat).contiguous();
    const float* value = scores.const_data_ptr<float>();
    for (int64_t i = row; i < row + count; ++i) {
      for (int64_t j = 0; j < count_of(documents); ++j, ++value) {
        const bool ordered = !std::isnan(*value);
        found[i].offer({ordered ? *value : -std::numeric_limits<float>::infinity(), first + j});
      }
    }
  }
}

}  // namespace

template <class Model>
BasicInformationRetrievalEvaluator<Model>::BasicInformationRetrievalEvaluator(
    TextsById queries, TextsById corpus, std::map<std::string, std::set<std::string>> relevant_docs,
    InformationRetrievalOptions retrieval, EvaluatorOptions options)
    : corpus_(std::move(corpus)),
      relevant_docs_(std::move(relevant_docs)),
      retrieval_(std::move(retrieval)),
      options_(std::move(options)) {
  sort_by_id(kInformationRetrievalName<Model>, queries, "queries");
  sort_by_id(kInformationRetrievalName<Model>, corpus_, "corpus");
  for (auto& query : queries) {
    const auto relevant = relevant_docs_.find(query.first);
    if (relevant != relevant_docs_.end() && !relevant->second.empty()) {
      queries_.push_back(std::move(query));
    }
  }
  if (queries_.empty()) {
    throw std::invalid_argument("[" + std::string(kInformationRetrievalName<Model>) +
                                "] no query has relevant documents");
  }
  check_sizes(kInformationRetrievalName<Model>, {{"corpus", corpus_.size()}});
  check_k(kInformationRetrievalName<Model>, "corpus_chunk_size", retrieval_.corpus_chunk_size);
  const std::pair<const char*, const std::vector<int64_t>*> lists[] = {
      {"accuracy_at_k", &retrieval_.accuracy_at_k},
      {"precision_recall_at_k", &retrieval_.precision_recall_at_k},
      {"mrr_at_k", &retrieval_.mrr_at_k},
      {"ndcg_at_k", &retrieval_.ndcg_at_k},
      {"map_at_k", &retrieval_.map_at_k}};
  for (const auto& [name, list] : lists) {
    if (list->empty()) {
      throw std::invalid_argument("[" + std::string(kInformationRetrievalName<Model>) + "] " +
                                  name + " is empty");
    }
    for (const int64_t k : *list) check_k(kInformationRetrievalName<Model>, name, k);
  }
  check_similarities(kInformationRetrievalName<Model>, options_);
  check_kind<Model>(kInformationRetrievalName<Model>, options_);
}

template <class Model>
Metrics BasicInformationRetrievalEvaluator<Model>::operator()(
    const Model& model, const EvaluationContext& context) const {
  const auto texts = [](const TextsById& from, size_t begin, size_t end) {
    std::vector<std::string> texts;
    for (size_t i = begin; i < end; ++i) texts.push_back(from[i].second);
    return texts;
  };
  auto encode = encode_options(options_, model);
  encode.prompt = retrieval_.query_prompt;
  encode.prompt_name = retrieval_.query_prompt_name;
  const EmbeddingsOf<Model> queries =
      model.encode_query(texts(queries_, 0, queries_.size()), encode);

  SparsityReport sparsity;
  sparsity.add("query_", queries);
  auto similarities = reported_scores(options_, model);
  std::sort(similarities.begin(), similarities.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  const int64_t depth = std::max(
      {largest(retrieval_.accuracy_at_k), largest(retrieval_.precision_recall_at_k),
       largest(retrieval_.mrr_at_k), largest(retrieval_.ndcg_at_k), largest(retrieval_.map_at_k)});
  std::vector<std::vector<TopHits>> found(similarities.size(),
                                          std::vector<TopHits>(queries_.size(), TopHits(depth)));
  encode.prompt = retrieval_.corpus_prompt;
  encode.prompt_name = retrieval_.corpus_prompt_name;
  const auto chunk = static_cast<size_t>(retrieval_.corpus_chunk_size);
  for (size_t begin = 0; begin < corpus_.size(); begin += chunk) {
    const size_t end = std::min(corpus_.size() - begin, chunk) + begin;
    const EmbeddingsOf<Model> documents = model.encode_document(texts(corpus_, begin, end), encode);
    sparsity.add("corpus_", documents);
    for (size_t s = 0; s < similarities.size(); ++s) {
      search(similarities[s], queries, documents, static_cast<int64_t>(begin), found[s]);
    }
  }

  Report report;
  for (size_t s = 0; s < similarities.size(); ++s) {
    std::vector<Ranking> rankings;
    std::vector<int64_t> totals;
    for (size_t q = 0; q < queries_.size(); ++q) {
      const auto& relevant = relevant_docs_.at(queries_[q].first);
      rankings.emplace_back();
      for (const ScoredDocument& hit : found[s][q].sorted()) {
        rankings.back().push_back(relevant.count(corpus_[hit.document].first) != 0);
      }
      totals.push_back(static_cast<int64_t>(relevant.size()));
    }
    const std::string& name = similarities[s].name;
    // The mean over all queries of a value at k.
    const auto add = [&](const char* column, const char* key, int64_t k, const auto& value) {
      std::vector<double> values;
      for (size_t q = 0; q < rankings.size(); ++q) {
        values.push_back(static_cast<double>(value(rankings[q], totals[q])));
      }
      const std::string place = "@" + std::to_string(k);
      report.add(name + "-" + column + place, name + "_" + key + place, mean(values));
    };
    for (const int64_t k : retrieval_.accuracy_at_k) {
      add("Accuracy", "accuracy", k,
          [k](const Ranking& ranking, int64_t) { return hits_at(ranking, k) > 0; });
    }
    for (const int64_t k : retrieval_.precision_recall_at_k) {
      add("Precision", "precision", k, [k](const Ranking& ranking, int64_t) {
        return static_cast<double>(hits_at(ranking, k)) / static_cast<double>(k);
      });
      add("Recall", "recall", k, [k](const Ranking& ranking, int64_t total) {
        return static_cast<double>(hits_at(ranking, k)) / static_cast<double>(total);
      });
    }
    for (const int64_t k : retrieval_.mrr_at_k) {
      add("MRR", "mrr", k,
          [k](const Ranking& ranking, int64_t) { return reciprocal_rank_at(ranking, k); });
    }
    for (const int64_t k : retrieval_.ndcg_at_k) {
      add("NDCG", "ndcg", k,
          [k](const Ranking& ranking, int64_t total) { return ndcg_at(ranking, total, k); });
    }
    for (const int64_t k : retrieval_.map_at_k) {
      add("MAP", "map", k, [k](const Ranking& ranking, int64_t total) {
        return average_precision_at(ranking, total, k);
      });
    }
  }
  sparsity.finish(report);
  if (const auto flops = sparsity.flops("query_", "corpus_")) {
    report.add("avg_flops", "avg_flops", *flops);
  }
  return report.finish(options_, context,
                       "Information-Retrieval_evaluation" + suffix(options_.name) + "_results.csv",
                       std::is_same_v<Model, SparseEncoder> ? "\r\n" : "\n");  // as in Python
}

template <class Model>
std::string BasicInformationRetrievalEvaluator<Model>::primary_metric(
    const Metrics& results) const {
  const auto key = [&](const std::string& name) {
    return name + "_ndcg@" + std::to_string(largest(retrieval_.ndcg_at_k));
  };
  if (options_.main_similarity) return primary_key(options_, results, key, "");
  const auto keys = reported_keys(options_, results, key);
  return *std::max_element(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    return results.at(a) < results.at(b);
  });
}

template class BasicInformationRetrievalEvaluator<SentenceTransformer>;
template class BasicInformationRetrievalEvaluator<SparseEncoder>;
template class BasicInformationRetrievalEvaluator<MultiVectorEncoder>;

}  // namespace sentence_transformers
