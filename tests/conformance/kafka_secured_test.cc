// The Kafka sink against a listener that wants TLS and a password.
#include <gtest/gtest.h>

#include "tests/conformance/kafka_publish.h"

namespace schedules {
namespace {

using std::chrono::milliseconds;
using testing::delivery_into;
using testing::environment;
using testing::kafka_sink;
using testing::KafkaPlace;
using testing::publish_one;

kafka::KafkaOptions secured() {
  return {.brokers = {environment("SCHEDULES_TEST_KAFKA_SECURED")},
          .security_protocol = "sasl_ssl",
          .sasl_mechanism = "PLAIN",
          .sasl_username = environment("SCHEDULES_TEST_KAFKA_USER"),
          .sasl_password = environment("SCHEDULES_TEST_KAFKA_PASSWORD"),
          .ssl_ca_file = environment("SCHEDULES_TEST_KAFKA_CA")};
}

DeliveryReport publish_with(kafka::KafkaOptions options, const std::string& topic) {
  auto sink = kafka_sink({.cluster = std::move(options),
                          .producer = {.message_timeout = milliseconds(3'000)},
                          .topic_timeout = milliseconds(3'000)});
  return publish_one(*sink, delivery_into(topic));
}

TEST(KafkaSecuredTest, WithTheRightPasswordItDelivers) {
  const KafkaPlace place;
  const auto topic = place.topic("secured");
  auto sink = kafka_sink({.cluster = secured()});
  const auto report = publish_one(*sink, delivery_into(topic));
  EXPECT_EQ(report.verdict, Verdict::delivered) << report.error;
  EXPECT_TRUE(sink->probe(milliseconds(30'000)));
}

// A password that was changed must not make dead letters of all that is due.
TEST(KafkaSecuredTest, WithAWrongPasswordEventsWait) {
  const KafkaPlace place;
  auto options = secured();
  options.sasl_password = "wrong";
  const auto report = publish_with(options, place.topic("secured"));
  EXPECT_EQ(report.verdict, Verdict::retry) << report.error;
  EXPECT_TRUE(report.counts_against_target);
}

TEST(KafkaSecuredTest, AnUnknownAuthorityIsNotTrusted) {
  const KafkaPlace place;
  auto options = secured();
  options.ssl_ca_file = "/etc/ssl/certs/ca-certificates.crt";
  const auto report = publish_with(options, place.topic("secured"));
  EXPECT_EQ(report.verdict, Verdict::retry) << report.error;
}

TEST(KafkaSecuredTest, PlainTextIntoTlsDoesNotHang) {
  const KafkaPlace place;
  const auto report = publish_with({.brokers = {environment("SCHEDULES_TEST_KAFKA_SECURED")}}, place.topic("secured"));
  EXPECT_EQ(report.verdict, Verdict::retry) << report.error;
}

}  // namespace
}  // namespace schedules
