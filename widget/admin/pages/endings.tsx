import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { Field, SelectField, TextField } from "../../kit/ui";
import type { Box, Idle } from "../data";
import { Part } from "../parts";

type Props = { box: Box; errors: Record<string, string>; onChange(part: Partial<Box>): void };

/** What silent conversations end after where nobody has said otherwise, in minutes (gateway/idle.go). */
const usual: Idle = { chat_warn: 25, chat_end: 30, ticket_warn: 720, ticket_end: 1440 };
const lines = (text: string): string[] =>
	text
		.split("\n")
		.map((l) => l.trim())
		.filter(Boolean);

/** When silent conversations end by themselves, and what others are closed for (P44, P81). */
export function Endings({ box, errors, onChange }: Props): JSX.Element {
	const [text, setText] = useState((box.reasons ?? []).join("\n"));
	const { idle } = box;
	return (
		<Part title={t("a.idle")} hint={t("a.idle.hint")}>
			<SelectField
				label={t("a.idle.mode")}
				hint={idle ? undefined : t("a.idle.default")}
				value={idle ? "own" : "default"}
				options={["default", "own"].map((value) => ({ value, label: t(`a.idle.mode.${value}`) }))}
				onPick={(v) => onChange({ idle: v === "own" ? usual : null })}
			/>
			{idle && (
				<div class="two">
					{(["chat_warn", "chat_end", "ticket_warn", "ticket_end"] as const).map((k) => (
						<TextField
							key={k}
							label={t(`a.idle.${k}`)}
							type="number"
							min={1}
							value={idle[k]}
							error={k === "chat_end" ? errors["idle.chat"] : k === "ticket_end" ? errors["idle.ticket"] : undefined}
							onInput={(e) => onChange({ idle: { ...idle, [k]: Math.round(e.currentTarget.valueAsNumber) || 0 } })}
						/>
					))}
				</div>
			)}
			<Field label={t("a.reasons")} hint={t("a.reasons.hint")} error={errors.reasons}>
				{(g) => (
					<textarea
						{...g}
						rows={3}
						dir="auto"
						value={text}
						onInput={(e) => {
							setText(e.currentTarget.value);
							onChange({ reasons: lines(e.currentTarget.value) });
						}}
					/>
				)}
			</Field>
		</Part>
	);
}
