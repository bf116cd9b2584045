// The admin page in a real Chromium, against the built program. Run by ctest as e2e_admin_page, or by hand:
//   SCHEDULES_BINARY=build/release/schedules node tests/e2e/web/all.mjs
import { after, before } from "node:test";

import { launch, quit } from "./browser.mjs";

before(launch);
after(quit);
await import("./serving.mjs");
await import("./tasks.mjs");
await import("./hostile.mjs");
await import("./look.mjs");
