// The version of the library; CMake reads it from here.
#pragma once

/// "MAJOR.MINOR.PATCH".
#define SENTENCE_TRANSFORMERS_VERSION "0.1.0"
