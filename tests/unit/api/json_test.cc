#include <gtest/gtest.h>

#include "api/json/reader.h"
#include "api/json/writer.h"

namespace schedules::json {
namespace {

std::string text_of(std::string_view json, std::string_view key) {
  Document document;
  EXPECT_TRUE(document.read(json)) << json;
  const auto* value = document.find(key);
  return value == nullptr ? "(none)" : std::string(value->text);
}

TEST(JsonDocument, KeepsNestedValuesAsCompactText) {
  EXPECT_EQ(text_of(R"({"a" : { "b" : [ 1 , 2.50, "x y" ] , "c":null, "d":[],"e":{} } , "z":1})", "a"),
            R"({"b":[1,2.50,"x y"],"c":null,"d":[],"e":{}})");
}

TEST(JsonDocument, KeepsNumbersAsTheyWereWritten) {
  for (const std::string_view number :
       {"0", "-0", "1.10", "1e5", "12345678901234567890123", "0.1000000000000000055511"})
    EXPECT_EQ(text_of(fmt::format(R"({{"n":{}, "o":[{}]}})", number, number), "n"), number);
  EXPECT_EQ(text_of(R"({"o":[12345678901234567890123,1.10]})", "o"), "[12345678901234567890123,1.10]");
}

TEST(JsonDocument, DecodesTextsAtTheTopAndEscapesThemBelow) {
  EXPECT_EQ(text_of(R"({"s":"a\"b\\c\u00e9\ud83d\ude00\n"})", "s"), "a\"b\\c\u00e9\U0001F600\n");
  EXPECT_EQ(text_of(R"({"o":{"k\"":"a\"b\\c\u00e9\n"}})", "o"), "{\"k\\\"\":\"a\\\"b\\\\c\u00e9\\n\"}");
  EXPECT_EQ(text_of(R"({"k\u00e9y":"v"})", "k\u00e9y"), "v");
}

TEST(JsonDocument, LongTextsAndKeysAreWhole) {
  const std::string text(200'000, 'x');
  EXPECT_EQ(text_of(fmt::format(R"({{"{}":"\n{}"}})", text, text), text), "\n" + text);
}

TEST(JsonDocument, GivesArrayElements) {
  Document document;
  ASSERT_TRUE(document.read(R"([1,"two",{"three":3},[4],null,true])"));
  EXPECT_EQ(document.kind(), Kind::array);
  ASSERT_EQ(document.members().size(), 6U);
  EXPECT_EQ(document.members()[1].value.text, "two");
  EXPECT_EQ(document.members()[2].value.text, R"({"three":3})");
  EXPECT_EQ(document.members()[4].value.kind, Kind::null);
  EXPECT_TRUE(document.members()[5].value.is_true());
}

TEST(JsonDocument, ReadsScalars) {
  Document document;
  ASSERT_TRUE(document.read(" \"x\" "));
  EXPECT_EQ(document.kind(), Kind::string);
  EXPECT_EQ(document.root().text, "x");
}

TEST(JsonDocument, RefusesWhatIsNoJson) {
  Document document;
  for (const std::string_view text : {"", " ", "{", "{}}", "{} x", "[1,]", "{\"a\":1,}", "{'a':1}", "{a:1}", "NaN",
                                      "[Infinity]", "01", "\"\x01\"", "\"\\x\"", "// c\n{}", "{\"a\":\"\xff\"}",
                                      "{\"a\":{\"b\":\"\xed\xa0\x80\"}}", "\"\\ud800\"", "[1e999999999]x"}) {
    const auto read = document.read(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::invalid_json) << text;
  }
}

TEST(JsonDocument, RefusesDeepNesting) {
  Document document;
  EXPECT_TRUE(document.read(std::string(32, '[') + std::string(32, ']')));
  EXPECT_FALSE(document.read(std::string(33, '[') + std::string(33, ']')));
  EXPECT_FALSE(document.read(std::string(1'000'000, '[')));
}

TEST(JsonDocument, RefusesAKeyThatIsThereTwice) {
  Document document;
  const auto read = document.read(R"({"a":1,"b":2,"a":3})");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().field, "a");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += fmt::format("\"k{}\":0,", i);
  EXPECT_FALSE(document.read(many + "\"k42\":1}"));
}

TEST(JsonDocument, CanBeReadAgain) {
  Document document;
  EXPECT_TRUE(document.read(R"({"a":"one"})"));
  EXPECT_FALSE(document.read("{"));
  EXPECT_TRUE(document.read(R"({"b":"two"})"));
  EXPECT_EQ(document.find("a"), nullptr);
  EXPECT_EQ(document.find("b")->text, "two");
}

TEST(JsonValue, KnowsWholeNumbers) {
  EXPECT_EQ((Value{Kind::number, "3"}).integer(), 3);
  EXPECT_EQ((Value{Kind::number, "3.0"}).integer(), 3);
  EXPECT_EQ((Value{Kind::number, "3e2"}).integer(), 300);
  EXPECT_EQ((Value{Kind::number, "3.5"}).integer(), std::nullopt);
  EXPECT_EQ((Value{Kind::number, "99999999999999999999"}).integer(), std::nullopt);
  EXPECT_EQ((Value{Kind::string, "3"}).integer(), std::nullopt);
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  std::string text = "before";
  Writer out(text);
  out.open('{').field("a", "x\"").key("b").open('[').number(1).null().boolean(true).close(']');
  out.key("c").open('{').close('}').field("d", std::optional<std::string>()).close('}');
  EXPECT_EQ(text, R"(before{"a":"x\"","b":[1,null,true],"c":{},"d":null})");
}

TEST(JsonWriter, ATextThatEndsLikeJsonConfusesNoComma) {
  std::string text;
  Writer out(text);
  out.open('[').text("[").text("{").text(":").close(']');
  EXPECT_EQ(text, R"(["[","{",":"])");
}

}  // namespace
}  // namespace schedules::json
