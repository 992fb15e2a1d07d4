import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons";

export type PopoverProps = {
	/** The button's accessible name. */
	label: string;
	button: ComponentChildren;
	class?: string;
	/** dialog for forms, menu for a list of actions. */
	kind?: "menu" | "dialog";
	/** Which edge of the button it keeps to. */
	align?: "start" | "end";
	/** Controlled opening, for keys; left out = its own. */
	open?: boolean;
	onOpen?(open: boolean): void;
	children: (close: () => void) => ComponentChildren;
};

/** A button with a native popover: light dismiss, Esc, focus back on the button. */
export function Popover(p: PopoverProps): JSX.Element {
	const id = useId();
	const button = useRef<HTMLButtonElement>(null);
	const box = useRef<HTMLDivElement>(null);
	const [own, setOwn] = useState(false);
	const open = p.open ?? own;
	const set = (v: boolean) => {
		setOwn(v);
		p.onOpen?.(v);
	};
	useEffect(() => {
		const b = box.current;
		if (!b) return;
		if (!open) {
			if (b.matches(":popover-open")) b.hidePopover();
			return;
		}
		if (!b.matches(":popover-open")) b.showPopover();
		const put = () => place(b, button.current, p.align ?? "start");
		put();
		b.querySelector<HTMLElement>("[data-first], [role^=menuitem], input, button")?.focus();
		addEventListener("resize", put);
		const grows = new ResizeObserver(put); // what it holds may be read only once it is open
		grows.observe(b);
		return () => {
			removeEventListener("resize", put);
			grows.disconnect();
		};
	}, [open, p.align]);
	return (
		<>
			<button
				ref={button}
				type="button"
				class={`btn ${p.class ?? ""}`}
				aria-haspopup={p.kind ?? "menu"}
				aria-expanded={open}
				aria-controls={open ? id : undefined}
				aria-label={p.label}
				title={p.label}
				onClick={() => set(!open)}
			>
				{p.button}
			</button>
			{/* biome-ignore lint/a11y/noStaticElementInteractions: its role is menu or dialog, chosen by kind */}
			{/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles take a label */}
			<div
				ref={box}
				id={id}
				popover="auto"
				class="popover"
				role={p.kind ?? "menu"}
				aria-label={p.label}
				onToggle={(e) => e.newState === "closed" && open && set(false)}
				onKeyDown={(e) => {
					if (e.key === "Escape") {
						e.stopPropagation();
						set(false);
						button.current?.focus();
					} else if ((p.kind ?? "menu") === "menu") walk(e, box.current);
				}}
			>
				{open &&
					p.children(() => {
						set(false);
						button.current?.focus();
					})}
			</div>
		</>
	);
}

type Item = {
	icon?: IconName;
	label: string;
	hint?: string;
	keys?: string;
	/** Set = a choice among others. */
	checked?: boolean;
	tone?: string;
	onPick(): void;
};
/** One line of a menu. */
export function MenuItem({ icon, label, hint, keys, checked, tone, onPick }: Item): JSX.Element {
	return (
		// biome-ignore lint/a11y/useAriaPropsSupportedByRole: the role is menuitemradio whenever it is checked or not
		<button
			type="button"
			role={checked === undefined ? "menuitem" : "menuitemradio"}
			aria-checked={checked}
			class={`item ${tone ?? ""}`}
			tabIndex={-1}
			onClick={onPick}
		>
			{checked !== undefined ? (
				<span class="tick">{checked && <Icon name="check" />}</span>
			) : (
				icon && <Icon name={icon} />
			)}
			<span class="grow">
				{label}
				{hint && <small>{hint}</small>}
			</span>
			{keys && <kbd>{keys}</kbd>}
		</button>
	);
}

function walk(e: KeyboardEvent, box: HTMLElement | null): void {
	const all = [...(box?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
	const at = all.indexOf(document.activeElement as HTMLElement);
	const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key];
	if (to === undefined || !all.length) return;
	e.preventDefault();
	all[(to + all.length) % all.length]?.focus();
}
/** Below the button if there is room, else above; always inside the window. */
function place(box: HTMLElement, button: HTMLElement | null, align: "start" | "end"): void {
	if (!button) return;
	const b = button.getBoundingClientRect();
	const w = box.offsetWidth;
	const h = box.offsetHeight;
	const rtl = getComputedStyle(button).direction === "rtl";
	const begin = rtl ? innerWidth - b.right : b.left;
	const wanted = align === "start" ? begin : begin + b.width - w;
	const gap = 4;
	const below = b.bottom + gap + h <= innerHeight || b.top < h;
	box.style.setProperty("inset-inline-start", `${Math.max(gap, Math.min(wanted, innerWidth - w - gap))}px`);
	const top = below ? b.bottom + gap : b.top - gap - h;
	box.style.setProperty("inset-block-start", `${Math.max(gap, Math.min(top, innerHeight - h - gap))}px`);
}
