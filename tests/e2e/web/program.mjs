// The program under test as a process of its own, on a free port and an empty folder.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";

const BINARY = process.env.SCHEDULES_BINARY;
if (!BINARY) throw new Error("SCHEDULES_BINARY has to name the program under test");

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

function cleanEnvironment(settings) {
  const kept = Object.entries(process.env).filter(([name]) => !/^schedules_/i.test(name) && name !== "SECRET_KEY");
  return { ...Object.fromEntries(kept), ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`schedules_${name}`, value])) };
}

export class Program {
  constructor(settings = {}) {
    this.settings = { WEBHOOK_ALLOW: "127.0.0.0/8", LOG_LEVEL: "warn", ...settings };
    this.home = mkdtempSync(path.join(tmpdir(), "schedules-web-"));
    this.port = 0;
    this.token = "";
  }

  async start() {
    this.child = spawn(BINARY, ["serve", "--data-dir", path.join(this.home, "data"), "--listen", `127.0.0.1:${this.port}`],
                       { cwd: this.home, env: cleanEnvironment(this.settings), stdio: ["ignore", "pipe", "inherit"] });
    running.add(this.child);
    const { child } = this;
    child.once("exit", () => running.delete(child));
    const lines = readline.createInterface({ input: this.child.stdout });
    const line = await new Promise((resolve, reject) => {
      lines.once("line", resolve);
      this.child.once("exit", (code) => reject(new Error(`the program ended with ${code}`)));
    });
    this.port = Number(new URL(JSON.parse(line).http).port);
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async kill() {
    if (!running.has(this.child)) return; // it ended by itself
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await gone;
  }

  async close() {
    await this.kill();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Calls the API as a test, beside the page; refuses any answer that is not 2xx. */
  async call(method, where, body) {
    const headers = { "Content-Type": "application/json", ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}) };
    const answer = await fetch(this.url + "/api/v1" + where, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${where}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  cli(...args) {
    const done = spawnSync(BINARY, args, { cwd: this.home, env: cleanEnvironment(this.settings), encoding: "utf8" });
    if (done.status !== 0) throw new Error(`schedules ${args.join(" ")}: ${done.stderr}`);
    return done.stdout.trim();
  }
}

/** Waits until `check` answers something true. */
export async function eventually(check, what, timeoutMs = 30_000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what} did not come true within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A webhook that answers `status`, which may be changed, and keeps what it got. */
export class Receiver {
  status = 200;
  received = [];

  async start() {
    this.server = http.createServer((request, response) => {
      const chunks = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        this.received.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
        response.writeHead(this.status).end();
      });
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
