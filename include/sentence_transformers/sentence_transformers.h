// Everything: one include for programs that do not count compile seconds. What training.h includes
// needs the component sentence_transformers::training to link.
#pragma once

#include <sentence_transformers/auto_encoder_outputs.h>
#include <sentence_transformers/base_model.h>
#include <sentence_transformers/cross_encoder.h>
#include <sentence_transformers/encode_options.h>
#include <sentence_transformers/error.h>
#include <sentence_transformers/hub.h>
#include <sentence_transformers/maxsim.h>
#include <sentence_transformers/multi_vector_encoder.h>
#include <sentence_transformers/quantization.h>
#include <sentence_transformers/retrieval.h>
#include <sentence_transformers/sentence_transformer.h>
#include <sentence_transformers/similarity.h>
#include <sentence_transformers/span.h>
#include <sentence_transformers/sparse_encoder.h>
#include <sentence_transformers/sparse_export.h>
#include <sentence_transformers/storage.h>
#include <sentence_transformers/token_pooling.h>
#include <sentence_transformers/tokenizer.h>
#include <sentence_transformers/training.h>
#include <sentence_transformers/version.h>
