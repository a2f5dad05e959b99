// Texts, or pairs of them, in forward passes: tokenized, sorted by length, packed.
#pragma once

#include <c10/core/Device.h>
#include <c10/util/Exception.h>
#include <sentence_transformers/encode_options.h>
#include <sentence_transformers/error.h>
#include <sentence_transformers/tokenizer.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "modules/input_module.h"
#include "nn/token_batch.h"

namespace sentence_transformers {

/// The tokens of the i-th input.
using Tokenize = std::function<InputTokens(size_t i)>;

/// "[function] LibTorch: " and the first line of its text, without C++ stack frames.
std::string one_line(const std::string& function, const c10::Error& error);

/// work(), whatever it returns; what LibTorch throws in it comes out as this library's Error.
template <class Work>
auto with_own_errors(const std::string& function, const Work& work) {
  try {
    return work();
  } catch (const c10::Error& e) {
    throw Error(one_line(function, e));
  }
}

/// A prompt, put in front of a text.
std::string prompt_text(const std::string& function, const std::optional<std::string>& prompt,
                        const std::optional<std::string>& prompt_name,
                        const std::optional<std::string>& default_name,
                        const std::map<std::string, std::string>& prompts);

struct PassOptions {
  std::string function;  // begins error texts
  std::string title;     // of the progress bar
  std::string unit = "text";
  c10::Device device = at::kCPU;
  int64_t batch_size = 32;       // inputs a pass at most
  int64_t tokens_a_pass = 256;   // at most, unless one input alone has more
  bool takes_no_tokens = false;  // else an input without tokens is an error
  bool show_progress_bar = false;
  EncodeReport* report = nullptr;
};

/// Which input a row of a pass is the result of. Several inputs of the same tokens share a row.
struct Place {
  size_t row, input;
};

/// Runs `count` inputs, longest first, pass by pass in inference mode: work(batch, places). Inputs
/// of the same tokens run once (if they are not too far apart: memory stays flat). On the CPU
/// several passes may be under way at once, one a core; an exception in one reaches the caller when
/// those are through. Throws std::invalid_argument for a batch_size below 1 or an input without
/// tokens where none may be, and Error for what LibTorch throws.
void run_passes(size_t count, const Tokenize& tokenize, const PassOptions& options,
                const std::function<void(TokenBatch, const std::vector<Place>&)>& work);

/// Rows of a pass [n, D], of any type and device, into [N, D] float32 on the CPU.
void put_rows(const at::Tensor& rows, const std::vector<Place>& places, at::Tensor& result);

/// All inputs in one pass, and the row of its result that belongs to each input.
struct SinglePass {
  TokenBatch batch;
  at::Tensor rows;  // [N] int64 on the device
};
SinglePass single_pass(size_t count, const Tokenize& tokenize, const PassOptions& options);

}  // namespace sentence_transformers
