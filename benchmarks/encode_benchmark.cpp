// encode from text to vector: by length, by batch size, and one sentence at a time.
#include <benchmark/benchmark.h>

#include "support.h"

namespace {

const char* const kModes[] = {"float32", "bfloat16", "int8"};

void rates(benchmark::State& state, int64_t texts, int64_t tokens) {
  const auto runs = static_cast<double>(state.iterations());
  state.counters["texts/s"] =
      benchmark::Counter(static_cast<double>(texts) * runs, benchmark::Counter::kIsRate);
  state.counters["s/token"] =
      benchmark::Counter(static_cast<double>(tokens) * runs,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void encode_by_length(benchmark::State& state) {
  bench::st::SentenceTransformer model = bench::load(bench::model_name(), kModes[state.range(1)]);
  constexpr int64_t kTokens = 4096;
  const int64_t length = state.range(0);
  model.set_max_seq_length(512);
  const auto texts = bench::texts_of_length(length, kTokens / length);
  state.SetLabel(kModes[state.range(1)]);
  for (auto _ : state) benchmark::DoNotOptimize(model.encode(texts));
  rates(state, kTokens / length, kTokens);
}
BENCHMARK(encode_by_length)
    ->ArgsProduct({{8, 16, 32, 64, 128, 256, 512}, {0, 1, 2}})
    ->ArgNames({"length", "mode"})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void encode_by_batch_size(benchmark::State& state) {
  const auto model = bench::load(bench::model_name(), kModes[state.range(1)]);
  constexpr int64_t kTexts = 512, kLength = 16;
  const auto texts = bench::texts_of_length(kLength, kTexts);
  state.SetLabel(kModes[state.range(1)]);
  for (auto _ : state) {
    benchmark::DoNotOptimize(model.encode(texts, {.batch_size = state.range(0)}));
  }
  rates(state, kTexts, kTexts * kLength);
}
BENCHMARK(encode_by_batch_size)
    ->ArgsProduct({{1, 4, 16, 32, 64, 256}, {0, 1, 2}})
    ->ArgNames({"batch_size", "mode"})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void encode_one_sentence(benchmark::State& state) {
  const auto model = bench::load(bench::model_name(), kModes[state.range(1)]);
  const auto texts = bench::texts_of_length(state.range(0), 64);
  std::vector<double> times;
  size_t i = 0;
  state.SetLabel(kModes[state.range(1)]);
  for (auto _ : state) {
    const double start = bench::now();
    benchmark::DoNotOptimize(model.encode(texts[i++ % texts.size()]));
    times.push_back(bench::now() - start);
  }
  state.counters["p50 s"] = bench::quantile(times, 0.5);
  state.counters["p99 s"] = bench::quantile(times, 0.99);
}
BENCHMARK(encode_one_sentence)
    ->ArgsProduct({{8, 32, 128}, {0, 1, 2}})
    ->ArgNames({"length", "mode"})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
