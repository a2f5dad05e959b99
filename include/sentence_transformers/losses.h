// Training objectives: Python's losses by their names, arguments and values. All of them; each kind
// has a header of its own.
#pragma once

#include <sentence_transformers/distillation_losses.h>
#include <sentence_transformers/loss.h>
#include <sentence_transformers/matryoshka_losses.h>
#include <sentence_transformers/pair_losses.h>
#include <sentence_transformers/ranking_losses.h>
#include <sentence_transformers/triplet_losses.h>
