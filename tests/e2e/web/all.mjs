// The admin page in a real Chromium, against the built program. Run by ctest as e2e_admin_page, or by hand, whole or in part:
//   SCHEDULES_BINARY=build/release/schedules node tests/e2e/web/all.mjs [tasks …]
import { after, before } from "node:test";

import { launch, quit } from "./browser.mjs";

const PARTS = ["serving", "tasks", "schedules", "views", "hostile", "look", "many"];
const APART = ["many"]; // only where it is asked for
const wanted = process.argv.slice(2);
for (const part of wanted) if (!PARTS.includes(part)) throw new Error(`there are ${PARTS.join(", ")}; not ${part}`);

before(launch);
after(quit);
for (const part of wanted.length > 0 ? wanted : PARTS.filter((each) => !APART.includes(each))) await import(`./${part}.mjs`);
