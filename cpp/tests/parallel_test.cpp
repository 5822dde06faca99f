#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "gmmx/errors.hpp"
#include "gmmx/threads.hpp"
#include "parallel/block_loop.hpp"
#include "parallel/tasks.hpp"

using namespace gmmx;

TEST_CASE("blocks cover the rows once, and are merged in order, whatever the number of threads") {
  for (const Index n : {Index{0}, Index{1}, Index{63}, Index{64}, Index{1000}, Index{123457}}) {
    for (const int threads : {1, 2, 7}) {
      const BlockLoop loop(n, 240, 1e6, threads);
      CHECK(loop.chunks().chunk_rows % loop.chunks().block_rows == 0);
      Index covered = 0;
      struct Range {
        Index begin = -1;
        Index end = -1;
      };
      loop.run([] { return std::make_unique<Range>(); },
               [&](Range& range, Index begin, Index end) {
                 CHECK((range.begin < 0 || range.end == begin));
                 CHECK(end - begin <= loop.block_rows());
                 if (range.begin < 0) range.begin = begin;
                 range.end = end;
               },
               [&](Range& range) {
                 CHECK(range.begin == covered);
                 covered = range.end;
                 range = Range();
               });
      CHECK(covered == n);
    }
  }
}

TEST_CASE("an exception in a thread reaches the caller") {
  for (const int threads : {1, 3}) {
    const BlockLoop loop(100000, 240, 1e6, threads);
    const auto fail = [](int&, Index begin, Index) {
      if (begin > 5000) throw std::domain_error("mine");
    };
    CHECK_THROWS_AS(loop.run([] { return std::make_unique<int>(0); }, fail), std::domain_error);
    CHECK_THROWS_AS(loop.run([] { return std::make_unique<int>(0); }, fail, [](int&) {}), std::domain_error);
    const auto no_memory = []() -> std::unique_ptr<int> { throw std::bad_alloc(); };
    CHECK_THROWS_AS(loop.run(no_memory, [](int&, Index, Index) {}), std::bad_alloc);
    CHECK_THROWS_AS(loop.run([] { return std::make_unique<int>(0); }, [](int&, Index, Index) {},
                             [](int&) { throw std::domain_error("merge"); }),
                    std::domain_error);
  }
}

TEST_CASE("thread counts") {
  CHECK(thread_count() >= 1);
  CHECK(thread_count(-1) >= 1);
  CHECK(thread_count(-100000) == 1);
  CHECK_THROWS_AS(thread_count(0), InvalidArgument);
  CHECK(useful_threads(8, cut_into_chunks(10, 80), 100) == 1);
}

TEST_CASE("a task that fails ends the others, and a caller without work still looks") {
  for (const int n_threads : {1, 2, 4}) {
    const std::function<void()> nothing;
    Watch watch(nothing);
    const auto task = [&](Index i) {
      if (i == 1) throw std::runtime_error("task 1");
      while (i > 1) watch.look();  // NOLINT(bugprone-infinite-loop): ends by the failure of task 1 alone
    };
    CHECK_THROWS_WITH(for_tasks(4, n_threads, watch, task), "task 1");
  }
  // The last task goes on until the caller, who soon has nothing else to do, has looked twice.
  std::atomic<int> n_looks{0};
  const std::function<void()> count = [&] { ++n_looks; };
  Watch watch(count);
  for_tasks(2, 2, watch, [&](Index i) {
    while (i == 1 && n_looks < 2) watch.look();
  });
  CHECK(n_looks >= 2);
}
