import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { askLeave } from "../kit/ui";

/** The page as the address has it: #/mailboxes/mb_… → ["mailboxes", "mb_…"]. */
export const route = signal<string[]>(read());
/** True while a form holds what is not saved. */
export const dirty = signal(false);

function read(): string[] {
	return location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
}
/** Goes to a page; asks first when something is not saved. False = stayed. */
export async function go(...to: string[]): Promise<boolean> {
	if (dirty.value && !(await askLeave())) return false;
	dirty.value = false;
	location.hash = `#/${to.map(encodeURIComponent).join("/")}`;
	return true;
}
/** Follows the address bar; Back with unsaved work stays and asks. */
export function follow(): void {
	addEventListener("hashchange", () => {
		const to = read();
		if (to.join("/") === route.value.join("/")) return;
		if (!dirty.value) {
			route.value = to;
			return;
		}
		const here = `#/${route.value.map(encodeURIComponent).join("/")}`;
		history.replaceState(null, "", here);
		void go(...to);
	});
	addEventListener("beforeunload", (e) => dirty.value && e.preventDefault());
}
/** Tells the guard whether this form differs from what is stored; leaving the form clears it. */
export function useDirty(is: boolean): void {
	useEffect(() => {
		dirty.value = is;
	}, [is]);
	useEffect(
		() => () => {
			dirty.value = false;
		},
		[],
	);
}
