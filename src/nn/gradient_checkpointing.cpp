#include "nn/gradient_checkpointing.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "nn/autocast.h"
#include "nn/random_state.h"

namespace sentence_transformers {
namespace {

using Layer = std::function<at::Tensor(const at::Tensor&)>;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What running a layer again must find as it was.
struct Settings {
  RandomState random;
  Autocast::Settings autocast;
};

struct Checkpoint : torch::autograd::Function<Checkpoint> {
  static variable_list forward(AutogradContext* context, const at::Tensor& x,
                               std::shared_ptr<Layer> layer) {
    context->save_for_backward({x});
    const auto device = x.device().type();
    const auto settings =
        std::make_shared<Settings>(Settings{RandomState(x.device()), Autocast::now(device)});
    context->saved_data["layer"] = c10::IValue::make_capsule(hold(layer));
    context->saved_data["settings"] = c10::IValue::make_capsule(hold(settings));
    const at::NoGradGuard no_grad;
    const Autocast fresh(device, settings->autocast);
    return {(*layer)(x)};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor x = context->get_saved_variables()[0].detach().requires_grad_();
    const auto layer = held<Layer>(context->saved_data["layer"]);
    const auto settings = held<Settings>(context->saved_data["settings"]);
    at::Tensor y;
    {
      const KeepRandomState keep(x.device());
      settings->random.restore();
      const at::AutoGradMode gradients_on(true);
      const Autocast as_before(x.device().type(), settings->autocast);
      y = (*layer)(x);
    }
    torch::autograd::backward({y}, {gradients[0]});
    return {x.grad(), at::Tensor()};
  }

 private:
  template <class T>
  struct Held : torch::CustomClassHolder {
    explicit Held(std::shared_ptr<T> object) : object(std::move(object)) {}
    std::shared_ptr<T> object;
  };
  template <class T>
  static c10::intrusive_ptr<torch::CustomClassHolder> hold(std::shared_ptr<T> object) {
    return c10::make_intrusive<Held<T>>(std::move(object));
  }
  template <class T>
  static std::shared_ptr<T> held(const c10::IValue& value) {
    return c10::static_intrusive_pointer_cast<Held<T>>(value.toCapsule())->object;
  }
};

}  // namespace

at::Tensor gradient_checkpoint(const Layer& layer, const at::Tensor& x) {
  if (!at::GradMode::is_enabled() || !x.requires_grad()) return layer(x);
  return Checkpoint::apply(x, std::make_shared<Layer>(layer))[0];
}

}  // namespace sentence_transformers
