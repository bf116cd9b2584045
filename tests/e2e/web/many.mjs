// A hundred thousand schedules: the list's first page, search, sorting and last page, and the overview, stay usable. What each
// took is printed, and nothing is asserted of it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { visit } from "./browser.mjs";
import { Program } from "./program.mjs";

const COUNT = 100_000;
const AT_ONCE = 32;
const nameOf = (index) => `schedule ${String(index).padStart(6, "0")}`;

async function measured(what, body) {
  const began = performance.now();
  const found = await body();
  console.log(`${what}: ${Math.round(performance.now() - began)} ms`);
  return found;
}

describe(`${COUNT} schedules`, () => {
  let program;
  before(async () => {
    program = await new Program({ FSYNC: "false" }).start();
    await measured(`${COUNT} created over REST`, async () => {
      let next = 0;
      await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        for (let index = next++; index < COUNT; index = next++) {
          // Spread over the week, so that the planner has little to do beside it.
          const cron = `${index % 60} ${(index * 7) % 24} * * ${index % 7}`;
          await program.call("POST", "/admin/schedules", { name: nameOf(index), event_type: `type-${index % 50}`, event_action: "run", cron_expression: cron,
                                                           tags: [`team-${index % 20}`] });
        }
      }));
    });
  });
  after(() => program.close());

  it("are paged, searched and sorted", () =>
    visit(program, "/cluster", {}, async ({ page }) => {
      const first = page.locator("tbody tr").first();
      const pages = page.getByRole("navigation", { name: "Pages" });
      const status = pages.getByRole("status");
      const heading = (name) => page.locator("thead").getByRole("button", { name });
      const rows = () => page.locator("tbody tr").count();
      await measured("first page", async () => {
        await page.getByRole("link", { name: "Schedules" }).click();
        await status.getByText("1 to 50 of 100,000").waitFor();
      });
      assert.equal(await rows(), 50);
      await measured("last page", async () => {
        await pages.getByRole("button", { name: "Last" }).click();
        await status.getByText("99,951 to 100,000 of 100,000").waitFor();
      });
      assert.equal(await rows(), 50);
      await measured("sorted by name, downwards", async () => {
        await heading("Name").click();
        await first.getByText(nameOf(0)).waitFor();
        await heading("Name").click();
        await first.getByText(nameOf(COUNT - 1)).waitFor();
      });
      await measured("its last page", async () => {
        await pages.getByRole("button", { name: "Last" }).click();
        await page.locator("tbody tr").last().getByText(nameOf(0)).waitFor();
      });
      await measured("sorted by the next execution", async () => {
        await heading("Next").click();
        await status.getByText("1 to 50 of 100,000").waitFor();
      });
      const next = await program.call("GET", "/admin/schedules?sort=next_execution&limit=50");
      await first.getByText(next[0].name).waitFor();
      await measured("searched for a part of a name", async () => {
        await page.getByLabel("Name").fill("e 04271");
        await status.getByText("1 to 10 of 10").waitFor();
      });
      await measured("narrowed by a tag", async () => {
        await page.getByLabel("Name").fill("");
        await page.getByLabel("Tag").fill("team-7");
        await status.getByText("1 to 50 of 5,000").waitFor();
      });
      await measured("one of them opened", async () => {
        await page.getByLabel("Tag").fill("");
        await page.getByLabel("Name").fill(nameOf(77_777));
        await page.getByRole("link", { name: nameOf(77_777) }).click();
        await page.getByRole("heading", { level: 1, name: nameOf(77_777) }).waitFor();
      });
      await measured("the next 24 hours", async () => {
        await page.getByRole("link", { name: "Overview" }).click();
        await page.getByRole("region", { name: "Next 24 hours" }).getByText(/^More than 5,\d{3} to fire/).waitFor();
      });
    }));
});
