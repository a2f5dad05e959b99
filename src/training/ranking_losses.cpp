// Losses against the other texts of a batch. Ports of
// sentence_transformers/sentence_transformer/losses (6.2.0): multiple_negatives_ranking.py and its
// symmetric and cached siblings, gist_embed.py.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <sentence_transformers/ranking_losses.h>

#include <limits>
#include <stdexcept>
#include <utility>

#include "training/batch.h"
#include "training/distributed.h"
#include "training/guided_ranking.h"

namespace sentence_transformers {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

/// [rows, columns] bool: true at (i, first + i).
at::Tensor own_places(int64_t rows, int64_t columns, int64_t first, c10::Device device) {
  const at::Tensor mask = at::zeros({rows, columns}, at::dtype(at::kBool).device(device));
  mask.diagonal(first).fill_(true);
  return mask;
}

/// What is added to the scores of the negatives that hardness_mode names: [N, columns * M], of
/// which the first M are positives. `own`: [N, M], each anchor's place.
at::Tensor hardness(const MultipleNegativesRankingOptions& options, const at::Tensor& similarities,
                    const at::Tensor& own) {
  const int64_t columns = similarities.size(1) / own.size(1);
  at::Tensor weighted = own.repeat({1, columns});  // an anchor's positive and hard negatives
  at::Tensor positives = weighted.narrow(1, 0, own.size(1));
  if (options.hardness_mode == HardnessMode::hard_negatives) {
    positives.fill_(false);
  } else if (options.hardness_mode == HardnessMode::in_batch_negatives) {
    weighted.logical_not_();
  } else {
    weighted.fill_(true);
    positives.masked_fill_(own, false);
  }
  return options.hardness_strength * similarities.detach() * weighted;
}

MultipleNegativesRankingOptions in_both_directions(MultipleNegativesRankingOptions options) {
  options.symmetric = true;
  return options;
}

}  // namespace

MultipleNegativesRankingLoss::MultipleNegativesRankingLoss(
    const MultipleNegativesRankingOptions& options)
    : options_(options) {
  if (!(options.scale > 0) || !(options.hardness_strength >= 0)) {
    throw std::invalid_argument(
        "[MultipleNegativesRankingLoss] expected a positive scale and a hardness_strength of at "
        "least 0, found " +
        std::to_string(options.scale) + " and " + std::to_string(options.hardness_strength));
  }
  if (options.symmetric && (options.query_to_query || options.doc_to_query || options.doc_to_doc)) {
    throw std::invalid_argument(
        "[MultipleNegativesRankingLoss] symmetric has a softmax for each direction; expected no "
        "query_to_query, doc_to_query or doc_to_doc with it");
  }
}

at::Tensor MultipleNegativesRankingLoss::compute(const std::vector<at::Tensor>& embeddings,
                                                 const Batch&) {
  expect_texts(name(), embeddings.size(), 2, -1);
  at::Tensor queries = embeddings[0];
  std::vector<at::Tensor> docs(embeddings.begin() + 1, embeddings.end());
  const int64_t rows = queries.size(0);
  int64_t first = 0;  // of this process's rows among all
  if (options_.gather_across_devices) {
    queries = all_gather_rows(queries);
    for (at::Tensor& column : docs) column = all_gather_rows(column);
    first = rows_before(rows);
  }
  const at::Tensor all_docs = at::cat(docs);  // [columns * M, D]
  const at::Tensor local_queries = queries.narrow(0, first, rows);
  const at::Tensor local_docs = docs[0].narrow(0, first, rows);
  const at::Tensor own = own_places(rows, queries.size(0), first, queries.device());  // [N, M]
  const auto columns = static_cast<int64_t>(docs.size());

  const at::Tensor similarities = options_.similarity(local_queries, all_docs);
  at::Tensor to_docs = similarities * options_.scale;
  if (options_.hardness_mode != HardnessMode::none && options_.hardness_strength > 0) {
    to_docs = to_docs + hardness(options_, similarities, own);
  }
  const at::Tensor positives = to_docs.diagonal(first);

  std::vector<at::Tensor> scores = {to_docs};
  if (options_.query_to_query) {
    const at::Tensor to_queries = options_.similarity(local_queries, queries) * options_.scale;
    scores.push_back(to_queries.masked_fill(own, kNever));
  }
  if (options_.doc_to_query || options_.symmetric) {
    scores.push_back(options_.similarity(queries, local_docs).t() * options_.scale);
  }
  if (options_.doc_to_doc) {
    const at::Tensor to_docs = options_.similarity(all_docs, local_docs).t() * options_.scale;
    scores.push_back(to_docs.masked_fill(own.repeat({1, columns}), kNever));
  }
  const at::Tensor normalizer =
      options_.symmetric ? (at::logsumexp(scores[0], 1) + at::logsumexp(scores[1], 1)) / 2
                         : at::logsumexp(at::cat(scores, 1), 1);
  return (normalizer - positives).mean();
}

