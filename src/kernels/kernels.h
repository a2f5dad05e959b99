// The loops that LibTorch has no good operator for, one copy per instruction set, chosen when the
// program runs. Plain pointers in and out: no tensor, no allocation, no threads. All functions may
// be called from several threads at once.
#pragma once

#include <cstdint>
#include <vector>

namespace sentence_transformers::kernels {

/// How an activation is applied; the values of nn's Activation that have a loop here.
enum class Epilogue { none, gelu };

/// Weights [out, in] as floats, laid out in panels by pack_float. Both arrays are padded to whole
/// panels.
struct PackedFloat {
  const float* panels;
  const float* bias;
  int64_t depth;  // inputs
};

/// Weights [out, in] as bfloat16, laid out in panels by pack_bf16, the bias as floats. Both arrays
/// are padded to whole panels.
struct PackedBf16 {
  const uint16_t* panels;
  const float* bias;
  int64_t depth;  // inputs, an even number
};

/// How one row of activations became bytes: x ~ (q - zero) * scale.
struct RowQuantization {
  float scale;
  int32_t zero;
};

/// Weights [out, in] as signed bytes, one scale an output, laid out in panels by pack_int8. All
/// arrays are padded to whole panels.
struct PackedInt8 {
  const int8_t* panels;
  const int32_t* sums;  // of an output's weights, to take the rows' zeros out again
  const float* scales;
  const float* bias;
  int64_t depth;  // inputs, rounded up to kInt8Depth
};

struct Kernels {
  const char* name;  // "avx512_bf16", "avx512", "avx2"

  /// One text attends to itself in one head. qkv: queries of the text's first token; keys and
  /// values lie `size` and 2 * `size` behind, a token's successor 3 * `size` behind it. out:
  /// [length] rows `size` apart. head_size is a multiple of 16. scratch: attention_scratch(length,
  /// head_size) floats.
  void (*attention)(const float* qkv, int64_t length, int64_t size, int64_t head_size, float scale,
                    float* out, float* scratch);
  /// The same, to bfloat16's precision where that is faster.
  void (*attention_fast)(const float* qkv, int64_t length, int64_t size, int64_t head_size,
                         float scale, float* out, float* scratch);
  void (*attention_bf16)(const uint16_t* qkv, int64_t length, int64_t size, int64_t head_size,
                         float scale, uint16_t* out, float* scratch);

  /// rows of `size`, a multiple of 16: out = LayerNorm(x + residual) * weight + bias; residual may
  /// be null, out may be x. scratch: size floats.
  void (*add_layer_norm)(const float* x, const float* residual, const float* weight,
                         const float* bias, float eps, int64_t rows, int64_t size, float* out,
                         float* scratch);
  void (*add_layer_norm_bf16)(const uint16_t* x, const uint16_t* residual, const float* weight,
                              const float* bias, float eps, int64_t rows, int64_t size,
                              uint16_t* out, float* scratch);

  /// y [rows, columns] = x [rows, depth] times packed weights, + bias, then the activation, GELU to
  /// 3e-7; columns count from first_column, a multiple of kColumns, and rows of y lie `stride`
  /// apart.
  void (*linear)(const float* x, int64_t rows, const PackedFloat& weights, int64_t first_column,
                 int64_t columns, Epilogue epilogue, float* y, int64_t stride);

  /// Each row of x [rows, size] to unsigned bytes over its own range: x ~ (q - zero) * scale.
  /// `padded` >= size bytes a row, the rest 0.
  void (*quantize_rows)(const float* x, int64_t rows, int64_t size, int64_t padded, uint8_t* q,
                        RowQuantization* quantization);

  /// y [rows, columns] = dequantized q [rows, depth] times packed weights, + bias, then the
  /// activation, GELU to 2e-4; columns as in linear. The sums are exact, so every set gives the
  /// same integers.
  void (*linear_int8)(const uint8_t* q, const RowQuantization* quantization, int64_t rows,
                      const PackedInt8& weights, int64_t first_column, int64_t columns,
                      Epilogue epilogue, float* y, int64_t stride);

  /// linear for bfloat16, GELU to 2e-4; depth is even. Null where the processor has no products of
  /// bfloat16.
  void (*linear_bf16)(const uint16_t* x, int64_t rows, const PackedBf16& weights,
                      int64_t first_column, int64_t columns, Epilogue epilogue, uint16_t* y,
                      int64_t stride);
};

/// What this processor can run, the best first.
std::vector<const Kernels*> available();

/// The best set for this processor, or null: none fits, or SENTENCE_TRANSFORMERS_PLAIN is set.
const Kernels* best();

constexpr int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

/// Floats of scratch that attention needs.
constexpr int64_t attention_scratch(int64_t length, int64_t head_size) {
  // transposed keys, then the scores of a block of queries
  return round_up(length, 64) * (head_size + 16);
}

/// Columns of a panel of weights, and inputs that one dot product of bytes takes.
constexpr int64_t kColumns = 32;
constexpr int64_t kInt8Depth = 4;

/// Floats of the packed form of weights [out, in].
constexpr int64_t packed_float_size(int64_t out, int64_t in) {
  return round_up(out, kColumns) * in;
}

/// Weights [out, in] row by row to panels of kColumns outputs: panel, then input, then output. Zero
/// where padded.
void pack_float(const float* weights, int64_t out, int64_t in, float* packed);

/// bfloat16 weights [out, in] row by row to panels of kColumns outputs: panel, then pairs of
/// inputs, then output, then input; as many numbers as packed_float_size.
void pack_bf16(const uint16_t* weights, int64_t out, int64_t in, uint16_t* packed);

/// Bytes of the packed form of weights [out, in].
constexpr int64_t packed_int8_size(int64_t out, int64_t in) {
  return round_up(out, kColumns) * round_up(in, kInt8Depth);
}

/// Weights [out, in] row by row to panels of kColumns outputs: panel, then groups of kInt8Depth
/// inputs, then output, then input. Zero where padded.
void pack_int8(const int8_t* weights, int64_t out, int64_t in, int8_t* packed);

/// One output's weights as signed bytes by their largest size: weight ~ byte * scale. `sum` is of
/// the bytes.
void quantize_weights(const float* row, int64_t size, int8_t* bytes, float& scale, int32_t& sum);

}  // namespace sentence_transformers::kernels
