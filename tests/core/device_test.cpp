// Names of devices, known and unknown.
#include "core/device.h"

#include <ATen/Context.h>
#include <sentence_transformers/error.h>

#include "support.h"

namespace sentence_transformers {
namespace {

int cuda_devices() { return at::hasCUDA() ? static_cast<int>(at::getNumGPUs()) : 0; }

TEST(ParseDevice, Cpu) { EXPECT_EQ(parse_device("cpu"), c10::Device(at::kCPU)); }

TEST(ParseDevice, NothingGivenPicksCudaWhereThereIsOne) {
  EXPECT_EQ(parse_device(""),
            cuda_devices() > 0 ? c10::Device(at::kCUDA, 0) : c10::Device(at::kCPU));
}

TEST(ParseDevice, Cuda) {
  if (cuda_devices() == 0) GTEST_SKIP() << "there is no CUDA device";
  EXPECT_EQ(parse_device("cuda"), c10::Device(at::kCUDA, 0));
  EXPECT_EQ(parse_device("cuda:0"), c10::Device(at::kCUDA, 0));
}

TEST(ParseDevice, SaysThatThereIsNoSuchCudaDevice) {
  const std::string found = "found " + std::to_string(cuda_devices()) + " CUDA devices";
  EXPECT_THROWS(Error, parse_device("cuda:99"), "[parse_device]", "\"cuda:99\"", found);
  if (cuda_devices() > 0) GTEST_SKIP() << "there is a CUDA device";
  EXPECT_THROWS(Error, parse_device("cuda"), "\"cuda\"", found);
  EXPECT_THROWS(Error, parse_device("cuda:0"), "\"cuda:0\"", found);
}

TEST(ParseDevice, NamesWhatItKnows) {
  for (const std::string name : {"gpu", "CPU", "cpu:0", "cuda:", "cuda:x", "cuda:-1", "cuda:+1",
                                 "cuda: 1", "cuda:1x", "cuda:99999999999", "mps", " "}) {
    EXPECT_THROWS(std::invalid_argument, parse_device(name), "[parse_device]", "\"" + name + "\"",
                  "known: \"\", cpu, cuda, cuda:N");
  }
}

}  // namespace
}  // namespace sentence_transformers
