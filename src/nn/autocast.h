// LibTorch's autocast for the length of a scope.
#pragma once

#include <ATen/autocast_mode.h>

namespace sentence_transformers {

/// Autocast on or off, and to which type, until it goes away. Copies of weights that autocast made
/// do not cross its borders: they may belong to a graph that is gone, or to none.
class Autocast {
 public:
  struct Settings {
    bool enabled;
    at::ScalarType type;
  };
  static Settings now(at::DeviceType device) {
    return {at::autocast::is_autocast_enabled(device), at::autocast::get_autocast_dtype(device)};
  }
  Autocast(at::DeviceType device, const Settings& settings)
      : device_(device), before_(now(device)) {
    set(settings);
  }
  ~Autocast() { set(before_); }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  void set(const Settings& settings) const {
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, settings.enabled);
    at::autocast::set_autocast_dtype(device_, settings.type);
  }

  at::DeviceType device_;
  Settings before_;
};

}  // namespace sentence_transformers
