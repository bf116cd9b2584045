// The pure parts of the page.
import { describe, expect, it, vi } from "vitest";

vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => undefined, removeItem: () => undefined });
const { errorOf, withQuery } = await import("../src/api/client");
const { EventParser, firedOf } = await import("../src/api/live");
const { buckets, bucketsSince, parseMetrics, quantile, total } = await import("../src/api/metrics");
const { grouped } = await import("../src/deadletters/groups");
const { storyOf } = await import("../src/events/story");
const { busiestOf, cellsOf, counted, sumOf } = await import("../src/overview/load");
const { toCsv } = await import("../src/parts/csv");
const { sorted, turned } = await import("../src/parts/sort");
const { formatSpan, fromLocalInput, toLocalInput } = await import("../src/parts/format");
const { alertFormOf, alertPolicyOf, alertsInWords, emptyAlerts } = await import("../src/schedules/alerts");
const { bodyOf, emptyForm, objectOf } = await import("../src/schedules/form");

describe("the stream", () => {
  it("is put together from whatever pieces it comes in", () => {
    const text = "retry: 2000\n\n: still here\n\nid: 7\nevent: orders\ndata: {\"event_id\":\"a\",\ndata: \"action\":\"x\"}\n\n";
    for (let cut = 0; cut <= text.length; cut++) {
      const parser = new EventParser();
      const found = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
      expect(found).toEqual([{ id: "7", event: "orders", data: '{"event_id":"a",\n"action":"x"}' }]);
    }
  });
  it("passes over what is no message", () => expect(firedOf({ id: "1", event: "x", data: "gap" })).toBeNull());
});

describe("metrics", () => {
  const text = '# HELP x\nx_total{sink="a\\"b"} 3\nx_total{sink="c"} 4\nl_bucket{le="1"} 50\nl_bucket{le="2"} 100\nl_bucket{le="+Inf"} 100\n';
  it("are read with their labels", () => {
    const samples = parseMetrics(text);
    expect(total(samples, "x_total")).toBe(7);
    expect(total(samples, "x_total", { sink: 'a"b' })).toBe(3);
  });
  it("give quantiles as Prometheus does, of a span too", () => {
    const now = buckets(parseMetrics(text), "l");
    expect(quantile(0.5, now)).toBeCloseTo(1);
    expect(quantile(0.75, now)).toBeCloseTo(1.5);
    expect(quantile(0.5, [])).toBeNull();
    expect(bucketsSince(now, [[1, 20], [2, 20], [Infinity, 20]])).toEqual([[1, 30], [2, 80], [Infinity, 80]]);
    expect(bucketsSince(now, [[Infinity, 500]])).toBe(now); // started anew
  });
});

describe("errors", () => {
  it("are read in both forms, and where there is neither", () => {
    expect(errorOf(422, '{"detail":"no","code":"c","errors":[{"field":"expr","code":"c","detail":"d","column":9}],"request_id":"r"}')).toMatchObject(
      { code: "c", message: "no", requestId: "r", faults: [{ field: "expr", message: "d", column: 9 }] });
    expect(errorOf(422, '{"detail":[{"loc":["body","tags",3],"msg":"m"}]}').faults).toEqual([{ field: "tags.3", message: "m" }]);
    expect(errorOf(502, "<html>").message).toBe("The server answered 502.");
  });
  it("and addresses leave out what is not given", () => expect(withQuery("/a", { b: "ä&", c: "", d: null, e: 0 })).toBe("/a?b=%C3%A4%26&e=0"));
});

describe("files", () => {
  it("hold no formula that a spreadsheet would run", () =>
    expect(toCsv(["a"], [["=1+1"], ["x,\"y\""], [-2], [null]])).toBe("a\r\n'=1+1\r\n\"x,\"\"y\"\"\"\r\n-2\r\n\r\n"));
});

describe("times", () => {
  it("come back from the input as they went in", () => {
    const at = "2027-03-28T05:06:07.000Z";
    expect(fromLocalInput(toLocalInput(at))).toBe(at);
    expect(fromLocalInput("")).toBeNull();
  });
  it("are told in two units at most", () =>
    expect([0, 0.00025, 0.25, 9.96, 75, 90_061].map(formatSpan)).toEqual(["0 ms", "250 µs", "250 ms", "10.0 s", "1 min 15 s", "1 d 1 h"]));
});

