#include "nn/disentangled_bias.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"
#include "nn/workspace.h"

namespace sentence_transformers {

int64_t RelativePositions::row(int64_t distance) const {
  const int64_t n = std::abs(distance), middle = buckets / 2;
  int64_t bucket = n;
  if (buckets > 0 && n > middle) {  // in float32, as Python
    const auto half = static_cast<float>(middle);
    const auto last =
        static_cast<float>(static_cast<double>(max_distance - 1) / static_cast<double>(middle));
    const float share = std::log(static_cast<float>(n) / half) / std::log(last);
    bucket = middle + static_cast<int64_t>(std::ceil(share * static_cast<float>(middle - 1)));
  }
  return std::clamp(span + (distance < 0 ? -bucket : bucket), int64_t{0}, 2 * span - 1);
}

at::Tensor RelativePositions::vectors() const {
  const at::Tensor x = table->weight.to(at::kFloat);
  return norm ? norm->forward(x) : x;
}

DisentangledBias::DisentangledBias(std::shared_ptr<const RelativePositions> positions,
                                   std::shared_ptr<Projection> keys,
                                   std::shared_ptr<Projection> queries, int64_t heads, double scale)
    : positions_(std::move(positions)),
      keys_(positions_->content_to_position ? std::move(keys) : nullptr),
      queries_(positions_->position_to_content ? std::move(queries) : nullptr),
      dropout_(register_module("dropout", std::make_shared<Dropout>(positions_->dropout))),
      heads_(heads),
      scale_(scale) {}

DisentangledBias::Vectors DisentangledBias::project(at::ScalarType type) const {
  const at::Tensor x = dropout_->forward(positions_->vectors());
  const auto run = [&](const std::shared_ptr<Projection>& projection) {
    if (!projection) return at::Tensor();
    const at::Tensor y = projection->forward(x);
    return y.unflatten(1, {heads_, -1}).transpose(0, 1).to(type);
  };
  return {run(keys_), run(queries_)};
}

std::vector<at::Tensor> DisentangledBias::sources() const {
  std::vector<at::Tensor> all = {positions_->table->weight};
  const auto append = [&](const auto& owner) {
    if (!owner) return;
    all.push_back(owner->weight);
    if (owner->bias.defined()) all.push_back(owner->bias);
  };
  append(positions_->norm);
  append(keys_);
  append(queries_);
  return all;
}

void DisentangledBias::pack(const ComputeType& compute, PackedParameters&) {
  const at::NoGradGuard no_grad;
  packed_ = project(compute.type);
  versions_.clear();
  for (const at::Tensor& source : sources()) versions_.push_back(parameter_version(source));
}

DisentangledBias::Vectors DisentangledBias::vectors(at::ScalarType type) const {
  const bool is_packed = packed_.keys.defined() || packed_.queries.defined();
  if (!is_packed || at::GradMode::is_enabled()) return project(type);
  const std::vector<at::Tensor> all = sources();
  const bool unchanged =
      std::equal(all.begin(), all.end(), versions_.begin(),
                 [](const at::Tensor& t, uint32_t v) { return parameter_version(t) == v; });
  return unchanged ? packed_ : project(type);
}

namespace {

/// The vectors that the distances of a text need: rows from `first` on, and of which of these each
/// distance key - query is, from 1 - length on.
struct Rows {
  int64_t first = 0, count = 0;
  std::vector<int64_t> of_distance = {};
};

Rows find_rows(const RelativePositions& positions, int64_t length) {
  Rows rows;
  rows.first = positions.row(1 - length);
  rows.count = positions.row(length - 1) - rows.first + 1;
  for (int64_t d = 1 - length; d < length; ++d) {
    rows.of_distance.push_back(positions.row(-d) - rows.first);
  }
  return rows;
}

/// Each token's products with the vectors: [heads, count, length, rows].
at::Tensor multiply(const at::Tensor& x, const at::Tensor& vectors, const LengthGroup& g,
                    const Rows& rows) {
  const int64_t heads = vectors.size(0);
  const at::Tensor tokens = x.narrow(0, g.offset, g.count * g.length).unflatten(1, {heads, -1});
  const at::Tensor needed = vectors.narrow(1, rows.first, rows.count);
  return at::bmm(tokens.transpose(0, 1), needed.transpose(1, 2))
      .view({heads, g.count, g.length, rows.count});
}

/// By LibTorch's operators, through autograd.
at::Tensor gather(const at::Tensor& by_query, const at::Tensor& by_key, const LengthGroup& g,
                  const Rows& rows, const at::Tensor& any) {
  const at::Tensor tokens = at::arange(g.length);
  const at::Tensor distances = tokens.unsqueeze(0) - tokens.unsqueeze(1) + (g.length - 1);
  const at::Tensor places = at::tensor(rows.of_distance, at::kLong)
                                .index_select(0, distances.flatten())
                                .view({g.length, g.length})
                                .to(any.device());
  const auto pick = [&](const at::Tensor& products, const at::Tensor& index) {
    return products.gather(3, index.expand({products.size(0), g.count, g.length, g.length}));
  };
  at::Tensor sum;
  if (by_query.defined()) sum = pick(by_query, places);
  if (by_key.defined()) {
    const at::Tensor other = pick(by_key, places.t()).transpose(2, 3);
    sum = sum.defined() ? sum + other : other;
  }
  return sum.transpose(0, 1);
}

/// The same in one pass over the scores.
at::Tensor gather_fast(const at::Tensor& by_query, const at::Tensor& by_key, const LengthGroup& g,
                       const Rows& rows, double scale) {
  const at::Tensor& any = by_query.defined() ? by_query : by_key;
  const int64_t heads = any.size(0), length = g.length, width = rows.count;
  const at::Tensor query_products = by_query.defined() ? by_query.to(at::kFloat).contiguous() : any;
  const at::Tensor key_products = by_key.defined() ? by_key.to(at::kFloat).contiguous() : any;
  const at::Tensor out =
      empty_in_workspace({g.count, heads, length, length}, any.options().dtype(at::kFloat));
  const auto factor = static_cast<float>(scale);
  const int64_t* place = rows.of_distance.data() + (length - 1);  // by key - query
  at::parallel_for(0, heads * g.count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t head = task / g.count, text = task % g.count;
      float* scores = out.data_ptr<float>() + (text * heads + head) * length * length;
      const int64_t start = task * length * width;
      for (int64_t i = 0; i < length; ++i, scores += length) {
        if (by_query.defined()) {
          const float* row = query_products.const_data_ptr<float>() + start + i * width;
          for (int64_t j = 0; j < length; ++j) scores[j] = row[place[j - i]] * factor;
        } else {
          std::fill_n(scores, length, 0.0F);
        }
        if (!by_key.defined()) continue;
        const float* column = key_products.const_data_ptr<float>() + start;
        for (int64_t j = 0; j < length; ++j) {
          scores[j] += column[j * width + place[j - i]] * factor;
        }
      }
    }
  });
  return out;
}

}  // namespace

std::vector<at::Tensor> DisentangledBias::forward(const at::Tensor& queries, const at::Tensor& keys,
                                                  const std::vector<LengthGroup>& groups) const {
  const Vectors all = vectors(queries.scalar_type());
  const bool fast = kernels::best() && !at::GradMode::is_enabled() && queries.is_cpu();
  std::vector<at::Tensor> biases;
  for (const LengthGroup& g : groups) {
    const Rows rows = find_rows(*positions_, g.length);
    at::Tensor by_query, by_key;
    if (all.keys.defined()) by_query = multiply(queries, all.keys, g, rows);
    if (all.queries.defined()) by_key = multiply(keys, all.queries, g, rows);
    biases.push_back(fast ? gather_fast(by_query, by_key, g, rows, scale_)
                          : gather(by_query, by_key, g, rows, queries) * scale_);
  }
  return biases;
}

}  // namespace sentence_transformers
