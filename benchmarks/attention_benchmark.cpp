// Self-attention of MiniLM's size by text length, about 4096 tokens a call, on all threads.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include <cmath>

#include "nn/attention.h"

namespace {

using namespace sentence_transformers;

void attention(benchmark::State& state, at::ScalarType type, bool fast) {
  const c10::InferenceMode inference;
  constexpr int64_t kTokens = 4096, kSize = 384, kHeads = 12;
  const int64_t length = state.range(0);
  const at::Tensor qkv = at::randn({kTokens, 3 * kSize}).to(type);
  const std::vector<LengthGroup> groups = {{0, kTokens / length, length}};
  const AttentionConfig config{.heads = kHeads,
                               .key_value_heads = kHeads,
                               .head_size = kSize / kHeads,
                               .scale = 1 / std::sqrt(static_cast<double>(kSize / kHeads))};
  for (auto _ : state) {
    benchmark::DoNotOptimize(attend(qkv.narrow(1, 0, kSize), qkv.narrow(1, kSize, kSize),
                                    qkv.narrow(1, 2 * kSize, kSize), config, groups,
                                    {.fast = fast}));
  }
  state.counters["tokens/s"] = benchmark::Counter(static_cast<double>(kTokens * state.iterations()),
                                                  benchmark::Counter::kIsRate);
}

void lengths(benchmark::internal::Benchmark* b) {
  b->RangeMultiplier(2)->Range(8, 512)->UseRealTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(attention, float32, at::kFloat, false)->Apply(lengths);
BENCHMARK_CAPTURE(attention, fast, at::kFloat, true)->Apply(lengths);
BENCHMARK_CAPTURE(attention, bfloat16, at::kBFloat16, false)->Apply(lengths);

}  // namespace
