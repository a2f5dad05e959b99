// The least a LibTorch program does: the floor of start-up time. An argument is the parent's steady
// clock in seconds.
#include <ATen/ATen.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  const double sum = (at::ones({1}) + 1).item<double>();
  const double now =
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  std::printf("{\"task\": \"startup\", \"seconds\": %.4f, \"sum\": %.0f}\n",
              argc > 1 ? now - std::atof(argv[1]) : 0.0, sum);
}
