#include "nn/packed_linear.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "kernels/kernels.h"
#include "nn/onednn.h"
#include "nn/workspace.h"

namespace sentence_transformers {
namespace {

using kernels::kColumns;
using kernels::kInt8Depth;
using kernels::round_up;

constexpr int64_t kProductRowsATask = 64;

/// Rows of a packed product: `count` of a part's from `begin` on, or of zeros where part is -1.
struct Segment {
  int part;
  int64_t begin, count;
};

/// The rows in the order in which they are packed; halves of a gated pair alternate every `lanes`.
std::vector<Segment> arrange(const std::vector<LinearRows>& parts, bool gated, int64_t lanes) {
  std::vector<Segment> segments;
  if (!gated) {
    for (size_t p = 0; p < parts.size(); ++p) {
      segments.push_back({static_cast<int>(p), 0, parts[p].weight.size(0)});
    }
    return segments;
  }
  const int64_t outputs = parts[0].weight.size(0);
  for (int64_t begin = 0; begin < outputs; begin += lanes) {
    const int64_t count = std::min(lanes, outputs - begin);
    for (const int part : {0, 1}) {
      segments.push_back({part, begin, count});
      if (count < lanes) segments.push_back({-1, 0, lanes - count});
    }
  }
  return segments;
}

int64_t count_rows(const std::vector<Segment>& segments) {
  int64_t rows = 0;
  for (const Segment& s : segments) rows += s.count;
  return rows;
}

/// Packed rows [first, first + count) as [count, in] of `type`.
at::Tensor gather_rows(const std::vector<LinearRows>& parts, const std::vector<Segment>& segments,
                       int64_t first, int64_t count, at::ScalarType type) {
  const int64_t in = parts[0].weight.size(1);
  at::Tensor rows;
  int64_t at_row = -first;
  for (const Segment& s : segments) {
    const int64_t begin = std::max<int64_t>(at_row, 0), end = std::min(at_row + s.count, count);
    if (begin < end && s.part >= 0) {
      const at::Tensor found =
          parts[s.part].weight.narrow(0, s.begin + begin - at_row, end - begin);
      if (end - begin == count) return found.to(type).contiguous();  // most often no copy
      if (!rows.defined()) rows = at::zeros({count, in}, type);
      rows.narrow(0, begin, end - begin).copy_(found);
    }
    at_row += s.count;
  }
  return rows.defined() ? rows : at::zeros({count, in}, type);
}

/// The biases in the order of the rows, as float32, zero up to whole panels.
at::Tensor gather_bias(const std::vector<LinearRows>& parts, const std::vector<Segment>& segments,
                       int64_t padded) {
  at::Tensor bias = at::zeros({padded}, at::kFloat);
  int64_t at_row = 0;
  for (const Segment& s : segments) {
    if (s.part >= 0 && parts[s.part].bias.defined()) {
      bias.narrow(0, at_row, s.count).copy_(parts[s.part].bias.narrow(0, s.begin, s.count));
    }
    at_row += s.count;
  }
  return bias;
}

}  // namespace

PackedLinear::PackedLinear(const std::vector<LinearRows>& parts, bool gated,
                           const ComputeType& compute)
    : gated_(gated), in_(parts[0].weight.size(1)) {
  const c10::InferenceMode ordinary(false);
  const at::NoGradGuard no_grad;
  for (const LinearRows& part : parts) out_ += part.weight.size(0);
  if (gated) out_ /= 2;
  const kernels::Kernels* set = kernels::best();
  if (compute.quantization == Quantization::int8) {
    if (set) pack_int8(parts);
  } else if (set && compute.type == at::kFloat) {
    pack_f32(parts);
  } else if (set && set->linear_bf16 && in_ % 2 == 0 && compute.type == at::kBFloat16) {
    pack_bf16(parts);
  } else {
    pack_onednn(parts, compute.type);
  }
  if (!packed()) return;
  for (const LinearRows& part : parts) {
    for (const at::Tensor& tensor : {part.weight, part.bias}) {
      if (!tensor.defined()) continue;
      sources_.push_back(tensor);
      versions_.push_back(parameter_version(tensor));
    }
  }
}

void PackedLinear::pack_onednn(const std::vector<LinearRows>& parts, at::ScalarType type) {
  if (!onednn::operators()) return;
  const auto segments = arrange(parts, false, 1);
  columns_ = count_rows(segments);
  try {
    weight_ = onednn::operators()->reorder.call(gather_rows(parts, segments, 0, columns_, type),
                                                std::nullopt);
    bias_ = gather_bias(parts, segments, columns_).to(type);
    layout_ = Layout::onednn;
  } catch (const c10::Error&) {  // a type this processor's oneDNN does not multiply
  }
}

/// Calls pack(rows [count, in] of `type`, first, count) for whole panels of rows, on all cores, a
/// few panels at a time so that converted rows take little memory.
template <class Number, class Pack>
void PackedLinear::pack_panels(const std::vector<LinearRows>& parts, at::ScalarType type,
                               const Pack& pack) {
  const auto segments = arrange(parts, gated_, kernels::best()->lanes);
  columns_ = count_rows(segments);
  const int64_t padded = round_up(columns_, kColumns);
  bias_ = gather_bias(parts, segments, padded);
  at::parallel_for(0, padded / kColumns, 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;  // a thread's own
    for (int64_t panel = begin; panel < end; ++panel) {
      const int64_t first = panel * kColumns, count = std::min(kColumns, columns_ - first);
      const at::Tensor rows = gather_rows(parts, segments, first, count, type);
      pack(static_cast<const Number*>(rows.const_data_ptr()), first, count);
    }
  });
}

