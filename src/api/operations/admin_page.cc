// The admin page: files that the build of web/ made, served from memory. Their names carry a hash of their content, so
// that browsers keep them for good; only index.html is asked for again.
#include "api/context.h"
#include "api/operations/assets.h"

namespace schedules::api {
namespace {

// No inline script or style, nothing from elsewhere.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src "
    "'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr std::string_view kFolder = "assets/";

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Calls `visit` with each member of a comma-separated header until it answers true.
template <typename Visit>
bool any_member(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (visit(trimmed(list.substr(0, comma)))) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// Weight 0 is a refusal: "gzip;q=0".
bool takes_gzip(std::string_view accepted) {
  return any_member(accepted, [](std::string_view member) {
    const size_t end = std::min(member.find(';'), member.size());
    const auto name = trimmed(member.substr(0, end));
    if (name != "gzip" && name != "*") return false;
    const auto weight = trimmed(member.substr(std::min(end + 1, member.size())));
    return !weight.starts_with("q=0") || weight.find_first_of("123456789") != std::string_view::npos;
  });
}

bool knows(std::string_view if_none_match, std::string_view etag) {
  return any_member(if_none_match, [&](std::string_view member) {
    if (member.starts_with("W/")) member.remove_prefix(2);
    return member == etag || member == "*";
  });
}

void answer(Call& call, const assets::PageFile& file) {
  const bool hashed = file.path.starts_with(kFolder);
  const bool gzip = takes_gzip(call.request.header("Accept-Encoding"));
  const std::string etag(gzip ? file.gzip_etag : file.etag);
  http::Fields headers{{"Content-Security-Policy", std::string(kPolicy)},
                       {"X-Content-Type-Options", "nosniff"},
                       {"Referrer-Policy", "no-referrer"},
                       {"Vary", "Accept-Encoding"},
                       {"ETag", etag},
                       {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (knows(call.request.header("If-None-Match"), etag))
    return call.send({.status = 304, .content_type = "", .body = "", .headers = std::move(headers)});
  if (gzip) headers.emplace_back("Content-Encoding", "gzip");
  call.send({.status = 200,
             .content_type = std::string(file.type),
             .body = std::string(gzip ? file.gzip : file.plain),
             .headers = std::move(headers)});
}

const assets::PageFile* find(std::string_view path) {
  const auto files = assets::page_files();
  const auto found = std::ranges::lower_bound(files, path, {}, &assets::PageFile::path);
  return found != files.end() && found->path == path ? &*found : nullptr;
}

}  // namespace

bool answer_admin_page(Call& call) {
  const auto* index = find("index.html");
  if (index != nullptr) answer(call, *index);
  return index != nullptr;
}

void answer_page_asset(Call& call, std::string_view name) {
  const auto* file = find(std::string(kFolder).append(name));
  if (file == nullptr) return call.fail(Error{.code = Code::not_found, .detail = "Not Found"});
  answer(call, *file);
}

}  // namespace schedules::api
