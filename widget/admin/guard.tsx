import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../kit/i18n";
import { Button, Dialog } from "../kit/ui";

/** The page as the address has it: #/mailboxes/mb_… → ["mailboxes", "mb_…"]. */
export const route = signal<string[]>(read());
/** True while a form holds what is not saved. */
export const dirty = signal(false);

type Question = { title: string; text: string; action: string; stop?: boolean; answer(yes: boolean): void };
const asked = signal<Question | undefined>(undefined);

function read(): string[] {
	return location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
}
/** Goes to a page; asks first when something is not saved. False = stayed. */
export async function go(...to: string[]): Promise<boolean> {
	if (dirty.value && !(await ask(leave()))) return false;
	dirty.value = false;
	location.hash = `#/${to.map(encodeURIComponent).join("/")}`;
	return true;
}
function leave() {
	return { title: t("a.leave.title"), text: t("a.leave.text"), action: t("a.leave.discard"), stop: true };
}
/** Asks a yes-or-no question; no is what Esc means. */
export function ask(q: Omit<Question, "answer">): Promise<boolean> {
	asked.value?.answer(false);
	return new Promise((done) => {
		asked.value = {
			...q,
			answer: (yes) => {
				asked.value = undefined;
				done(yes);
			},
		};
	});
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
/** The one place where questions appear. */
export function Asked(): JSX.Element | null {
	const q = asked.value;
	if (!q) return null;
	return (
		<Dialog title={q.title} close={t("a.close")} onClose={() => q.answer(false)}>
			<p>{q.text}</p>
			<div class="actions">
				<Button onClick={() => q.answer(false)} data-first>
					{t("a.cancel")}
				</Button>
				<Button look={q.stop ? "stop" : "main"} onClick={() => q.answer(true)}>
					{q.action}
				</Button>
			</div>
		</Dialog>
	);
}
