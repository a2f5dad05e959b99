// Losses of multi-vector encoders. Ports of sentence_transformers/multi_vector_encoder (6.2.0):
// losses/*.py and scoring/*.py.
#include <ATen/ATen.h>
#include <sentence_transformers/maxsim.h>
#include <sentence_transformers/multi_vector_losses.h>

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

#include "training/batch.h"
#include "training/gradient_cache.h"

namespace sentence_transformers {
namespace {

using Embeddings = std::vector<at::Tensor>;
using Kind = MultiVectorScoring::Kind;

void check_scoring(const std::string& who, const MultiVectorScoring& scoring) {
  if (scoring.top_k >= 1) return;
  throw std::invalid_argument("[" + who + "] top_k is " + std::to_string(scoring.top_k) +
                              "; expected at least 1");
}

/// A query column, and columns of documents.
struct TokenColumns {
  Embeddings queries;
  std::vector<Embeddings> documents;
};

/// The first text of an example is a query, unless the batch says otherwise.
std::vector<Segment> token_segments(const std::string& loss, const Batch& batch, int64_t least) {
  const size_t count = batch.examples.empty() ? 0 : batch.examples[0].texts.size();
  expect_texts(loss, count, least, -1);
  std::vector<std::string> tasks = batch.tasks;
  for (size_t c = 0; c < count && batch.tasks.empty(); ++c) {
    tasks.push_back(c == 0 ? "query" : "document");
  }
  return segments(batch, tasks);
}

/// All texts of a batch, column after column.
TokenColumns as_columns(const Embeddings& texts, const Batch& batch) {
  TokenColumns columns;
  const auto n = static_cast<int64_t>(batch.examples.size());
  for (auto column = texts.begin(); column != texts.end(); column += n) {
    if (column == texts.begin()) {
      columns.queries.assign(column, column + n);
    } else {
      columns.documents.emplace_back(column, column + n);
    }
  }
  return columns;
}

TokenColumns embed_token_columns(const std::string& loss, const MultiVectorEncoder& model,
                                 const Batch& batch, int64_t least) {
  Embeddings texts;
  for (const Segment& segment : token_segments(loss, batch, least)) {
    const Embeddings some = model.forward(segment.texts, segment.prompt, segment.task);
    texts.insert(texts.end(), some.begin(), some.end());
  }
  return as_columns(texts, batch);
}

std::vector<int64_t> row_counts(const Embeddings& texts) {
  std::vector<int64_t> counts;
  for (const at::Tensor& text : texts) counts.push_back(text.size(0));
  return counts;
}

/// Of each query's token and each document the largest product that counts, 0 if none does; and
/// how many of each query's tokens count for a document.
at::Tensor xtr_scores(const Embeddings& queries, const Embeddings& documents, int64_t top_k) {
  const at::Tensor products =
      at::mm(at::cat(queries).to(at::kFloat), at::cat(documents).to(at::kFloat).t());
  const auto [best, places] =
      products.topk(std::min(top_k, products.size(1)), 1, /*largest=*/true, /*sorted=*/false);
  const at::Tensor counts = at::zeros_like(products, at::kBool).scatter_(1, places, true);
  const at::Tensor kept =
      products.masked_fill(counts.logical_not(), std::numeric_limits<float>::lowest());
  Embeddings largest, hits;
  const std::vector<int64_t> lengths = row_counts(documents);
  const std::vector<at::Tensor> kept_of = kept.split_with_sizes(lengths, 1);
  const std::vector<at::Tensor> counts_of = counts.split_with_sizes(lengths, 1);
  for (size_t j = 0; j < documents.size(); ++j) {
    hits.push_back(counts_of[j].any(1));
    largest.push_back(lengths[j] == 0
                          ? at::zeros({products.size(0)}, products.options())
                          : std::get<0>(kept_of[j].max(1)).masked_fill(hits[j].logical_not(), 0));
  }
  const at::Tensor all = at::stack(largest, 1), all_hits = at::stack(hits, 1);  // [tokens, M]
  Embeddings scores;
  int64_t row = 0;
  for (const int64_t length : row_counts(queries)) {
    const at::Tensor divisor = all_hits.narrow(0, row, length).sum(0).clamp_min(1);
    scores.push_back(all.narrow(0, row, length).sum(0) / divisor);
    row += length;
  }
  at::Tensor result = at::stack(scores);
  for (size_t j = 0; j < documents.size(); ++j) {
    if (lengths[j] == 0) result.select(1, static_cast<int64_t>(j)).fill_(kScoreWithoutTokens);
  }
  return result;
}

/// Row by row: query i and document i of the column -> [N].
at::Tensor pairwise_scores(const Embeddings& queries, const Embeddings& documents,
                           const MultiVectorScoring& scoring) {
  if (scoring.kind == Kind::xtr) return multi_vector_scores(queries, documents, scoring).diagonal();
  return scoring.kind == Kind::maxsim ? util::maxsim_pairwise(queries, documents)
                                      : util::mean_maxsim_pairwise(queries, documents);
}

/// All documents, those of an example side by side.
Embeddings by_example(const std::vector<Embeddings>& columns) {
  Embeddings documents;
  for (size_t i = 0; i < columns[0].size(); ++i) {
    for (const Embeddings& column : columns) documents.push_back(column[i]);
  }
  return documents;
}

/// Each query with its own documents: [N, columns].
at::Tensor own_scores(const TokenColumns& columns, const MultiVectorScoring& scoring) {
  const auto count = static_cast<int64_t>(columns.documents.size());
  if (scoring.kind == Kind::xtr) {
    const at::Tensor all =
        multi_vector_scores(columns.queries, by_example(columns.documents), scoring);
    const at::Tensor first = at::arange(all.size(0), at::kLong).unsqueeze(1) * count;
    return all.gather(1, (first + at::arange(count, at::kLong)).to(all.device()));
  }
  Embeddings scores;
  for (const Embeddings& column : columns.documents) {
    scores.push_back(pairwise_scores(columns.queries, column, scoring));
  }
  return at::stack(scores, 1);
}

at::Tensor ranking_loss(const TokenColumns& columns, const MultiVectorRankingOptions& options) {
  const at::Tensor scores =
      multi_vector_scores(columns.queries, by_example(columns.documents), options.scoring) *
      options.scale;
  const at::Tensor own =
      at::arange(scores.size(0), at::kLong) * static_cast<int64_t>(columns.documents.size());
  return at::cross_entropy_loss(scores, own.to(scores.device()));
}

void check_temperature(const char* name, double value) {
  if (value > 0 && std::isfinite(value)) return;
  throw std::invalid_argument(std::string("[MultiVectorDistillKLDivLoss] ") + name + " is " +
                              std::to_string(value) + "; expected a finite number above 0");
}

}  // namespace

at::Tensor multi_vector_scores(const std::vector<at::Tensor>& queries,
                               const std::vector<at::Tensor>& documents,
                               const MultiVectorScoring& scoring) {
  check_scoring("multi_vector_scores", scoring);
  if (scoring.kind == Kind::meanmaxsim) return util::mean_maxsim(queries, documents);
  const at::Tensor scores = util::maxsim(queries, documents);  // checks the shapes
  if (scoring.kind == Kind::maxsim || scores.numel() == 0) return scores;
  return xtr_scores(queries, documents, scoring.top_k);
}

MultiVectorMultipleNegativesRankingLoss::MultiVectorMultipleNegativesRankingLoss(
    const MultiVectorRankingOptions& options)
    : options_(options) {
  check_scoring(name(), options.scoring);
  if (!(options.scale > 0)) {
    throw std::invalid_argument("[" + name() + "] scale is " + std::to_string(options.scale) +
                                "; expected above 0");
  }
}

at::Tensor MultiVectorMultipleNegativesRankingLoss::forward(const MultiVectorEncoder& model,
                                                            const Batch& batch) {
  return ranking_loss(embed_token_columns(name(), model, batch, 2), options_);
}

CachedMultiVectorMultipleNegativesRankingLoss::CachedMultiVectorMultipleNegativesRankingLoss(
    const MultiVectorRankingOptions& options, int64_t mini_batch_size)
    : MultiVectorMultipleNegativesRankingLoss(options), mini_batch_size_(mini_batch_size) {
  if (mini_batch_size >= 1) return;
  throw std::invalid_argument(
      "[CachedMultiVectorMultipleNegativesRankingLoss] mini_batch_size is " +
      std::to_string(mini_batch_size) + "; expected at least 1");
}

at::Tensor CachedMultiVectorMultipleNegativesRankingLoss::forward(const MultiVectorEncoder& model,
                                                                  const Batch& batch) {
  // Rows of each text. backward embeds once more, when only the first pass's counts were read.
  const auto counts = std::make_shared<std::vector<int64_t>>();
  const auto embed = [&model, counts](const auto& texts, const std::string& prompt,
                                      const std::string& task) {
    const Embeddings rows = model.forward(texts, prompt, task);
    for (const at::Tensor& text : rows) counts->push_back(text.size(0));
    return at::cat(rows);
  };
  const auto compute = [&](const Embeddings& mini_batches) {
    return ranking_loss(as_columns(at::cat(mini_batches).split_with_sizes(*counts), batch),
                        options());
  };
  return forward_with_gradient_cache({.embed = embed,
                                      .compute = compute,
                                      .mini_batch_size = mini_batch_size_,
                                      .device = model.device(),
                                      .model_parameters = model.named_parameters(),
                                      .loss_parameters = {}},
                                     token_segments(name(), batch, 2));
}

MultiVectorDistillKLDivLoss::MultiVectorDistillKLDivLoss(const MultiVectorDistillOptions& options)
    : options_(options) {
  check_scoring(name(), options.scoring);
  check_temperature("temperature", options.temperature);
  check_temperature("student_temperature", options.student_temperature.value_or(1));
  check_temperature("teacher_temperature", options.teacher_temperature.value_or(1));
}

at::Tensor MultiVectorDistillKLDivLoss::forward(const MultiVectorEncoder& model,
                                                const Batch& batch) {
  const TokenColumns columns = embed_token_columns(name(), model, batch, 3);
  const at::Tensor scores = own_scores(columns, options_.scoring);
  const at::Tensor labels = label_matrix(name(), batch).to(scores.device());
  if (labels.sizes() != scores.sizes()) {
    throw std::invalid_argument("[" + name() + "] expected " + std::to_string(scores.size(1)) +
                                " labels an example, one a document, found " +
                                std::to_string(labels.size(1)));
  }
  const double student = options_.student_temperature.value_or(options_.temperature);
  const double teacher = options_.teacher_temperature.value_or(options_.temperature);
  const at::Tensor theirs = at::log_softmax(labels / teacher, 1);
  const at::Tensor ours = at::log_softmax(scores / student, 1);
  return (theirs.exp() * (theirs - ours)).sum() / scores.size(0) * (student * student);
}

MultiVectorMarginMSELoss::MultiVectorMarginMSELoss(const MultiVectorScoring& scoring)
    : scoring_(scoring) {
  check_scoring(name(), scoring);
}

at::Tensor MultiVectorMarginMSELoss::forward(const MultiVectorEncoder& model, const Batch& batch) {
  const TokenColumns columns = embed_token_columns(name(), model, batch, 3);
  Embeddings scores;
  for (const Embeddings& column : columns.documents) {
    scores.push_back(pairwise_scores(columns.queries, column, scoring_));
  }
  const auto negatives = static_cast<int64_t>(scores.size()) - 1;
  at::Tensor labels = label_matrix(name(), batch).to(scores[0].device());
  if (labels.size(1) == negatives + 1)
    labels = labels.narrow(1, 0, 1) - labels.narrow(1, 1, negatives);
  if (labels.size(1) != negatives) {
    throw std::invalid_argument("[" + name() + "] expected " + std::to_string(negatives) +
                                " margins an example or " + std::to_string(negatives + 1) +
                                " scores, found " + std::to_string(labels.size(1)) + " labels");
  }
  const at::Tensor all = at::stack(scores, 1);
  return at::mse_loss(all.narrow(1, 0, 1) - all.narrow(1, 1, negatives), labels);
}

}  // namespace sentence_transformers
