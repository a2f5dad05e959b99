#include "tasks.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cstdio>
#include <filesystem>
#include <numeric>

#include "nn/packed_linear.h"
#include "support.h"

namespace bench {
namespace {

using Texts = std::vector<std::string>;

Texts read(const std::string& file, const Settings& s) {
  return read_lines(file, s.limit > 0 ? static_cast<size_t>(s.limit) : SIZE_MAX);
}

st::SentenceTransformer load_model(const Settings& s) {
  st::SentenceTransformer model = load(s.model, s.mode);
  if (s.max_seq_length > 0) model.set_max_seq_length(s.max_seq_length);
  return model;
}

template <class Work>
double seconds(const Work& work) {
  const double start = now();
  work();
  return now() - start;
}

/// Seconds of `count` calls.
template <class Work>
std::vector<double> passes(int64_t count, const Work& work) {
  std::vector<double> times;
  for (int64_t i = 0; i < count; ++i) times.push_back(seconds(work));
  return times;
}

std::string json(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) {
    text += (text.empty() ? "[" : ", ") + std::to_string(value);
  }
  return text + "]";
}

double megabytes(int64_t bytes) { return static_cast<double>(bytes) * 1e-6; }

}  // namespace

void throughput(const Settings& s) {
  const auto model = load_model(s);
  for (const std::string& file : s.files) {
    const Texts texts = read(file, s);
    model.encode(Texts(texts.begin(), texts.begin() + std::min<size_t>(64, texts.size())));
    st::EncodeReport report;
    at::Tensor embeddings;
    const auto times =
        passes(s.passes, [&] { embeddings = model.encode(texts, {.report = &report}); });
    const std::string name = std::filesystem::path(file).stem();
    if (!s.out.empty()) st::save_npy(s.out + "/" + name + "." + s.mode + ".npy", embeddings);
    std::printf(
        "{\"task\": \"throughput\", \"file\": \"%s\", \"mode\": \"%s\", \"texts\": %zu, "
        "\"tokens\": %lld, \"texts_per_s\": %.1f, \"times\": %s}\n",
        name.c_str(), s.mode.c_str(), texts.size(), static_cast<long long>(report.tokens),
        static_cast<double>(texts.size()) / quantile(times, 0.5), json(times).c_str());
    std::fflush(stdout);
  }
}

void latency(const Settings& s) {
  const auto model = load_model(s);
  Texts sentences;
  for (const std::string& text : read(s.files[0], s)) {
    if (model.tokenizer().count_tokens(text) == 8) sentences.push_back(text);
  }
  if (sentences.empty()) throw std::runtime_error("[latency] no text of 8 tokens");
  for (int i = 0; i < 50; ++i) model.encode(sentences[i % sentences.size()]);
  size_t next = 0;
  const auto times = passes(s.runs, [&] { model.encode(sentences[next++ % sentences.size()]); });
  std::printf(
      "{\"task\": \"latency\", \"mode\": \"%s\", \"sentences\": %zu, \"runs\": %zu, \"p50_ms\": "
      "%.3f, \"p99_ms\": %.3f, \"mean_ms\": %.3f}\n",
      s.mode.c_str(), sentences.size(), times.size(), quantile(times, 0.5) * 1e3,
      quantile(times, 0.99) * 1e3,
      std::accumulate(times.begin(), times.end(), 0.0) * 1e3 / static_cast<double>(times.size()));
}

void startup(const Settings& s) {
  load_model(s).encode("The first sentence.");
  std::printf("{\"task\": \"startup\", \"mode\": \"%s\", \"seconds\": %.4f, \"peak_mb\": %.1f}\n",
              s.mode.c_str(), now() - s.clock, megabytes(memory("VmHWM")));
}

void peak_memory(const Settings& s) {
  const auto model = load_model(s);
  Texts texts = read(s.files[0], s);
  model.encode(texts);
  const int64_t once = memory("VmHWM");
  std::mt19937 random(1);
  constexpr int kPasses = 20;
  for (int i = 0; i < kPasses; ++i) {
    std::shuffle(texts.begin(), texts.end(), random);
    model.encode(Texts(texts.begin(), texts.begin() + static_cast<int64_t>(texts.size() / 4)));
  }
  std::printf(
      "{\"task\": \"memory\", \"mode\": \"%s\", \"once_mb\": %.1f, \"passes\": %d, "
      "\"after_passes_mb\": %.1f}\n",
      s.mode.c_str(), megabytes(once), kPasses, megabytes(memory("VmHWM")));
}

