#include "nn/token_batch.h"

#include <ATen/ATen.h>

#include <numeric>

namespace sentence_transformers {

namespace {

/// take(rows [count, length, D]) of each group, one below the other.
template <class Take>
at::Tensor each_group(const at::Tensor& x, const std::vector<LengthGroup>& groups,
                      const Take& take) {
  std::vector<at::Tensor> rows;
  for (const LengthGroup& g : groups) {
    rows.push_back(
        take(x.narrow(0, g.offset, g.count * g.length).view({g.count, g.length, x.size(1)})));
  }
  return rows.size() == 1 ? rows[0] : at::cat(rows);
}

}  // namespace

int64_t TokenBatch::texts() const {
  return std::accumulate(groups.begin(), groups.end(), int64_t{0},
                         [](int64_t sum, const LengthGroup& g) { return sum + g.count; });
}

TokenBatch pack_tokens(const std::vector<std::vector<int64_t>>& ids,
                       const std::vector<std::vector<int64_t>>& type_ids, at::Device device) {
  int64_t tokens = 0;
  for (const auto& text : ids) tokens += static_cast<int64_t>(text.size());

  at::Tensor packed = at::empty({3, tokens}, at::kLong);
  int64_t* id = packed.data_ptr<int64_t>();
  int64_t* type = id + tokens;
  int64_t* position = type + tokens;
  TokenBatch batch;
  int64_t offset = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto length = static_cast<int64_t>(ids[i].size());
    std::copy(ids[i].begin(), ids[i].end(), id + offset);
    std::copy(type_ids[i].begin(), type_ids[i].end(), type + offset);
    std::iota(position + offset, position + offset + length, int64_t{0});
    if (batch.groups.empty() || batch.groups.back().length != length) {
      batch.groups.push_back({offset, 0, length});
    }
    ++batch.groups.back().count;
    offset += length;
  }
  packed = packed.to(device);
  batch.ids = packed[0];
  batch.type_ids = packed[1];
  batch.positions = packed[2];
  return batch;
}

at::Tensor first_tokens(const at::Tensor& x, const std::vector<LengthGroup>& groups) {
  return each_group(x, groups, [](const at::Tensor& rows) { return rows.select(1, 0); });
}
at::Tensor last_tokens(const at::Tensor& x, const TokenBatch& batch,
                       std::optional<int64_t> padding_id) {
  if (!padding_id) {
    return each_group(x, batch.groups, [](const at::Tensor& rows) { return rows.select(1, -1); });
  }
  std::vector<at::Tensor> places;
  for (const LengthGroup& g : batch.groups) {
    const at::Tensor ids =
        batch.ids.narrow(0, g.offset, g.count * g.length).view({g.count, g.length});
    const at::Tensor columns = at::arange(g.length, ids.options());
    const at::Tensor starts = at::arange(g.count, ids.options()) * g.length + g.offset;
    places.push_back(starts + (ids.ne(*padding_id) * columns).argmax(1));
  }
  return x.index_select(0, at::cat(places));
}
at::Tensor mean_tokens(const at::Tensor& x, const TokenBatch& batch) {
  return each_group(x, batch.groups, [](const at::Tensor& rows) { return rows.mean(1); });
}

}  // namespace sentence_transformers
