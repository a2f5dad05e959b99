#include "model/placement.h"

#include <sentence_transformers/error.h>

#include <stdexcept>

#include "core/device.h"
#include "kernels/kernels.h"
#include "nn/layers.h"
#include "nn/packing.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace sentence_transformers {

Placement::Placement(std::string function, const std::string& device, at::ScalarType dtype,
                     Quantization quantization)
    : function_(std::move(function)),
      device_(parse_device(device)),
      dtype_(dtype),
      quantization_(quantization) {
  if (dtype != at::kFloat && dtype != at::kBFloat16 && dtype != at::kHalf) {
    throw std::invalid_argument("[" + function_ + "] dtype is " + c10::toString(dtype) +
                                "; known: Float, BFloat16, Half");
  }
  if (device_.is_cpu() && !cpu_is_fast_at(dtype)) {
    throw Error("[" + function_ + "] dtype " + c10::toString(dtype) +
                ": this processor has no instructions for it, and would take many times as long "
                "as with Float");
  }
  if (quantization != Quantization::int8) return;
  if (!device_.is_cpu() || dtype != at::kFloat) {
    throw std::invalid_argument("[" + function_ +
                                "] quantization int8: expected device \"cpu\" and dtype Float, "
                                "found " +
                                device_.str() + " and " + c10::toString(dtype));
  }
  if (!kernels::best()) {
    throw Error("[" + function_ +
                "] quantization int8: expected a processor with AVX2 (and "
                "SENTENCE_TRANSFORMERS_PLAIN not set)");
  }
}

int64_t Placement::tokens_a_pass() const {
  constexpr int64_t kOnCuda = 16384, kOnCpu = 256, kOfLargeModels = 512;
  constexpr int64_t kLarge = 150'000'000;  // weights: more than 768x12, less than 1024x24 has
  if (!device_.is_cpu()) return kOnCuda;
  return weights_ > kLarge ? kOfLargeModels : kOnCpu;
}

void Placement::place(const std::vector<std::shared_ptr<Module>>& modules) {
  weights_ = 0;
  for (const auto& module : modules) {
    for (const auto& part : module->modules()) {
      if (const auto* projection = dynamic_cast<const Projection*>(part.get())) {
        weights_ += projection->weight.numel();
      }
    }
    module->eval();
    module->set_dtype(dtype_);
    prepare(*module, [&module] { module->release_pages(); });
  }
  for (const auto& module : modules) module->forget_checkpoint();
#ifdef __GLIBC__
  malloc_trim(0);  // what reading the files took
#endif
}

void Placement::prepare(torch::nn::Module& module, const std::function<void()>& after_each) const {
  if (device_.is_cpu()) {
    pack_weights(module, {dtype_, quantization_}, after_each);
  } else {
    module.to(device_, dtype_);
  }
}

void Placement::train(const std::vector<std::shared_ptr<Module>>& modules, bool on) const {
  if (on && (dtype_ != at::kFloat || quantization_ != Quantization::none)) {
    throw std::invalid_argument("[" + function_ +
                                "::train] expected a model loaded with dtype Float and no "
                                "quantization, found " +
                                c10::toString(dtype_) +
                                (quantization_ == Quantization::none ? "" : " and int8"));
  }
  for (const auto& module : modules) {
    module->train(on);
    if (on) {
      unpack_weights(*module, dtype_);
    } else {
      prepare(*module, [] {});
    }
  }
}

Autocast Placement::autocast_scope() const {
  return {device_.type(),
          autocast ? Autocast::Settings{true, at::kBFloat16} : Autocast::now(device_.type())};
}

void set_dropout(const std::vector<std::shared_ptr<Module>>& modules, double probability) {
  if (!(probability >= 0 && probability < 1)) {
    throw std::invalid_argument("[set_dropout] expected a probability from 0 to below 1, found " +
                                std::to_string(probability));
  }
  for (const auto& module : modules) {
    for (const auto& part : module->modules()) {
      if (auto* dropout = dynamic_cast<Dropout*>(part.get())) dropout->probability = probability;
    }
  }
}

}  // namespace sentence_transformers
