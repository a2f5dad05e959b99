// The public class: texts to passes of tokens, passes through the modules, rows back into the
// caller's order.
#include <ATen/Parallel.h>
#include <sentence_transformers/error.h>
#include <sentence_transformers/sentence_transformer.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>

#include "core/device.h"
#include "core/progress.h"
#include "hub/resolve.h"
#include "kernels/kernels.h"
#include "model_files.h"
#include "nn/packed_linear.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace sentence_transformers {
namespace {

using Texts = std::vector<std::string_view>;

// Texts are tokenized and sorted by length this many at a time: enough for batches of equal
// lengths, and memory stays flat however many texts there are.
constexpr size_t kWindow = 8192;
// Tokens a forward pass at most, unless one text alone has more. On the CPU each core carries a
// pass of its own through all layers, small enough that what flows between them stays in its cache;
// a GPU wants large ones.
constexpr int64_t kTokensOnCpu = 256;
constexpr int64_t kTokensOnCuda = 16384;
constexpr int64_t kTextsPerTokenizerTask = 16;

Texts views(const std::vector<std::string>& sentences) {
  return Texts(sentences.begin(), sentences.end());
}

void check(const EncodeOptions& options, int64_t dimension) {
  if (options.batch_size < 1) {
    throw std::invalid_argument("[SentenceTransformer::encode] batch_size is " +
                                std::to_string(options.batch_size) + "; expected at least 1");
  }
  if (options.truncate_dim && (*options.truncate_dim < 1 || *options.truncate_dim > dimension)) {
    throw std::invalid_argument("[SentenceTransformer::encode] truncate_dim is " +
                                std::to_string(*options.truncate_dim) + "; expected 1 to " +
                                std::to_string(dimension));
  }
}

}  // namespace

struct SentenceTransformer::Impl {
  Impl(const std::string& name, const LoadOptions& options)
      : device(parse_device(options.device)), dtype(options.dtype) {
    if (dtype != at::kFloat && dtype != at::kBFloat16 && dtype != at::kHalf) {
      throw std::invalid_argument(std::string("[SentenceTransformer] dtype is ") +
                                  c10::toString(dtype) + "; known: Float, BFloat16, Half");
    }
    if (device.is_cpu() && !cpu_is_fast_at(dtype)) {
      throw Error(std::string("[SentenceTransformer] dtype ") + c10::toString(dtype) +
                  ": this processor has no instructions for it, and would take many times as long "
                  "as with Float");
    }
    if (options.quantization == Quantization::int8) check_int8();
    path = resolve_model(name, options.cache_folder);
    parts = read_model(path);
    if (options.truncate_dim) parts.truncate_dim = options.truncate_dim;
    check({.truncate_dim = parts.truncate_dim}, parts.embedding_dimension);
    for (const auto& module : parts.modules) {
      module->to(device, dtype);
      pack_weights(*module, options.quantization, [&] { parts.transformer->release_pages(); });
    }
    parts.transformer->release_pages();
    parts.transformer->forget_checkpoint();
#ifdef __GLIBC__
    malloc_trim(0);  // what reading the files took
#endif
  }

  void check_int8() const {
    if (!device.is_cpu() || dtype != at::kFloat) {
      throw std::invalid_argument(
          "[SentenceTransformer] quantization int8: expected device \"cpu\" and dtype Float, "
          "found " +
          device.str() + " and " + c10::toString(dtype));
    }
    if (!kernels::best()) {
      throw Error(
          "[SentenceTransformer] quantization int8: expected a processor with AVX2 (and "
          "SENTENCE_TRANSFORMERS_PLAIN not set)");
    }
  }

  int64_t dimension(const EncodeOptions& options) const {
    const auto wanted = options.truncate_dim ? options.truncate_dim : parts.truncate_dim;
    return wanted.value_or(parts.embedding_dimension);
  }

