// How good a model is: Python's evaluators by their names, keys, numbers and csv files. All of
// them; each kind has a header of its own.
#pragma once

#include <sentence_transformers/cross_encoder_evaluators.h>
#include <sentence_transformers/evaluator.h>
#include <sentence_transformers/loss_evaluators.h>
#include <sentence_transformers/losses.h>  // came with this header before it had parts
#include <sentence_transformers/multi_vector_evaluators.h>
#include <sentence_transformers/retrieval_evaluators.h>
#include <sentence_transformers/sequential_evaluator.h>
#include <sentence_transformers/similarity_evaluators.h>
#include <sentence_transformers/sparse_evaluators.h>
