// Every view in both themes and at phone width: nothing overflows, axe finds no serious fault, and a picture is kept.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { DESKTOP, PHONE, visit } from "./browser.mjs";
import { fillDemo } from "./demo.mjs";
import { Program, Receiver } from "./program.mjs";

describe("how it looks", () => {
  let program;
  let receiver;
  const views = [];
  before(async () => {
    program = await new Program().start();
    receiver = await new Receiver().start();
    const { beat, lost } = await fillDemo(program, receiver);
    views.push(["overview", "/overview"], ["schedules", "/schedules"], ["schedule", `/schedules/${beat.id}`], ["editor", `/schedules/${beat.id}/edit`],
               ["events", "/events"], ["event", `/events/${lost[0].id}`], ["composer", "/events/new"], ["dead-letters", "/dead-letters"],
               ["definitions", "/definitions"], ["analytics", "/analytics"], ["cluster", "/cluster"], ["settings", "/settings"]);
  });
  after(async () => {
    await receiver.close();
    await program.close();
  });

  for (const [mode, options] of [["light", { viewport: DESKTOP }], ["dark", { viewport: DESKTOP, colorScheme: "dark" }], ["phone", { viewport: PHONE }]]) {
    it(`in ${mode}`, () =>
      visit(program, "/overview", options, async (page) => {
        const faults = [];
        // The live chart needs two samples.
        await page.page.getByText(/fired and .* failed a minute now/).waitFor();
        for (const [name, route] of views) {
          await page.go(route);
          await page.page.getByRole("heading", { level: 1 }).waitFor();
          await page.settled();
          await page.screenshot(`${name}-${mode}`);
          await page.fits();
          faults.push(...(await page.axe()).map((fault) => `${name}: ${fault}`));
        }
        assert.deepEqual(faults, []);
      }));
  }

  it("by keyboard alone at phone width", () =>
    visit(program, "/overview", { viewport: PHONE }, async ({ page }) => {
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate("document.activeElement.textContent.trim()"), "Skip to content");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter"); // the menu
      await page.getByRole("link", { name: "Dead letters" }).first().waitFor();
      for (let steps = 0; steps < 12 && (await page.evaluate("document.activeElement.textContent.trim()")) !== "Cluster"; steps++) await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "Cluster" }).waitFor();
      assert.equal(await page.evaluate("document.activeElement.id"), "main");
    }));

  it("in the theme that was chosen, after a reload too", () =>
    visit(program, "/cluster", {}, async ({ page }) => {
      const back = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
      const light = await back();
      await page.getByRole("button", { name: "Dark theme" }).click();
      assert.notEqual(await back(), light);
      await page.reload();
      await page.getByRole("heading", { level: 1 }).waitFor();
      assert.notEqual(await back(), light);
    }));

  it("with times in the viewer's zone and the schedule's on hover", async () => {
    const [digest] = await program.call("GET", "/admin/schedules?name=Digest");
    const expected = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit", second: "2-digit" })
      .format(new Date(digest.next_execution));
    await visit(program, "/schedules", { timezoneId: "Asia/Tokyo" }, async ({ page }) => {
      const next = page.getByRole("row", { name: /Digest/ }).locator("time").first();
      await next.getByText(expected).waitFor();
      assert.match(await next.getAttribute("title"), /18:00:00.*\(America\/New_York\)/);
    });
  });
});
