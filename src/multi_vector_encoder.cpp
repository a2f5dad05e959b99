// The public class for embeddings of tokens: each text's rows are cut out of its pass.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sentence_transformers/error.h>
#include <sentence_transformers/multi_vector_encoder.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "hub/resolve.h"
#include "model/internals.h"
#include "model/multi_vector_encoder_files.h"
#include "model/texts.h"

namespace sentence_transformers {
namespace {

const std::string kMultiEncode = "MultiVectorEncoder::encode";
const std::string kMultiForward = "MultiVectorEncoder::forward";

using Embeddings = std::vector<at::Tensor>;

/// The same numbers in memory of their own, in a tensor that callers may change and train through,
/// though a pass runs in inference mode.
at::Tensor own_copy(const at::Tensor& text) {
  const c10::InferenceMode off(false);
  const at::Tensor copy = at::empty(text.sizes(), at::kFloat);
  const at::Tensor rows = text.contiguous();
  std::copy_n(rows.const_data_ptr<float>(), rows.numel(), copy.data_ptr<float>());
  return copy;
}

/// The rows of each text of a pass.
Embeddings cut_rows(const Features& features) {
  return features.token_embeddings.split_with_sizes(features.rows_of_texts());
}

}  // namespace

struct MultiVectorEncoder::Impl final : BaseModel::Internals {
  Impl(const std::string& name, const LoadOptions& options, std::optional<int64_t> new_dimension)
      : Internals({"MultiVectorEncoder", options.device, options.dtype, options.quantization},
                  resolve_model(name, hub_options(options), "", "MultiVectorEncoder"), parts),
        parts(read_multi_vector_encoder(path, new_dimension)) {
    if (options.truncate_dim) {
      throw std::invalid_argument(
          "[MultiVectorEncoder] truncate_dim: expected none, as tokens keep their dimensions");
    }
    placement.place(parts.modules);
  }

  Embeddings encode(const Texts& texts, const MultiVectorEncodeOptions& options) const {
    const Way way = parts.way(options.task.value_or(""), kMultiEncode);
    const auto& pooling = options.token_pooling;
    const bool pools = pooling && pooling->applies_to(way.task);
    if (pools) pooling->pool(at::zeros({1, 1}, at::kFloat));  // can it be?
    Embeddings result(texts.size());
    run_way(texts, options, way, parts, placement, kMultiEncode,
            [&](const Features& features, const std::vector<Place>& places) {
              Embeddings rows = cut_rows(features);
              for (at::Tensor& text : rows) {
                text = text.to(at::kCPU, at::kFloat);
                if (options.normalize_embeddings) text = util::normalize_embeddings(text);
                if (pools) text = pooling->pool(text);
              }
              for (const auto& [row, input] : places) result[input] = own_copy(rows[row]);
            });
    return result;
  }

  Embeddings forward(const Texts& texts, const std::string& prompt, const std::string& task) const {
    const Way way = parts.way(task, kMultiForward);
    const SinglePass pass = single_pass(texts, prompt, way, placement, kMultiForward);
    Features features;
    run_once(pass, prompt, way, placement, features);
    features.token_embeddings = features.token_embeddings.to(at::kFloat);
    const Embeddings rows = cut_rows(features);
    const at::Tensor places = pass.rows.cpu();
    Embeddings result;
    for (size_t i = 0; i < texts.size(); ++i) {
      result.push_back(rows[static_cast<size_t>(places.const_data_ptr<int64_t>()[i])]);
    }
    return result;
  }

