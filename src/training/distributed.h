// Several processes that train one model: each has its share of every batch, and all take the same
// steps.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/loss.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "training/process_group.h"

namespace sentence_transformers {

/// Everyone gets the values of process 0.
void broadcast_parameters(const NamedTensors& parameters);

/// Gradients and loss become the mean over all processes. Throws Error if a process is gone.
void average_gradients(const NamedTensors& parameters, double& loss);

/// Is the first so in one of the processes, and the second? All get the same answer.
std::pair<bool, bool> in_any_process(std::pair<bool, bool> values);

/// [processes][K]: the K numbers of each process.
std::vector<std::vector<int64_t>> gather_numbers(const std::vector<int64_t>& numbers);

/// Rows of all processes in the order of their ranks: [N, D] -> [sum of all N, D]. Gradients flow
/// back to the process a row came from.
at::Tensor all_gather_rows(const at::Tensor& rows);
/// Rows that the processes before this one have.
int64_t rows_before(int64_t rows);

}  // namespace sentence_transformers
