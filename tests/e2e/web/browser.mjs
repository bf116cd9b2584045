// A real Chromium, and pages in it that note everything they should not have said or loaded.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { eventually } from "./program.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const web = createRequire(path.join(here, "../../../web/package.json"));
const { chromium } = web("playwright-core");
const AXE = readFileSync(web.resolve("axe-core/axe.min.js"), "utf8");

export const SCREENS = process.env.SCHEDULES_SCREENS;
const CHROMIUM = process.env.SCHEDULES_CHROMIUM || "/usr/bin/chromium";
export const TIMEOUT = 30_000;

let browser;
export async function launch() {
  if (!existsSync(CHROMIUM)) throw new Error(`no Chromium at ${CHROMIUM}: dev/setup installs it`);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}
export const quit = () => browser?.close();

export const DESKTOP = { width: 1280, height: 860 };
export const PHONE = { width: 360, height: 740 };

/** Opens `route` of the program's page. `close` fails if anything was wrong that `allow` does not name. */
export class Visit {
  static async open(program, route, { viewport = DESKTOP, colorScheme = "light", allow = [], timezoneId = "Europe/Berlin", ready = true } = {}) {
    const visit = new Visit();
    visit.allow = allow;
    visit.program = program;
    visit.faults = [];
    visit.context = await browser.newContext({ viewport, colorScheme, timezoneId, locale: "en-GB", acceptDownloads: true });
    const page = (visit.page = await visit.context.newPage());
    page.setDefaultTimeout(TIMEOUT);
    const note = (text) => {
      if (!visit.allow.some((pattern) => pattern.test(text))) visit.faults.push(text);
    };
    page.on("console", (message) => {
      if (["error", "warning", "assert"].includes(message.type())) note(`console: ${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => note(`script: ${error.stack}`));
    page.on("dialog", (dialog) => {
      visit.faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== program.url) visit.faults.push(`asked elsewhere: ${request.url()}`);
      if (/[?&](token|access_token|authorization)=/i.test(request.url())) visit.faults.push(`a token in an address: ${request.url()}`);
    });
    await page.goto(`${program.url}/#${route}`);
    if (ready) await page.getByRole("heading", { level: 1 }).waitFor();
    return visit;
  }

  /** Until `check`, run in the page, is true. Playwright's own way needs eval, which the policy forbids. */
  until(check, argument, what = String(check)) {
    return eventually(() => this.page.evaluate(check, argument), what);
  }

  async go(route) {
    await this.page.goto(`${this.program.url}/#${route}`);
  }

  /** Nothing is on its way any more. */
  async settled() {
    await this.until(() => !document.querySelector("[aria-busy=true]"), undefined, "the end of loading");
  }

  async sees(text, where = this.page.locator("main")) {
    await where.getByText(text).first().waitFor();
  }

  async screenshot(name) {
    if (!SCREENS) return;
    mkdirSync(SCREENS, { recursive: true });
    await this.page.screenshot({ path: path.join(SCREENS, `${name}.png`), fullPage: true });
  }

  async axe() {
    const result = await this.page.evaluate(`${AXE}; axe.run(document, { resultTypes: ["violations"] })`);
    const grave = result.violations.filter((each) => ["serious", "critical"].includes(each.impact));
    return grave.map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`).join(" | ")}`);
  }

  /** Nothing is wider than the window. */
  async fits() {
    const [content, window] = await this.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
    assert.ok(content <= window, `the page is ${content} px wide in a window of ${window}`);
  }

  async close() {
    await this.context.close();
    assert.deepEqual(this.faults, []);
  }

  /** Runs `body`; closes in any case, and keeps a picture of a failure. */
  async run(body) {
    try {
      await body(this);
    } catch (error) {
      await this.screenshot(`failed-${Date.now()}`).catch(() => undefined);
      await this.context.close();
      if (this.faults.length) error.message += `\nbeside that: ${this.faults.join("\n")}`;
      throw error;
    }
    await this.close();
  }
}

export const visit = async (program, route, options, body) => (await Visit.open(program, route, options)).run(body);
