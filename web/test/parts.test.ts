// The pure parts of the page.
import { describe, expect, it, vi } from "vitest";

vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => undefined, removeItem: () => undefined });
const { errorOf, withQuery } = await import("../src/api/client");
const { EventParser, firedOf } = await import("../src/api/live");
const { buckets, bucketsSince, parseMetrics, quantile, total } = await import("../src/api/metrics");
const { grouped } = await import("../src/deadletters/groups");
const { storyOf } = await import("../src/events/story");
const { addOccurrences, SLOT, SLOTS } = await import("../src/overview/load");
const { toCsv } = await import("../src/parts/csv");
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
  it("goes on at its pace where the list was cut off", () => {
    const counts = new Array<number>(SLOTS).fill(0);
    const every = SLOT / 10;
    addOccurrences(counts, Array.from({ length: 20 }, (_, index) => index * every), 0, true);
    expect(counts[0]).toBe(10);
    expect(counts.slice(2)).toEqual(new Array<number>(SLOTS - 2).fill(10));
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