  MultiVectorEncoderParts parts;
};

MultiVectorEncoder::Impl& MultiVectorEncoder::impl() const {
  return static_cast<Impl&>(*internals_);
}

MultiVectorEncoder::MultiVectorEncoder(std::unique_ptr<Impl> impl) : BaseModel(std::move(impl)) {}
MultiVectorEncoder::MultiVectorEncoder(const std::string& model_name_or_path,
                                       const LoadOptions& options)
    : MultiVectorEncoder(std::make_unique<Impl>(model_name_or_path, options, std::nullopt)) {}
MultiVectorEncoder::MultiVectorEncoder(MultiVectorEncoder&&) noexcept = default;
MultiVectorEncoder& MultiVectorEncoder::operator=(MultiVectorEncoder&&) noexcept = default;
MultiVectorEncoder::~MultiVectorEncoder() = default;

MultiVectorEncoder MultiVectorEncoder::with_new_projection(const std::string& model_name_or_path,
                                                           int64_t dimension,
                                                           const LoadOptions& options) {
  if (dimension < 1) {
    throw std::invalid_argument("[MultiVectorEncoder::with_new_projection] dimension is " +
                                std::to_string(dimension) + "; expected at least 1");
  }
  return MultiVectorEncoder(std::make_unique<Impl>(model_name_or_path, options, dimension));
}

at::Tensor MultiVectorEncoder::encode(std::string_view sentence,
                                      const MultiVectorEncodeOptions& options) const {
  return impl().encode({sentence}, options)[0];
}
Embeddings MultiVectorEncoder::encode(const std::vector<std::string>& sentences,
                                      const MultiVectorEncodeOptions& options) const {
  return impl().encode(views(sentences), options);
}
Embeddings MultiVectorEncoder::encode(std::initializer_list<std::string_view> sentences,
                                      const MultiVectorEncodeOptions& options) const {
  return impl().encode(sentences, options);
}
Embeddings MultiVectorEncoder::encode(std::span<const std::string_view> sentences,
                                      const MultiVectorEncodeOptions& options) const {
  return impl().encode(Texts(sentences.begin(), sentences.end()), options);
}

at::Tensor MultiVectorEncoder::encode_query(std::string_view sentence,
                                            const MultiVectorEncodeOptions& options) const {
  return encode(sentence, for_query(options, impl().parts));
}
Embeddings MultiVectorEncoder::encode_query(const std::vector<std::string>& sentences,
                                            const MultiVectorEncodeOptions& options) const {
  return encode(sentences, for_query(options, impl().parts));
}
at::Tensor MultiVectorEncoder::encode_document(std::string_view sentence,
                                               const MultiVectorEncodeOptions& options) const {
  return encode(sentence, for_document(options, impl().parts));
}
Embeddings MultiVectorEncoder::encode_document(const std::vector<std::string>& sentences,
                                               const MultiVectorEncodeOptions& options) const {
  return encode(sentences, for_document(options, impl().parts));
}

at::Tensor MultiVectorEncoder::similarity(const Embeddings& queries,
                                          const Embeddings& documents) const {
  return similarity_fn() == MultiVectorSimilarity::maxsim ? util::maxsim(queries, documents)
                                                          : util::mean_maxsim(queries, documents);
}

at::Tensor MultiVectorEncoder::similarity_pairwise(const Embeddings& queries,
                                                   const Embeddings& documents) const {
  return similarity_fn() == MultiVectorSimilarity::maxsim
             ? util::maxsim_pairwise(queries, documents)
             : util::mean_maxsim_pairwise(queries, documents);
}

std::vector<util::Hit> MultiVectorEncoder::rank(std::string_view query,
                                                const std::vector<std::string>& documents,
                                                std::optional<int64_t> top_k,
                                                const MultiVectorEncodeOptions& options) const {
  if (top_k && *top_k < 1) {
    throw std::invalid_argument("[MultiVectorEncoder::rank] top_k is " + std::to_string(*top_k) +
                                "; expected at least 1");
  }
  const at::Tensor scores =
      similarity({encode_query(query, options)}, encode_document(documents, options));
  std::vector<util::Hit> hits;
  for (size_t i = 0; i < documents.size(); ++i) {
    hits.push_back({static_cast<int64_t>(i), scores.const_data_ptr<float>()[i]});
  }
  std::stable_sort(hits.begin(), hits.end(),
                   [](const util::Hit& a, const util::Hit& b) { return a.score > b.score; });
  const auto count = static_cast<int64_t>(hits.size());
  hits.resize(static_cast<size_t>(std::min(top_k.value_or(count), count)));
  return hits;
}

int64_t MultiVectorEncoder::max_seq_length() const { return impl().parts.max_seq_length(); }
void MultiVectorEncoder::set_max_seq_length(int64_t length) {
  impl().parts.set_max_seq_length(length, "MultiVectorEncoder::set_max_seq_length");
}
int64_t MultiVectorEncoder::get_embedding_dimension() const { return impl().parts.width; }
MultiVectorSimilarity MultiVectorEncoder::similarity_fn() const { return impl().parts.similarity; }
void MultiVectorEncoder::set_similarity_fn(MultiVectorSimilarity function) {
  impl().parts.similarity = function;
}

void MultiVectorEncoder::save_pretrained(const std::filesystem::path& folder) const {
  write_multi_vector_encoder(impl().parts, folder);
}

Embeddings MultiVectorEncoder::forward(const std::vector<std::string_view>& sentences,
                                       const std::string& prompt, const std::string& task) const {
  return with_own_errors(kMultiForward, [&] { return impl().forward(sentences, prompt, task); });
}

}  // namespace sentence_transformers
