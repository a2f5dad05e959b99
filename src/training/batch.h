// What losses share: a batch's texts and labels, checked, with the loss's name in each message.
#pragma once

#include <sentence_transformers/loss.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sentence_transformers {

/// Throws std::invalid_argument unless an example has `least` to `most` texts (-1: or more).
void expect_texts(const std::string& loss, size_t found, int64_t least, int64_t most);

/// [N, K] float32 on the CPU. Throws std::invalid_argument if there are none, or numbers differ.
at::Tensor label_matrix(const std::string& loss, const Batch& batch);
/// [N] float32 beside `embeddings` [N, D]: one label an example, else std::invalid_argument.
at::Tensor single_labels(const std::string& loss, const Batch& batch, const at::Tensor& embeddings);
/// [N] int64 on the CPU of labels [N, 1]; std::invalid_argument unless each is a whole number in
/// [0, classes).
at::Tensor class_labels(const std::string& loss, const at::Tensor& labels, int64_t classes);
/// Throws std::invalid_argument unless there are as many examples as rows.
void expect_rows(const std::string& loss, const Batch& batch, int64_t rows);

/// Texts that are embedded together, since they share a prompt and a task: one or more columns.
struct Segment {
  std::string prompt, task;
  std::vector<std::string_view> texts;
};
/// Each column, in their order. Throws std::invalid_argument for an empty batch, or prompts or
/// tasks that are not one a column.
std::vector<Segment> column_segments(const Batch& batch);
/// The same with other tasks than the batch's.
std::vector<Segment> column_segments(const Batch& batch, const std::vector<std::string>& tasks);
/// The same with neighbours that share prompt and task in one.
std::vector<Segment> segments(const Batch& batch);
/// The same with other tasks than the batch's.
std::vector<Segment> segments(const Batch& batch, const std::vector<std::string>& tasks);
/// The columns [N, D] of the segments' embeddings.
std::vector<at::Tensor> columns(const std::vector<at::Tensor>& segments, int64_t examples);
/// The batch's columns, embedded by a model: one [N, D] for each.
template <class Model>
std::vector<at::Tensor> embed_columns(const Model& model, const Batch& batch) {
  std::vector<at::Tensor> embeddings;
  for (const Segment& segment : segments(batch)) {
    embeddings.push_back(model.forward(segment.texts, segment.prompt, segment.task));
  }
  return columns(embeddings, static_cast<int64_t>(batch.examples.size()));
}

/// `count` of 0 ... total - 1, in rising order, by LibTorch's default generator; all of them if
/// count is below 1 or beyond total.
std::vector<int64_t> sample(int64_t total, int64_t count);

}  // namespace sentence_transformers
