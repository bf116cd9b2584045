// Dead letters that died of the same, together: what differs from one to the next is left out of the comparison.
import type { DeadLetter } from "../api/types";

export interface Group {
  key: string;
  reason: string;
  /** Of the newest one, as it is. */
  detail: string;
  topics: string[];
  letters: DeadLetter[];
  newest: string;
  oldest: string;
}

export function likeness(detail: string): string {
  return detail
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, "#")
    .replace(/\b[0-9a-f]{16,}\b/gi, "#")
    .replace(/\d+(\.\d+)?/g, "#")
    .slice(0, 300);
}

export function grouped(letters: DeadLetter[]): Group[] {
  const groups = new Map<string, Group>();
  for (const letter of letters) {
    const key = `${letter.reason}\n${likeness(letter.detail)}`;
    let group = groups.get(key);
    if (!group) {
      group = { key, reason: letter.reason, detail: letter.detail, topics: [], letters: [], newest: letter.died_at, oldest: letter.died_at };
      groups.set(key, group);
    }
    group.letters.push(letter);
    if (!group.topics.includes(letter.event.topic)) group.topics.push(letter.event.topic);
    if (letter.died_at > group.newest) group.newest = letter.died_at;
    if (letter.died_at < group.oldest) group.oldest = letter.died_at;
  }
  return [...groups.values()].sort((a, b) => b.letters.length - a.letters.length);
}