  /// The text that goes in front of every text of a call.
  std::string prompt(const EncodeOptions& options) const {
    if (options.prompt) return *options.prompt;
    const auto& name = options.prompt_name ? options.prompt_name : parts.default_prompt_name;
    if (!name) return "";
    const auto found = parts.prompts.find(*name);
    if (found != parts.prompts.end()) return found->second;
    std::string known;
    for (const auto& [key, text] : parts.prompts) known += (known.empty() ? "" : ", ") + key;
    throw std::invalid_argument("[SentenceTransformer::encode] prompt_name is \"" + *name +
                                "\"; known: " + known);
  }

  /// Tokens at each text's start that belong to the prompt.
  int64_t prompt_tokens(const std::string& prompt) const {
    if (prompt.empty()) return 0;
    const Tokenizer& tokenizer = parts.transformer->tokenizer();
    const Encoding encoding = tokenizer.encode(prompt, parts.transformer->max_seq_length());
    const bool ends_special = !encoding.ids.empty() && tokenizer.is_special(encoding.ids.back());
    return static_cast<int64_t>(encoding.ids.size()) - (ends_special ? 1 : 0);
  }

  std::vector<Encoding> tokenize(const std::string_view* texts, size_t count,
                                 const std::string& prompt) const {
    std::vector<Encoding> encodings(count);
    const Tokenizer& tokenizer = parts.transformer->tokenizer();
    const int64_t length = parts.transformer->max_seq_length();
    const auto work = [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        encodings[i] = prompt.empty() ? tokenizer.encode(texts[i], length)
                                      : tokenizer.encode(prompt + std::string(texts[i]), length);
        if (encodings[i].ids.empty()) {
          throw std::invalid_argument("[SentenceTransformer::encode] the text \"" +
                                      std::string(texts[i]) +
                                      "\" has no tokens, and this model's tokenizer adds none");
        }
      }
    };
    at::parallel_for(0, static_cast<int64_t>(count), kTextsPerTokenizerTask, work);
    return encodings;
  }

  /// Cuts texts, ordered by falling length, into forward passes: each the index of its first text,
  /// and the end.
  std::vector<size_t> cut(const std::vector<const Encoding*>& sorted, int64_t batch_size) const {
    const int64_t budget = device.is_cpu() ? kTokensOnCpu : kTokensOnCuda;
    std::vector<size_t> starts = {0};
    while (starts.back() < sorted.size()) {
      const auto longest = static_cast<int64_t>(sorted[starts.back()]->ids.size());
      const auto texts = std::min(batch_size, std::max<int64_t>(1, budget / longest));
      starts.push_back(std::min(sorted.size(), starts.back() + static_cast<size_t>(texts)));
    }
    return starts;
  }

  /// Calls work(i) for each i below `count`: on the CPU one on each core, whoever is free takes the
  /// next; else one after the other, each with all cores.
  void for_each_pass(size_t count, const std::function<void(size_t)>& work) const {
    const int64_t workers =
        device.is_cpu() ? std::min<int64_t>(at::get_num_threads(), static_cast<int64_t>(count)) : 1;
    if (workers <= 1) {
      for (size_t i = 0; i < count; ++i) work(i);
      return;
    }
    std::atomic<size_t> next = 0;
    at::parallel_for(0, workers, 1, [&](int64_t, int64_t) {
      for (size_t i; (i = next++) < count;) work(i);
    });
  }

  /// Runs all texts through `modules` modules, longest first, pass by pass, and calls
  /// done(features, places), `places` being the pass's texts in the order of its rows. Several
  /// passes may be under way at once.
  void run(const Texts& texts, const EncodeOptions& options, size_t modules,
           const std::function<void(const Features&, const std::vector<size_t>&)>& done) const {
    const std::string prompt = this->prompt(options);
    const int64_t prompt_tokens = this->prompt_tokens(prompt);
    EncodeReport report{.texts = static_cast<int64_t>(texts.size())};
    ProgressBar bar("Encoding", report.texts, options.show_progress_bar);
    int64_t finished = 0;
    std::mutex mutex;  // of the report and the bar

    for (size_t window = 0; window < texts.size(); window += kWindow) {
      const size_t count = std::min(kWindow, texts.size() - window);
      const std::vector<Encoding> encodings = tokenize(texts.data() + window, count, prompt);
      std::vector<const Encoding*> sorted;
      for (const Encoding& e : encodings) {
        report.truncated += e.truncated();
        sorted.push_back(&e);
      }
      std::stable_sort(sorted.begin(), sorted.end(), [](const Encoding* a, const Encoding* b) {
        return a->ids.size() > b->ids.size();
      });
      const std::vector<size_t> starts = cut(sorted, options.batch_size);
      for_each_pass(starts.size() - 1, [&](size_t pass) {
        const c10::InferenceMode inference;  // a thread's own
        std::vector<const std::vector<int64_t>*> ids, type_ids;
        std::vector<size_t> places;
        for (size_t i = starts[pass]; i < starts[pass + 1]; ++i) {
          ids.push_back(&sorted[i]->ids);
          type_ids.push_back(&sorted[i]->type_ids);
          places.push_back(window + static_cast<size_t>(sorted[i] - encodings.data()));
        }
        Features features{.batch = pack_tokens(ids, type_ids, device),
                          .prompt_tokens = prompt_tokens};
        for (size_t m = 0; m < modules; ++m) parts.modules[m]->forward(features);
        done(features, places);

        const std::lock_guard lock(mutex);
        report.tokens += features.batch.ids.numel();
        bar.update(finished += static_cast<int64_t>(places.size()));
      });
    }
    if (options.report) *options.report = report;
  }

  /// [N, D] float32, before quantization.
  at::Tensor embed(const Texts& texts, const EncodeOptions& options) const {
    check(options, parts.embedding_dimension);
    const int64_t size = dimension(options);
    at::Tensor result = at::empty({static_cast<int64_t>(texts.size()), size}, at::kFloat);
    float* rows = result.data_ptr<float>();
    run(texts, options, parts.modules.size(), [&](const Features& f, const auto& places) {
      at::Tensor e = f.sentence_embedding;
      if (size != e.size(1)) e = util::truncate_embeddings(e, size);
      if (options.normalize_embeddings) e = util::normalize_embeddings(e);
      e = e.to(at::kCPU, at::kFloat).contiguous();
      const float* from = e.data_ptr<float>();
      for (size_t i = 0; i < places.size(); ++i) {
        std::copy(from + i * size, from + (i + 1) * size, rows + places[i] * size);
      }
    });
    return result;
  }

  at::Tensor encode(const Texts& texts, const EncodeOptions& options) const {
    const at::Tensor embeddings = embed(texts, options);
    if (options.precision == Precision::float32) return embeddings;
    return quantize_embeddings(embeddings, options.precision);
  }

  /// options with the first of `names` that the model has as prompt, unless the caller chose one.
  EncodeOptions with_prompt(EncodeOptions options, std::initializer_list<const char*> names) const {
    if (options.prompt || options.prompt_name) return options;
    for (const char* name : names) {
      if (!parts.prompts.count(name)) continue;
      options.prompt_name = name;
      break;
    }
    return options;
  }
  EncodeOptions query(const EncodeOptions& options) const {
    return with_prompt(options, {"query"});
  }
  EncodeOptions document(const EncodeOptions& options) const {
    return with_prompt(options, {"document", "passage", "corpus"});
  }

  std::filesystem::path path;
  ModelParts parts;
  c10::Device device;
  at::ScalarType dtype;
};