describe("what is ahead", () => {
  const slot = (at: string, waiting: number, planned: number, more = false): object => ({ at, waiting, planned, more });
  const cells = cellsOf({ slots: [slot("2027-01-01T00:00:00Z", 1, 2), slot("2027-01-01T00:15:00Z", 0, 5, true), slot("2027-01-01T00:30:00Z", 5, 0)] } as never);
  it("is what waits and what is planned", () => expect(cells.map((each) => each.count)).toEqual([3, 5, 5]));
  it("says where counting stopped", () => {
    expect(counted(sumOf(cells))).toBe("more than 13");
    expect(counted(busiestOf(cells)!)).toBe("more than 5");
    expect(counted(cells[0]!)).toBe("3");
  });
  it("may be nothing", () => expect([sumOf([]), busiestOf([])]).toEqual([{ count: 0, more: false }, undefined]));
});

describe("sorting", () => {
  it("goes up, down, and away", () => expect([turned("", "a"), turned("a", "a"), turned("-a", "a"), turned("-a", "b")]).toEqual(["a", "-a", "", "b"]));
  it("puts what is missing last, either way", () => {
    const rows = [{ n: 9 }, { n: null }, { n: 10 }, { n: 2 }];
    const by = (sort: string): (number | null)[] => sorted(rows, sort, (each) => each.n).map((each) => each.n);
    expect([by("n"), by("-n"), by("")]).toEqual([[2, 9, 10, null], [10, 9, 2, null], [9, null, 10, 2]]);
    expect(sorted(["b10", "b9", "a"], "x", (each) => each)).toEqual(["a", "b9", "b10"]);
  });
});

describe("dead letters", () => {
  it("that died of the same are together, whatever their ids", () => {
    const letter = (id: string, detail: string): never => ({ id, reason: "rejected", detail, died_at: id, event: { topic: "t" } }) as never;
    const groups = grouped([letter("1", "order 17: HTTP 400"), letter("2", "order 18: HTTP 400"), letter("3", "no route")]);
    expect(groups.map((each) => each.letters.length)).toEqual([2, 1]);
  });
});

describe("a story", () => {
  const event = { source: "api_request", created_at: "2026-01-01T00:00:00Z", scheduled_at: "2026-01-01T01:00:00Z", attempt: 1, state: "dead",
    attempts: [{ at: "2026-01-01T01:00:02Z", error: "refused" }], outcome: { state: "dead", at: "2026-01-01T01:00:02Z", reason: "retries_exhausted" } };
  it("tells tries and end in order", () =>
    expect(storyOf(event as never).map((step) => step.what)).toEqual(
      ["Accepted over the API", "Due", "Try 1 failed, 2.0 s after its due time", "Given up: it is a dead letter"]));
  it("of one that was cancelled before does not say that it was due", () =>
    expect(storyOf({ ...event, attempts: [], outcome: { state: "cancelled", at: "2026-01-01T00:30:00Z" } } as never).map((step) => step.what)).not.toContain("Due"));
});

describe("the editor", () => {
  it("clears the rule that was not chosen", () => {
    const body = bodyOf({ ...emptyForm("UTC"), kind: "every", everySeconds: 90, cron: "* * * * *" });
    expect(body).toMatchObject({ cron_expression: null, every_seconds: 90, one_time: false, execution_time: null });
  });
  it("takes objects only", () => {
    expect(objectOf("")).toEqual({});
    expect(() => objectOf("[1]")).toThrow("JSON object");
    expect(() => objectOf("{")).toThrow("not JSON");
  });
});

describe("alerts", () => {
  it("come out of the editor as they went in", () => {
    for (const policy of [{ on: [] }, { on: ["failure"] }, { on: ["silence"], grace_seconds: 60 }, { url: "" },
                          { url: "https://a.example", on: ["failure", "silence"], after_failures: 2, reminder_seconds: 0 }] as const) {
      const sent = Object.entries(alertPolicyOf(alertFormOf(policy as never)) ?? {}).filter(([, value]) => value !== null);
      expect(Object.fromEntries(sent)).toEqual(policy);
    }
    expect(alertPolicyOf(emptyAlerts())).toBeNull();
  });
  it("are told in words", () => {
    expect(alertsInWords({ on: [] })).toBe("none");
    expect(alertsInWords({})).toBe("as the settings say");
    expect(alertsInWords({ url: "", reminder_seconds: 3600 })).toBe("nobody is told, told again after 1 h");
  });
});
