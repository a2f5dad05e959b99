// Arms the shim that makes calls of the system fail.
#pragma once

extern "C" {

enum FaultCall {
  kFaultRead,
  kFaultWrite,
  kFaultOpen,
  kFaultClose,
  kFaultMap,
  kFaultRename,
  kFaultSync,
  kFaultStat,
  kFaultMode,
  kFaultLock,
  kFaultFolder,
};

/// In place of an errno: half of the bytes are read or written.
inline constexpr int kFaultShort = -1;

/// From now on the `number`-th call of this kind (from 1) on a file below the folder fails once.
void faults_arm(const char* folder, FaultCall call, int error, long number);

/// No more failing; has one failed?
bool faults_disarm();

}  // extern "C"
