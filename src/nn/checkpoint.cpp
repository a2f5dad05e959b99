#include "nn/checkpoint.h"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "nn/random_state.h"

namespace sentence_transformers {
namespace {

using Layer = std::function<at::Tensor(const at::Tensor&)>;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What running a layer again must find as it was.
struct Settings {
  RandomState random;
  bool autocast;
  at::ScalarType autocast_type;
};

/// Autocast as it was for the length of a scope. Nothing cast without gradients may serve a pass
/// with them, or the other way round.
class AutocastAs {
 public:
  AutocastAs(c10::DeviceType device, const Settings& settings)
      : device_(device),
        on_(at::autocast::is_autocast_enabled(device)),
        type_(at::autocast::get_autocast_dtype(device)) {
    set(settings.autocast, settings.autocast_type);
  }
  ~AutocastAs() { set(on_, type_); }
  AutocastAs(const AutocastAs&) = delete;
  AutocastAs& operator=(const AutocastAs&) = delete;

 private:
  void set(bool on, at::ScalarType type) const {
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, on);
    at::autocast::set_autocast_dtype(device_, type);
  }

  c10::DeviceType device_;
  bool on_;
  at::ScalarType type_;
};

struct Checkpoint : torch::autograd::Function<Checkpoint> {
  static variable_list forward(AutogradContext* context, const at::Tensor& x,
                               std::shared_ptr<Layer> layer) {
    context->save_for_backward({x});
    const auto device = x.device().type();
    const auto settings = std::make_shared<Settings>(
        Settings{RandomState(x.device()), at::autocast::is_autocast_enabled(device),
                 at::autocast::get_autocast_dtype(device)});
    context->saved_data["layer"] = c10::IValue::make_capsule(hold(layer));
    context->saved_data["settings"] = c10::IValue::make_capsule(hold(settings));
    const at::NoGradGuard no_grad;
    const AutocastAs fresh(device, *settings);
    return {(*layer)(x)};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor x = context->get_saved_variables()[0].detach().requires_grad_();
    const auto layer = held<Layer>(context->saved_data["layer"]);
    const auto settings = held<Settings>(context->saved_data["settings"]);
    const RandomState now(x.device());
    settings->random.restore();
    at::Tensor y;
    {
      const at::AutoGradMode gradients_on(true);
      const AutocastAs autocast(x.device().type(), *settings);
      y = (*layer)(x);
    }
    now.restore();
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

at::Tensor checkpoint(const Layer& layer, const at::Tensor& x) {
  if (!at::GradMode::is_enabled() || !x.requires_grad()) return layer(x);
  return Checkpoint::apply(x, std::make_shared<Layer>(layer))[0];
}

}  // namespace sentence_transformers
