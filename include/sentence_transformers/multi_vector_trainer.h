// Training of multi-vector encoders.
#pragma once

#include <sentence_transformers/multi_vector_evaluators.h>
#include <sentence_transformers/multi_vector_losses.h>
#include <sentence_transformers/trainer.h>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Trains a MultiVectorEncoder by a MultiVectorLoss.
using MultiVectorEncoderTrainer = Trainer<MultiVectorEncoder, MultiVectorLoss>;
extern template class Trainer<MultiVectorEncoder, MultiVectorLoss>;

}  // namespace sentence_transformers
#pragma GCC visibility pop