void PackedLinear::pack_f32(const std::vector<LinearRows>& parts) {
  const auto& set = *kernels::best();
  const int64_t rows = count_rows(arrange(parts, gated_, set.lanes));
  weight_ = at::empty({kernels::packed_size(rows, in_)}, at::kFloat);
  pack_panels<float>(parts, at::kFloat, [&](const float* from, int64_t first, int64_t count) {
    set.pack_f32(from, count, in_, weight_.data_ptr<float>() + first * in_);
  });
  layout_ = Layout::f32;
}

void PackedLinear::pack_bf16(const std::vector<LinearRows>& parts) {
  const auto& set = *kernels::best();
  const int64_t rows = count_rows(arrange(parts, gated_, set.lanes));
  weight_ = at::empty({kernels::packed_size(rows, in_)}, at::kBFloat16);
  auto* to = static_cast<uint16_t*>(weight_.data_ptr());
  pack_panels<uint16_t>(parts, at::kBFloat16,
                        [&](const uint16_t* from, int64_t first, int64_t count) {
                          set.pack_bf16(from, count, in_, to + first * in_);
                        });
  layout_ = Layout::bf16;
}

void PackedLinear::pack_int8(const std::vector<LinearRows>& parts) {
  const auto& set = *kernels::best();
  const int64_t rows = count_rows(arrange(parts, gated_, set.lanes));
  const int64_t padded = round_up(rows, kColumns), depth = round_up(in_, kInt8Depth);
  weight_ = at::empty({kernels::packed_int8_size(rows, in_)}, at::kChar);
  scales_ = at::zeros({padded}, at::kFloat);
  sums_ = at::zeros({padded}, at::kInt);
  auto* to = weight_.data_ptr<int8_t>();
  pack_panels<float>(parts, at::kFloat, [&](const float* from, int64_t first, int64_t count) {
    std::vector<int8_t> bytes(static_cast<size_t>(count * in_));
    for (int64_t o = 0; o < count; ++o) {
      kernels::quantize_weights(from + o * in_, in_, bytes.data() + o * in_,
                                scales_.data_ptr<float>()[first + o],
                                sums_.data_ptr<int32_t>()[first + o]);
    }
    set.pack_int8(bytes.data(), count, in_, to + first * depth);
  });
  layout_ = Layout::int8;
}

bool PackedLinear::usable() const {
  if (!packed() || at::GradMode::is_enabled()) return false;
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (parameter_version(sources_[i]) != versions_[i]) return false;
  }
  return true;
}

