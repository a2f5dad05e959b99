#include "nn/attention.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>

#include "kernels/kernels.h"
#include "nn/scratch.h"
#include "nn/workspace.h"

namespace sentence_transformers {
namespace {

// Queries of a long text that are one task.
constexpr int64_t kQueriesATask = 512;

bool has_kernel(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t head_size) {
  const auto type = q.scalar_type();
  if (!kernels::best() || at::GradMode::is_enabled() || head_size % kernels::kHeadSizeStep != 0 ||
      (type != at::kFloat && type != at::kBFloat16)) {
    return false;
  }
  const auto fits = [&](const at::Tensor& t) {
    return t.is_cpu() && t.stride(1) == 1 && t.scalar_type() == type;
  };
  return fits(q) && fits(k) && fits(v);
}

/// The tokens of a text that are attended to.
int64_t attended_of(const AttentionExtras& extras, int64_t text, int64_t length) {
  return extras.attended.empty() ? length : extras.attended[static_cast<size_t>(text)];
}

/// Does a query see nothing, as its window ends behind the last token that is attended to? What
/// LibTorch's operator makes of it is Python's.
bool sees_nothing(const AttentionConfig& c, const std::vector<LengthGroup>& groups,
                  const AttentionExtras& extras) {
  if (c.left == c.kUnlimited) return false;
  int64_t text = 0;
  for (const LengthGroup& g : groups) {
    for (int64_t i = 0; i < g.count; ++i) {
      if (g.length - 1 - c.left >= attended_of(extras, text++, g.length)) return true;
    }
  }
  return false;
}

/// The part of a bias that the kernel for a text and its first head reads.
struct BiasView {
  at::Tensor values = {};
  int64_t at_zero = 0;                   // of query 0 and key 0
  int64_t step = 0, head = 0, text = 0;  // from a query, head, text to the next
};

BiasView view_bias(const AttentionExtras& extras, size_t group) {
  if (extras.distance_bias.defined()) {
    const at::Tensor values = extras.distance_bias;
    return {values, values.size(1) / 2, -1, values.stride(0), 0};
  }
  if (extras.dense_bias.empty()) return {};
  const at::Tensor values = extras.dense_bias[group].to(at::kFloat).contiguous();
  return {values, 0, values.stride(2), values.stride(1), values.stride(0)};
}

/// Text by text and head by head, long texts cut into parts of their queries.
template <class Number>
void kernel_group(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                  const AttentionConfig& c, const LengthGroup& g, const BiasView& bias,
                  const AttentionExtras& extras, int64_t first_text,
                  void (*kernel)(const kernels::Attention<Number>&, float*),
                  const at::Tensor& out) {
  const int64_t shared = c.heads / c.key_value_heads;
  const int64_t queries = extras.first_alone ? 1 : g.length;
  const int64_t parts = (queries + kQueriesATask - 1) / kQueriesATask;
  const auto at = [](const at::Tensor& t, int64_t row, int64_t column) {
    return static_cast<Number*>(t.data_ptr()) + row * t.stride(0) + column;
  };
  at::parallel_for(0, g.count * c.key_value_heads * parts, 1, [&](int64_t begin, int64_t end) {
    float* scratch = scratch_floats(kernels::attention_scratch(g.length, c.head_size));
    for (int64_t task = begin; task < end; ++task) {
      const int64_t part = task % parts, head = task / parts % c.key_value_heads;
      const int64_t text = task / parts / c.key_value_heads, row = g.offset + text * g.length;
      const int64_t own = head * c.head_size, first_head = head * shared;
      const int64_t out_row = extras.first_alone ? first_text + text : row;
      kernels::Attention<Number> attention{.queries = at(q, row, own * shared),
                                           .keys = at(k, row, own),
                                           .values = at(v, row, own),
                                           .query_stride = q.stride(0),
                                           .key_stride = k.stride(0),
                                           .value_stride = v.stride(0),
                                           .out = at(out, out_row, own * shared),
                                           .out_stride = out.stride(0),
                                           .length = g.length,
                                           .first = part * kQueriesATask,
                                           .last = std::min(queries, (part + 1) * kQueriesATask),
                                           .head_size = c.head_size,
                                           .heads = shared,
                                           .scale = static_cast<float>(c.scale)};
      if (c.left != c.kUnlimited) attention.left = c.left;
      if (c.right != c.kUnlimited) attention.right = c.right;
      attention.attended = attended_of(extras, first_text + text, g.length);
      if (bias.values.defined()) {
        attention.bias = bias.values.const_data_ptr<float>() + bias.at_zero +
                         first_head * bias.head + text * bias.text;
        attention.bias_step = bias.step;
        attention.bias_head_step = bias.head;
      }
      kernel(attention, scratch);
    }
  });
}

at::Tensor kernel_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const AttentionConfig& c, const std::vector<LengthGroup>& groups,
                            const AttentionExtras& extras) {
  int64_t rows = q.size(0);
  if (extras.first_alone) {
    rows = 0;
    for (const LengthGroup& g : groups) rows += g.count;
  }
  const at::Tensor out = empty_in_workspace({rows, c.heads * c.head_size}, q.options());
  const kernels::Kernels& set = *kernels::best();
  int64_t text = 0;
  for (size_t i = 0; i < groups.size(); text += groups[i++].count) {
    const BiasView bias = view_bias(extras, i);
    if (q.scalar_type() == at::kFloat) {
      kernel_group<float>(q, k, v, c, groups[i], bias, extras, text,
                          extras.fast ? set.attention_f32_fast : set.attention_f32, out);
    } else {
      kernel_group<uint16_t>(q, k, v, c, groups[i], bias, extras, text, set.attention_bf16, out);
    }
  }
  return out;
}

/// Which keys of a group's texts are not attended to: [count, 1, 1, length], or nothing.
at::Tensor unattended(const LengthGroup& g, const AttentionExtras& extras, int64_t first_text,
                      const at::Tensor& places) {
  if (extras.attended.empty()) return {};
  const auto of_group =
      extras.attended.subspan(static_cast<size_t>(first_text), static_cast<size_t>(g.count));
  const at::Tensor counts =
      at::tensor(at::IntArrayRef(of_group.data(), of_group.size()), at::kLong);
  return places.ge(counts.to(places.device()).view({g.count, 1, 1, 1}));
}

/// What LibTorch's operator adds to the scores of a group, or nothing.
std::optional<at::Tensor> plain_mask(const at::Tensor& q, const AttentionConfig& c,
                                     const LengthGroup& g, const AttentionExtras& extras,
                                     size_t group, int64_t first_text) {
  const int64_t length = g.length;
  const at::Tensor places = at::arange(length, q.options().dtype(at::kLong));
  const at::Tensor distance = places.unsqueeze(0) - places.unsqueeze(1);  // key - query
  at::Tensor mask;
  if (extras.distance_bias.defined()) {
    const at::Tensor& table = extras.distance_bias;
    const at::Tensor columns = (distance + table.size(1) / 2).flatten();
    mask = table.to(q.device()).index_select(1, columns).view({1, c.heads, length, length});
  } else if (!extras.dense_bias.empty()) {
    mask = extras.dense_bias[group];
  }
  at::Tensor hidden = unattended(g, extras, first_text, places);
  if (c.limited()) {
    const at::Tensor outside = distance.gt(c.right) | distance.lt(-c.left);
    hidden = hidden.defined() ? hidden | outside : outside;
  }
  if (hidden.defined()) {
    constexpr double kHidden = -std::numeric_limits<double>::infinity();
    mask = mask.defined() ? mask.masked_fill(hidden, kHidden)
                          : at::zeros_like(hidden, q.options()).masked_fill(hidden, kHidden);
  }
  return mask.defined() ? std::optional(mask.to(q.scalar_type())) : std::nullopt;
}

/// LibTorch's attention, group by group; autograd runs through it.
at::Tensor plain_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const AttentionConfig& c, const std::vector<LengthGroup>& groups,
                           const AttentionExtras& extras) {
  std::vector<at::Tensor> outputs;
  outputs.reserve(groups.size());
  int64_t text = 0;
  for (size_t i = 0; i < groups.size(); text += groups[i++].count) {
    const LengthGroup& g = groups[i];
    const auto part = [&](const at::Tensor& t, int64_t heads) {  // [count, heads, length, size]
      return t.narrow(0, g.offset, g.count * g.length)
          .reshape({g.count, g.length, heads, c.head_size})
          .transpose(1, 2);
    };
    const bool shares = c.key_value_heads != c.heads;
    outputs.push_back(at::scaled_dot_product_attention(part(q, c.heads), part(k, c.key_value_heads),
                                                       part(v, c.key_value_heads),
                                                       plain_mask(q, c, g, extras, i, text),
                                                       extras.dropout, false, c.scale, shares)
                          .transpose(1, 2)
                          .reshape({g.count * g.length, c.heads * c.head_size}));
  }
  return outputs.size() == 1 ? outputs[0] : at::cat(outputs);
}

}  // namespace

at::Tensor attend(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                  const AttentionConfig& config, const std::vector<LengthGroup>& groups,
                  const AttentionExtras& extras) {
  if (extras.dropout == 0 && has_kernel(queries, keys, values, config.head_size) &&
      !sees_nothing(config, groups, extras)) {
    return kernel_attention(queries, keys, values, config, groups, extras);
  }
  const at::Tensor all = plain_attention(queries, keys, values, config, groups, extras);
  return extras.first_alone ? first_tokens(all, groups) : all;
}

}  // namespace sentence_transformers
