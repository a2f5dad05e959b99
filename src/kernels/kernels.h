// The inner loops that LibTorch has no good operator for: one set of them per instruction set,
// chosen when the program runs. Plain pointers in and out: no tensor, no allocation, no threads.
// All functions may be called from several threads at once. bfloat16 numbers are uint16_t.
#pragma once

#include <cstdint>
#include <vector>

namespace sentence_transformers::kernels {

/// What follows a linear layer. gelu is the exact erf form, gelu_tanh its tanh approximation,
/// quick_gelu x * sigmoid(1.702 x).
enum class Activation { none, gelu, gelu_tanh, quick_gelu, relu, silu, tanh };

/// What a product applies to its sums on the way out.
struct Epilogue {
  Activation activation = Activation::none;
  /// The product's outputs are pairs: y = activation(first) * second. The weights were packed with
  /// the rows of both halves interleaved, Kernels::lanes of the first, then as many of the second.
  /// Where the halves are no multiple of lanes, both are padded with rows of zeros to the next one
  /// before, so that each block of the second begins lanes behind its first.
  bool gated = false;
};

/// Attention of some queries of one text, in the heads that share one key and value head. Numbers
/// of one head of one token are contiguous. For query i and key j of a text, both counted from 0:
///     score(i, j) = scale * q_i . k_j + bias[i * bias_step + j]
/// and the result is the sum of v_j, weighted by softmax over the keys that i sees: those that
/// attended, left and right allow. NaN in a query, or in a key that it sees, makes its whole result
/// NaN; so does a score of +infinity, or none that is more than -infinity. NaN in a value makes
/// that dimension NaN for the queries that see it. What a query does not see changes its result by
/// 1e-7 at most.
template <class T>
struct Attention {
  const T *queries, *keys, *values;                // of the text's first token
  int64_t query_stride, key_stride, value_stride;  // from a token to the next
  T* out;                                          // of the text's first token
  int64_t out_stride;
  int64_t length;       // tokens of the text
  int64_t first, last;  // the queries to compute: [first, last)
  int64_t head_size;    // a multiple of kHeadSizeStep
  int64_t heads = 1;    // query heads that share the keys; theirs lie head_size apart
  float scale = 1;
  int64_t left = kUnlimited;   // keys before itself that a query sees
  int64_t right = kUnlimited;  // and behind itself; 0 is causal
  /// Optional; by distance (bias_step -1, bias at distance 0) or dense (bias_step a row's length).
  const float* bias = nullptr;
  int64_t bias_step = 0;
  int64_t bias_head_step = 0;     // from a head to the next of those that share the keys
  int64_t attended = kUnlimited;  // of the text's first tokens, which are keys; the others are none

  static constexpr int64_t kUnlimited = INT64_MAX / 4;
};
constexpr int64_t kHeadSizeStep = 16;

/// y = (x - mean) / sqrt(mean((x - mean)^2) + eps) * weight + bias; without centring the mean
/// counts as 0 (RMSNorm). bias may be null.
struct Norm {
  const float* weight;
  const float* bias;
  float eps;
  bool centred = true;
};
constexpr int64_t kNormSizeStep = 16;

/// Weights [out, in] as float32, laid out in panels by Kernels::pack_f32. Panels and bias are
/// padded to whole panels.
struct PackedF32 {
  const float* panels;
  const float* bias;
  int64_t depth;  // inputs
};

/// Weights [out, in] as bfloat16, laid out in panels by Kernels::pack_bf16, the bias as float32.
/// Both are padded to whole panels.
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

/// Weights [out, in] as signed bytes, one scale an output, laid out in panels by
/// Kernels::pack_int8. All arrays are padded to whole panels.
struct PackedInt8 {
  const int8_t* panels;
  const int32_t* sums;  // of an output's weights, to take the rows' zeros out again
  const float* scales;
  const float* bias;
  int64_t depth;  // inputs, rounded up to kInt8Depth
};

/// Columns (outputs) of a panel of packed weights, and inputs that one dot product of bytes takes.
constexpr int64_t kColumns = 32;
constexpr int64_t kInt8Depth = 4;

struct Kernels {
  const char* name;  // "avx512_bf16", "avx512", "avx2"
  int64_t lanes;     // float32 numbers of a vector: the step in which gated weights interleave

  /// scratch: attention_scratch(attention.length, attention.head_size) floats.
  void (*attention_f32)(const Attention<float>& attention, float* scratch);
  /// The same, with products to bfloat16's precision where that is faster.
  void (*attention_f32_fast)(const Attention<float>& attention, float* scratch);
  void (*attention_bf16)(const Attention<uint16_t>& attention, float* scratch);

  /// rows of `size`, a multiple of kNormSizeStep: out = norm(x + residual). residual may be null;
  /// out may be x or residual. If `sum` is given, x + residual goes there (it may be x or residual,
  /// not out), in bfloat16 rounded, while the norm is of the exact sum. NaN in a row makes the row
  /// NaN, as does infinity with centring; without it infinity gives NaN itself and 0 elsewhere.
  /// scratch: size floats.
  void (*norm_f32)(const float* x, const float* residual, const Norm& norm, int64_t rows,
                   int64_t size, float* sum, float* out, float* scratch);
  void (*norm_bf16)(const uint16_t* x, const uint16_t* residual, const Norm& norm, int64_t rows,
                    int64_t size, uint16_t* sum, uint16_t* out, float* scratch);