SentenceTransformer::SentenceTransformer(const std::string& model_name_or_path,
                                         const LoadOptions& options)
    : impl_(std::make_unique<Impl>(model_name_or_path, options)) {}
SentenceTransformer::SentenceTransformer(SentenceTransformer&&) noexcept = default;
SentenceTransformer& SentenceTransformer::operator=(SentenceTransformer&&) noexcept = default;
SentenceTransformer::~SentenceTransformer() = default;

at::Tensor SentenceTransformer::encode(std::string_view sentence,
                                       const EncodeOptions& options) const {
  return impl_->encode({sentence}, options)[0];
}
at::Tensor SentenceTransformer::encode(const std::vector<std::string>& sentences,
                                       const EncodeOptions& options) const {
  return impl_->encode(views(sentences), options);
}
at::Tensor SentenceTransformer::encode(std::initializer_list<std::string_view> sentences,
                                       const EncodeOptions& options) const {
  return impl_->encode(sentences, options);
}

at::Tensor SentenceTransformer::encode_query(std::string_view sentence,
                                             const EncodeOptions& options) const {
  return encode(sentence, impl_->query(options));
}
at::Tensor SentenceTransformer::encode_query(const std::vector<std::string>& sentences,
                                             const EncodeOptions& options) const {
  return encode(sentences, impl_->query(options));
}
at::Tensor SentenceTransformer::encode_query(std::initializer_list<std::string_view> sentences,
                                             const EncodeOptions& options) const {
  return encode(sentences, impl_->query(options));
}

