import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { IconButton } from "./button";

type Props = {
	title: string;
	/** Name of the button that closes without doing anything. */
	close: string;
	onClose(): void;
	children: ComponentChildren;
	wide?: boolean;
	/** "side" slides in from the end of the line: phone width panes. */
	place?: "middle" | "side";
};

/** A native modal dialog: focus stays inside, Esc closes, focus returns to where it was. Mounted = open. */
export function Dialog({ title, close, onClose, children, wide, place = "middle" }: Props): JSX.Element {
	const box = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const before = document.activeElement as HTMLElement | null;
		const d = box.current;
		if (d && !d.open) d.showModal();
		d?.querySelector<HTMLElement>("[data-first]")?.focus();
		return () => {
			d?.close();
			before?.isConnected && before.focus();
		};
	}, []);
	return (
		// biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the dialog is a convenience; Esc is the key
		<dialog
			ref={box}
			class={`dialog ${place}${wide ? " wide" : ""}`}
			aria-labelledby={id}
			onCancel={(e) => {
				e.preventDefault();
				onClose();
			}}
			onClick={(e) => e.target === box.current && onClose()}
		>
			<div class="dialog-in">
				<header>
					<h2 id={id}>{title}</h2>
					<IconButton icon="cross" label={close} onClick={onClose} />
				</header>
				{children}
			</div>
		</dialog>
	);
}
