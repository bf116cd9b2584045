#include "sink/log/log_sink.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <csignal>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "model/envelope.h"
#include "tests/unit/sink/delivery.h"

namespace schedules::testing {
namespace {

class LogSinkTest : public ::testing::Test {
 protected:
  std::filesystem::path folder_;

  void SetUp() override {
    auto name = (std::filesystem::temp_directory_path() / "log_sink_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return (folder_ / "events.ndjson").string(); }
  static std::string text_of(const std::filesystem::path& file) {
    std::ostringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
  }
  static Reports publish(LogSink& sink, std::vector<Delivery> deliveries) {
    std::promise<Reports> done;
    sink.publish(std::move(deliveries), [&](Reports reports) { done.set_value(std::move(reports)); });
    return done.get_future().get();
  }
  static DeliveryReport publish_one(LogSink& sink) { return publish(sink, {delivery_to(TargetKind::log)}).at(0); }
};

size_t lines_in(const std::string& text) { return static_cast<size_t>(std::ranges::count(text, '\n')); }

TEST_F(LogSinkTest, WritesOneLineOfJsonPerEvent) {
  auto sink = LogSink::open({.path = path()}).value();
  const auto reports = publish(*sink, {delivery_to(TargetKind::log), delivery_to(TargetKind::log)});
  const auto sent = delivery_to(TargetKind::log);
  const auto text = text_of(path());
  EXPECT_EQ(lines_in(text), 2U);
  EXPECT_TRUE(text.starts_with(R"({"topic":"orders.created","headers":{"entity_type":"order",)")) << text;
  EXPECT_NE(text.find(R"(},"message":)" + fired_message(sent.event, sent.fired_at) + "}\n"), std::string::npos) << text;
  EXPECT_EQ(reports.at(0).verdict, Verdict::delivered);
  EXPECT_EQ(reports.at(0).position, "0");
  EXPECT_EQ(reports.at(1).position, std::to_string(text.find('\n') + 1));
}

TEST_F(LogSinkTest, LineBreaksInTheBodyKeepOneLine) {
  auto sink = LogSink::open({.path = path()}).value();
  auto delivery = delivery_to(TargetKind::log);
  delivery.event.body = "{\n  \"n\": 1\r\n}";
  publish(*sink, {delivery});
  EXPECT_EQ(lines_in(text_of(path())), 1U);
}

TEST_F(LogSinkTest, RepeatedHeadersAppearOnce) {
  auto sink = LogSink::open({.path = path()}).value();
  auto delivery = delivery_to(TargetKind::log);
  delivery.event.headers = {{"x", "1"}, {"x", "2"}};
  publish(*sink, {delivery});
  EXPECT_NE(text_of(path()).find(R"(,"x":"1"},"message")"), std::string::npos) << text_of(path());
}

TEST_F(LogSinkTest, AppendsToWhatIsThere) {
  for (int i = 0; i < 2; ++i) {
    auto sink = LogSink::open({.path = path(), .sync = true}).value();
    publish_one(*sink);
  }
  EXPECT_EQ(lines_in(text_of(path())), 2U);
}

TEST_F(LogSinkTest, ReopenFollowsRotation) {
  auto sink = LogSink::open({.path = path()}).value();
  publish_one(*sink);
  std::filesystem::rename(path(), path() + ".1");
  publish_one(*sink);
  ASSERT_TRUE(sink->reopen());
  EXPECT_EQ(publish_one(*sink).position, "0");
  EXPECT_EQ(lines_in(text_of(path() + ".1")), 2U);
  EXPECT_EQ(lines_in(text_of(path())), 1U);
}

TEST_F(LogSinkTest, FailedReopenKeepsTheOldFile) {
  auto sink = LogSink::open({.path = path()}).value();
  std::filesystem::rename(folder_, folder_.string() + ".moved");
  const auto reopened = sink->reopen();
  ASSERT_FALSE(reopened);
  EXPECT_EQ(reopened.error().code, Code::io_error);
  EXPECT_EQ(publish_one(*sink).verdict, Verdict::delivered);
  std::filesystem::rename(folder_.string() + ".moved", folder_);
  EXPECT_EQ(lines_in(text_of(path())), 1U);
}

TEST_F(LogSinkTest, UnopenableFileIsAnError) {
  const auto sink = LogSink::open({.path = folder_.string() + "/none/x"});
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code, Code::io_error);
}

TEST_F(LogSinkTest, FullDiskIsARetryThatLeavesNoTornLine) {
  auto sink = LogSink::open({.path = path()}).value();
  publish_one(*sink);
  const auto before = text_of(path());
  // A file size limit in the middle of the next line acts as a disk that becomes full.
  signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit tight{.rlim_cur = before.size() + 50, .rlim_max = old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &tight);
  const auto report = publish_one(*sink);
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_TRUE(report.error.starts_with("writing failed")) << report.error;
  EXPECT_EQ(text_of(path()), before);
  EXPECT_EQ(publish_one(*sink).verdict, Verdict::delivered);
  EXPECT_EQ(text_of(path()), before + before);
}

TEST_F(LogSinkTest, FullDeviceIsARetry) {
  auto sink = LogSink::open({.path = "/dev/full"}).value();
  const auto report = publish_one(*sink);
  EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_FALSE(report.error.empty());
}

TEST_F(LogSinkTest, StdoutIsTheDefault) {
  auto sink = LogSink::open({}).value();
  ::testing::internal::CaptureStdout();
  const auto report = publish_one(*sink);
  const auto written = ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(report.verdict, Verdict::delivered);
  EXPECT_EQ(lines_in(written), 1U);
}

}  // namespace
}  // namespace schedules::testing
