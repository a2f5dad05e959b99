// Losses of cross-encoders: a batch's pairs through the model in one pass, then the mathematics.
// Ports of sentence_transformers/cross_encoder/losses (6.2.0).
#include <ATen/ATen.h>
#include <sentence_transformers/cross_encoder_losses.h>

#include <deque>
#include <stdexcept>
#include <utility>

#include "training/batch.h"
#include "training/cross_encoder_math.h"
#include "training/margins.h"

namespace sentence_transformers {
namespace {

void expect_one_output(const std::string& loss, const CrossEncoder& model) {
  if (model.num_labels() == 1) return;
  throw std::invalid_argument("[" + loss + "] expected a model with 1 label, found " +
                              std::to_string(model.num_labels()));
}

/// Pairs of the batch's texts, with its prompts.
class Pairs {
 public:
  Pairs(const std::string& loss, const Batch& batch, size_t columns) : prompts_(batch.prompts) {
    if (!prompts_.empty() && prompts_.size() != columns) {
      throw std::invalid_argument("[" + loss + "] expected a prompt for each of " +
                                  std::to_string(columns) + " columns of texts, found " +
                                  std::to_string(prompts_.size()));
    }
  }

  /// `first_column` and `second_column` name the prompts.
  void add(std::string_view first, size_t first_column, std::string_view second,
           size_t second_column) {
    pairs_.emplace_back(prompted(first, first_column), prompted(second, second_column));
  }

  at::Tensor logits(const CrossEncoder& model) const { return model.forward(pairs_); }

 private:
  std::string_view prompted(std::string_view text, size_t column) {
    if (prompts_.empty() || prompts_[column].empty()) return text;
    return texts_.emplace_back(prompts_[column] + std::string(text));
  }

