import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { pick, t } from "../kit/i18n";
import { CommandError } from "../kit/socket";
import { Button, SelectField, TextField, words } from "../kit/ui";
import type { Change, FieldSpec, Row } from "../kit/wire";
import { put } from "./change";
import type { Session } from "./session";
import * as st from "./state";
import { factName } from "./words";

/** Why my role offers nothing, or nothing sensitive (verify/role.go decides; this only says it before). */
export function cannot(tier = "plain"): string {
	const role = st.me.value?.role ?? "";
	if (!["agent", "senior", "supervisor"].includes(role)) return t("offer.role");
	return tier === "sensitive" && role === "agent" ? t("offer.senior") : "";
}
/** A kind and its fields; the server freezes them into a draft, which is then shown as the visitor will see it. */
export function OfferForm({ s, r, kinds }: { s: Session; r: Row; kinds: st.Kind[] }): JSX.Element {
	const [name, setName] = useState(() => (kinds.some((k) => k.name === st.wish.value) ? st.wish.value : ""));
	const [fields, setFields] = useState<Record<string, string>>({});
	const [error, setError] = useState("");
	const [bad, setBad] = useState("");
	const [busy, setBusy] = useState(false);
	const kind = kinds.find((k) => k.name === name);
	useEffect(() => {
		st.wish.value = "";
	}, []);
	const submit = async (e: SubmitEvent) => {
		e.preventDefault();
		setBusy(true);
		setError("");
		setBad("");
		try {
			const given = Object.fromEntries((kind?.fields ?? []).map((f) => [f.name, fields[f.name] ?? ""]));
			const { change } = await s.socket.command<{ change: Change }>("change.draft", {
				conversation: r.id,
				kind: name,
				fields: given,
			});
			put(r.id, change);
		} catch (x) {
			const field = x instanceof CommandError ? (x.error.params?.field ?? "") : "";
			if (field && kind?.fields?.some((f) => f.name === field)) setBad(field);
			else setError(words(x));
		}
		setBusy(false);
	};
	return (
		<form class="form" onSubmit={submit}>
			<SelectField
				label={t("offer.kind")}
				value={name}
				onPick={(v) => {
					setName(v);
					setFields({});
					setBad("");
				}}
				options={[
					{ value: "", label: t("offer.pick") },
					...kinds.map((k) => {
						const why = cannot(k.tier);
						return { value: k.name, label: why ? `${pick(k.title)} (${why})` : pick(k.title), off: Boolean(why) };
					}),
				]}
			/>
			{kind?.guide && <p class="notice wait">{t("offer.guide_first")}</p>}
			{kind?.fields?.map((f) => (
				<One
					key={f.name}
					f={f}
					value={fields[f.name] ?? ""}
					error={bad === f.name ? t("offer.bad") : undefined}
					set={(v) => setFields({ ...fields, [f.name]: v })}
				/>
			))}
			<p class="error" role="alert">
				{error}
			</p>
			{kind && (
				<Button type="submit" look="main" icon="eye" busy={busy}>
					{t("offer.preview")}
				</Button>
			)}
		</form>
	);
}
function One({
	f,
	value,
	error,
	set,
}: {
	f: FieldSpec;
	value: string;
	error?: string;
	set(v: string): void;
}): JSX.Element {
	const label = pick(f.label) || f.name;
	if (f.as === "enum")
		return (
			<SelectField
				label={label}
				value={value}
				error={error}
				onPick={set}
				options={[{ value: "", label: t("offer.pick") }, ...(f.values ?? []).map((v) => ({ value: v, label: v }))]}
			/>
		);
	if (f.as === "set") {
		const on = new Set(value.split(",").filter(Boolean));
		return (
			<fieldset class="choices column">
				<legend>{label}</legend>
				{f.values?.map((v) => (
					<label class="choice" key={v}>
						<input
							type="checkbox"
							checked={on.has(v)}
							onChange={(e) => {
								if (e.currentTarget.checked) on.add(v);
								else on.delete(v);
								set([...on].sort().join(","));
							}}
						/>
						{factName(v)}
					</label>
				))}
				<p class="error" role="alert">
					{error}
				</p>
			</fieldset>
		);
	}
	return (
		<TextField
			label={label}
			type={f.as === "email" ? "email" : f.as === "phone" ? "tel" : "text"}
			value={value}
			error={error}
			required
			maxLength={f.max || 256}
			autocomplete="off"
			onInput={(e) => set(e.currentTarget.value)}
		/>
	);
}
