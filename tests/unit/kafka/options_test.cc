#include "kafka/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kafka/consumer.h"
#include "kafka/producer.h"

namespace schedules::kafka {
namespace {

using ::testing::Contains;
using ::testing::Not;
using ::testing::Pair;

TEST(KafkaOptionsTest, PlaintextNeedsOnlyBrokers) {
  const auto properties = properties_of({.brokers = {"a:1", "b:2"}}).value();
  EXPECT_THAT(properties, Contains(Pair("bootstrap.servers", "a:1,b:2")));
  EXPECT_THAT(properties, Contains(Pair("security.protocol", "plaintext")));
  EXPECT_THAT(properties, Contains(Pair("allow.auto.create.topics", "false")));
  EXPECT_THAT(properties, Not(Contains(Pair("sasl.mechanism", ::testing::_))));
}

TEST(KafkaOptionsTest, SaslOverTlsNamesUserAndAuthority) {
  const auto properties = properties_of({.brokers = {"a:1"},
                                         .security_protocol = "SASL_SSL",
                                         .sasl_mechanism = "SCRAM-SHA-256",
                                         .sasl_username = "me",
                                         .sasl_password = "secret",
                                         .ssl_ca_file = "/ca.pem"})
                              .value();
  EXPECT_THAT(properties, Contains(Pair("security.protocol", "sasl_ssl")));
  EXPECT_THAT(properties, Contains(Pair("sasl.mechanism", "SCRAM-SHA-256")));
  EXPECT_THAT(properties, Contains(Pair("sasl.password", "secret")));
  EXPECT_THAT(properties, Contains(Pair("ssl.ca.location", "/ca.pem")));
}

TEST(KafkaOptionsTest, FaultsNameTheirField) {
  EXPECT_EQ(properties_of({}).error().field, "brokers");
  EXPECT_EQ(properties_of({.brokers = {"a:1"}, .security_protocol = "tls"}).error().field, "security_protocol");
  EXPECT_EQ(properties_of({.brokers = {"a:1"}, .security_protocol = "sasl_ssl"}).error().field, "sasl_username");
  EXPECT_EQ(properties_of({.brokers = {"a:1"}, .security_protocol = "sasl_ssl", .sasl_username = "me"}).error().field,
            "sasl_password");
}

TEST(KafkaOptionsTest, AnUnknownMechanismIsFoundWhenOpening) {
  const KafkaOptions options{.brokers = {"a:1"}, .security_protocol = "sasl_plaintext", .sasl_mechanism = "NONSENSE"};
  EXPECT_EQ(Producer::open(options, {}).error().code, Code::invalid_argument);
}

TEST(KafkaOptionsTest, AMissingAuthorityFileIsFoundWhenOpening) {
  const KafkaOptions options{.brokers = {"a:1"}, .security_protocol = "ssl", .ssl_ca_file = "/no/such/file.pem"};
  const auto producer = Producer::open(options, {});
  ASSERT_FALSE(producer);
  EXPECT_EQ(producer.error().code, Code::invalid_argument);
}

TEST(KafkaTopicName, IsWhatABrokerTakes) {
  for (const auto* good : {"a", "stufio.events", "A-b_c.9"}) EXPECT_TRUE(is_topic_name(good)) << good;
  EXPECT_TRUE(is_topic_name(std::string(249, 'x')));
  for (const auto* bad : {"", ".", "..", "a b", "a/b", "ä", "a\n", "a:b", "a*"})
    EXPECT_FALSE(is_topic_name(bad)) << bad;
  EXPECT_FALSE(is_topic_name(std::string(250, 'x')));
  EXPECT_FALSE(is_topic_name(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace schedules::kafka
