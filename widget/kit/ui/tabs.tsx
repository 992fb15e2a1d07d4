import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { Icon, type IconName } from "./icons";

export type Tab = { id: string; label: string; icon?: IconName; mark?: ComponentChildren };
type Props = {
	label: string;
	tabs: Tab[];
	at: string;
	onPick(id: string): void;
	children: ComponentChildren;
	class?: string;
};

/** Tabs with arrow keys; the panel is what stands inside. */
export function Tabs({ label, tabs, at, onPick, children, class: more }: Props): JSX.Element {
	const id = useId();
	const key = (e: KeyboardEvent) => {
		const rtl = getComputedStyle(e.currentTarget as Element).direction === "rtl";
		const step = { ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1 }[e.key];
		if (!step) return;
		e.preventDefault();
		const to = tabs[(tabs.findIndex((t) => t.id === at) + step + tabs.length) % tabs.length];
		if (!to) return;
		onPick(to.id);
		document.getElementById(`${id}-${to.id}`)?.focus();
	};
	return (
		<div class={`tabs ${more ?? ""}`}>
			<div class="tablist" role="tablist" aria-label={label} onKeyDown={key}>
				{tabs.map((t) => (
					<button
						key={t.id}
						id={`${id}-${t.id}`}
						type="button"
						role="tab"
						class={`tab ${t.id}`}
						aria-selected={t.id === at}
						aria-controls={`${id}-panel`}
						tabIndex={t.id === at ? 0 : -1}
						onClick={() => onPick(t.id)}
					>
						{t.icon && <Icon name={t.icon} />}
						<span>{t.label}</span>
						{t.mark}
					</button>
				))}
			</div>
			<div class="tabpanel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${at}`} tabIndex={-1}>
				{children}
			</div>
		</div>
	);
}
