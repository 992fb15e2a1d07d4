import type { JSX } from "preact";

/** An on/off setting that acts at once. */
export function Switch({
	label,
	hint,
	on,
	onChange,
}: {
	label: string;
	hint?: string;
	on: boolean;
	onChange(on: boolean): void;
}): JSX.Element {
	return (
		<label class="switch">
			<span class="grow">
				{label}
				{hint && <small>{hint}</small>}
			</span>
			<input
				type="checkbox"
				role="switch"
				aria-checked={on}
				checked={on}
				onChange={(e) => onChange(e.currentTarget.checked)}
			/>
		</label>
	);
}
