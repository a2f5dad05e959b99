// Matrix products on all threads: LibTorch's own at their best, and the packed linear layers of
// MiniLM's four shapes.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "nn/packed_linear.h"

namespace {

using namespace sentence_transformers;

void rate(benchmark::State& state, double flop) {
  state.counters["GFLOP/s"] = benchmark::Counter(
      flop * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void gemm_peak(benchmark::State& state, at::ScalarType type) {
  const c10::InferenceMode inference;
  constexpr int64_t kSize = 2048;
  const at::Tensor a = at::rand({kSize, kSize}).to(type), b = at::rand({kSize, kSize}).to(type);
  at::Tensor c = at::empty({kSize, kSize}, type);
  for (auto _ : state) at::mm_out(c, a, b);
  rate(state, 2.0 * kSize * kSize * kSize);
}
BENCHMARK_CAPTURE(gemm_peak, float32, at::kFloat)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(gemm_peak, bfloat16, at::kBFloat16)->UseRealTime()->Unit(benchmark::kMillisecond);

void packed_linear(benchmark::State& state, at::ScalarType type, Quantization quantization) {
  const c10::InferenceMode inference;
  const int64_t rows = state.range(0), in = state.range(1), out = state.range(2);
  const PackedLinear linear({{at::randn({out, in}).to(type), at::randn({out}).to(type)}}, false,
                            {type, quantization});
  if (!linear.usable()) return state.SkipWithError("no packed form on this processor");
  const at::Tensor x = at::randn({rows, in}).to(type);
  const auto activation = out == 4 * in ? Activation::gelu : Activation::none;
  for (auto _ : state) benchmark::DoNotOptimize(linear.forward(x, activation));
  rate(state, 2.0 * static_cast<double>(rows * in * out));
}

// rows, inputs, outputs: query, key and value in one; attention's output; the two of the MLP.
void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"rows", "in", "out"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (const int64_t rows : {8, 512, 4096}) {
    b->Args({rows, 384, 1152})->Args({rows, 384, 384});
    b->Args({rows, 384, 1536})->Args({rows, 1536, 384});
  }
}
BENCHMARK_CAPTURE(packed_linear, float32, at::kFloat, Quantization::none)->Apply(shapes);
BENCHMARK_CAPTURE(packed_linear, bfloat16, at::kBFloat16, Quantization::none)->Apply(shapes);
BENCHMARK_CAPTURE(packed_linear, int8, at::kFloat, Quantization::int8)->Apply(shapes);

}  // namespace
