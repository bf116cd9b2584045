// Bulk jobs: started by a call, followed until their end.
import { get, post, segment } from "../api/client";
import type { Job } from "../api/types";

const EVERY_MS = 400;

/** How many a bulk call would change. */
export async function count(path: string, body: object): Promise<number> {
  const job = await follow(await post<Job>(path, { ...body, dry_run: true }), () => undefined);
  if (job.state === "failed") throw new Error(job.error?.detail ?? "The events could not be counted.");
  return job.matched;
}

export async function follow(job: Job, told: (job: Job) => void): Promise<Job> {
  let at = job;
  told(at);
  while (at.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    at = await get<Job>(`/api/v1/jobs/${segment(job.id)}`);
    told(at);
  }
  return at;
}
