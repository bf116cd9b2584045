#include "trace/exporter.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/unit/trace/samples.h"

namespace schedules::trace {
namespace {

using namespace std::chrono_literals;
using testing::sample_steps;

/// Answers as scripted, then always with 200; while held it waits for stop() or let_go().
class ScriptedCollector final : public Collector {
 public:
  Receipt post(const std::string& body) override {
    std::unique_lock lock(mutex_);
    bodies_.push_back(body);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_ || stopped_; });
    if (stopped_) return Receipt{.status = 0, .error = "stopped"};
    if (script_.empty()) return Receipt{.status = 200};
    auto receipt = script_.front();
    script_.pop_front();
    return receipt;
  }
  void stop() override {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  void script(std::deque<Receipt> receipts) {
    const std::scoped_lock lock(mutex_);
    script_ = std::move(receipts);
  }
  void hold(bool on) {
    const std::scoped_lock lock(mutex_);
    held_ = on;
    changed_.notify_all();
  }
  std::vector<std::string> wait_for(size_t posts) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 20s, [&] { return bodies_.size() >= posts; }));
    return bodies_;
  }
  size_t posts() {
    const std::scoped_lock lock(mutex_);
    return bodies_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> bodies_;
  std::deque<Receipt> script_;
  bool held_ = false;
  bool stopped_ = false;
};

class ExporterTest : public ::testing::Test {
 protected:
  void start() { exporter.emplace(options, queue, collector, *random); }

  ExporterOptions options{.batch = 4, .interval = 1ms, .tries = 3, .first_wait = 1ms, .longest_wait = 2ms};
  StepQueue queue{100};
  ScriptedCollector collector;
  std::unique_ptr<Random> random = seeded_random(5);
  std::optional<Exporter> exporter;
};

TEST_F(ExporterTest, SendsInBatches) {
  queue.put(sample_steps(10));
  start();
  exporter->stop(20s);
  EXPECT_EQ(collector.posts(), 3U);
  EXPECT_EQ(exporter->counts().exported, 10U);
  EXPECT_EQ(exporter->counts().failed, 0U);
}

TEST_F(ExporterTest, ABatchThatIsNotFullGoesWhenItsTimeIsOver) {
  start();
  queue.put(sample_steps(1));
  EXPECT_EQ(collector.wait_for(1).size(), 1U);
}

TEST_F(ExporterTest, WhatTheCollectorCannotTakeNowIsSentAgain) {
  for (const Receipt& away :
       {Receipt{.status = 503}, Receipt{.status = 429, .retry_after = 1ms}, Receipt{.status = 502},
        Receipt{.status = 504}, Receipt{.status = 0, .error = "no route"}}) {
    collector.script({away, away});
    const size_t before = collector.posts();
    StepQueue own(100);
    Exporter sending(options, own, collector, *random);
    own.put(sample_steps(2));
    const auto bodies = collector.wait_for(before + 3);
    sending.stop(20s);
    EXPECT_EQ(bodies[before], bodies[before + 2]);
    EXPECT_EQ(sending.counts().exported, 2U) << away.status;
    EXPECT_EQ(collector.posts(), before + 3);
  }
}

TEST_F(ExporterTest, WhatTheCollectorRefusesIsNotSentAgain) {
  for (const int status : {400, 401, 404, 413, 500, 302}) {
    collector.script({Receipt{.status = status}});
    const size_t before = collector.posts();
    StepQueue own(100);
    Exporter sending(options, own, collector, *random);
    own.put(sample_steps(2));
    sending.stop(20s);
    EXPECT_EQ(sending.counts().failed, 2U) << status;
    EXPECT_EQ(collector.posts(), before + 1) << status;
  }
}

TEST_F(ExporterTest, AfterSomeTriesABatchIsGivenUpAndTheNextIsSent) {
  const Receipt away{.status = 503};
  collector.script({away, away, away});
  queue.put(sample_steps(8));
  start();
  collector.wait_for(4);
  exporter->stop(20s);
  EXPECT_EQ(collector.posts(), 4U);
  EXPECT_EQ(exporter->counts().failed, 4U);
  EXPECT_EQ(exporter->counts().exported, 4U);
}

TEST_F(ExporterTest, WhatACollectorDoesNotTakeOfABatchIsCounted) {
  collector.script({Receipt{.status = 200, .rejected = 3}});
  queue.put(sample_steps(4));
  start();
  exporter->stop(20s);
  EXPECT_EQ(exporter->counts().exported, 1U);
  EXPECT_EQ(exporter->counts().failed, 3U);
}

TEST_F(ExporterTest, AStopDoesNotWaitForACollectorThatDoesNotAnswer) {
  collector.hold(true);
  queue.put(sample_steps(10));
  start();
  collector.wait_for(1);
  exporter->stop(1ms);
  EXPECT_EQ(exporter->counts().exported, 0U);
  EXPECT_EQ(exporter->counts().failed, 10U);
  EXPECT_EQ(collector.posts(), 1U) << "what waited is not tried in vain";
}

TEST_F(ExporterTest, WhileItWaitsTheQueueFillsAndDrops) {
  collector.hold(true);
  start();
  queue.put(sample_steps(4));
  collector.wait_for(1);
  queue.put(sample_steps(150));
  EXPECT_EQ(queue.dropped(), 50U);
  collector.hold(false);
  exporter->stop(20s);
  EXPECT_EQ(exporter->counts().exported, 104U);
}

}  // namespace
}  // namespace schedules::trace