at::Tensor PackedLinear::forward(const at::Tensor& x, Activation activation) const {
  const kernels::Epilogue epilogue{activation, gated_};
  switch (layout_) {
    case Layout::f32:
      return forward_f32(x.contiguous(), epilogue);
    case Layout::bf16:
      return forward_bf16(x.contiguous(), epilogue);
    case Layout::int8:
      return forward_int8(x.contiguous(), epilogue);
    default:
      return forward_onednn(x, activation);
  }
}

at::Tensor PackedLinear::forward_onednn(const at::Tensor& x, Activation activation) const {
  const bool gelu = activation == Activation::gelu && !gated_;
  const at::Tensor y = onednn::operators()->pointwise.call(
      x, weight_, bias_, gelu ? "gelu" : "none", c10::List<std::optional<at::Scalar>>(),
      std::optional<std::string_view>(gelu ? "none" : ""));
  if (gelu) return y;
  if (!gated_) return activate(y, activation);
  return activate(y.narrow(1, 0, out_), activation) * y.narrow(1, out_, out_);
}

void PackedLinear::for_panels(const std::function<void(int64_t, int64_t, int64_t)>& work) const {
  const int64_t share = gated_ ? 2 : 1;  // columns of an output
  const int64_t panels = round_up(columns_, kColumns) / kColumns;
  at::parallel_for(0, panels, 1, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kColumns;
    work(first, std::min(out_ * share, end * kColumns) - first, first / share);
  });
}

at::Tensor PackedLinear::forward_f32(const at::Tensor& x, kernels::Epilogue epilogue) const {
  const at::Tensor y = empty_in_workspace({x.size(0), out_}, x.options());
  const kernels::PackedF32 packed{weight_.const_data_ptr<float>(), bias_.const_data_ptr<float>(),
                                  in_};
  for_panels([&](int64_t column, int64_t columns, int64_t output) {
    kernels::best()->linear_f32(x.const_data_ptr<float>(), x.size(0), packed, column, columns,
                                epilogue, y.data_ptr<float>() + output, out_);
  });
  return y;
}

at::Tensor PackedLinear::forward_bf16(const at::Tensor& x, kernels::Epilogue epilogue) const {
  const at::Tensor y = empty_in_workspace({x.size(0), out_}, x.options());
  const kernels::PackedBf16 packed{static_cast<const uint16_t*>(weight_.const_data_ptr()),
                                   bias_.const_data_ptr<float>(), in_};
  for_panels([&](int64_t column, int64_t columns, int64_t output) {
    kernels::best()->linear_bf16(static_cast<const uint16_t*>(x.const_data_ptr()), x.size(0),
                                 packed, column, columns, epilogue,
                                 static_cast<uint16_t*>(y.data_ptr()) + output, out_);
  });
  return y;
}

at::Tensor PackedLinear::forward_int8(const at::Tensor& x, kernels::Epilogue epilogue) const {
  const int64_t rows = x.size(0), depth = round_up(in_, kInt8Depth);
  const at::Tensor y = empty_in_workspace({rows, out_}, x.options());
  const at::Tensor q = empty_in_workspace({rows, depth}, x.options().dtype(at::kByte));
  std::vector<kernels::RowQuantization> quantization(static_cast<size_t>(rows));
  const kernels::Kernels& set = *kernels::best();
  at::parallel_for(0, rows, kProductRowsATask, [&](int64_t begin, int64_t end) {
    set.quantize_rows(x.const_data_ptr<float>() + begin * in_, end - begin, in_, depth,
                      q.data_ptr<uint8_t>() + begin * depth, quantization.data() + begin);
  });
  const kernels::PackedInt8 packed{weight_.const_data_ptr<int8_t>(),
                                   sums_.const_data_ptr<int32_t>(), scales_.const_data_ptr<float>(),
                                   bias_.const_data_ptr<float>(), depth};
  for_panels([&](int64_t column, int64_t columns, int64_t output) {
    set.linear_int8(q.const_data_ptr<uint8_t>(), quantization.data(), rows, packed, column, columns,
                    epilogue, y.data_ptr<float>() + output, out_);
  });
  return y;
}

}  // namespace sentence_transformers