  /// Rotary positions in place: `heads` vectors of head_size (a multiple of kHeadSizeStep)
  /// head_size apart, x = x * cos + rotate_half(x) * sin, by tables of head_size / 2 numbers.
  void (*rotate_f32)(float* x, int64_t heads, int64_t head_size, const float* cos,
                     const float* sin);
  void (*rotate_bf16)(uint16_t* x, int64_t heads, int64_t head_size, const float* cos,
                      const float* sin);

  /// y [rows, columns] = x [rows, depth] times packed weights + bias, then the epilogue. columns
  /// and first_column, a multiple of kColumns, count outputs of the packed weights; y points at the
  /// first number to store, its rows lie `stride` apart. A gated product stores columns / 2 numbers
  /// a row, from first_column / 2 on: columns is twice the numbers wanted and need not end with a
  /// block (37 wanted: 74, though 2 * round_up(37, lanes) rows were packed). GELU to 3e-7 and the
  /// rounding of float32, other activations to 1e-6 relative to max(1, |x|); NaN stays NaN. A row's
  /// result does not depend on the other rows.
  void (*linear_f32)(const float* x, int64_t rows, const PackedF32& weights, int64_t first_column,
                     int64_t columns, Epilogue epilogue, float* y, int64_t stride);

  /// Each row of x [rows, size] to unsigned bytes over its own range: x ~ (q - zero) * scale.
  /// `padded` >= size bytes a row, the rest 0. A row with NaN or infinity gets the scale NaN, and
  /// so NaN for each of its products.
  void (*quantize_rows)(const float* x, int64_t rows, int64_t size, int64_t padded, uint8_t* q,
                        RowQuantization* quantization);

  /// linear_f32 of dequantized q [rows, depth], GELU to 2e-4. The sums are exact, so every set
  /// gives the same integers.
  void (*linear_int8)(const uint8_t* q, const RowQuantization* quantization, int64_t rows,
                      const PackedInt8& weights, int64_t first_column, int64_t columns,
                      Epilogue epilogue, float* y, int64_t stride);

  /// linear_f32 for bfloat16, GELU to 2e-4; depth is even. Null where the processor has no products
  /// of bfloat16.
  void (*linear_bf16)(const uint16_t* x, int64_t rows, const PackedBf16& weights,
                      int64_t first_column, int64_t columns, Epilogue epilogue, uint16_t* y,
                      int64_t stride);

  /// largest[c] is the largest product of the packed vector c, of `columns` from pack_f32, with one
  /// of the rows of x [rows, depth]; -infinity without rows, NaN where a product is NaN. `largest`
  /// has round_up(columns, kColumns) numbers.
  void (*largest_products)(const float* x, int64_t rows, const float* panels, int64_t depth,
                           int64_t columns, float* largest);

  /// Weights [out, in] row by row to this set's panels. `packed` has packed_size(out, in) numbers
  /// (packed_int8_size bytes of int8); zero where padded.
  void (*pack_f32)(const float* weights, int64_t out, int64_t in, float* packed);
  void (*pack_bf16)(const uint16_t* weights, int64_t out, int64_t in, uint16_t* packed);
  void (*pack_int8)(const int8_t* weights, int64_t out, int64_t in, int8_t* packed);
};

/// What this processor can run, the best first.
std::vector<const Kernels*> available();

/// The set that is used, or null. SENTENCE_TRANSFORMERS_KERNELS names one ("avx2"), or "plain" for
/// none; without it the best for this processor. SENTENCE_TRANSFORMERS_PLAIN, if set, means none.
/// A name that this processor lacks means none as well.
const Kernels* best();

// Forced inline: files compiled for one instruction set must not emit copies that others link to.
[[gnu::always_inline]] constexpr inline int64_t round_up(int64_t n, int64_t to) {
  return (n + to - 1) / to * to;
}

/// Keys that attention looks at together: their scores stay in the cache.
constexpr int64_t kKeyBlock = 1024;

/// Floats of scratch that attention needs for a text of this length.
int64_t attention_scratch(int64_t length, int64_t head_size);

/// Numbers of the packed form of float32 or bfloat16 weights [out, in], and bytes of int8 ones.
[[gnu::always_inline]] constexpr inline int64_t packed_size(int64_t out, int64_t in) {
  return round_up(out, kColumns) * in;
}
[[gnu::always_inline]] constexpr inline int64_t packed_int8_size(int64_t out, int64_t in) {
  return round_up(out, kColumns) * round_up(in, kInt8Depth);
}

/// One output's weights as signed bytes by their largest size: weight ~ byte * scale. `sum` is of
/// the bytes.
void quantize_weights(const float* row, int64_t size, int8_t* bytes, float& scale, int32_t& sum);

}  // namespace sentence_transformers::kernels