void growth(const Settings& s) {
  const auto model = load_model(s);
  // Every size repeats the same 1,000 texts, with another number in front each time.
  constexpr size_t kBase = 1000;
  Texts base;
  std::vector<Texts> files;
  for (const std::string& file : s.files) files.push_back(read_lines(file));
  for (size_t i = 0; base.size() < kBase; ++i) {
    const Texts& texts = files[i % files.size()];
    base.push_back(texts[i / files.size() % texts.size()]);
  }
  model.encode(base);
  for (const size_t count : {kBase, 10 * kBase, 100 * kBase}) {
    if (s.limit > 0 && count > kBase && count > static_cast<size_t>(s.limit)) break;
    Texts texts;
    for (size_t i = 0; i < count; ++i) {
      texts.push_back(std::to_string(100000 + i) + " " + base[i % kBase]);
    }
    st::EncodeReport report;
    const int64_t before = memory("VmRSS");
    reset_peak_memory();
    const auto times = passes(count == 100 * kBase ? 1 : s.passes,
                              [&] { model.encode(texts, {.report = &report}); });
    std::printf(
        "{\"task\": \"growth\", \"mode\": \"%s\", \"texts\": %zu, \"tokens\": %lld, \"seconds\": "
        "%.4f, \"times\": %s, \"before_mb\": %.1f, \"peak_mb\": %.1f, \"result_bytes_per_text\": "
        "%lld}\n",
        s.mode.c_str(), count, static_cast<long long>(report.tokens), quantile(times, 0.5),
        json(times).c_str(), megabytes(before), megabytes(memory("VmHWM")),
        static_cast<long long>(model.get_embedding_dimension() * 4));
    std::fflush(stdout);
  }
}

void tokenize(const Settings& s) {
  const auto tokenizer = st::Tokenizer::from_pretrained(s.model);
  Texts texts;
  for (const std::string& file : s.files) {
    for (std::string& text : read(file, s)) texts.push_back(std::move(text));
  }
  size_t bytes = 0, tokens = 0;
  uint64_t hash = 0;  // of all ids, for a comparison
  for (const std::string& text : texts) {
    bytes += text.size();
    const auto ids = tokenizer.encode(text).ids;
    tokens += ids.size();
    for (const int64_t id : ids) hash = (hash * 31 + static_cast<uint64_t>(id)) % 1000000007;
  }
  const auto times = passes(std::max<int64_t>(s.passes, 5), [&] {
    for (const std::string& text : texts) tokenizer.encode(text);
  });
  const double time = quantile(times, 0.5);
  const auto word = [&](size_t size) {
    const std::string text(size, 'x');
    return quantile(passes(5, [&] { tokenizer.encode(text); }), 0.5);
  };
  const double one = word(1 << 20), two = word(2 << 20);
  std::printf(
      "{\"task\": \"tokenize\", \"bytes\": %zu, \"tokens\": %zu, \"ids_hash\": %llu, \"mb_per_s\": "
      "%.2f, \"tokens_per_s\": %.0f, \"word_1mb_s\": %.5f, \"word_2mb_s\": %.5f}\n",
      bytes, tokens, static_cast<unsigned long long>(hash),
      static_cast<double>(bytes) * 1e-6 / time, static_cast<double>(tokens) / time, one, two);
}

void search(const Settings& s) {
  const c10::InferenceMode inference;
  constexpr int64_t kSize = 384;
  const auto unit_vectors = [](int64_t count) {
    at::Tensor rows = at::randn({count, kSize});
    return rows.div_(rows.norm(2, 1, true));
  };
  const at::Tensor queries = unit_vectors(s.queries), corpus = unit_vectors(s.corpus);
  st::util::semantic_search(queries, corpus.narrow(0, 0, std::min<int64_t>(s.corpus, 10000)));
  const int64_t before = memory("VmRSS");
  reset_peak_memory();
  const auto times = passes(s.passes, [&] { st::util::semantic_search(queries, corpus); });
  std::printf(
      "{\"task\": \"search\", \"queries\": %lld, \"corpus\": %lld, \"seconds\": %.4f, \"times\": "
      "%s, \"extra_mb\": %.1f}\n",
      static_cast<long long>(s.queries), static_cast<long long>(s.corpus), quantile(times, 0.5),
      json(times).c_str(), megabytes(memory("VmHWM") - before));
}