MultipleNegativesSymmetricRankingLoss::MultipleNegativesSymmetricRankingLoss(
    MultipleNegativesRankingOptions options)
    : MultipleNegativesRankingLoss(in_both_directions(std::move(options))) {}

CachedMultipleNegativesRankingLoss::CachedMultipleNegativesRankingLoss(
    const MultipleNegativesRankingOptions& options, int64_t mini_batch_size)
    : MultipleNegativesRankingLoss(options), mini_batch_size_(mini_batch_size) {
  if (mini_batch_size < 1) {
    throw std::invalid_argument(
        "[CachedMultipleNegativesRankingLoss] expected a mini_batch_size of at least 1, found " +
        std::to_string(mini_batch_size));
  }
}

GISTEmbedLoss::GISTEmbedLoss(std::shared_ptr<const SentenceTransformer> guide,
                             const GISTEmbedOptions& options)
    : guide_(std::move(guide)), options_(options) {
  if (!guide_) throw std::invalid_argument("[GISTEmbedLoss] expected a guide, found none");
  if (!(options.temperature > 0)) {
    throw std::invalid_argument("[GISTEmbedLoss] expected a positive temperature, found " +
                                std::to_string(options.temperature));
  }
}

at::Tensor GISTEmbedLoss::compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) {
  expect_texts(name(), embeddings.size(), 2, 3);
  expect_rows(name(), batch, embeddings[0].size(0));
  std::vector<at::Tensor> guided;
  for (const Segment& segment : segments(batch)) {
    const std::vector<std::string> texts(segment.texts.begin(), segment.texts.end());
    EncodeOptions options;
    options.prompt = segment.prompt;
    if (!segment.task.empty()) options.task = segment.task;
    guided.push_back(guide_->encode(texts, options).to(embeddings[0].device()));
  }
  guided = columns(guided, embeddings[0].size(0));
  if (guided.size() != embeddings.size()) expect_texts(name(), guided.size(), 2, 3);
  return guided_ranking_loss(embeddings, guided, options_);
}

at::Tensor guided_ranking_loss(const std::vector<at::Tensor>& embeddings,
                               const std::vector<at::Tensor>& guided,
                               const GISTEmbedOptions& options) {
  std::vector<at::Tensor> texts = embeddings, guides = guided;
  const int64_t rows = texts[0].size(0);
  int64_t first = 0;  // of this process's rows among all
  if (options.gather_across_devices) {
    for (size_t c = 1; c < texts.size(); ++c) {
      texts[c] = all_gather_rows(texts[c]);
      guides[c] = all_gather_rows(guides[c]);
    }
    first = rows_before(rows);
  }
  const at::Tensor to_positives = guide_similarities(guides[0], guides[1]);  // [N, M]
  const at::Tensor own = to_positives.diagonal(first).unsqueeze(1);          // [N, 1]
  const at::Tensor limit =
      options.relative_margin ? own - own.abs() * options.margin : own - options.margin;

  std::vector<at::Tensor> scores;
  const auto add = [&](const at::Tensor& a, const at::Tensor& b, const at::Tensor& guide) {
    scores.push_back(util::cos_sim(a, b).masked_fill(guide, kNever));
  };
  const at::Tensor true_pairs = own_places(rows, texts[1].size(0), first, texts[0].device());
  add(texts[0], texts[1], (to_positives > limit).logical_and(true_pairs.logical_not()));
  if (options.contrast_anchors) {
    add(texts[0], texts[0], guide_similarities(guides[0], guides[0]) > limit);
  }
  if (options.contrast_positives) {
    const at::Tensor local = guides[1].narrow(0, first, rows);
    add(texts[1].narrow(0, first, rows), texts[1], guide_similarities(local, guides[1]) > limit);
  }
  if (texts.size() > 2) {
    add(texts[0], texts[2], guide_similarities(guides[0], guides[2]) > limit);
  }
  const at::Tensor targets =
      at::arange(first, first + rows, at::device(texts[0].device()).dtype(at::kLong));
  return at::cross_entropy_loss(at::cat(scores, 1) / options.temperature, targets);
}

at::Tensor guide_similarities(const at::Tensor& a, const at::Tensor& b) {
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor> rows;
  for (const at::Tensor& row : a.split(1)) rows.push_back(at::cosine_similarity(row, b));
  return at::stack(rows);
}

}  // namespace sentence_transformers
