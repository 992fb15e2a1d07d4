import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../i18n";
import { Button, IconButton } from "./button";
import { Icon } from "./icons";

type Toast = { id: number; text: string; tone: "ok" | "stop" | "info"; action?: { label: string; run(): void } };
const toasts = signal<Toast[]>([]);
let last = 0;

/** Says something for six seconds, what went wrong or can be answered for twelve; ms = for as long as that. */
export function toast(text: string, tone: Toast["tone"] = "info", action?: Toast["action"], ms?: number): void {
	const id = ++last;
	toasts.value = [...toasts.value.slice(-2), { id, text, tone, action }];
	setTimeout(() => drop(id), ms ?? (tone === "stop" || action ? 12_000 : 6_000));
}
function drop(id: number): void {
	toasts.value = toasts.value.filter((t) => t.id !== id);
}
/** The one place where toasts appear; polite, so that it never cuts a sentence off. */
export function Toasts(): JSX.Element {
	return (
		<div class="toasts" role="status" aria-live="polite">
			{toasts.value.map((x) => (
				<div class={`toast ${x.tone}`} key={x.id}>
					<Icon name={x.tone === "ok" ? "check" : x.tone === "stop" ? "warn" : "info"} />
					<span class="grow">{x.text}</span>
					{x.action && (
						<Button
							look="quiet"
							onClick={() => {
								x.action?.run();
								drop(x.id);
							}}
						>
							{x.action.label}
						</Button>
					)}
					<IconButton icon="cross" label={t("ui.close")} onClick={() => drop(x.id)} />
				</div>
			))}
		</div>
	);
}
