// Several processes that train one model: each has its share of every batch, and all take the same
// steps.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/losses.h>

#include <cstdint>

namespace sentence_transformers {

/// Joins the processes that torchrun (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT) or mpirun
/// (OMPI_COMM_WORLD_RANK, ...) started; without these variables the run has one process. Joins once
/// in a process's life. Throws Error where the others do not come within `timeout_seconds`, which
/// also bounds every later wait.
void start_distributed(int64_t timeout_seconds);

/// This process's place, from 0.
int64_t rank();
int64_t world_size();

/// Everyone gets the values of process 0.
void broadcast_parameters(const NamedTensors& parameters);

/// Gradients and loss become the mean over all processes. Throws Error if a process is gone.
void average_gradients(const NamedTensors& parameters, double& loss);

/// Is it so in one of the processes? All get the same answer.
bool in_any_process(bool value);

/// Rows of all processes in the order of their ranks: [N, D] -> [sum of all N, D]. Gradients flow
/// back to the process a row came from.
at::Tensor all_gather_rows(const at::Tensor& rows);
/// Rows that the processes before this one have.
int64_t rows_before(int64_t rows);

}  // namespace sentence_transformers
