// What can be done to schedules from their list and from their view.
import { call, post, put, segment } from "../api/client";
import type { Schedule } from "../api/types";
import { asked, confirmed, failed, said, saidWithUndo } from "../parts/notify";

const path = (id: string, verb = ""): string => `/api/v1/admin/schedules/${segment(id)}${verb}`;

export async function pause(schedule: Schedule, done: () => unknown): Promise<void> {
  const note = await asked("Why? Others will read it.", `Pause ${schedule.name}`, "Pause", schedule.note ?? "");
  if (note === null) return;
  try {
    await put(path(schedule.id), { status: "paused", note: note || null });
    await done();
    saidWithUndo(`Paused ${schedule.name}.`, () => post(path(schedule.id, "/activate")).then(done) as Promise<void>);
  } catch (error) {
    failed(error, "Pause");
  }
}

export async function resume(schedule: Schedule, done: () => unknown): Promise<void> {
  try {
    await post(path(schedule.id, "/activate"));
    if (schedule.note) await put(path(schedule.id), { note: null });
    await done();
    said(`${schedule.name} is active.`);
  } catch (error) {
    failed(error, "Activate");
  }
}

export async function runNow(schedule: Schedule, done: () => unknown): Promise<void> {
  if (!(await confirmed(`${schedule.name} fires once now, beside its plan.`, "Run now", "Run now?"))) return;
  try {
    await post(path(schedule.id, "/execute"));
    await done();
    said(`${schedule.name} fires now.`);
  } catch (error) {
    failed(error, "Run now");
  }
}

export async function remove(schedule: Schedule, done: () => unknown): Promise<void> {
  const question = `${schedule.name} will be deleted. What is pending of it never fires; its executions stay. This cannot be taken back.`;
  if (!(await confirmed(question, "Delete"))) return;
  try {
    await call("DELETE", path(schedule.id));
    said(`Deleted ${schedule.name}.`);
    await done();
  } catch (error) {
    failed(error, "Delete");
  }
}

/** Pauses or activates many; undo touches only those that were changed. */
export async function setAll(schedules: Schedule[], active: boolean, done: () => unknown): Promise<void> {
  const changing = schedules.filter((each) => (each.status === "active") !== active);
  const verb = active ? "Activate" : "Pause";
  if (changing.length === 0) return said(`All of them are ${active ? "active" : "paused"} already.`);
  const count = `${changing.length} ${changing.length === 1 ? "schedule" : "schedules"}`;
  if (!(await confirmed(`${verb} ${count}?`, verb))) return;
  const ids = changing.map((each) => each.id);
  const to = (verb: string): Promise<unknown> => post(`/api/v1/admin/schedules/bulk/${verb}`, ids);
  try {
    await to(active ? "activate" : "deactivate");
    await done();
    saidWithUndo(`${active ? "Activated" : "Paused"} ${count}.`, async () => {
      await to(active ? "deactivate" : "activate");
      await done();
    });
  } catch (error) {
    failed(error, verb);
  }
}
