#include "sink/webhook/egress.h"

#include <gtest/gtest.h>

namespace schedules {
namespace {

using Spellings = std::vector<std::string>;

Code code_of(const Status& status) { return status ? Code::internal : status.error().code; }

/// What a literal host stands for is known at the door.
const Spellings kForbidden{
    // loopback
    "http://127.0.0.1/",
    "http://127.0.0.1:8480/x?y=1",
    "https://127.255.255.254/",
    "http://[::1]/",
    "HTTP://127.0.0.1/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://localhost/",
    "http://LocalHost:80/",
    "http://localhost./",
    "http://api.localhost/",
    // unspecified, private, shared, link-local, metadata
    "http://0.0.0.0/",
    "http://0.1.2.3/",
    "http://[::]/",
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://100.127.255.255/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://192.0.0.192/opc/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fc00::1]/",
    "http://[fdff:ffff::1]/",
    // reserved, documentation, benchmark, multicast, broadcast
    "http://192.0.2.1/",
    "http://198.51.100.7/",
    "http://203.0.113.9/",
    "http://198.18.0.1/",
    "http://198.19.255.255/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    "http://[2001:2::1]/",
    "http://[4000::1]/",
    "http://[5f00::1]/",
    // IPv6 that embeds IPv4
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::127.0.0.1]/",
    "http://[::7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a00:1::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[2a00:1450::5efe:7f00:1]/",
    "http://[2a00:1450::200:5efe:10.0.0.1]/",
    // numbers that some programs read as an IPv4 address
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0X7F.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.1/",
    "http://127.0.0.0x1/",
    "http://127.0.0.01/",
    "http://127.0.0.1./",
    "http://10.1/",
    "http://0/",
    "http://00000000/",
    "http://256.256.256.256/",
    "http://1.2.3.4.5/",
    "http://3232235521/",
    "http://foo.0x/",
    "http://169.254.43518/",
    "http://0xA9FEA9FE/",
};

const Spellings kMalformed{
    "",
    " ",
    "/",
    "orders",
    "//127.0.0.1/",
    "http:",
    "http:/",
    "http://",
    "http:///x",
    "http:127.0.0.1",
    "https://:443/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict://127.0.0.1/",
    "javascript:alert(1)",
    "unix:/var/run/docker.sock",
    "http+unix://x/",
    "http://user@example.com/",
    "http://user:pass@example.com/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1:80@example.com/",
    "http://@example.com/",
    "http://:@example.com/",
    "http://example.com#@127.0.0.1/",
    "http://example.com/#x",
    "http://example.com\\@127.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "http://example.com\t/",
    "http://exam ple.com/",
    " http://example.com/",
    "http://example.com/ ",
    "http://example.com/a b",
    "http://example.com/\r\nX-Injected: 1",
    std::string("http://example.com/\0x", 21),
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.1%2f@example.com/",
    "http://localhost%00.example.com/",
    "http://[::1%25lo]/",
    "http://[::1%lo]/",
    "http://[fe80::1%25eth0]/",
    "http://[v1.fe80::a]/",
    "http://[::1",
    "http://::1/",
    "http://[127.0.0.1]/",
    "http://[::1]evil.com/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:99999999999/",
    "http://example.com:-1/",
    "http://example.com:8o/",
    "http://\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.0.0.1/",
    "http://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1/",
    "http://127\xE3\x80\x82"
    "0.0.1/",
    "http://b\xC3\xBC"
    "cher.example/",
    "http://a..b/",
    "http://.example.com/",
    "http://./",
    "http://-x.example/",
    "http://exa$mple.com/",
    "http://a,b/",
    "http://(x)/",
    "http://a;b.example/",
    "http://x!.example/",
};

const Spellings kPublic{
    "http://example.com",
    "http://example.com/",
    "https://example.com/hooks/1?a=b&c=%20",
    "HTTPS://Example.COM:8443/x",
    "http://8.8.8.8/",
    "https://1.1.1.1:443/",
    "http://[2606:4700:4700::1111]/",
    "http://[2a00:1450:4001::200e]:8080/x",
    "http://172.15.255.255/",
    "http://172.32.0.1/",
    "http://100.63.255.255/",
    "http://100.128.0.1/",
    "http://11.0.0.1/",
    "http://192.167.255.255/",
    "http://198.17.255.255/",
    "http://198.20.0.1/",
    "http://223.255.255.255/",
    "http://128.0.0.1/",
    "http://xn--bcher-kva.example/",
    "http://a_b.example.com/",
    "http://example.com./",
    "http://1e100.net/",
    "http://127.0.0.1.nip.io/",
    "http://example.com?x",
    "http://localhost.example.com/",
    "http://0x7f.example.com/",
};

TEST(Egress, ForbiddenSpellingsAreRefusedAtTheDoor) {
  for (const auto& url : kForbidden) {
    const auto checked = check_webhook_url(url, {});
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, Code::egress_forbidden) << url << ": " << checked.error().detail;
    EXPECT_EQ(checked.error().field, "target.url");
  }
  EXPECT_GE(kForbidden.size(), 60U);
}

