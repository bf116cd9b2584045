// Two hundred strings that want to be more than text, in every field that is shown: they stay text, and nothing runs.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { visit } from "./browser.mjs";
import { eventually, Program } from "./program.mjs";

const SEEDS = [
  "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<iframe src=javascript:alert(1)>", "\"><script>alert(1)</script>",
  "' onmouseover='alert(1)", "javascript:alert(1)", "{{constructor.constructor('alert(1)')()}}", "${alert(1)}", "<a href=javascript:alert(1)>x</a>",
  "<style>*{display:none}</style>", "<base href=//evil.example>", "<meta http-equiv=refresh content=0;url=//evil.example>", "<form action=//evil.example>",
  "<!--", "]]>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>", "</pre><img src=x onerror=alert(1)>",
  "<math><mi xlink:href=javascript:alert(1)>", "<template><script>alert(1)</script></template>", "<object data=javascript:alert(1)>",
  "<embed src=//evil.example>", "<link rel=stylesheet href=//evil.example>", "<video><source onerror=alert(1)>", "<body onload=alert(1)>",
  "<details open ontoggle=alert(1)>", "<input autofocus onfocus=alert(1)>", "<marquee onstart=alert(1)>", "<x onclick=alert(1)>x</x>", "&lt;script&gt;alert(1)&lt;/script&gt;",
  "&#60;script&#62;", "%3Cscript%3Ealert(1)%3C/script%3E", "\\u003cscript\\u003e", "\u202Egnp.exe", "\u200b\u200b\u200b", "ＮＡＭＥ＜script＞", "=cmd|' /C calc'!A0",
  "+1+1", "@SUM(1)", "-2+3", "'; DROP TABLE schedules; --", "../../../../etc/passwd", "%s%s%s%n", "a".repeat(240), "Ä".repeat(120), "漢".repeat(80),
  "🧨".repeat(60), "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘", "null", "undefined", "NaN", "[object Object]", "__proto__", "constructor", "toString",
  "true", "0", "1e999", "\"\"", "''", "``", "\\", "//", "<", ">", "&", "\"", "'", "#", "#/settings", "?x=1", "%00", "%0d%0aSet-Cookie:x=1",
];
// Each seed alone, and then with others around it, until there are two hundred.
const HOSTILE = [...SEEDS];
for (let index = 0; HOSTILE.length < 200; index++) {
  const both = `${index} ${SEEDS[index % SEEDS.length]}${SEEDS[(index * 7 + 3) % SEEDS.length]}`;
  HOSTILE.push([...both].slice(0, 60).join("").trim()); // 249 bytes are the most that a name may have
}

const shown = (text) => text.replace(/\s+/g, " ").trim();

async function textOf(page) {
  return shown(await page.locator("main").evaluate((main) => main.textContent));
}

describe(`${HOSTILE.length} hostile strings`, () => {
  let program;
  const dead = [];
  before(async () => {
    program = await new Program().start();
    const waiting = [...HOSTILE.entries()];
    await Promise.all([0, 1, 2, 3].map(async () => {
      for (let each = waiting.shift(); each; each = waiting.shift()) {
        const [index, text] = each;
        await program.call("POST", "/admin/schedules", {
          name: text, description: text, event_type: text, event_action: text, event_entity_id: text, event_payload: { [text]: text }, tags: [text],
          note: text, every_seconds: 86400, event_correlation_id: text, actor_id: text,
        });
        await program.call("POST", "/events", {
          topic: text, entity_type: text, entity_id: text, action: text, correlation_id: text, body: { [text]: text }, tags: [text], actor_id: text,
          delay_seconds: 5000 + index, headers: { x: text },
        });
      }
    }));
    for (const text of HOSTILE.slice(0, 30)) {
      const made = await program.call("POST", "/events", { topic: text, entity_type: text, entity_id: text, action: text, body: { [text]: text },
        delay_seconds: 0, max_retries: 0, target: { type: "webhook", url: "http://127.0.0.1:1/hook" } });
      dead.push(made.id);
    }
  });
  after(() => program.close());

  it("stand in lists as they are", () =>
    visit(program, "/schedules", { timezoneId: "UTC" }, async (visited) => {
      const { page } = visited;
      const pages = page.getByLabel("Pages");
      let found = "";
      for (;;) {
        await visited.settled();
        await page.locator("tbody tr").first().waitFor();
        found += " " + await textOf(page);
        const next = pages.getByRole("button", { name: "Next" });
        if (await next.isDisabled()) break;
        const told = await pages.getByRole("status").textContent();
        const first = await page.locator("tbody tr").first().textContent();
        await next.click();
        await eventually(async () => (await pages.getByRole("status").textContent()) !== told, "the next page");
        await eventually(async () => (await page.locator("tbody tr").first().textContent()) !== first, "its rows");
      }
      assert.deepEqual(HOSTILE.filter((text) => !found.includes(shown(text))), [], "not shown as text");
      await visited.go("/events");
      await page.getByRole("heading", { level: 1, name: "Events" }).waitFor();
      await page.locator("tbody tr").first().waitFor();
      const events = await textOf(page);
      assert.ok(HOSTILE.slice(0, 40).every((text) => events.includes(shown(text))), "events are shown as text");
    }));

  it("stand in the views of one, in forms and in charts as they are", async () => {
    const schedules = await program.call("GET", "/admin/schedules?limit=1000");
    const events = (await program.call("GET", "/events?limit=1000")).items;
    await visit(program, "/overview", {}, async (visited) => {
      const { page } = visited;
      for (const text of HOSTILE.slice(0, 36)) {
        const schedule = schedules.find((each) => each.name === text);
        await visited.go(`/schedules/${schedule.id}`);
        await page.getByRole("heading", { level: 1 }).filter({ hasText: /active/ }).waitFor();
        await visited.until((id) => document.querySelector("main")?.textContent?.includes(id), schedule.id);
        assert.ok((await textOf(page)).includes(shown(text)), text);
        const event = events.find((each) => each.entity_type === text && each.state === "pending");
        await visited.go(`/events/${event.id}`);
        await visited.until((id) => document.querySelector("main")?.textContent?.includes(id), event.id);
        assert.ok((await textOf(page)).includes(shown(text)), text);
      }
      const { id } = schedules.find((each) => each.name === HOSTILE[17]);
      await visited.go(`/schedules/${id}/edit`);
      await visited.until((text) => document.querySelector("form.editor input")?.value === text, HOSTILE[17]);
    });
  });

  it("stand in dead letters and analytics as they are", async () => {
    await eventually(async () => (await program.call("GET", "/dead-letters?limit=1000")).items.length >= 5, "dead letters");
    await visit(program, "/dead-letters", {}, async (visited) => {
      const { page } = visited;
      await page.getByRole("button", { name: /Send again…/ }).first().waitFor();
      await page.getByRole("button", { name: /^Edit and send again/ }).first().click();
      await page.getByRole("dialog").getByLabel("Payload").waitFor();
      await page.keyboard.press("Escape");
      for (const route of ["/analytics", "/overview", "/definitions", "/cluster", "/settings"]) {
        await visited.go(route);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await visited.settled();
      }
    });
  });
});
