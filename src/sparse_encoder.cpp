// The public class for sparse embeddings: each pass's rows become entries as soon as they are made.
#include <ATen/ATen.h>
#include <sentence_transformers/error.h>
#include <sentence_transformers/sparse_encoder.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <stdexcept>

#include "core/sparse_rows.h"
#include "hub/resolve.h"
#include "model/internals.h"
#include "model/sparse_encoder_files.h"
#include "model/texts.h"

namespace sentence_transformers {
namespace {

const std::string kSparseEncode = "SparseEncoder::encode";
const std::string kSparseForward = "SparseEncoder::forward";

void check_at_least_one(const std::string& function, const char* name, int64_t value) {
  if (value >= 1) return;
  throw std::invalid_argument("[" + function + "] " + name + " is " + std::to_string(value) +
                              "; expected at least 1");
}

/// Zeroes all but the `most` largest values of each row, in absolute terms.
at::Tensor keep_largest(const at::Tensor& rows, int64_t most) {
  if (most >= rows.size(1)) return rows;
  const at::Tensor places = std::get<1>(rows.abs().topk(most, 1, true, false));
  return at::zeros_like(rows).scatter_(1, places, rows.gather(1, places));
}

void check_same_width(const std::string& function, const SparseRows& a, const SparseRows& b) {
  if (a.width == b.width) return;
  throw std::invalid_argument("[" + function + "] expected embeddings of the same length, found " +
                              std::to_string(a.width) + " and " + std::to_string(b.width));
}

/// Each row's tokens, the largest weight first, at most top_k.
std::vector<std::vector<WeightedToken>> decode_rows(const SparseRows& rows,
                                                    const Tokenizer& tokenizer,
                                                    std::optional<int64_t> top_k,
                                                    const std::string& function) {
  if (top_k) check_at_least_one(function, "top_k", *top_k);
  if (rows.width > tokenizer.vocab_size()) {
    throw std::invalid_argument(
        "[" + function + "] expected at most " + std::to_string(tokenizer.vocab_size()) +
        " dimensions, as there are tokens, found " + std::to_string(rows.width));
  }
  std::vector<std::vector<WeightedToken>> decoded;
  for (int64_t row = 0; row < rows.rows(); ++row) {
    std::vector<WeightedToken>& tokens = decoded.emplace_back();
    for (int64_t i = rows.starts[row]; i < rows.starts[row + 1]; ++i) {
      tokens.emplace_back(tokenizer.id_to_token(rows.columns[i]), rows.values[i]);
    }
    std::stable_sort(tokens.begin(), tokens.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    if (top_k && *top_k < static_cast<int64_t>(tokens.size())) {
      tokens.resize(static_cast<size_t>(*top_k));
    }
  }
  return decoded;
}

}  // namespace

struct SparseEncoder::Impl final : BaseModel::Internals {
  Impl(const std::string& name, const LoadOptions& options)
      : Internals(
            {"SparseEncoder", options.device, options.dtype, options.quantization},
            resolve_model(name, hub_options(options), "sentence-transformers", "SparseEncoder"),
            parts),
        parts(read_sparse_encoder(path)) {
    if (options.truncate_dim) {
      throw std::invalid_argument(
          "[SparseEncoder] truncate_dim: expected none, as dimensions are words");
    }
    placement.place(parts.modules);
  }

  at::Tensor encode(const Texts& texts, SparseEncodeOptions options) const {
    auto& most = options.max_active_dims;
    if (!most) most = parts.max_active_dims;
    if (most) check_at_least_one(kSparseEncode, "max_active_dims", *most);
    const Way way = parts.way(options.task.value_or(""), kSparseEncode);
    // Each pass's rows as they come, and which text is where; then all in the texts' order.
    std::vector<SparseRow> where(texts.size());
    std::vector<std::unique_ptr<SparseRows>> made;
    std::mutex mutex;
    run_way(texts, options, way, parts, placement, kSparseEncode,
            [&](const Features& features, const std::vector<Place>& places) {
              at::Tensor rows = features.sentence_embedding;
              if (most) rows = keep_largest(rows, *most);
              auto sparse = std::make_unique<SparseRows>(SparseRows::of(rows, kSparseEncode));
              const std::lock_guard lock(mutex);
              for (const auto& [row, input] : places) {
                where[input] = {sparse.get(), static_cast<int64_t>(row)};
              }
              made.push_back(std::move(sparse));
            });
    return sparse_tensor(where, parts.width);
  }

