// The public class: prompts, options, and the modules that each pass of tokens goes through.
#include <sentence_transformers/error.h>
#include <sentence_transformers/sentence_transformer.h>

#include <functional>
#include <stdexcept>

#include "hub/resolve.h"
#include "model/batching.h"
#include "model/internals.h"
#include "model/texts.h"

namespace sentence_transformers {
namespace {

const std::string kEncode = "SentenceTransformer::encode";
const std::string kForward = "SentenceTransformer::forward";

void check_size(std::optional<int64_t> truncate_dim, int64_t dimension) {
  if (truncate_dim && (*truncate_dim < 1 || *truncate_dim > dimension)) {
    throw std::invalid_argument("[" + kEncode + "] truncate_dim is " +
                                std::to_string(*truncate_dim) + "; expected 1 to " +
                                std::to_string(dimension));
  }
}

}  // namespace

struct SentenceTransformer::Impl final : BaseModel::Internals {
  Impl(const std::string& name, const LoadOptions& options)
      : Internals({"SentenceTransformer", options.device, options.dtype, options.quantization},
                  resolve_model(name, hub_options(options)), parts),
        parts(read_model(path)) {
    if (options.truncate_dim) parts.truncate_dim = options.truncate_dim;
    check_size(parts.truncate_dim, parts.embedding_dimension);
    placement.place(parts.modules);
  }

  int64_t dimension(const EncodeOptions& options) const {
    const auto wanted = options.truncate_dim ? options.truncate_dim : parts.truncate_dim;
    return wanted.value_or(parts.embedding_dimension);
  }

  Way way(const EncodeOptions& options) const {
    return parts.way(options.task.value_or(""), kEncode);
  }

  /// [N, D] float32, before quantization.
  at::Tensor embed(const Texts& texts, const EncodeOptions& options) const {
    check_size(options.truncate_dim, parts.embedding_dimension);
    const int64_t size = dimension(options);
    at::Tensor result = at::empty({static_cast<int64_t>(texts.size()), size}, at::kFloat);
    run_way(texts, options, way(options), parts, placement, kEncode,
            [&](const Features& f, const auto& places) {
              at::Tensor e = f.sentence_embedding;
              if (size != e.size(1)) e = util::truncate_embeddings(e, size);
              if (options.normalize_embeddings) e = util::normalize_embeddings(e);
              put_rows(e, places, result);
            });
    return result;
  }

  /// One pass through autograd. [N, D] of each of `layers`, if given, else of the last alone.
  std::vector<at::Tensor> forward(const Texts& texts, const std::string& prompt,
                                  const std::string& task, std::vector<at::Tensor>* layers) const {
    return with_own_errors(kForward, [&] { return run_once(texts, prompt, task, layers); });
  }
  std::vector<at::Tensor> run_once(const Texts& texts, const std::string& prompt,
                                   const std::string& task, std::vector<at::Tensor>* layers) const {
    const Way way = parts.way(task, kForward);
    const SinglePass pass = single_pass(texts, prompt, way, placement, kForward);
    std::vector<at::Tensor> kept;
    Features features{.batch = pass.batch,
                      .prompt_tokens = way.input->prompt_tokens(prompt),
                      .layers = layers             ? layers
                                : way.keeps_layers ? &kept
                                                   : nullptr};
    const Autocast scope = placement.autocast_scope();
    way.input->forward(features);
    if (layers && layers->empty()) {
      throw std::invalid_argument(
          "[SentenceTransformer::forward_layers] expected a model with "
          "layers, found one of " +
          way.input->type());
    }
    std::vector<at::Tensor> outputs =
        layers ? *layers : std::vector<at::Tensor>{features.token_embeddings};
    for (at::Tensor& output : outputs) {
      features.token_embeddings = output;
      for (size_t m = 1; m < way.modules.size(); ++m) way.modules[m]->forward(features);
      output = features.sentence_embedding.index_select(0, pass.rows).to(at::kFloat);
    }
    return outputs;
  }

  at::Tensor encode(const Texts& texts, const EncodeOptions& options) const {
    const at::Tensor embeddings = embed(texts, options);
    if (options.precision == Precision::float32) return embeddings;
    return quantize_embeddings(embeddings, options.precision);
  }

  EncodeOptions query(const EncodeOptions& options) const { return for_query(options, parts); }
  EncodeOptions document(const EncodeOptions& options) const {
    return for_document(options, parts);
  }

