// Training: everything of the component sentence_transformers::training.
#pragma once

#include <sentence_transformers/cross_encoder_losses.h>
#include <sentence_transformers/dataset.h>
#include <sentence_transformers/evaluation.h>
#include <sentence_transformers/losses.h>
#include <sentence_transformers/multi_vector_losses.h>
#include <sentence_transformers/multi_vector_trainer.h>
#include <sentence_transformers/sparse_losses.h>
#include <sentence_transformers/sparse_trainer.h>
#include <sentence_transformers/trainer.h>
