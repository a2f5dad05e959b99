// The processes that torchrun or mpirun started together, and what they talk through.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace sentence_transformers {

/// Joins the processes that torchrun (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT) or mpirun
/// (OMPI_COMM_WORLD_RANK, ...) started; without these variables the run has one process. Joins once
/// in a process's life. Gloo takes the network interfaces that GLOO_SOCKET_IFNAME names, or the
/// host's own. Throws Error where the others do not come within `timeout_seconds`, which also
/// bounds every later wait; UnsupportedError in a build without Gloo.
void start_distributed(int64_t timeout_seconds);

/// This process's place, from 0.
int64_t rank();
int64_t world_size();

/// Where a tensor has to be for the processes to share it: NCCL takes it on its GPU, Gloo on the
/// CPU.
c10::Device shared_device(const at::Tensor& tensor);

/// In place, over all processes, of a tensor on its shared_device(). Throws Error, which says that
/// a process was lost while it `what`.
void sum(const at::Tensor& tensor, const char* what);
/// The same: everyone gets the values of process 0.
void broadcast(const at::Tensor& tensor, const char* what);

}  // namespace sentence_transformers