  SentenceTransformerParts parts;
};

SentenceTransformer::Impl& SentenceTransformer::impl() const {
  return static_cast<Impl&>(*internals_);
}

SentenceTransformer::SentenceTransformer(const std::string& model_name_or_path,
                                         const LoadOptions& options)
    : BaseModel(std::make_unique<Impl>(model_name_or_path, options)) {}
SentenceTransformer::SentenceTransformer(SentenceTransformer&&) noexcept = default;
SentenceTransformer& SentenceTransformer::operator=(SentenceTransformer&&) noexcept = default;
SentenceTransformer::~SentenceTransformer() = default;

at::Tensor SentenceTransformer::encode(std::string_view sentence,
                                       const EncodeOptions& options) const {
  return impl().encode({sentence}, options)[0];
}
at::Tensor SentenceTransformer::encode(const std::vector<std::string>& sentences,
                                       const EncodeOptions& options) const {
  return impl().encode(views(sentences), options);
}
at::Tensor SentenceTransformer::encode(std::initializer_list<std::string_view> sentences,
                                       const EncodeOptions& options) const {
  return impl().encode(sentences, options);
}

at::Tensor SentenceTransformer::encode(std::span<const std::string_view> sentences,
                                       const EncodeOptions& options) const {
  return impl().encode(Texts(sentences.begin(), sentences.end()), options);
}

at::Tensor SentenceTransformer::encode_query(std::span<const std::string_view> sentences,
                                             const EncodeOptions& options) const {
  return encode(sentences, impl().query(options));
}
at::Tensor SentenceTransformer::encode_query(std::string_view sentence,
                                             const EncodeOptions& options) const {
  return encode(sentence, impl().query(options));
}
at::Tensor SentenceTransformer::encode_query(const std::vector<std::string>& sentences,
                                             const EncodeOptions& options) const {
  return encode(sentences, impl().query(options));
}
at::Tensor SentenceTransformer::encode_query(std::initializer_list<std::string_view> sentences,
                                             const EncodeOptions& options) const {
  return encode(sentences, impl().query(options));
}

at::Tensor SentenceTransformer::encode_document(std::span<const std::string_view> sentences,
                                                const EncodeOptions& options) const {
  return encode(sentences, impl().document(options));
}
at::Tensor SentenceTransformer::encode_document(std::string_view sentence,
                                                const EncodeOptions& options) const {
  return encode(sentence, impl().document(options));
}
at::Tensor SentenceTransformer::encode_document(const std::vector<std::string>& sentences,
                                                const EncodeOptions& options) const {
  return encode(sentences, impl().document(options));
}
at::Tensor SentenceTransformer::encode_document(std::initializer_list<std::string_view> sentences,
                                                const EncodeOptions& options) const {
  return encode(sentences, impl().document(options));
}

std::vector<at::Tensor> SentenceTransformer::encode_tokens(
    const std::vector<std::string>& sentences, const EncodeOptions& options) const {
  if (options.precision != Precision::float32) {
    throw std::invalid_argument(
        "[SentenceTransformer::encode_tokens] expected precision float32, found another");
  }
  Way way = impl().way(options);
  way.first_alone = false;
  const int64_t dimension = way.sizes().token_embeddings;
  if (dimension == 0) {
    throw std::invalid_argument(
        "[SentenceTransformer::encode_tokens] expected a model that embeds tokens, found one of " +
        way.input->type());
  }
  check_size(options.truncate_dim, dimension);
  const auto size = options.truncate_dim ? options.truncate_dim : impl().parts.truncate_dim;
  std::vector<at::Tensor> result(sentences.size());
  run_way(views(sentences), options, way, impl().parts, impl().placement, kEncode,
          [&](const Features& f, const auto& places) {
            at::Tensor tokens = f.token_embeddings;
            if (size) tokens = util::truncate_embeddings(tokens, *size);
            tokens = tokens.to(at::kCPU, at::kFloat);
            const c10::InferenceMode ordinary_tensors(false);
            std::vector<at::Tensor> rows;
            for (const LengthGroup& g : f.batch.groups) {
              for (int64_t i = 0; i < g.count; ++i) {
                rows.push_back(tokens.narrow(0, g.offset + i * g.length, g.length));
              }
            }
            for (const auto& [row, input] : places) result[input] = rows[row].clone();
          });
  return result;
}

at::Tensor SentenceTransformer::similarity(const at::Tensor& a, const at::Tensor& b) const {
  return util::scores(similarity_fn())(a, b);
}
at::Tensor SentenceTransformer::similarity_pairwise(const at::Tensor& a,
                                                    const at::Tensor& b) const {
  return util::pairwise_scores(similarity_fn())(a, b);
}

int64_t SentenceTransformer::max_seq_length() const { return impl().parts.max_seq_length(); }
void SentenceTransformer::set_max_seq_length(int64_t length) {
  impl().parts.set_max_seq_length(length, "SentenceTransformer::set_max_seq_length");
}
int64_t SentenceTransformer::get_embedding_dimension() const { return impl().dimension({}); }
SimilarityFunction SentenceTransformer::similarity_fn() const { return impl().parts.similarity; }

void SentenceTransformer::save_pretrained(const std::filesystem::path& folder) const {
  write_model(impl().parts, folder);
}

at::Tensor SentenceTransformer::forward(const std::vector<std::string_view>& sentences,
                                        const std::string& prompt, const std::string& task) const {
  return impl().forward(sentences, prompt, task, nullptr)[0];
}
std::vector<at::Tensor> SentenceTransformer::forward_layers(
    const std::vector<std::string_view>& sentences, const std::string& prompt,
    const std::string& task) const {
  std::vector<at::Tensor> layers;
  return impl().forward(sentences, prompt, task, &layers);
}

}  // namespace sentence_transformers