namespace {

/// GFLOP/s of the best of `repeats` calls.
template <class Work>
double best_rate(double flop, int repeats, const Work& work) {
  work();
  const auto times = passes(repeats, work);
  return flop * 1e-9 / *std::min_element(times.begin(), times.end());
}

double gemm_peak(at::ScalarType type) {
  constexpr int64_t kSize = 2048;
  const at::Tensor a = at::rand({kSize, kSize}).to(type), b = at::rand({kSize, kSize}).to(type);
  at::Tensor c = at::empty({kSize, kSize}, type);
  return best_rate(2.0 * kSize * kSize * kSize, 20, [&] { at::mm_out(c, a, b); });
}

/// MiniLM's six layers of matrix products and nothing else, worked as encode does: each thread
/// carries passes of 512 tokens of its own through all of them.
double linear_rate(at::ScalarType type, st::Quantization quantization) {
  constexpr int64_t kRows = 512, kLayers = 6, kPassesAThread = 8;
  constexpr int64_t kShapes[][2] = {{384, 1152}, {384, 384}, {384, 1536}, {1536, 384}};
  std::vector<st::PackedLinear> layers;
  double flop = 0;
  for (int64_t i = 0; i < kLayers; ++i) {
    for (const auto& [in, out] : kShapes) {
      const st::LinearRows part{at::randn({out, in}).to(type), at::zeros({out}).to(type)};
      layers.emplace_back(std::vector<st::LinearRows>{part}, false,
                          st::ComputeType{type, quantization});
      if (!layers.back().usable()) return 0;
      flop += 2.0 * static_cast<double>(kRows * in * out);
    }
  }
  const at::Tensor narrow = at::randn({kRows, 384}).to(type);
  const at::Tensor wide = at::randn({kRows, 1536}).to(type);
  const int64_t threads = at::get_num_threads();
  return best_rate(flop * static_cast<double>(threads * kPassesAThread), 5, [&] {
    at::parallel_for(0, threads, 1, [&](int64_t, int64_t) {
      const c10::InferenceMode inference;
      for (int64_t pass = 0; pass < kPassesAThread; ++pass) {
        for (size_t i = 0; i < layers.size(); ++i) {
          const bool gelu = i % 4 == 2;
          layers[i].forward(i % 4 == 3 ? wide : narrow,
                            gelu ? st::Activation::gelu : st::Activation::none);
        }
      }
    });
  });
}

/// Starts the clock after some steps.
class Clock : public st::TrainerCallback {
 public:
  explicit Clock(int64_t warm_up) : warm_up_(warm_up) {}
  bool on_step_end(const st::TrainingState& state) override {
    if (state.step == warm_up_) start = now();
    return true;
  }
  double start = 0;

 private:
  int64_t warm_up_;
};

}  // namespace

void make_cross(const Settings& s) {
  at::manual_seed(1);  // of the head's weights
  st::CrossEncoder(s.model, {.device = "cpu", .num_labels = 1}).save_pretrained(s.out);
}

void predict(const Settings& s) {
  const st::LoadOptions load = load_options(s.mode);
  const st::CrossEncoder model(
      s.model, {.device = "cpu", .dtype = load.dtype, .quantization = load.quantization});
  const Texts queries = read(s.files[0], s), passages = read(s.files.at(1), s);
  std::vector<st::TextPair> pairs;
  const size_t count = s.limit > 0 ? static_cast<size_t>(s.limit) : 2000;
  for (size_t i = 0; i < count; ++i) {
    pairs.emplace_back(queries[i % queries.size()], passages[7 * i % passages.size()]);
  }
  model.predict(
      std::vector<st::TextPair>(pairs.begin(), pairs.begin() + std::min<size_t>(64, count)));
  at::Tensor scores;
  const auto times = passes(s.passes, [&] { scores = model.predict(pairs); });
  if (!s.out.empty()) {
    st::save_npy(s.out + "/predict." + s.mode + ".npy", scores.unsqueeze(1));
  }
  std::printf(
      "{\"task\": \"predict\", \"mode\": \"%s\", \"pairs\": %zu, \"pairs_per_s\": %.1f, \"times\": "
      "%s}\n",
      s.mode.c_str(), count, static_cast<double>(count) / quantile(times, 0.5),
      json(times).c_str());
}

void train(const Settings& s) {
  constexpr int64_t kWarmUp = 10;
  st::SentenceTransformer model(s.model, {.device = "cpu"});
  st::SentenceTransformerTrainer trainer(
      model,
      {.max_steps = kWarmUp + s.runs,
       .per_device_train_batch_size = 16,
       .learning_rate = 2e-5,
       .warmup_steps = 36,
       .show_progress_bar = false},
      std::make_shared<st::FileDataset>(st::sts_benchmark(s.files[0])),
      std::make_shared<st::CosineSimilarityLoss>());
  const auto clock = std::make_shared<Clock>(kWarmUp);
  trainer.add_callback(clock);
  trainer.train();
  const double end = now();
  std::printf(
      "{\"task\": \"train\", \"mode\": \"%s\", \"steps\": %lld, \"steps_per_s\": %.3f, "
      "\"peak_mb\": "
      "%.1f}\n",
      s.mode.c_str(), static_cast<long long>(s.runs),
      static_cast<double>(s.runs) / (end - clock->start), megabytes(memory("VmHWM")));
}

void peak(const Settings&) {
  const c10::InferenceMode inference;
  std::printf(
      "{\"task\": \"peak\", \"threads\": %d, \"gemm_float32\": %.1f, \"gemm_bfloat16\": %.1f, "
      "\"linear_float32\": %.1f, \"linear_bfloat16\": %.1f, \"linear_int8\": %.1f}\n",
      at::get_num_threads(), gemm_peak(at::kFloat), gemm_peak(at::kBFloat16),
      linear_rate(at::kFloat, st::Quantization::none),
      linear_rate(at::kBFloat16, st::Quantization::none),
      linear_rate(at::kFloat, st::Quantization::int8));
}

}  // namespace bench
