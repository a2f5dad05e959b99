// Everything: one include for programs that do not count compile seconds.
#pragma once

#include <sentence_transformers/cross_encoder.h>
#include <sentence_transformers/cross_encoder_losses.h>
#include <sentence_transformers/dataset.h>
#include <sentence_transformers/error.h>
#include <sentence_transformers/evaluation.h>
#include <sentence_transformers/hub.h>
#include <sentence_transformers/losses.h>
#include <sentence_transformers/quantization.h>
#include <sentence_transformers/retrieval.h>
#include <sentence_transformers/sentence_transformer.h>
#include <sentence_transformers/similarity.h>
#include <sentence_transformers/storage.h>
#include <sentence_transformers/tokenizer.h>
#include <sentence_transformers/trainer.h>
#include <sentence_transformers/version.h>