  std::vector<std::string> prompts_;
  std::deque<std::string> texts_;  // whose addresses stay
  std::vector<TextPairView> pairs_;
};

using Columns = std::vector<std::vector<std::string_view>>;

Columns columns_of(const std::string& loss, const Batch& batch, int64_t least, int64_t most) {
  Columns columns = batch.columns();
  expect_texts(loss, columns.size(), least, most);
  return columns;
}

/// [N, labels] of examples that are pairs.
at::Tensor pair_logits(const std::string& loss, const CrossEncoder& model, const Batch& batch) {
  const Columns columns = columns_of(loss, batch, 2, 2);
  Pairs pairs(loss, batch, 2);
  for (size_t i = 0; i < columns[0].size(); ++i) pairs.add(columns[0][i], 0, columns[1][i], 1);
  return pairs.logits(model);
}

/// [N, K] labels of a model with K of them, beside `logits`.
at::Tensor label_for_each(const std::string& loss, const Batch& batch, const at::Tensor& logits) {
  const at::Tensor labels = label_matrix(loss, batch);
  if (labels.size(1) != logits.size(1)) {
    throw std::invalid_argument("[" + loss + "] expected " + std::to_string(logits.size(1)) +
                                (logits.size(1) == 1 ? " label" : " labels") +
                                " an example, found " + std::to_string(labels.size(1)));
  }
  return labels.to(logits.device());
}

/// Queries, each with documents and a label for each document.
struct Lists {
  at::Tensor logits, labels;  // [N, longest], padded
};

Lists list_logits(const std::string& loss, const CrossEncoder& model, const Batch& batch) {
  expect_one_output(loss, model);
  if (batch.examples.empty()) expect_texts(loss, 0, 2, -1);
  Pairs pairs(loss, batch, 2);
  std::vector<int64_t> lengths;
  std::vector<float> labels;
  for (const Example& example : batch.examples) {
    expect_texts(loss, example.texts.size(), 2, -1);
    const size_t documents = example.texts.size() - 1;
    if (example.labels.size() != documents) {
      throw std::invalid_argument("[" + loss + "] expected a label for each document, found " +
                                  std::to_string(example.labels.size()) + " for the " +
                                  std::to_string(documents) + " of example " +
                                  std::to_string(lengths.size()));
    }
    lengths.push_back(static_cast<int64_t>(documents));
    labels.insert(labels.end(), example.labels.begin(), example.labels.end());
    for (size_t d = 1; d <= documents; ++d) pairs.add(example.texts[0], 0, example.texts[d], 1);
  }
  const at::Tensor logits = pairs.logits(model).view(-1).to(at::kFloat);
  const at::Tensor values = at::tensor(labels, at::kFloat).to(logits.device());
  return {padded(logits, lengths, kPaddedLogit), padded(values, lengths, kPaddedLabel)};
}

}  // namespace

BinaryCrossEntropyLoss::BinaryCrossEntropyLoss(std::optional<double> pos_weight)
    : pos_weight_(pos_weight) {}

at::Tensor BinaryCrossEntropyLoss::forward(const CrossEncoder& model, const Batch& batch) {
  const at::Tensor logits = pair_logits(name(), model, batch);
  const at::Tensor labels = label_for_each(name(), batch, logits);
  // The loss of another label has no least value. The slack is rounding's.
  if ((labels < -1e-6).logical_or(labels > 1 + 1e-6).any().item<bool>()) {
    throw std::invalid_argument("[BinaryCrossEntropyLoss] expected labels from 0 to 1, found " +
                                std::to_string(labels.min().item<float>()) + " to " +
                                std::to_string(labels.max().item<float>()));
  }
  std::optional<at::Tensor> weight;
  if (pos_weight_) weight = at::full({1}, *pos_weight_, logits.options().requires_grad(false));
  return at::binary_cross_entropy_with_logits(logits, labels, {}, weight);
}

at::Tensor CrossEntropyLoss::forward(const CrossEncoder& model, const Batch& batch) {
  const at::Tensor logits = pair_logits(name(), model, batch);
  at::Tensor labels = label_matrix(name(), batch);
  labels = labels.size(1) == 1 ? class_labels(name(), labels, logits.size(1))
                               : label_for_each(name(), batch, logits);
  return at::cross_entropy_loss(logits, labels.to(logits.device()));
}

at::Tensor CrossEncoderMSELoss::forward(const CrossEncoder& model, const Batch& batch) {
  expect_one_output(name(), model);
  const at::Tensor logits = pair_logits(name(), model, batch);
  return at::mse_loss(logits, label_for_each(name(), batch, logits));
}

at::Tensor CrossEncoderMarginMSELoss::forward(const CrossEncoder& model, const Batch& batch) {
  expect_one_output(name(), model);
  const Columns columns = columns_of(name(), batch, 3, -1);
  const auto negatives = static_cast<int64_t>(columns.size()) - 2;
  const at::Tensor margins = teacher_margins(name(), label_matrix(name(), batch), negatives);
  Pairs pairs(name(), batch, columns.size());
  for (size_t i = 0; i < columns[0].size(); ++i) {
    for (size_t c = 1; c < columns.size(); ++c) pairs.add(columns[0][i], 0, columns[c][i], c);
  }
  const at::Tensor logits = pairs.logits(model).view({-1, negatives + 1});
  const at::Tensor found = logits.narrow(1, 0, 1) - logits.narrow(1, 1, negatives);
  return at::mse_loss(found, margins.to(found.device()));
}

CrossEncoderMultipleNegativesRankingLoss::CrossEncoderMultipleNegativesRankingLoss(
    const CrossEncoderRankingOptions& options)
    : options_(options) {
  if (options.num_negatives && *options.num_negatives < 1) {
    throw std::invalid_argument(
        "[MultipleNegativesRankingLoss] expected num_negatives of at least 1, or none for all, "
        "found " +
        std::to_string(*options.num_negatives));
  }
}

at::Tensor CrossEncoderMultipleNegativesRankingLoss::forward(const CrossEncoder& model,
                                                             const Batch& batch) {
  expect_one_output(name(), model);
  const Columns columns = columns_of(name(), batch, 2, -1);
  const size_t anchors = columns[0].size();
  const at::Tensor negatives =
      in_batch_negatives(static_cast<int64_t>(anchors), static_cast<int64_t>(columns.size()) - 1,
                         options_.num_negatives)
          .contiguous();  // [N, K]
  const int64_t* next = negatives.data_ptr<int64_t>();
  Pairs pairs(name(), batch, columns.size());
  for (size_t i = 0; i < anchors; ++i) {
    const auto add = [&](size_t column, size_t row) {
      pairs.add(columns[0][i], 0, columns[column][row], column);
    };
    add(1, i);
    for (int64_t k = 0; k < negatives.size(1); ++k) {
      const auto place = static_cast<size_t>(*next++);
      add(1 + place / anchors, place % anchors);
    }
    for (size_t c = 2; c < columns.size(); ++c) add(c, i);
  }
  return ranking_loss(pairs.logits(model).view({static_cast<int64_t>(anchors), -1}), options_);
}

LambdaLoss::LambdaLoss(const LambdaLossOptions& options) : options_(options) {
  if (options.k && *options.k < 1) {
    throw std::invalid_argument("[LambdaLoss] expected a k of at least 1, or none, found " +
                                std::to_string(*options.k));
  }
}

at::Tensor LambdaLoss::forward(const CrossEncoder& model, const Batch& batch) {
  const Lists lists = list_logits(name(), model, batch);
  return lambda_loss(lists.logits, lists.labels, options_);
}

at::Tensor ListNetLoss::forward(const CrossEncoder& model, const Batch& batch) {
  const Lists lists = list_logits(name(), model, batch);
  return list_net_loss(lists.logits, lists.labels);
}

}  // namespace sentence_transformers