  /// `outputs`, if set, is filled in by the model's SparseAutoEncoder.
  at::Tensor forward(const Texts& texts, const std::string& prompt, const std::string& task,
                     AutoEncoderOutputs* outputs = nullptr) const {
    const Way way = parts.way(task, kSparseForward);
    const SinglePass pass = single_pass(texts, prompt, way, placement, kSparseForward);
    Features features{.auto_encoder = outputs};
    run_once(pass, prompt, way, placement, features);
    const auto in_order = [&](at::Tensor& rows) {
      if (rows.defined()) rows = rows.index_select(0, pass.rows).to(at::kFloat);
    };
    if (outputs) {
      if (!outputs->sentence_embedding.defined()) {
        throw std::invalid_argument(
            "[SparseEncoder::forward_auto_encoder] expected a model with a SparseAutoEncoder");
      }
      for (at::Tensor* rows :
           {&outputs->sentence_embedding, &outputs->sentence_embedding_backbone,
            &outputs->decoded_embedding_k, &outputs->decoded_embedding_4k,
            &outputs->decoded_embedding_aux, &outputs->decoded_embedding_k_pre_bias}) {
        in_order(*rows);
      }
    }
    in_order(features.sentence_embedding);
    return features.sentence_embedding;
  }

  SparseEncoderParts parts;
};

SparseEncoder::Impl& SparseEncoder::impl() const { return static_cast<Impl&>(*internals_); }

SparseEncoder::SparseEncoder(const std::string& model_name_or_path, const LoadOptions& options)
    : BaseModel(std::make_unique<Impl>(model_name_or_path, options)) {}
SparseEncoder::SparseEncoder(SparseEncoder&&) noexcept = default;
SparseEncoder& SparseEncoder::operator=(SparseEncoder&&) noexcept = default;
SparseEncoder::~SparseEncoder() = default;

at::Tensor SparseEncoder::encode(std::string_view sentence,
                                 const SparseEncodeOptions& options) const {
  return impl().encode({sentence}, options)[0];
}
at::Tensor SparseEncoder::encode(const std::vector<std::string>& sentences,
                                 const SparseEncodeOptions& options) const {
  return impl().encode(views(sentences), options);
}
at::Tensor SparseEncoder::encode(std::initializer_list<std::string_view> sentences,
                                 const SparseEncodeOptions& options) const {
  return impl().encode(sentences, options);
}
at::Tensor SparseEncoder::encode(std::span<const std::string_view> sentences,
                                 const SparseEncodeOptions& options) const {
  return impl().encode(Texts(sentences.begin(), sentences.end()), options);
}

at::Tensor SparseEncoder::encode_query(std::string_view sentence,
                                       const SparseEncodeOptions& options) const {
  return encode(sentence, for_query(options, impl().parts));
}
at::Tensor SparseEncoder::encode_query(const std::vector<std::string>& sentences,
                                       const SparseEncodeOptions& options) const {
  return encode(sentences, for_query(options, impl().parts));
}
at::Tensor SparseEncoder::encode_document(std::string_view sentence,
                                          const SparseEncodeOptions& options) const {
  return encode(sentence, for_document(options, impl().parts));
}
at::Tensor SparseEncoder::encode_document(const std::vector<std::string>& sentences,
                                          const SparseEncodeOptions& options) const {
  return encode(sentences, for_document(options, impl().parts));
}

std::vector<WeightedToken> SparseEncoder::decode(const at::Tensor& embedding,
                                                 std::optional<int64_t> top_k) const {
  const std::string function = "SparseEncoder::decode";
  const SparseRows rows = SparseRows::of(embedding, function);
  if (rows.rows() != 1) {
    throw std::invalid_argument("[" + function + "] expected one embedding, found " +
                                std::to_string(rows.rows()));
  }
  return decode_rows(rows, tokenizer(), top_k, function)[0];
}
std::vector<std::vector<WeightedToken>> SparseEncoder::decode_batch(
    const at::Tensor& embeddings, std::optional<int64_t> top_k) const {
  const std::string function = "SparseEncoder::decode_batch";
  return decode_rows(SparseRows::of(embeddings, function), tokenizer(), top_k, function);
}

at::Tensor SparseEncoder::similarity(const at::Tensor& a, const at::Tensor& b) const {
  return util::scores(similarity_fn())(a, b);
}

at::Tensor SparseEncoder::similarity_pairwise(const at::Tensor& a, const at::Tensor& b) const {
  return util::pairwise_scores(similarity_fn())(a, b);
}

Sparsity SparseEncoder::sparsity(const at::Tensor& embeddings) {
  const SparseRows rows = SparseRows::of(embeddings, "SparseEncoder::sparsity");
  if (rows.rows() == 0 || rows.width == 0) return {};
  // The mean is a float32 in Python.
  const double active = static_cast<float>(static_cast<double>(rows.columns.size()) /
                                           static_cast<double>(rows.rows()));
  return {active, 1 - active / static_cast<double>(rows.width)};
}

at::Tensor SparseEncoder::intersection(const at::Tensor& a, const at::Tensor& b) {
  const std::string function = "SparseEncoder::intersection";
  const SparseRows x = SparseRows::of(a, function), y = SparseRows::of(b, function);
  check_same_width(function, x, y);
  if (a.dim() != 1) {
    throw std::invalid_argument("[" + function + "] expected one embedding [V] first, found " +
                                std::to_string(x.rows()) + " rows");
  }
  std::vector<float> row(static_cast<size_t>(x.width), 0);
  for (size_t i = 0; i < x.columns.size(); ++i) row[x.columns[i]] = x.values[i];
  SparseRows shared{.width = x.width};
  for (int64_t r = 0; r < y.rows(); ++r) {
    for (int64_t i = y.starts[r]; i < y.starts[r + 1]; ++i) {
      const float product = row[y.columns[i]] * y.values[i];
      if (!(product > 0)) continue;
      shared.columns.push_back(y.columns[i]);
      shared.values.push_back(product);
    }
    shared.starts.push_back(static_cast<int64_t>(shared.columns.size()));
  }
  return b.dim() == 1 ? shared.tensor()[0] : shared.tensor();
}

int64_t SparseEncoder::max_seq_length() const { return impl().parts.max_seq_length(); }
void SparseEncoder::set_max_seq_length(int64_t length) {
  impl().parts.set_max_seq_length(length, "SparseEncoder::set_max_seq_length");
}
int64_t SparseEncoder::get_embedding_dimension() const { return impl().parts.width; }
std::optional<int64_t> SparseEncoder::max_active_dims() const {
  return impl().parts.max_active_dims;
}
SimilarityFunction SparseEncoder::similarity_fn() const { return impl().parts.similarity; }

void SparseEncoder::save_pretrained(const std::filesystem::path& folder) const {
  write_sparse_encoder(impl().parts, folder);
}

at::Tensor SparseEncoder::forward(const std::vector<std::string_view>& sentences,
                                  const std::string& prompt, const std::string& task) const {
  return with_own_errors(kSparseForward, [&] { return impl().forward(sentences, prompt, task); });
}

AutoEncoderOutputs SparseEncoder::forward_auto_encoder(
    const std::vector<std::string_view>& sentences, const std::string& prompt,
    const std::string& task) const {
  return with_own_errors("SparseEncoder::forward_auto_encoder", [&] {
    AutoEncoderOutputs outputs;
    impl().forward(sentences, prompt, task, &outputs);
    return outputs;
  });
}

}  // namespace sentence_transformers
