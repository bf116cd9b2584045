// Whether the server answers. While it does not, it is asked again and again; views load anew once it is back.
import { reactive } from "vue";

export const connection = reactive({
  lost: false,
  since: null as Date | null,
  /** Grows each time the server is back. */
  generation: 0,
});

const EVERY_MS = 1500;
let asking = false;

async function ask(): Promise<void> {
  try {
    const answer = await fetch("/healthz", { cache: "no-store" });
    if (answer.ok) {
      asking = false;
      connection.lost = false;
      connection.since = null;
      connection.generation++;
      return;
    }
  } catch {
    // Still away.
  }
  setTimeout(() => void ask(), EVERY_MS);
}

export function reportLost(): void {
  if (!connection.lost) connection.since = new Date();
  connection.lost = true;
  if (asking) return;
  asking = true;
  setTimeout(() => void ask(), EVERY_MS);
}
