// How many processors this process may use, and whether OpenMP may be used at all.
#include "gmmx/threads.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "gmmx/errors.hpp"
#include "parallel/parallel.hpp"

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace gmmx {

namespace {

std::atomic<bool> forked_after_parallel_region{false};

// Without OpenMP everything runs on one thread, and nobody asks for the processors.
#if defined(_OPENMP)

struct Processors {
  int logical;
  int physical;
};

#if defined(__linux__)

// Of a small file of the kernel; empty where there is none.
std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Whole processors' worth of time that the control group grants; 0: no limit.
int control_group_limit() {
  // Version 2: "max 100000" or "200000 100000"; version 1: two files, -1 for no limit.
  std::istringstream v2(first_line("/sys/fs/cgroup/cpu.max"));
  std::string quota_text;
  double period = 0;
  double quota = 0;
  if (v2 >> quota_text >> period && quota_text != "max") {
    quota = std::strtod(quota_text.c_str(), nullptr);
  } else {
    quota = std::strtod(first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").c_str(), nullptr);
    period = std::strtod(first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us").c_str(), nullptr);
  }
  if (quota <= 0 || period <= 0) return 0;
  return std::max(1, static_cast<int>(std::ceil(quota / period)));
}

#endif

Processors granted_processors() {
  const int online = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  Processors granted{online, online};
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    granted.logical = std::max(1, CPU_COUNT(&set));
    // Processors of one core list the same siblings.
    std::set<std::string> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &set)) continue;
      std::string siblings =
          first_line("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
      cores.insert(siblings.empty() ? "cpu" + std::to_string(cpu) : siblings);
    }
    granted.physical = static_cast<int>(std::max<std::size_t>(1, cores.size()));
  }
  if (const int limit = control_group_limit(); limit > 0) {
    granted.logical = std::min(granted.logical, limit);
    granted.physical = std::min(granted.physical, limit);
  }
#endif
  return granted;
}

#endif

}  // namespace

void note_parallel_region() {
#if defined(__unix__) || defined(__APPLE__)
  // Only from the first region on are forks of interest.
  [[maybe_unused]] static const int registered =
      pthread_atfork(nullptr, nullptr, [] { forked_after_parallel_region.store(true); });
#endif
}

bool parallel_regions_are_safe() { return !forked_after_parallel_region.load(); }

int thread_count(std::optional<int> n_jobs) {
  if (n_jobs == 0) {
    throw InvalidArgument(
        "n_jobs=0 has no meaning: give a number of threads of at least 1, a negative number to count from the end "
        "(-1: all processors), or None");
  }
  if (!parallel_regions_are_safe()) return 1;
#ifndef _OPENMP
  return 1;
#else
  if (n_jobs && *n_jobs > 0) return *n_jobs;
  static const Processors granted = granted_processors();
  if (n_jobs) return std::max(1, granted.logical + 1 + *n_jobs);
  // A list of counts, one a nesting level: the first counts.
  const char* const text = std::getenv("OMP_NUM_THREADS");
  const int from_environment = text == nullptr ? 0 : std::atoi(text);
  return from_environment > 0 ? from_environment : granted.physical;
#endif
}

}  // namespace gmmx
