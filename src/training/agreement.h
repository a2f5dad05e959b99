// What processes that train one model must have in common, checked before the first step.
#pragma once

#include "training/trainer_internals.h"

namespace sentence_transformers {

/// Of several processes, reads the data once. Throws Error, in all of them, where one has other
/// tasks, examples, arguments or another kind of device than process 0.
void check_agreement(const TrainerInternals& trainer);

}  // namespace sentence_transformers
