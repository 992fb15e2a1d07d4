import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { prefs, setPrefs } from "../kit/ui";

const MIN = 240;
const MAX = 520;
const STEP = 16;

/** The bar on the edge of a pane: drag it, or use the arrow keys; twice pressed it goes back to the usual width. */
export function Splitter({ of }: { of: "list" | "side" }): JSX.Element {
	const bar = useRef<HTMLDivElement>(null);
	const [held, hold] = useState(false);
	const pane = () => document.getElementById(of);
	const now = () => Math.round(prefs.value[of] ?? pane()?.offsetWidth ?? MIN);
	const set = (px: number) => setPrefs({ [of]: Math.round(Math.max(MIN, Math.min(MAX, px))) });
	const rtl = () => document.documentElement.dir === "rtl";
	/** +1 when moving to the right widens the pane. */
	const sign = () => ((of === "list") !== rtl() ? 1 : -1);
	const key = (e: KeyboardEvent) => {
		const to = { ArrowRight: sign(), ArrowLeft: -sign() }[e.key];
		if (to) set(now() + to * STEP);
		else if (e.key === "Enter") setPrefs({ [of]: undefined });
		else return;
		e.preventDefault();
		e.stopPropagation();
	};
	const move = (e: PointerEvent) => {
		const r = held ? pane()?.getBoundingClientRect() : undefined;
		if (r) set(sign() > 0 ? e.clientX - r.left : r.right - e.clientX);
	};
	return (
		// biome-ignore lint/a11y/useSemanticElements: an hr takes no focus and no value
		<div
			ref={bar}
			class={`splitter of-${of}${held ? " held" : ""}`}
			role="separator"
			tabIndex={0}
			aria-orientation="vertical"
			aria-label={t(`pane.width.${of}`)}
			aria-valuemin={MIN}
			aria-valuemax={MAX}
			aria-valuenow={now()}
			aria-controls={of}
			onKeyDown={key}
			onDblClick={() => setPrefs({ [of]: undefined })}
			onPointerDown={(e) => {
				bar.current?.setPointerCapture(e.pointerId);
				hold(true);
			}}
			onPointerMove={move}
			onPointerUp={() => hold(false)}
			onPointerCancel={() => hold(false)}
		/>
	);
}