TEST(Egress, MalformedUrlsAreRefusedAtTheDoor) {
  for (const auto& url : kMalformed) {
    const auto checked = check_webhook_url(url, {});
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, Code::invalid_argument) << url << ": " << checked.error().detail;
    EXPECT_EQ(checked.error().field, "target.url");
  }
}

TEST(Egress, PublicUrlsPass) {
  for (const auto& url : kPublic) {
    const auto checked = check_webhook_url(url, {});
    EXPECT_TRUE(checked) << url << ": " << checked.error().detail;
  }
}

TEST(Egress, UrlsHaveOneNormalSpelling) {
  const auto spelt = [](std::string_view url) { return parse_egress_url(url).value().text; };
  EXPECT_EQ(spelt("HTTP://Example.COM"), "http://example.com:80/");
  EXPECT_EQ(spelt("https://example.com./a/../b?x=%2F"), "https://example.com:443/a/../b?x=%2F");
  EXPECT_EQ(spelt("http://[2001:0DB8:0:0::1]:81?q"), "http://[2001:db8::1]:81/?q");
  EXPECT_EQ(spelt("http://example.com:/x"), "http://example.com:80/x");
}

TEST(Egress, OriginNamesSchemeHostAndPort) {
  EXPECT_EQ(parse_egress_url("https://Example.com/x?y")->origin, "https://example.com:443");
  EXPECT_EQ(parse_egress_url("http://[::1]:8080/")->origin, "http://[::1]:8080");
}

TEST(Egress, LongUrlsAreRefused) {
  const auto url = "http://example.com/" + std::string(2048, 'a');
  EXPECT_EQ(code_of(check_webhook_url(url, {})), Code::too_long);
}

TEST(EgressPolicy, AllowedNetworksPass) {
  const auto policy = EgressPolicy::parse("127.0.0.0/8, ::1/128 10.1.2.3").value();
  for (const auto* url : {"http://127.0.0.1:1/", "http://127.9.9.9/", "http://[::1]/", "http://10.1.2.3/",
                          "http://localhost/", "http://8.8.8.8/"}) {
    EXPECT_TRUE(check_webhook_url(url, policy)) << url;
  }
  for (const auto* url : {"http://10.1.2.4/", "http://[::2]/", "http://[::ffff:127.0.0.1]/", "http://127.1/"}) {
    EXPECT_EQ(code_of(check_webhook_url(url, policy)), Code::egress_forbidden) << url;
  }
}

TEST(EgressPolicy, OneForbiddenAddressAmongManyIsEnough) {
  const std::array mixed{*parse_address("8.8.8.8"), *parse_address("192.168.1.1")};
  const auto checked = EgressPolicy().check(mixed);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().detail.find("192.168.1.1"), std::string::npos);
}

TEST(EgressPolicy, BadNetworksAreRefused) {
  for (const auto* text : {"127.0.0.0/33", "10.0.0.1/8", "::1/129", "localhost", "10.0.0.0/", "10.0.0.0/x", "10/8",
                           "10.0.0.0/-1", "127.0.0.0/8;::1"}) {
    const auto policy = EgressPolicy::parse(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().code, Code::invalid_argument);
  }
  EXPECT_TRUE(EgressPolicy::parse(""));
  EXPECT_TRUE(EgressPolicy::parse(" , 0.0.0.0/0 ,, ::/0 "));
}

TEST(Network, HoldsExactlyItsAddresses) {
  const auto network = parse_network("100.64.0.0/10").value();
  EXPECT_TRUE(network.contains(*parse_address("100.64.0.0")));
  EXPECT_TRUE(network.contains(*parse_address("100.127.255.255")));
  EXPECT_FALSE(network.contains(*parse_address("100.63.255.255")));
  EXPECT_FALSE(network.contains(*parse_address("100.128.0.0")));
  EXPECT_FALSE(network.contains(*parse_address("64:4000::")));
}

}  // namespace
}  // namespace schedules
