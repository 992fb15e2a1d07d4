import type { ComponentChildren, InputHTMLAttributes, JSX } from "preact";
import { useEffect, useId } from "preact/hooks";

type Given = { id: string; "aria-describedby"?: string; "aria-invalid"?: boolean };
type Props = {
	label: string;
	hint?: ComponentChildren;
	error?: string;
	/** Hides the label's words from the eye, not from the ear. */
	bare?: boolean;
	class?: string;
	children: (given: Given) => ComponentChildren;
};

/** Label, control, hint and error, tied together; the control takes what it is given. */
export function Field({ label, hint, error, bare, class: more, children }: Props): JSX.Element {
	const id = useId();
	const about = [hint && `${id}-h`, error && `${id}-e`].filter(Boolean).join(" ") || undefined;
	// What was refused is brought into view, the first of its form.
	useEffect(() => {
		const at = error ? document.getElementById(id) : null;
		if (!at || document.activeElement === at) return;
		const form = at.closest("form, dialog") ?? document;
		if (form.querySelector('[aria-invalid="true"]') === at) at.focus();
	}, [error, id]);
	return (
		<div class={`field ${more ?? ""}`}>
			<label for={id} class={bare ? "sr" : undefined}>
				{label}
			</label>
			{children({ id, "aria-describedby": about, "aria-invalid": error ? true : undefined })}
			{hint && (
				<p class="hint" id={`${id}-h`}>
					{hint}
				</p>
			)}
			{error && (
				<p class="error" id={`${id}-e`} role="alert">
					{error}
				</p>
			)}
		</div>
	);
}

type Text = Omit<InputHTMLAttributes, "label"> & { label: string; hint?: string; error?: string; bare?: boolean };
/** A one-line text field. */
export function TextField({ label, hint, error, bare, ...rest }: Text): JSX.Element {
	return (
		<Field label={label} hint={hint} error={error} bare={bare}>
			{(g) => <input type="text" {...(rest as object)} {...g} />}
		</Field>
	);
}

type Search = { label: string; value: string; onType(q: string): void };
/** A field that finds; its words stand inside it. */
export function SearchField({ label, value, onType }: Search): JSX.Element {
	return (
		<input
			type="search"
			aria-label={label}
			placeholder={label}
			value={value}
			onInput={(e) => onType(e.currentTarget.value)}
		/>
	);
}

type Choice = {
	label: string;
	hint?: string;
	error?: string;
	bare?: boolean;
	name?: string;
	value: string;
	options: { value: string; label: string; off?: boolean }[];
	first?: boolean;
	onPick(value: string): void;
};
/** A native select. */
export function SelectField({ label, hint, error, bare, options, value, onPick, name, first }: Choice): JSX.Element {
	return (
		<Field label={label} hint={hint} error={error} bare={bare}>
			{(g) => (
				<select
					{...g}
					name={name}
					value={value}
					data-first={first || undefined}
					onChange={(e) => onPick(e.currentTarget.value)}
				>
					{options.map((o) => (
						<option key={o.value} value={o.value} disabled={o.off} selected={o.value === value}>
							{o.label}
						</option>
					))}
				</select>
			)}
		</Field>
	);
}
