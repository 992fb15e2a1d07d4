import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { IconButton } from "./button";
import { Icon } from "./icons";

type Toast = { id: number; text: string; tone: "ok" | "stop" | "info"; action?: { label: string; run(): void } };
const toasts = signal<Toast[]>([]);
let last = 0;

/** Says something for six seconds; errors stay for twelve. */
export function toast(text: string, tone: Toast["tone"] = "info", action?: Toast["action"]): void {
	const id = ++last;
	toasts.value = [...toasts.value.slice(-2), { id, text, tone, action }];
	setTimeout(() => drop(id), tone === "stop" || action ? 12_000 : 6_000);
}
function drop(id: number): void {
	toasts.value = toasts.value.filter((t) => t.id !== id);
}
/** The one place where toasts appear; polite, so that it never cuts a sentence off. */
export function Toasts({ close }: { close: string }): JSX.Element {
	return (
		<div class="toasts" role="status" aria-live="polite">
			{toasts.value.map((t) => (
				<div class={`toast ${t.tone}`} key={t.id}>
					<Icon name={t.tone === "ok" ? "check" : t.tone === "stop" ? "warn" : "info"} />
					<span class="grow">{t.text}</span>
					{t.action && (
						<button
							type="button"
							class="btn quiet"
							onClick={() => {
								t.action?.run();
								drop(t.id);
							}}
						>
							{t.action.label}
						</button>
					)}
					<IconButton icon="cross" label={close} onClick={() => drop(t.id)} />
				</div>
			))}
		</div>
	);
}
