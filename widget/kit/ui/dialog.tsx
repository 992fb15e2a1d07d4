import type { ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { Button, IconButton } from "./button";

type Props = {
	title: string;
	onClose(): void;
	children: ComponentChildren;
	wide?: boolean;
	/** A sheet from the beginning of the line: menus of narrow screens. */
	sheet?: boolean;
};

/** A native modal dialog: focus stays inside, Esc closes, focus returns to where it was. Mounted = open. */
export function Dialog({ title, onClose, children, wide, sheet }: Props): JSX.Element {
	const box = useRef<HTMLDialogElement>(null);
	const id = useId();
	// Before the next picture: a key pressed as soon as it is seen must find it open.
	useLayoutEffect(() => {
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
			class={`dialog${wide ? " wide" : ""}${sheet ? " sheet" : ""}`}
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
					<IconButton icon="cross" label={t("ui.close")} onClick={onClose} />
				</header>
				{children}
			</div>
		</dialog>
	);
}

type FormProps = Props & {
	/** Words of the one action. */
	submit: string;
	busy?: boolean;
	/** Why the action cannot be taken yet. */
	off?: string | false;
	/** What went wrong and belongs to no field. */
	error?: string;
	/** A further action, at the other end. */
	more?: ComponentChildren;
	onSubmit(): void;
};
/** A dialog that is a form: its fields, what was refused, Cancel and one action. */
export function FormDialog(p: FormProps): JSX.Element {
	return (
		<Dialog title={p.title} wide={p.wide} onClose={p.onClose}>
			<form
				class="form"
				onSubmit={(e) => {
					e.preventDefault();
					p.onSubmit();
				}}
			>
				{p.children}
				<p class="error" role="alert">
					{p.error}
				</p>
				<div class="actions">
					{p.more}
					{p.more && <span class="grow" />}
					<Button onClick={p.onClose}>{t("ui.cancel")}</Button>
					<Button look="main" type="submit" busy={p.busy} off={p.off}>
						{p.submit}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
