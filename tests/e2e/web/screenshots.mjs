// The pictures of README.md, into the folder that is named. Run by dev/screenshots.
import { mkdirSync, statSync } from "node:fs";
import path from "node:path";

import { DESKTOP, launch, PHONE, quit, Visit } from "./browser.mjs";
import { fillDemo } from "./demo.mjs";
import { eventually, Program, Receiver } from "./program.mjs";

const MOST_BYTES = 150_000;
const folder = process.argv[2];
if (!folder) throw new Error("usage: screenshots.mjs FOLDER");
mkdirSync(folder, { recursive: true });

const receiver = await new Receiver().start();
const program = await new Program().start();
try {
  await launch();
  const { lost } = await fillDemo(program, receiver);
  // A day with its busy hours, so that the next 24 hours are worth a picture.
  const load = [];
  for (let quarter = 1; quarter < 96; quarter++) {
    const hour = new Date(Date.now() + quarter * 900_000).getHours() + quarter % 4 / 4;
    const busy = 8 + 260 * Math.exp(-((hour - 10) ** 2) / 8) + 170 * Math.exp(-((hour - 17) ** 2) / 5);
    for (let index = 0; index < busy; index++) {
      load.push({ topic: "orders", entity_type: "order", entity_id: `${load.length}`, action: "remind", body: {}, delay_seconds: quarter * 900 + index });
    }
  }
  await program.call("POST", "/events", load);
  const take = async (name, route, options, ready) => {
    const visit = await Visit.open(program, route, options);
    await visit.settled();
    await ready(visit.page);
    const file = path.join(folder, `${name}.png`);
    await visit.page.screenshot({ path: file });
    await visit.close();
    const { size } = statSync(file);
    console.log(`${file}: ${size} bytes`);
    if (size > MOST_BYTES) throw new Error(`${file} is larger than ${MOST_BYTES} bytes`);
  };
  const figures = async (page) => {
    await page.getByText(/fired and .* failed a minute now/).waitFor();
    await eventually(async () => !/^0 fired/.test(await page.getByRole("region", { name: "Per minute, live" }).locator("p").innerText()), "figures");
    await page.getByText(/to fire\. Busiest/).waitFor();
    await page.waitForTimeout(20_000); // a line of some length
  };
  await take("overview", "/overview", { viewport: { ...DESKTOP, height: 1040 } }, figures);
  await take("event", `/events/${lost[0].id}`, { viewport: { ...DESKTOP, height: 640 }, colorScheme: "dark" }, (page) =>
    page.getByText("Given up: it is a dead letter").waitFor());
  await take("phone", "/schedules", { viewport: PHONE }, (page) => page.getByText("1 to 6 of 6").waitFor());
} finally {
  await quit();
  await receiver.close();
  await program.close();
}
