// A batch's texts by column and its labels as a tensor, and how an EmbeddingLoss runs a model over
// them.
#include "training/batch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

#include "training/gradient_cache.h"

namespace sentence_transformers {
namespace {

/// [N, K], `who` being whose call it is.
at::Tensor stack_labels(const std::string& who, const std::vector<Example>& examples) {
  const size_t count = examples.empty() ? 0 : examples[0].labels.size();
  if (count == 0) {
    throw std::invalid_argument("[" + who + "] expected labels, found none" +
                                (examples.empty() ? ": the batch is empty" : ""));
  }
  at::Tensor labels =
      at::empty({static_cast<int64_t>(examples.size()), static_cast<int64_t>(count)}, at::kFloat);
  float* to = labels.data_ptr<float>();
  for (size_t i = 0; i < examples.size(); ++i) {
    const std::vector<float>& row = examples[i].labels;
    if (row.size() != count) {
      throw std::invalid_argument(
          "[" + who + "] expected as many labels in each example: example " + std::to_string(i) +
          " has " + std::to_string(row.size()) + ", the first has " + std::to_string(count));
    }
    to = std::copy(row.begin(), row.end(), to);
  }
  return labels;
}

}  // namespace

std::vector<std::vector<std::string_view>> Batch::columns() const {
  const size_t count = examples.empty() ? 0 : examples[0].texts.size();
  std::vector<std::vector<std::string_view>> result(count);
  for (size_t i = 0; i < examples.size(); ++i) {
    const std::vector<std::string>& texts = examples[i].texts;
    if (texts.size() != count) {
      throw std::invalid_argument(
          "[Batch::columns] expected as many texts in each example: example " + std::to_string(i) +
          " has " + std::to_string(texts.size()) + ", the first has " + std::to_string(count));
    }
    for (size_t c = 0; c < count; ++c) result[c].push_back(texts[c]);
  }
  return result;
}

at::Tensor Batch::labels() const {
  at::Tensor labels = stack_labels("Batch::labels", examples);
  return labels.size(1) == 1 ? labels.squeeze(1) : labels;
}

void expect_texts(const std::string& loss, size_t found, int64_t least, int64_t most) {
  const auto count = static_cast<int64_t>(found);
  if (count >= least && (most < 0 || count <= most)) return;
  std::string wanted = std::to_string(least);
  if (most < 0) wanted = "at least " + wanted;
  if (most > least) wanted += " to " + std::to_string(most);
  const bool one = least == 1 && most == 1;
  throw std::invalid_argument("[" + loss + "] expected " + wanted + (one ? " text" : " texts") +
                              " an example, found " + std::to_string(count));
}

void expect_rows(const std::string& loss, const Batch& batch, int64_t rows) {
  if (static_cast<int64_t>(batch.examples.size()) == rows) return;
  throw std::invalid_argument("[" + loss + "] expected an example for each of " +
                              std::to_string(rows) + " embeddings, found " +
                              std::to_string(batch.examples.size()));
}

at::Tensor label_matrix(const std::string& loss, const Batch& batch) {
  return stack_labels(loss, batch.examples);
}

at::Tensor single_labels(const std::string& loss, const Batch& batch,
                         const at::Tensor& embeddings) {
  expect_rows(loss, batch, embeddings.size(0));
  const at::Tensor labels = label_matrix(loss, batch);
  if (labels.size(1) != 1) {
    throw std::invalid_argument("[" + loss + "] expected 1 label an example, found " +
                                std::to_string(labels.size(1)));
  }
  return labels.squeeze(1).to(embeddings.device());
}

at::Tensor class_labels(const std::string& loss, const at::Tensor& labels, int64_t classes) {
  const at::Tensor result = at::empty({labels.size(0)}, at::kLong);
  const float* from = labels.data_ptr<float>();
  for (int64_t i = 0; i < labels.size(0); ++i) {
    if (from[i] != std::floor(from[i]) || from[i] < 0 || from[i] >= static_cast<float>(classes)) {
      std::ostringstream text;
      text << "[" << loss << "] label " << from[i] << " of example " << i
           << ": expected a whole number from 0 to " << classes - 1;
      throw std::invalid_argument(text.str());
    }
    result.data_ptr<int64_t>()[i] = static_cast<int64_t>(from[i]);
  }
  return result;
}

std::vector<Segment> column_segments(const Batch& batch) {
  return column_segments(batch, batch.tasks);
}
std::vector<Segment> segments(const Batch& batch) { return segments(batch, batch.tasks); }

std::vector<Segment> column_segments(const Batch& batch, const std::vector<std::string>& tasks) {
  const auto columns = batch.columns();
  if (columns.empty()) {
    throw std::invalid_argument("[Batch] expected at least one example with a text, found none");
  }
  const auto check = [&](const std::vector<std::string>& given, const std::string& what) {
    if (given.empty() || given.size() == columns.size()) return;
    throw std::invalid_argument("[Batch] expected a " + what + " for each of " +
                                std::to_string(columns.size()) + " texts of an example, found " +
                                std::to_string(given.size()));
  };
  check(batch.prompts, "prompt");
  check(tasks, "task");
  std::vector<Segment> result;
  for (size_t c = 0; c < columns.size(); ++c) {
    result.push_back(
        {batch.prompts.empty() ? "" : batch.prompts[c], tasks.empty() ? "" : tasks[c], columns[c]});
  }
  return result;
}

std::vector<Segment> segments(const Batch& batch, const std::vector<std::string>& tasks) {
  std::vector<Segment> result;
  for (Segment& column : column_segments(batch, tasks)) {
    if (result.empty() || result.back().prompt != column.prompt ||
        result.back().task != column.task) {
      result.push_back(std::move(column));
    } else {
      std::vector<std::string_view>& texts = result.back().texts;
      texts.insert(texts.end(), column.texts.begin(), column.texts.end());
    }
  }
  return result;
}

std::vector<at::Tensor> columns(const std::vector<at::Tensor>& segments, int64_t examples) {
  std::vector<at::Tensor> result;
  for (const at::Tensor& segment : segments) {  // [columns * N, D]
    for (const at::Tensor& column : segment.split(examples)) result.push_back(column);
  }
  return result;
}

std::vector<int64_t> sample(int64_t total, int64_t count) {
  const bool all = count < 1 || count >= total;
  at::Tensor picked = all ? at::arange(total) : at::randperm(total).narrow(0, 0, count);
  picked = std::get<0>(picked.sort());
  return {picked.data_ptr<int64_t>(), picked.data_ptr<int64_t>() + picked.numel()};
}

at::Tensor EmbeddingLoss::forward(const SentenceTransformer& model, const Batch& batch) {
  if (const int64_t size = mini_batch_size(); size > 0) {
    return forward_with_gradient_cache(*this, model, batch, size, named_parameters());
  }
  return compute(embed_columns(model, batch), batch);
}

}  // namespace sentence_transformers
