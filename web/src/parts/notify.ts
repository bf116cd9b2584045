// Messages that pass, and questions before what cannot be taken back.
import { ElMessage, ElMessageBox } from "element-plus";
import { h } from "vue";

import { messageOf } from "../api/client";

export function said(text: string): void {
  ElMessage({ message: text, type: "success", duration: 4000, grouping: true });
}

export function failed(error: unknown, doing = ""): void {
  ElMessage({ message: doing ? `${doing}: ${messageOf(error)}` : messageOf(error), type: "error", duration: 8000, showClose: true,
              grouping: true });
}

/** A message with a way back. */
export function saidWithUndo(text: string, undo: () => Promise<void>): void {
  const handler = ElMessage({
    type: "success", duration: 10_000, showClose: true,
    message: h("span", [text + " ", h("button", {
      type: "button", class: "link undo",
      onClick: () => {
        handler.close();
        undo().then(() => said("Undone."), (error) => failed(error, "Undo"));
      },
    }, "Undo")]),
  });
}

export async function confirmed(question: string, action: string, title = "Are you sure?"): Promise<boolean> {
  try {
    await ElMessageBox.confirm(question, title, {
      confirmButtonText: action, cancelButtonText: "Cancel", type: "warning", confirmButtonClass: "confirm-action",
      closeOnClickModal: false,
    });
    return true;
  } catch {
    return false;
  }
}

/** The text that was typed, or null. */
export async function asked(question: string, title: string, action: string, given = ""): Promise<string | null> {
  try {
    const answer = await ElMessageBox.prompt(question, title, {
      confirmButtonText: action, cancelButtonText: "Cancel", inputValue: given,
    });
    return answer.value ?? "";
  } catch {
    return null;
  }
}
