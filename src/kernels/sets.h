// What the files of one instruction set and the files for all processors know of each other.
#pragma once

#include "kernels/kernels.h"

namespace sentence_transformers::kernels {

extern const Kernels kAvx2, kAvx512, kAvx512Bf16;

// Compiled for BF16, tabled in avx512.cpp.
void avx512_bf16_attention_f32(const Attention<float>& attention, float* scratch);
void avx512_bf16_attention_bf16(const Attention<uint16_t>& attention, float* scratch);
void avx512_bf16_linear(const uint16_t* x, int64_t rows, const PackedBf16& weights,
                        int64_t first_column, int64_t columns, Epilogue epilogue, uint16_t* y,
                        int64_t stride);

// Compiled for every processor: panels of kColumns outputs.
void pack_f32(const float* weights, int64_t out, int64_t in, float* packed);
void pack_bf16(const uint16_t* weights, int64_t out, int64_t in, uint16_t* packed);
void pack_int8(const int8_t* weights, int64_t out, int64_t in, int8_t* packed);

}  // namespace sentence_transformers::kernels
