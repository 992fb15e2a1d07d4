import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../i18n";
import { Button } from "./button";
import { Dialog } from "./dialog";
import type { IconName } from "./icons";

export type Question = {
	title: string;
	text: string;
	/** Words of yes. */
	action: string;
	icon?: IconName;
	/** Words of no; left out = Cancel. */
	no?: string;
	/** Yes takes something away. */
	stop?: boolean;
};
const asked = signal<(Question & { answer(yes: boolean): void }) | undefined>(undefined);

/** Asks a yes-or-no question; no is what Esc means. A second question takes the first one back. */
export function ask(q: Question): Promise<boolean> {
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
/** Asks whether what is typed and not saved may go. */
export function askLeave(): Promise<boolean> {
	const action = t("ui.leave.discard");
	return ask({ title: t("ui.leave.title"), text: t("ui.leave.text"), action, no: t("ui.leave.stay"), stop: true });
}
/** The one place where questions appear. */
export function Asked(): JSX.Element | null {
	const q = asked.value;
	if (!q) return null;
	return (
		<Dialog title={q.title} onClose={() => q.answer(false)}>
			<p>{q.text}</p>
			<div class="actions">
				<Button onClick={() => q.answer(false)} data-first>
					{q.no ?? t("ui.cancel")}
				</Button>
				<Button look={q.stop ? "stop" : "main"} icon={q.icon} onClick={() => q.answer(true)}>
					{q.action}
				</Button>
			</div>
		</Dialog>
	);
}
