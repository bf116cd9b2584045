// Texts that are compiled in: made from api/openapi.yaml and from the pages beside this file by embed.py, and the admin
// page, made from web/ by embed_page.py.
#pragma once

#include <span>
#include <string_view>

namespace schedules::api::assets {

std::string_view openapi_json();
std::string_view docs_html();
std::string_view landing_html();

/// One file of the admin page, as it is and compressed.
struct PageFile {
  std::string_view path;  ///< index.html, assets/index-3f2a.js
  std::string_view type;
  std::string_view plain;
  std::string_view etag;
  std::string_view gzip;
  std::string_view gzip_etag;
};

/// By path. Empty where the program was built without the page.
std::span<const PageFile> page_files();

}  // namespace schedules::api::assets