at::Tensor SentenceTransformer::encode_document(std::string_view sentence,
                                                const EncodeOptions& options) const {
  return encode(sentence, impl_->document(options));
}
at::Tensor SentenceTransformer::encode_document(const std::vector<std::string>& sentences,
                                                const EncodeOptions& options) const {
  return encode(sentences, impl_->document(options));
}
at::Tensor SentenceTransformer::encode_document(std::initializer_list<std::string_view> sentences,
                                                const EncodeOptions& options) const {
  return encode(sentences, impl_->document(options));
}

std::vector<at::Tensor> SentenceTransformer::encode_tokens(
    const std::vector<std::string>& sentences, const EncodeOptions& options) const {
  if (options.precision != Precision::float32) {
    throw std::invalid_argument(
        "[SentenceTransformer::encode_tokens] expected precision float32, found another");
  }
  check(options, impl_->parts.transformer->output_size(0));
  const auto size = options.truncate_dim ? options.truncate_dim : impl_->parts.truncate_dim;
  std::vector<at::Tensor> result(sentences.size());
  impl_->run(views(sentences), options, 1, [&](const Features& f, const auto& places) {
    at::Tensor tokens = f.token_embeddings;
    if (size) tokens = util::truncate_embeddings(tokens, *size);
    tokens = tokens.to(at::kCPU, at::kFloat);
    const c10::InferenceMode ordinary_tensors(false);
    size_t row = 0;
    for (const Group& g : f.batch.groups) {
      for (int64_t i = 0; i < g.count; ++i) {
        result[places[row++]] = tokens.narrow(0, g.offset + i * g.length, g.length).clone();
      }
    }
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

int64_t SentenceTransformer::max_seq_length() const {
  return impl_->parts.transformer->max_seq_length();
}
void SentenceTransformer::set_max_seq_length(int64_t length) {
  impl_->parts.transformer->set_max_seq_length(length);
}
int64_t SentenceTransformer::get_embedding_dimension() const { return impl_->dimension({}); }
SimilarityFunction SentenceTransformer::similarity_fn() const { return impl_->parts.similarity; }
const std::map<std::string, std::string>& SentenceTransformer::prompts() const {
  return impl_->parts.prompts;
}
const std::optional<std::string>& SentenceTransformer::default_prompt_name() const {
  return impl_->parts.default_prompt_name;
}
const Tokenizer& SentenceTransformer::tokenizer() const {
  return impl_->parts.transformer->tokenizer();
}
c10::Device SentenceTransformer::device() const { return impl_->device; }
at::ScalarType SentenceTransformer::dtype() const { return impl_->dtype; }
const std::filesystem::path& SentenceTransformer::path() const { return impl_->path; }

}  // namespace sentence_transformers
