import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { Field, Switch } from "../../kit/ui";

type Props = {
	/** The mailbox's own words; null = the usual ones, none = it is off. */
	own: string[] | null | undefined;
	usual: string[];
	error: string | undefined;
	onChange(words: string[] | null): void;
};
/** Words of a visitor that reach management at once (P93). */
export function AtOnce({ own, usual, error, onChange }: Props): JSX.Element {
	const [on, setOn] = useState(own?.length !== 0);
	const [text, setText] = useState((own?.length ? own : usual).join("\n"));
	const lines = (s: string): string[] => [...new Set(s.split("\n").map((x) => x.trim()))].filter(Boolean);
	const flip = (next: boolean) => {
		setOn(next);
		onChange(next ? lines(text) : []);
	};
	return (
		<>
			<Switch label={t("a.sla.once")} hint={t("a.sla.once.hint")} on={on} onChange={flip} />
			{on && (
				<Field label={t("a.sla.once.words")} hint={t("a.sla.once.words.hint")} error={error}>
					{(g) => (
						<textarea
							{...g}
							rows={6}
							dir="auto"
							value={text}
							onInput={(e) => {
								setText(e.currentTarget.value);
								onChange(lines(e.currentTarget.value));
							}}
						/>
					)}
				</Field>
			)}
		</>
	);
}
